# Texts of the studio.

## The list of articles

all-articles = All
drafts = Drafts
scheduled-articles = Scheduled
published-articles = Published
bin = Bin
title = Title
published-at = Published
updated-at = Updated
views-of-week = 7 days
likes = Likes
times-saved = Saved
status = Status
search-titles = Search titles
pictures = Pictures
new-article = New article
write-an-article = Write an article
moved-to-bin = Moved to the bin. You can restore the article there.
nothing-found = Nothing found
no-title-matches = No titles here match your search.
nothing-written = Nothing written yet
nothing-written-advice = Your articles will be listed here, with their views.
no-drafts = No drafts
no-drafts-advice = An article is a draft until you publish it.
nothing-scheduled = Nothing scheduled
nothing-scheduled-advice = You can choose when an article is published.
none-published = Nothing published yet
none-published-advice = Publish a draft, and readers can see it at once.
bin-is-empty = The bin is empty
bin-is-empty-advice = Articles you delete are kept here.
status-draft = Draft
status-scheduled = Scheduled
status-published = Published
status-in-the-bin = In the bin
page = Page

## The editor

edit-article = Edit “{ $title }”
text-in-markdown = Text (Markdown)
summary = Summary
summary-hint = For lists and search results. If empty, the beginning of the text is shown.
tags-hint = Separate them with commas.
series-hint = Articles with the same name here are parts of a series, in the order of their dates.
address = Address
address-hint = The part after /articles/, or after / for a page. If empty, it is made from the title.
cover-picture = Cover picture
cover-hint = The address of a picture: /pictures/… or https://…
this-is-a-page = This is a page
page-hint = For texts such as About or Imprint: without a date, and not in lists, feeds, rankings and the search.
pictures-without-script = { $link } on their own page. With JavaScript, this page shows a preview and saves what you type.
save-draft = Save draft
update = Update
save-article = Save
publish-now = Publish now
cancel-schedule = Cancel the schedule
unpublish = Unpublish
publish-later = Publish later
schedule = Schedule
change-time = Change the time
change-date = Change the date
time-in-zone = Time ({ $zone })
time-zone-hint = You can change the time zone on your account page.
scheduled-at = for { $time }
version-saved = Version { $version }, saved { $time }
day-and-time = { $day }, { $time } { $zone }
view-page = View page
view-article = View article
view-scheduled = See it as readers will
move-to-bin = Move to bin
restore = Restore

## What was done

done-saved = Saved.
done-unchanged = There were no changes to save.
done-published = Published. Readers can see it now.
done-scheduled = Scheduled. Readers will see it at the time below.
done-dated = Date changed. Readers see it under the new date.
done-unpublished = Unpublished. Only you can see it now.
done-unscheduled = No longer scheduled. It is a draft again.
done-restored = Article restored.
done-revision = Revision restored.
done-discarded = Unsaved changes discarded.
done-kept = Not discarded: these changes were made in another tab since you opened the page.

## Drafts

changes-recovered = Unsaved changes from { $time } were recovered.
discard-them = Discard them
other-changes = Other unsaved changes
other-changes-sentence = There are other unsaved changes of yours, perhaps in another tab:
open = Open
discard = Discard

## Said while typing

preview = Preview
what-readers-see = What readers will see
add-picture = Add a picture
dismiss = Dismiss
draft-saved = Draft saved · { $time }
draft-saved-after-change = Draft saved · { $time }. { $change } Saving will show you both texts.
page-out-of-date = This page is out of date: its text has already been saved. Reload it to continue.
draft-no-connection = Not saved: no connection. Retrying.
draft-signed-out = Not saved: you are signed out. Sign in in another tab, and saving will continue here.
draft-not-saved = Not saved: { $reason }
uploading = Uploading { $name }…
picture-was-added = { $name } was added.
picture-not-added = { $name } could not be added: { $reason }
upload-no-connection = there is no connection.
upload-not-read = the server's answer could not be read.
upload-answered = the server answered { $status }.

## Changes by others

changed-in-another-tab = This article was changed in another tab.
changed-by = This article was changed by { $name }.
changed-to-bin = This article was moved to the bin.
changed-since = This article was changed since you opened it.
saved-before = This form has already been saved as this article.
text-is-safe = { $change } Your text is safe.
look-again-before-bin = { $change } Look at it again before you move it to the bin.
look-again-before-restore = { $change } Look at it again before you restore it.
look-again-before-revision = { $change } Look at it again before you restore this revision.
conflict-below = Your text is below, and the saved version stays as it is until you save. If you save now, your text replaces it; it stays available among the { $link }.
conflict-merge = {" "}Or { $link } in a new tab and merge the two.
revisions-in-sentence = revisions
open-saved-version = open the saved version
saved-version = Saved version
your-text = your text
colon = :
full-text-of-saved = Full text of the saved version
text-of-saved = Text of the saved version

## Revisions and differences

revisions = Revisions
revision = Revision
no-revisions = No revisions yet. The first save in the studio creates the first two.
not-saved-in-studio = not saved in the studio
version = Version { $version }
current = Current
characters = { $count } characters
changed-title = title
changed-address = address
changed-summary = summary
changed-tags = tags
changed-cover = cover
changed-text = text
changed-text-longer = text (+{ $count } characters)
changed-text-shorter = text (−{ $count } characters)
changed-status = status
restore-revision = Restore this revision
restore-revision-hint = This creates a new version. Nothing is lost.
changes-in-version = Changes in version { $version }
revisions-of = Revisions of “{ $title }”
changes-to-current = Changes from this version to the current one
text = Text
kind = Kind
kind-article = article
kind-page = page
no-difference = No difference.
difference = Difference
line-removed = removed:
line-added = added:
lines-cut = Some lines are too long to be shown in full.
lines-left-out = { $count } more lines, changed or around a change, are not shown: there are too many.

## Rejected articles

title-missing = An article needs a title.
title-too-long = The title may have at most { $count } characters.
address-not-valid = An address may have lower-case letters, digits and single hyphens, at most { $count } in all, as in "{ $example }". If empty, it is made from the title.
address-taken = Another article has this address already, perhaps one in the bin. Please choose another.
address-reserved = The address { $address } is Tidemark's own. Please type another one.
summary-too-long = The summary may have at most { $count } characters.
too-many-tags = An article may have at most { $count } tags.
tag-too-long = A tag may have at most { $count } characters. Separate tags with commas.
series-too-long = The name of a series may have at most { $count } characters.
cover-not-valid = A cover must be an address such as /pictures/name.jpg or https://….
text-too-long = The text may have at most { $count } characters.
time-has-passed = That time has passed: it is { $now } ({ $zone }). Choose a later one, or “Publish now”.
time-missing = Please choose a date and a time.
no-such-article = There is no such article, or it is not yours.
no-such-revision = There is no such revision.
form-key-not-valid = The form's key must have { $count } hexadecimal digits. Reload the page.
processing-failed = This can't be processed. That is a bug in Tidemark.
processing-takes-too-long = This takes too long to process. Please make it shorter.

## Notes on a text

note-code-is-plain = Some code is too long to be highlighted and is shown plain.
note-nests-too-deep = Some text is nested more than 100 levels deep and is shown flat from there on.
note-tag-is-too-long = Some tags, links or pictures lost their attributes: one has more than 8 KiB of them, or there are more than 1,000 different attribute names.
note-too-much-outside-cells = Too much text is inside tables but outside their cells, so all of it is shown as typed.
note-too-large-a-page = The page would be larger than 8 MiB, so the text is shown as typed.
note-too-many-addresses = Too many addresses follow each other without spaces, so none is made into a link.
note-too-many-headings = A text can have up to 500 headings; the rest are shown as paragraphs.
note-formula-is-source = Some formulas can't be rendered and are shown as typed.
note-diagram-is-source = Some diagrams can't be drawn and are shown as code.
note-too-many-footnotes = A text can have up to 1,000 footnote references; the rest are shown as typed.

## Pictures

add-pictures = Add pictures
picture-hint = PNG, JPEG, GIF or WebP, up to { $count } MiB in total.
upload = Upload
no-pictures = No pictures yet. Choose one above. It gets an address that can't be guessed, and data from the camera, such as the location, is removed.
one-picture-added = Picture added. Copy its Markdown into an article.
pictures-added = Pictures added. Copy their Markdown into an article.
picture-deleted = Picture deleted.
markdown-for = Markdown for { $name }
delete = Delete
delete-picture = Delete picture
delete-picture-warning = Articles that use this picture will show a broken image.
bytes = { $count } bytes
kibibytes = { $count } KiB
mebibytes = { $whole }.{ $tenths } MiB
picture-unsupported = { $name } isn't a PNG, JPEG, GIF or WebP.
picture-damaged = { $name } is damaged or cut off.
picture-too-large = { $name } has too many pixels: at most { $side } are allowed on each side, { $total } million in total, and { $animation } million in an animation.
picture-too-many-passes = { $name } has too many scans. Save it again as an ordinary JPEG.
pictures-full = You may keep up to { $pictures } pictures and { $mib } MiB in total, and this would exceed that. Delete some that no article uses, or ask the owner of this blog for more room.
one-picture-per-request = Send one picture per request.
picture-as-form = Send the picture in the field { $field } of a form (multipart/form-data).
too-many-pictures = Send at most { $count } pictures at once.
no-picture-chosen = Choose a picture first.
form-unreadable = The form could not be read: it is damaged or cut off.
pictures-too-large = Pictures may be up to { $count } MiB in total for one upload.
no-such-picture = You have no such picture.
no-picture-here = There is no picture at this address.

## Warnings for administrators

warning-forwarded-from-unknown = { $affected } of { $views } views within an hour came with X-Forwarded-For, which is ignored, because it comes from an address that is not in server.trusted-proxies. Behind a proxy, all readers then seem to have its address, and an article counts at most { $cap } of them per window. Set server.trusted-proxies to the proxy’s address.
warning-forwarded-without-proxies = { $affected } of { $views } views within an hour came with X-Forwarded-For, which is ignored, because server.trusted-proxies is empty. Behind a proxy, all readers then seem to have its address, and an article counts at most { $cap } of them per window. Set server.trusted-proxies to the proxy’s address.
warning-one-address = At least { $affected } of { $views } views within an hour came from one address. An article counts at most { $cap } readers from one address per window. If a proxy is in front, have it send X-Forwarded-For, and set server.trusted-proxies to its address. If the readers share one household or office, nothing is wrong.
