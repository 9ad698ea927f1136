# 账号相关的文字：登录、注册、个人账号、收藏和关注。

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
