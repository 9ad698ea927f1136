# 账号相关的文字：登录、注册、个人账号、收藏和关注。

## What users show of themselves

about-you = 关于你
about-label = 一句话介绍
about-hint = 纯文本，最多 { $count } 个字符，显示在你作为作者出现的地方。
change-about = 修改介绍
about-changed = 介绍已修改。
about-too-long = 介绍太长，最多 { $count } 个字符。
about-has-controls = 介绍里有换行或控制字符，请删掉。
time-zone = 时区
time-zone-label = 你的时区
time-zone-use = 工作室按这个时区显示时间，也按它定时发布。
change-time-zone = 修改时区
time-zone-changed = 时区已修改。
time-zone-unknown = 没有这个时区，请从列表里选择。
avatar = 头像
avatar-label = 选择图片
avatar-hint = PNG、JPEG、GIF 或 WebP，不超过 { $count } MiB。会取图片中间的正方形显示在你的名字旁边，拍摄地点等相机数据会被清除。
upload-avatar = 上传头像
remove-avatar = 移除头像
avatar-changed = 头像已更换。
avatar-removed = 头像已移除，改为显示姓名首字母。
avatar-missing = 请先选择图片。
avatar-form-unreadable = 无法读取表单：内容损坏或不完整。
avatar-too-large = 图片太大，不能超过 { $count } MiB。
avatar-unsupported = 这个文件不是 PNG、JPEG、GIF 或 WebP。
avatar-damaged = 图片已损坏或不完整。
avatar-too-many-pixels = 图片像素太多，请先缩小。
avatar-too-many-scans = 图片的扫描次数太多，请重新存为普通 JPEG。

## Signing in, and lists of one's own

user-name = 用户名
password = 密码
sign-up = 注册
no-account-yet = 还没有账号？
sign-in-to-like = 登录后喜欢“{ $title }”
sign-in-and-like = 登录并喜欢
sign-in-to-save = 登录后收藏“{ $title }”
sign-in-and-save = 登录并收藏
sign-in-to-follow = 登录后关注 { $name }
sign-in-and-follow = 登录并关注
nothing-saved = 还没有收藏
nothing-saved-advice = 在文章页点“收藏”，就会出现在这里。这个列表只有你能看到。
find-something = 找点东西读
saved-intro = 你收藏的文章，最近收藏的在前。
follows-nobody = 还没有关注任何人
follows-nobody-advice = 在作者页点“关注”，他们的新文章就会出现在这里。
find-someone = 去看看文章
no-articles-by-them = 他们还没有发布文章。
following-intro = 你关注的作者的文章，最新的在前。

## Forms

correct-fields = 请更正下面标出的内容。
signed-out = 你已退出登录
nothing-typed-is-lost = 你填写的内容没有丢失，仍在这个页面上。
sign-in-in-new-tab = 在新标签页登录
sign-in-then-send-again = 请{ $link }，再回到这里重新发送。
then-send-again = { $reason }然后重新发送。
send-again = 重新发送

## Signing up

role-reader = 读者
role-author = 作者
role-admin = 管理员
a-reader = 读者
an-author = 作者
an-administrator = 管理员
you-will-be = 注册后，你将是“{ $title }”的{ $role }。
display-name = 名字
user-name-hint = 用于登录：小写字母、数字和连字符。
display-name-hint = 其他人能看到。
password-hint = 至少 { $count } 个字符。
sign-up-closed = 目前不开放注册。请向站长索取邀请。
no-invitation = 这个邀请无效、已用过、已撤销或已过期。请重新索取。

## The first administrator

setup = 初始设置
make-administrator = 创建管理员
nobody-can-sign-in = 现在还没有人能登录这个博客。这个账号将拥有全部权限。
setup-token = 令牌
setup-token-hint = Tidemark 启动时会显示在终端里。
setup-user-name-hint = 用于登录：小写字母、数字和连字符。如果文章是导入的，请用文章里你的用户名。
byline-or-user-name-hint = 作为作者名显示。留空则使用用户名。
setup-is-done = 这个博客已经有管理员了。
wrong-setup-token = 这不是这台服务器的令牌。Tidemark 启动时会显示令牌，每个实例各有一个。
new-blog-token = 这是你的博客？现在还没有人能登录。请用 Tidemark 启动时显示的令牌{ $link }，
new-blog-command = 或者运行 { $command }。

## The account

your-account = 我的账号
name-changed = 名字已修改。
password-changed = 密码已修改，其他地方的登录均已退出。
session-ended = 已退出那里的登录。
your-name = 你的名字
byline-hint = 作为作者名显示。
change-name = 修改名字
current-password = 当前密码
new-password = 新密码
new-password-hint = 至少 { $count } 个字符。修改后，其他地方的登录会退出。
change-password = 修改密码
where-signed-in = 登录过的地方
end-other-sessions = 退出其他所有登录
unknown-browser = 未知浏览器
end-session = 退出登录
this-browser = 当前浏览器
signed-in-since = 登录于 { $time }

## What is wrong with a form

wrong-sign-in = 用户名或密码不对。
too-many-attempts-seconds = 尝试次数太多，请 { $count } 秒后再试。
too-many-attempts-minutes = 尝试次数太多，请 { $count } 分钟后再试。
not-current-password = 当前密码不对。
password-too-easy = 这个密码太容易猜到。三个不相关的词更难猜。
password-too-short = 密码太短，至少要 { $count } 个字符。
password-too-long = 密码太长，最多 { $most } 个字符。
name-missing = 请填写名字。
name-is-invisible = 名字里有看不见或会颠倒文字的字符，请删掉。
name-of-one-line = 名字只能是一行文字。
name-too-long = 名字太长，最多 { $count } 个字符。
name-taken = 已有作者叫这个名字，或者名字看上去一样。请换一个。
no-user-name = “{ $text }”不能用作用户名：最多 40 个小写字母、数字和单个连字符，例如“{ $example }”。
user-name-taken = 用户名“{ $name }”已被占用，请换一个。
