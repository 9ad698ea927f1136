# Texts of pages for administrators.

## Every page of the settings

settings-general = General
settings-menu = Menu
settings-redirects = Redirects
settings-import = Import
settings-health = Health
save-changes = Save
replaced-if-saved = Currently saved, and overwritten if you save again:
settings-conflict = Somebody else changed the settings since you opened this page. Look at them again before you save.

## General

settings-saved = Saved. Every page shows it within a second.
logo-changed = Logo changed. Every page shows it within a second.
site-title = Title
site-description = Description
site-footer = Footer
site-footer-hint = In Markdown, at the end of every page. If empty, the description is shown there.
of-file-hint = If empty, the value in the settings file is used: “{ $value }”.
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
menu-hint = One link per line: its text, then an address, such as “About us /about”, “The sea /tags/sea” or “Code https://example.org”. They are shown in this order.
menu-pages = Your pages:
problem-in-line = Line { $line }: { $problem }
menu-too-many = a menu may have at most { $count } items.
menu-no-address = write the text, then the address, as in “About us /about”.
menu-too-long = the text may have at most { $count } characters.
menu-unprintable = the text contains a character that pages can't show.
menu-wrong-address = "{ $text }" is not an address; use /about, /tags/sea or https://example.org.

## Redirects

redirects-hint = One per line: the old path, the new address, and 302 if the redirect is temporary. Use “/old 410” for a page that is gone. A page that exists is always shown, whatever this list says. Otherwise these lines take precedence over the old addresses of articles.
old-addresses-of-articles = Old addresses of articles ({ $count })
old-addresses-come-from = They came with an import, or an article was renamed. They redirect by themselves.
old-addresses = Old addresses
old-address = Old address
old-address-leads-to = Leads to
redirects-too-many = there may be at most { $most } redirects.
redirect-twice = { $path } is redirected on an earlier line.
redirect-loop = { $path } leads into a loop. Point it at the address where the loop should end.
no-redirect = write “/old /new”, “/old /new 302” or “/old 410”. Other statuses are not supported.
redirect-wrong-path = "{ $text }" is not a path on this site, such as /old/address.
redirect-too-long = a path may have at most { $count } characters.
redirect-wrong-address = "{ $text }" is not an address, such as /new/address or https://example.org.

## Import

import-cancelled = Cancelled. The uploaded files are deleted.
import-heading = Import a blog
import-intro = From WordPress, Ghost, Hugo, Zola, Jekyll, Hexo, Eleventy, Astro, Obsidian or another Tidemark. First you see what would happen. Nothing changes before you confirm it.
import-file = File
import-hint = A zip file with the folder of the site, or the file that WordPress (WXR) or Ghost (JSON) has exported, alone or in a zip file with its pictures. Up to { $count } MiB.
import-overwrite = Let the files overwrite changes made here since, including articles in the bin and settings
import-fetch = Fetch missing pictures of a WordPress or Ghost export from their old addresses
import-upload = Upload and examine
import-of = { $name }, { $size }
import-of-by = { $name }, { $size }, uploaded by { $sender }
import-overwrites = The files overwrite changes made here since.
import-fetches = Missing pictures are fetched.
two-sentences = { $first } { $second }
import-examining = The file is being examined
import-running = The import is running
import-rehearsed = What would happen
import-done = The import is done
import-failed = The file can’t be imported
import-examination-interrupted = The examination was interrupted
import-interrupted = The import was interrupted
import-progress = Progress
import-so-far = { $count ->
    [one] { $done } of { $count } article
   *[other] { $done } of { $count } articles
}
import-reads-files = The files are being read.
import-checks = Every text is read and every picture is checked. Nothing is changed.
import-goes-on = You can leave this page. The import will continue.
import-look-again = Check again
import-nothing = There is nothing to import in this file.
import-start = Import
import-go-on = Continue
import-cancel = Cancel
import-stop = Stop the import
import-close = Close
import-close-report = Close this report
import-incomplete = Anything listed as left or refused was not imported. The uploaded files have been deleted.
import-stays = What has been imported stays. If you continue, the import recognises it and brings in the rest.
import-changed-nothing = Nothing was changed.
import-files-gone = If it does not start within a minute, the server with the files is gone. Cancel, and upload them again.
import-count = { $fate }: { $count }
import-fate-skipped = Not articles
import-fate-created = New
import-fate-updated = Updated
import-fate-changed = Changed
import-fate-left = Left
import-fate-refused = Refused
import-lines-before = ← Before
import-lines-after = More →
import-lines-not-kept = { $count ->
    [one] { $count } more line is not kept. “tidemark import --dry-run” shows it.
   *[other] { $count } more lines are not kept. “tidemark import --dry-run” shows them.
}
import-busy = Another upload is not finished yet. Import it or cancel it first.
import-too-large = The file may have up to { $count } MiB. Use “tidemark import” on the server, or set import.mib.
import-not-stored = The file can't be stored: { $error }. See import.folder in the settings file.
import-as-form = Send the file in the field { $field } of a form (multipart/form-data).
import-too-many-fields = The form has too many fields.
import-no-file = Choose a file first. It must not be empty.
import-by-somebody-else = Somebody else has continued or cancelled this upload. This page shows its current state.

## Health

health-nothing-wrong = Nothing is wrong.
health-counts = Problems: { $problems }. Warnings: { $warnings }.
health-source = { $summary } This is what { $command } says on this server now.
health-fine = Fine
health-warning = Warning
health-problem = Problem

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
invitations-explained = Each invitation works once. It expires after seven days, or earlier if the password of the person who created it changes.
invitation-of = For { $role } by { $inviter }, until { $time }
revoke = Revoke
invite-as = Invite someone as
create-invitation = Create invitation
no-role = Please choose a role: reader, author or admin.
no-user = There is no user with this name.
no-own-role = You can't remove your own role; another administrator can.
no-own-access = You can't remove your own access; another administrator can.
