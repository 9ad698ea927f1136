# Texts of accounts: signing in and up, one's own account, saved articles and followed authors.

## What users show of themselves

about-you = About you
about-label = A line about you
about-hint = Plain text, at most { $count } characters. It is shown where you are named as an author.
change-about = Change line
about-changed = Line changed.
about-too-long = The line is too long: it may have at most { $count } characters.
about-has-controls = The line contains a line break or a control character. Please remove it.
time-zone = Time zone
time-zone-label = Your time zone
time-zone-use = Times in the studio are shown and entered in this time zone.
change-time-zone = Change time zone
time-zone-changed = Time zone changed.
time-zone-unknown = There is no such time zone. Please choose one from the list.
avatar = Picture
avatar-label = A picture of you
avatar-hint = PNG, JPEG, GIF or WebP, up to { $count } MiB. A square from its middle is shown beside your name. Data from the camera, such as the location, is removed.
upload-avatar = Upload picture
remove-avatar = Remove picture
avatar-changed = Picture changed.
avatar-removed = Picture removed. Your initials are shown instead.
avatar-missing = Choose a picture first.
avatar-form-unreadable = The form could not be read: it is damaged or cut off.
avatar-too-large = The picture is too large: it may have at most { $count } MiB.
avatar-unsupported = The file isn't a PNG, JPEG, GIF or WebP.
avatar-damaged = The picture is damaged or cut off.
avatar-too-many-pixels = The picture has too many pixels. Make it smaller first.
avatar-too-many-scans = The picture has too many scans. Save it again as an ordinary JPEG.

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

## Forms

correct-fields = Please correct the fields marked below.
signed-out = You are signed out
nothing-typed-is-lost = Nothing you typed is lost: it is still on this page.
sign-in-in-new-tab = Sign in in a new tab
sign-in-then-send-again = { $link }, come back here, and send it again.
then-send-again = { $reason } Then send it again.
send-again = Send again

## Signing up

role-reader = reader
role-author = author
role-admin = admin
a-reader = a reader
an-author = an author
an-administrator = an administrator
you-will-be = You will be { $role } of { $title }.
display-name = Name
user-name-hint = For signing in: lower-case letters, digits and hyphens.
display-name-hint = Shown to others.
password-hint = At least { $count } characters.
sign-up-closed = Sign-up is closed. Ask the owner for an invitation.
no-invitation = This invitation is invalid or expired, or it was used or revoked. Ask for a new one.

## The first administrator

setup = Setup
make-administrator = Make the administrator
nobody-can-sign-in = Nobody can sign in to this blog yet. This account will be able to do everything.
setup-token = Token
setup-token-hint = Tidemark prints it on the terminal when it starts.
setup-user-name-hint = For signing in: lower-case letters, digits and hyphens. If your articles were imported, use the author name that they have.
byline-or-user-name-hint = Shown in bylines. If empty, the user name is used.
setup-is-done = This blog already has an administrator.
wrong-setup-token = That is not the token of this server. Tidemark prints it when it starts; each replica has its own.
new-blog-token = Is this your blog? Nobody can sign in yet. { $link } with the token that Tidemark printed when it started,
new-blog-command = {" "}or run { $command }.

## The account

your-account = Your account
name-changed = Name changed.
password-changed = Password changed. You are signed out everywhere else.
session-ended = Done. That session has ended.
your-name = Your name
byline-hint = Shown in bylines.
change-name = Change name
current-password = Current password
new-password = New password
new-password-hint = At least { $count } characters. Signs you out everywhere else.
change-password = Change password
where-signed-in = Where you are signed in
end-other-sessions = End all other sessions
unknown-browser = Unknown browser
end-session = End session
this-browser = This browser
signed-in-since = since { $time }

## What is wrong with a form

wrong-sign-in = The user name or the password is wrong.
too-many-attempts-seconds = { $count ->
    [one] Too many attempts. Please try again in { $count } second.
   *[other] Too many attempts. Please try again in { $count } seconds.
}
too-many-attempts-minutes = { $count ->
    [one] Too many attempts. Please try again in { $count } minute.
   *[other] Too many attempts. Please try again in { $count } minutes.
}
not-current-password = That is not your current password.
password-too-easy = The password is too easy to guess. Three unrelated words are harder to guess.
password-too-short = The password is too short: it needs at least { $count } characters.
password-too-long = The password is too long: it may have at most { $most } characters.
name-missing = Please enter a name.
name-is-invisible = The name contains a character that is invisible or reverses the text. Please remove it.
name-of-one-line = A name must be one line of text.
name-too-long = The name is too long: it may have at most { $count } characters.
name-taken = An author has this name, or one that looks like it. Please choose another.
no-user-name = "{ $text }" can't be a user name: use at most 40 lower-case letters, digits and single hyphens, as in "{ $example }".
user-name-taken = The user name "{ $name }" is taken. Please choose another.
