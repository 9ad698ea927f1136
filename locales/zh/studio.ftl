# 写作部分的文字。

## The list of articles

all-articles = 全部
drafts = 草稿
scheduled-articles = 定时发布
published-articles = 已发布
bin = 回收站
title = 标题
published-at = 发布时间
updated-at = 更新时间
views-of-week = 7 天
likes = 喜欢
times-saved = 收藏
status = 状态
search-titles = 搜索标题
pictures = 图片
new-article = 写新文章
write-an-article = 写一篇文章
moved-to-bin = 已移到回收站，可以在那里恢复。
nothing-found = 没有找到
no-title-matches = 这里没有标题匹配的文章。
nothing-written = 还没有写文章
nothing-written-advice = 你的文章和浏览量会列在这里。
no-drafts = 没有草稿
no-drafts-advice = 文章在发布之前都是草稿。
nothing-scheduled = 没有定时发布的文章
nothing-scheduled-advice = 你可以选择文章的发布时间。
none-published = 还没有发布文章
none-published-advice = 发布草稿后，读者马上就能看到。
bin-is-empty = 回收站是空的
bin-is-empty-advice = 删除的文章保存在这里。
status-draft = 草稿
status-scheduled = 定时发布
status-published = 已发布
status-in-the-bin = 在回收站
page = 页面

## The editor

edit-article = 编辑“{ $title }”
text-in-markdown = 正文（Markdown）
summary = 摘要
summary-hint = 显示在列表和搜索结果中。留空则显示正文开头。
tags-hint = 用逗号分隔。
series-hint = 这里名称相同的文章组成一个系列，按日期排列。
address = 网址
address-hint = /articles/ 之后的部分，页面则是 / 之后的部分。留空则由标题生成。
cover-picture = 封面图片
cover-hint = 图片的地址：/pictures/… 或 https://…
this-is-a-page = 这是一个页面
page-hint = 用于“关于”“联系方式”等内容：没有日期，不出现在列表、订阅源、排行和搜索中。
pictures-without-script = { $link }在单独的页面进行。启用 JavaScript 后，这里会显示预览，并自动保存输入的内容。
save-draft = 保存草稿
update = 更新
save-article = 保存
publish-now = 立即发布
cancel-schedule = 取消定时发布
unpublish = 取消发布
publish-later = 稍后发布
schedule = 定时发布
change-time = 更改时间
change-date = 更改日期
time-in-zone = 时间（{ $zone }）
time-zone-hint = 可以在“我的账号”页面修改时区。
scheduled-at = { $time }
version-saved = 版本 { $version }，保存于 { $time }
day-and-time = { $day } { $time } { $zone }
view-page = 查看页面
view-article = 查看文章
view-scheduled = 以读者视角查看
move-to-bin = 移到回收站
restore = 恢复

## What was done

done-saved = 已保存。
done-unchanged = 没有需要保存的更改。
done-published = 已发布，读者现在可以看到。
done-scheduled = 已设为定时发布，读者将在下面的时间看到。
done-dated = 日期已更改，读者看到的是新日期。
done-unpublished = 已取消发布，现在只有你能看到。
done-unscheduled = 已取消定时发布，文章又是草稿了。
done-restored = 文章已恢复。
done-revision = 版本已恢复。
done-discarded = 已放弃未保存的更改。
done-kept = 没有放弃：这些更改是在你打开本页之后，在另一个标签页里做的。

## Drafts

changes-recovered = 已恢复 { $time } 未保存的更改。
discard-them = 放弃这些更改
other-changes = 其他未保存的更改
other-changes-sentence = 你还有其他未保存的更改，可能在另一个标签页里：
open = 打开
discard = 放弃

## Said while typing

preview = 预览
what-readers-see = 读者看到的样子
add-picture = 添加图片
dismiss = 知道了
draft-saved = 草稿已保存 · { $time }
draft-saved-after-change = 草稿已保存 · { $time }。{ $change }保存时会同时显示两份文字。
page-out-of-date = 本页已过期：其中的文字已经保存。请刷新后继续。
draft-no-connection = 没有保存：网络不通，正在重试。
draft-signed-out = 没有保存：你已退出登录。请在另一个标签页登录，这里会继续保存。
draft-not-saved = 没有保存：{ $reason }
uploading = 正在上传 { $name }…
picture-was-added = 已添加 { $name }。
picture-not-added = 无法添加 { $name }：{ $reason }
upload-no-connection = 网络不通。
upload-not-read = 无法读取服务器的应答。
upload-answered = 服务器返回 { $status }。

## Changes by others

changed-in-another-tab = 这篇文章在另一个标签页里改过。
changed-by = 这篇文章已被 { $name } 修改。
changed-to-bin = 这篇文章已移到回收站。
changed-since = 你打开之后，这篇文章又有了修改。
saved-before = 这份表单之前已保存为这篇文章。
text-is-safe = { $change }你的文字没有丢失。
look-again-before-bin = { $change }请再看一遍，然后再移到回收站。
look-again-before-restore = { $change }请再看一遍，然后再恢复。
look-again-before-revision = { $change }请再看一遍，然后再恢复这个版本。
conflict-below = 你的文字在下面；在你保存之前，已保存的版本保持不变。如果现在保存，你的文字会取代它，但它仍保留在{ $link }中。
conflict-merge = 也可以在新标签页中{ $link }，把两份文字合并。
revisions-in-sentence = 历史版本
open-saved-version = 打开已保存的版本
saved-version = 已保存的版本
your-text = 你的文字
colon = ：
full-text-of-saved = 已保存版本的全文
text-of-saved = 已保存版本的正文

## Revisions and differences

revisions = 历史版本
revision = 历史版本
no-revisions = 还没有历史版本。第一次保存会同时产生前两个版本。
not-saved-in-studio = 不是在写作页面保存的
version = 版本 { $version }
current = 当前版本
characters = { $count } 个字符
changed-title = 标题
changed-address = 网址
changed-summary = 摘要
changed-tags = 标签
changed-cover = 封面
changed-text = 正文
changed-text-longer = 正文（+{ $count } 个字符）
changed-text-shorter = 正文（−{ $count } 个字符）
changed-status = 状态
restore-revision = 恢复这个版本
restore-revision-hint = 会产生一个新版本，什么都不会丢失。
changes-in-version = 版本 { $version } 中的更改
revisions-of = “{ $title }”的历史版本
changes-to-current = 从这个版本到当前版本的更改
text = 正文
kind = 类型
kind-article = 文章
kind-page = 页面
no-difference = 没有差异。
difference = 差异
line-removed = 删除：
line-added = 添加：
lines-cut = 有些行太长，没有完整显示。
lines-left-out = 还有 { $count } 行（有更改，或在更改附近）因数量太多没有显示。

## Rejected articles

title-missing = 文章需要标题。
title-too-long = 标题最多 { $count } 个字符。
address-not-valid = 网址只能包含小写字母、数字和单个连字符，最多 { $count } 个字符，例如“{ $example }”。留空则由标题生成。
address-taken = 已有文章使用这个网址（也可能在回收站里），请换一个。
address-reserved = { $address } 是 Tidemark 自己的网址，请换一个。
summary-too-long = 摘要最多 { $count } 个字符。
too-many-tags = 一篇文章最多 { $count } 个标签。
tag-too-long = 一个标签最多 { $count } 个字符。请用逗号分隔标签。
series-too-long = 系列名称最多 { $count } 个字符。
cover-not-valid = 封面应为图片地址，例如 /pictures/name.jpg 或 https://…。
text-too-long = 正文最多 { $count } 个字符。
time-has-passed = 这个时间已经过去：现在是 { $now }（{ $zone }）。请选择更晚的时间，或点“立即发布”。
time-missing = 请选择日期和时间。
no-such-article = 没有这篇文章，或者它不是你的。
no-such-revision = 没有这个版本。
form-key-not-valid = 表单的密钥应为 { $count } 位十六进制数字。请刷新页面。
processing-failed = 无法处理，这是 Tidemark 的程序错误。
processing-takes-too-long = 处理时间太长，请缩短内容。

## Notes on a text

note-code-is-plain = 有些代码太长，没有高亮显示。
note-nests-too-deep = 有些文字嵌套超过 100 层，更深的部分不再分层显示。
note-tag-is-too-long = 有些标签、链接或图片的属性被去掉了：其中一个的属性超过 8 KiB，或者不同的属性名超过 1,000 个。
note-too-much-outside-cells = 表格里单元格之外的文字太多，所以全文按原样显示。
note-too-large-a-page = 页面会超过 8 MiB，所以正文按原样显示。
note-too-many-addresses = 有太多网址连在一起、没有空格，所以都没有变成链接。
note-too-many-headings = 一篇正文最多 500 个标题，其余的显示为段落。
note-formula-is-source = 有些公式无法渲染，按原样显示。
note-diagram-is-source = 有些图表无法绘制，按代码显示。
note-too-many-footnotes = 一篇正文最多引用脚注 1,000 次，其余的按原样显示。

## Pictures

add-pictures = 添加图片
picture-hint = PNG、JPEG、GIF 或 WebP，总共不超过 { $count } MiB。
upload = 上传
no-pictures = 还没有图片。请在上面选择。图片的地址无法猜到，拍摄地点等相机数据会被删除。
one-picture-added = 图片已添加。把它的 Markdown 复制到文章里即可。
pictures-added = 图片已添加。把它们的 Markdown 复制到文章里即可。
picture-deleted = 图片已删除。
markdown-for = { $name } 的 Markdown
delete = 删除
delete-picture = 删除图片
delete-picture-warning = 用到这张图片的文章将无法显示它。
bytes = { $count } 字节
kibibytes = { $count } KiB
mebibytes = { $whole }.{ $tenths } MiB
picture-unsupported = { $name } 不是 PNG、JPEG、GIF 或 WebP。
picture-damaged = { $name } 已损坏或不完整。
picture-too-large = { $name } 的像素太多：每边最多 { $side }，总共最多 { $total } 百万，动画最多 { $animation } 百万。
picture-too-many-passes = { $name } 的扫描次数太多，请另存为普通 JPEG。
pictures-full = 你最多可以保存 { $pictures } 张图片、共 { $mib } MiB，这次会超出限额。请删除没有文章使用的图片，或请博客主人增加空间。
one-picture-per-request = 每次请求请只发送一张图片。
picture-as-form = 请在表单（multipart/form-data）的 { $field } 字段中发送图片。
too-many-pictures = 一次最多发送 { $count } 张图片。
no-picture-chosen = 请先选择图片。
form-unreadable = 无法读取表单：它已损坏或不完整。
pictures-too-large = 一次上传的图片总共不能超过 { $count } MiB。
no-such-picture = 你没有这张图片。
no-picture-here = 这个地址没有图片。

## Warnings for administrators

warning-forwarded-from-unknown = 一小时内 { $views } 次浏览中有 { $affected } 次带有 X-Forwarded-For，但没有采用，因为来源地址不在 server.trusted-proxies 中。这样一来，代理后面的所有读者看起来地址都相同，而一篇文章在每个时间窗口内最多计其中 { $cap } 位。请在 server.trusted-proxies 中填写代理的地址。
warning-forwarded-without-proxies = 一小时内 { $views } 次浏览中有 { $affected } 次带有 X-Forwarded-For，但没有采用，因为 server.trusted-proxies 为空。这样一来，代理后面的所有读者看起来地址都相同，而一篇文章在每个时间窗口内最多计其中 { $cap } 位。请在 server.trusted-proxies 中填写代理的地址。
warning-one-address = 一小时内 { $views } 次浏览中至少有 { $affected } 次来自同一地址，而一篇文章在每个时间窗口内最多计同一地址的 { $cap } 位读者。如果前面有代理，请让它发送 X-Forwarded-For，并在 server.trusted-proxies 中填写它的地址。如果只是同一个家庭或办公室在阅读，就没有问题。
