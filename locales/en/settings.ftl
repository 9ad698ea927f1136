# Texts of pages for administrators.

## Every page of the settings

settings-general = General
settings-menu = Menu
settings-redirects = Redirects
settings-import = Import
settings-health = Health
save-changes = Save
replaced-if-saved = Saved now, and replaced if you save again:
settings-conflict = Somebody else changed the settings since you opened this page. Look at them again before you save.

## General

settings-saved = Saved. Every page shows it within a second.
logo-changed = Logo changed. Every page shows it within a second.
site-title = Title
site-description = Description
site-footer = Footer
site-footer-hint = In Markdown, at the end of every page. If empty, the description is shown there.
of-file-hint = If empty, it is what the settings file says: “{ $value }”.
as-in-file = (as in the settings file)
logo = Logo
the-logo = The logo
logo-hint = PNG, JPEG, GIF or WebP, up to { $count } MiB. It stands beside the title, at most 2 rem high.
logo-not-changed = The logo was not changed.
logo-picture = Picture
remove-logo = Remove the logo
use-as-logo = Use as logo
single-picture = Choose a single picture.
site-text-too-long = This may have at most { $most } characters.
site-text-of-one-line = This must be one line of text.
site-footer-too-long = The footer may have at most { $most } characters.
site-text-unprintable = The text contains a character that pages can't show.

## Menu

settings-lines-saved = Saved. Every page follows within a second.
menu-links = Links in the header
menu-hint = One link a line: its words, and then an address, such as “About us /about”, “The sea /tags/sea” or “Code https://example.org”. They are shown in this order.
menu-pages = Your pages:
problem-in-line = Line { $line }: { $problem }
menu-too-many = a menu may have at most { $count } items.
menu-no-address = write the words and then the address, as in “About us /about”.
menu-too-long = the words may have at most { $count } characters.
menu-unprintable = the words contain a character that pages can't show.
menu-wrong-address = "{ $text }" is no address; use /about, /tags/sea or https://example.org.

## Redirects

redirects-hint = One a line: the old path, the new address, and 302 if it is for now only; “/old 410” for what is gone. What exists at an address is shown, whatever stands here; otherwise these lines go before the old addresses of articles.
old-addresses-of-articles = Old addresses of articles ({ $count })
old-addresses-come-from = They came with an import, or an article was renamed. They redirect by themselves.
old-addresses = Old addresses
old-address = Old address
old-address-leads-to = Leads to
redirects-too-many = there may be at most { $most } redirects.
redirect-twice = { $path } is redirected on an earlier line.
redirect-loop = { $path } leads into a loop. Let it lead to where the loop should end.
no-redirect = write “/old /new”, “/old /new 302” or “/old 410”. Other statuses are not supported.
redirect-wrong-path = "{ $text }" is no path of this site, such as /old/address.
redirect-too-long = a path may have at most { $count } characters.
redirect-wrong-address = "{ $text }" is no address, such as /new/address or https://example.org.

## Users

role-changed = Role changed.
user-blocked = User blocked. They can't sign in any more and are signed out everywhere.
invitation-revoked = Invitation revoked.
role = Role
sign-in-column = Sign-in
role-of-yourself = { $role } (you)
role-of = Role of { $name }
change-role = Change
change-role-of = Change the role of { $name }
set-password = Set a password
set-password-of = Set a password for { $name }
for-user = for { $name }
replacing-password = The old password stops working at once, and all of the user's sessions end.
replace-password-of = Replace the password of { $name }
block = Block
blocking = The user is signed out everywhere and can't sign in until you set a new password.
block-user = Block { $name }
cannot-sign-in = can't
new-password-once = { $name } can sign in with this password. It won't be shown again:
invitation-once = Anyone with this link can create one account within seven days. It won't be shown again:
add-user-heading = Add a user
add-user = Add user
invitations = Invitations
invitations-explained = Each invitation works once, within seven days, and until the password of the person who created it changes.
invitation-of = For { $role } by { $inviter }, until { $time }
revoke = Revoke
invite-as = Invite someone as
create-invitation = Create invitation
no-role = Please choose a role: reader, author or admin.
no-user = There is no user with this name.
no-own-role = You can't remove your own role; another administrator can.
no-own-access = You can't remove your own access; another administrator can.
