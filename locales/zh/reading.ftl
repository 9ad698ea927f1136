# 阅读页面和每个页面共有的文字。docs/LANGUAGES.md 说明如何添加文字或语言。

## Every page

skip-to-content = 跳到正文
menu = 菜单
site-navigation = 网站导航
most-viewed = 热门文章
search = 搜索
sign-in = 登录
sign-out = 退出
saved = 收藏
following = 关注
studio = 写作
users = 用户
settings = 设置
archive = 归档
tags = 标签
authors = 作者
how-views-are-counted = 浏览量如何统计
feed = 订阅
language = 语言
most-viewed-articles = 热门文章
most-viewed-in-the-last = 热门文章的时间范围
rankings-unavailable = 暂时无法显示热门文章。
no-views-in-period = 这段时间还没有浏览。
all-time = 全部
last-24-hours = 24 小时
last-7-days = 7 天
last-30-days = 30 天

## Counts and times

views = { $count } 次浏览
followers = { $count } 人关注
articles = { $count } 篇文章
reading-minutes = 阅读约 { $count } 分钟
every-days = { $count } 天
every-hours = { $count } 小时
every-minutes = { $count } 分钟
every-seconds = { $count } 秒
count-from = { $source } 的 { $count } 次
count-from-until = { $source } 截至{ $day }的 { $count } 次
including = 含 { $counts }

## Articles

comma = 、
and = {"、"}
updated = 更新于
contents = 目录
series = 系列
part-of = 第 { $number } 篇，共 { $count } 篇：
like = 喜欢
save = 收藏
follow = 关注
how-this-is-counted = 如何统计
counts-once = 每位读者每 { $window }只计一次。重复访问、爬虫和作者本人不计。
counts-once-with-authors = 每位读者每 { $window }只计一次。重复访问和爬虫不计。
views-of-last-day = 最近 24 小时：{ $views }
not-known-now = 暂时未知
all-articles-by = { $name } 的全部文章
share-by-email = 用邮件分享
copy-link = 复制链接
previous-and-next = 上一篇和下一篇
previous-article = 上一篇
next-article = 下一篇
more-about = 更多“{ $tag }”文章
related = 相关文章
scheduled-for = 定于 { $time } 发布。在此之前，只有作者和管理员能看到这个页面。
edit-this-article = 编辑文章

## Lists

newer = ← 较新
older = 较早 →
previous-page = ← 上一页
next-page = 下一页 →
pages = 分页
page-of = 第 { $page } 页，共 { $pages } 页
page-number = 第 { $page } 页
author = 作者
tag = 标签
nothing-published = 还没有文章
nothing-published-sentence = 还没有文章。
first-article-soon = 第一篇文章很快就来。用{ $feed }可以及时知道。
feed-in-sentence = 订阅源
ranking-counts-once = 每位读者对每篇文章每 { $window }只计一次，爬虫不计。
period = 时间范围

## Search

search-articles = 搜索文章
search-help-quotes = 所有词都要匹配。{ $example } 匹配整个短语，
search-help-minus = { $example } 排除一个词。
slash-opens-search = 按 / 键进入搜索
in-quotes = "加引号"
minus-word = -词
only-with-tag = 只看标签 { $tag }
search-in-tag = 在此标签下搜索
search-by-author = 搜索该作者的文章
any-tag = 不限标签
only-by-author = 只看作者 { $author }
any-author = 不限作者
published = 发布时间
any-time = 不限
since-week = 最近 7 天
since-month = 最近 30 天
since-year = 最近一年
order = 排序
best-match = 最相关
newest = 最新
no-word-to-look-for = “{ $text }”里没有可以搜索的词。
articles-contain = { $count } 篇文章包含“{ $text }”。
more-articles-contain = 超过 { $count } 篇文章包含“{ $text }”。
no-article-contains = 没有文章包含“{ $text }”。
simpler-search = 搜索引擎暂时不可用，这里是简单搜索的结果，可能漏掉词形变化和拼写错误。
look-in-all-articles = 在全部文章中搜索
try-other-words = 换几个词或少用几个词试试，也可以看看{ $ranking }。
most-viewed-in-sentence = 热门文章
popular-tags = 常用标签：

## How views are counted

views-counted-here = 本站统计到的浏览量：{ $count }
the-rules = 规则
rule-once = 每位读者对每篇文章每 { $window }只计一次。
rule-reader-address = 已登录的读者按账号识别，其他读者按地址和浏览器一起识别。地址本身从不保存，只保存带密钥的哈希，密钥两天后销毁。
rule-reader-session = 已登录的读者按账号识别，其他读者按一个随浏览器关闭而失效的 Cookie 识别。地址本身从不保存，只保存带密钥的哈希，密钥两天后销毁。
rule-screen = 文章显示在屏幕上才计数，后台加载不计。
rule-crawlers = 爬虫和其他不是浏览器的程序不计。
rule-authors-count = 作者看自己的文章也计数，与其他读者一样。
rule-authors-do-not-count = 作者登录后看自己的文章不计数。
rule-address = 这段时间内，同一地址对一篇文章最多计为 { $count } 位读者，所以换浏览器名称没有多大用处。
rule-never-falls = 浏览量不会减少，修改文章也不会改变它。
not-counted = 未计入
not-counted-since = 自 { $day }起
reason = 原因
views-column = 浏览
reason-repeat = 同一读者重复访问
reason-crawler = 爬虫和其他程序
reason-prefetch = 后台加载
reason-address = 同一地址的读者过多
reason-author = 文章作者本人
check-it-yourself = 自己验证
check-twice = 把一篇文章打开两次，浏览量只加一。{ $address } 返回一篇文章的浏览量；每次浏览的应答都会说明是否计入，以及不计入的原因。
try-it = 试一试。
tested-by-killing = 测试会在浏览到达时随时终止程序：凡是应答为已计入的浏览，不会丢失，也不会重复。

## Errors

nothing-here = 这里什么也没有
did-not-work = 操作没有成功
something-broke = 出错了
back-to-home = 返回首页
error-not-found = 这个地址没有页面。它可能已移走，或者链接有误。
error-unauthorized = 请先登录。
error-too-large = 发送的内容太大。
error-unavailable = 现在无法完成，请稍后再试。
error-internal = 服务器出了问题。
error-wrong-request = 这个地址不接受这样的请求。
error-gone = 这个地址的内容已被移除。
error-cross-site = 这个请求来自其他网站，已被拒绝。
error-role-author = 只有作者才能这样做。
error-role-admin = 只有管理员才能这样做。
error-role-changed = 你不能再这样做了：你的角色已改变。
error-no-article = 没有这篇文章。
error-no-visible-article = 没有这篇文章，或者它已不再公开。
error-no-author = 没有叫这个名字的作者。
error-follow-self = 不能关注自己。
error-true-or-false = 字段 { $field } 必须是 true 或 false。
error-language = 语言必须是 { $names } 之一。
form-too-large-to-keep = { $reason }表单太大，无法在这里再次显示，但浏览器里还有：请返回上一页，需要时在另一个标签页登录，再重新发送。

## Said by the script

switch-to-dark = 切换到深色
switch-to-light = 切换到浅色
not-saved = 没有保存。
suggestions = 文章
share = 分享
copy = 复制
copied = 已复制
copying-failed = 复制失败
