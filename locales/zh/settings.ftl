# 管理页面的文字。

## Every page of the settings

settings-general = 常规
settings-menu = 菜单
settings-redirects = 重定向
settings-import = 导入
settings-health = 运行状况
save-changes = 保存
replaced-if-saved = 目前保存的内容如下，再次保存会替换它：
settings-conflict = 你打开这个页面之后，有人改了设置。请重新查看后再保存。

## General

settings-saved = 已保存，一秒内所有页面都会更新。
logo-changed = 标志已更换，一秒内所有页面都会更新。
site-title = 标题
site-description = 简介
site-footer = 页脚
site-footer-hint = 用 Markdown 书写，显示在每个页面的末尾。留空则显示简介。
of-file-hint = 留空则使用设置文件里的“{ $value }”。
as-in-file = （同设置文件）
logo = 标志
the-logo = 网站标志
logo-hint = PNG、JPEG、GIF 或 WebP，不超过 { $count } MiB。显示在标题旁，高度最多 2 rem。
logo-not-changed = 标志没有更换。
logo-picture = 图片
remove-logo = 移除标志
use-as-logo = 用作标志
single-picture = 请只选一张图片。
site-text-too-long = 最多 { $most } 个字符。
site-text-of-one-line = 只能是一行文字。
site-footer-too-long = 页脚最多 { $most } 个字符。
site-text-unprintable = 文字里有页面无法显示的字符。

## Menu

settings-lines-saved = 已保存，一秒内所有页面都会更新。
menu-links = 页头的链接
menu-hint = 每行一个链接，先写文字，再写地址，例如“关于我们 /about”、“大海 /tags/sea”或“代码 https://example.org”。按这里的顺序显示。
menu-pages = 你的页面：
problem-in-line = 第 { $line } 行：{ $problem }
menu-too-many = 菜单最多 { $count } 项。
menu-no-address = 先写文字，再写地址，例如“关于我们 /about”。
menu-too-long = 文字最多 { $count } 个字符。
menu-unprintable = 文字里有页面无法显示的字符。
menu-wrong-address = “{ $text }”不是地址，可以用 /about、/tags/sea 或 https://example.org。

## Redirects

redirects-hint = 每行一条：旧路径、新地址，暂时的再加 302；已删除的写“/old 410”。地址上有内容时总是显示内容；没有时，这里的规则优先于文章的旧地址。
old-addresses-of-articles = 文章的旧地址（{ $count }）
old-addresses-come-from = 来自导入，或者文章改过名。它们会自动重定向。
old-addresses = 旧地址
old-address = 旧地址
old-address-leads-to = 指向
redirects-too-many = 重定向最多 { $most } 条。
redirect-twice = 前面的行已经重定向了 { $path }。
redirect-loop = { $path } 形成了循环。请让它指向循环应该结束的地方。
no-redirect = 请写成“/old /new”、“/old /new 302”或“/old 410”。不支持其他状态码。
redirect-wrong-path = “{ $text }”不是本站的路径，应该类似 /old/address。
redirect-too-long = 路径最多 { $count } 个字符。
redirect-wrong-address = “{ $text }”不是地址，应该类似 /new/address 或 https://example.org。

## Import

import-cancelled = 已取消，上传的文件已删除。
import-heading = 导入博客
import-intro = 可以从 WordPress、Ghost、Hugo、Zola、Jekyll、Hexo、Eleventy、Astro、Obsidian 或另一个 Tidemark 导入。你会先看到导入的预计结果，在你确认之前不会有任何更改。
import-file = 文件
import-hint = 包含网站文件夹的 zip 文件，或者 WordPress（WXR）、Ghost（JSON）的导出文件；导出文件可以单独上传，也可以和图片一起打包成 zip。不超过 { $count } MiB。
import-overwrite = 以文件为准，覆盖之后在这里做的修改，包括回收站里的文章和设置
import-fetch = 从原来的地址下载 WordPress 或 Ghost 导出文件里缺少的图片
import-upload = 上传并检查
import-of = { $name }，{ $size }
import-of-by = { $name }，{ $size }，由 { $sender } 上传
import-overwrites = 以文件为准，覆盖之后在这里做的修改。
import-fetches = 下载缺少的图片。
two-sentences = { $first }{ $second }
import-examining = 正在检查文件
import-running = 正在导入
import-rehearsed = 预计结果
import-done = 导入完成
import-failed = 无法导入这个文件
import-examination-interrupted = 检查已中断
import-interrupted = 导入已中断
import-progress = 进度
import-so-far = 共 { $count } 篇文章，已处理 { $done } 篇
import-reads-files = 正在读取文件。
import-checks = 正在读取每篇文章、检查每张图片，不会更改任何内容。
import-goes-on = 可以离开这个页面，导入会继续进行。
import-look-again = 刷新
import-nothing = 这个文件里没有可以导入的内容。
import-start = 导入
import-go-on = 继续
import-cancel = 取消
import-stop = 停止导入
import-close = 关闭
import-close-report = 关闭报告
import-incomplete = 已跳过和已拒绝的内容没有导入，上传的文件已删除。
import-stays = 已经导入的内容会保留。继续后会识别出这些内容，只导入其余部分。
import-changed-nothing = 没有更改任何内容。
import-files-gone = 如果一分钟内没有开始，说明存放文件的服务器已经不在了：请取消，然后重新上传。
import-count = { $fate }：{ $count }
import-fate-skipped = 非文章
import-fate-created = 新文章
import-fate-updated = 已更新
import-fate-changed = 有改动
import-fate-left = 已跳过
import-fate-refused = 已拒绝
import-lines-before = ← 上一页
import-lines-after = 下一页 →
import-lines-not-kept = 还有 { $count } 行没有保留，可以用“tidemark import --dry-run”查看。
import-busy = 之前的上传还没有处理完，请先导入或取消。
import-too-large = 文件不能超过 { $count } MiB。请在服务器上使用“tidemark import”，或者修改 import.mib。
import-not-stored = 无法保存文件：{ $error }。请检查设置文件里的 import.folder。
import-as-form = 请在表单（multipart/form-data）的 { $field } 字段中发送文件。
import-too-many-fields = 表单的字段太多。
import-no-file = 请先选择文件。文件不能是空的。
import-by-somebody-else = 已有人继续或取消了这次上传，现在的情况如下。

## Health

health-nothing-wrong = 一切正常。
health-counts = 问题：{ $problems } 个，警告：{ $warnings } 个。
health-source = { $summary }这是 { $command } 目前在这台服务器上的检查结果。
health-fine = 正常
health-warning = 警告
health-problem = 问题

## Users

role-changed = 角色已修改。
user-blocked = 用户已停用，不能再登录，各处的登录均已退出。
invitation-revoked = 邀请已撤销。
role = 角色
sign-in-column = 登录
role-of-yourself = { $role }（你）
role-of = { $name } 的角色
change-role = 修改
change-role-of = 修改 { $name } 的角色
set-password = 设置密码
set-password-of = 为 { $name } 设置密码
for-user = （{ $name }）
replacing-password = 旧密码立即失效，该用户的所有登录都会退出。
replace-password-of = 更换 { $name } 的密码
block = 停用
blocking = 该用户各处的登录都会退出，在你设置新密码之前不能登录。
block-user = 停用 { $name }
cannot-sign-in = 不能登录
new-password-once = { $name } 可以用这个密码登录。它只显示这一次：
invitation-once = 任何人都可以在七天内用这个链接创建一个账号。它只显示这一次：
add-user-heading = 添加用户
add-user = 添加用户
invitations = 邀请
invitations-explained = 每个邀请只能用一次，七天内有效；创建者的密码一旦修改，邀请也会失效。
invitation-of = { $inviter } 邀请的{ $role }，有效期至 { $time }
revoke = 撤销
invite-as = 邀请的角色
create-invitation = 创建邀请
no-role = 请选择角色：读者、作者或管理员。
no-user = 没有叫这个名字的用户。
no-own-role = 不能撤掉自己的角色，要由另一位管理员来做。
no-own-access = 不能停用自己的账号，要由另一位管理员来做。
