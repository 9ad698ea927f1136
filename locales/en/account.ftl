# Texts of accounts: signing in and up, one's own account, saved articles and followed authors.

## Signing in, and lists of one's own

user-name = User name
password = Password
sign-up = Sign up
no-account-yet = No account yet?
sign-in-to-like = Sign in to like “{ $title }”
sign-in-and-like = Sign in and like
sign-in-to-save = Sign in to save “{ $title }”
sign-in-and-save = Sign in and save
sign-in-to-follow = Sign in to follow { $name }
sign-in-and-follow = Sign in and follow
nothing-saved = Nothing saved yet
nothing-saved-advice = Save an article on its page, and you will find it here. Only you can see this list.
find-something = Find something to read
saved-intro = The articles you have saved, the latest first.
follows-nobody = You aren't following anyone yet
follows-nobody-advice = Follow authors on their pages, and their new articles will show up here.
find-someone = Find someone to follow
no-articles-by-them = They have no published articles.
following-intro = Articles by the authors you follow, newest first.
