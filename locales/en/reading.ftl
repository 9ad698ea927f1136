# Texts of reading pages, and of what every page has. `docs/LANGUAGES.md` says how to add a text or a
# language.

## Every page

skip-to-content = Skip to content
menu = Menu
site-navigation = Site
most-viewed = Most viewed
search = Search
sign-in = Sign in
sign-out = Sign out
saved = Saved
following = Following
studio = Studio
users = Users
settings = Settings
archive = Archive
tags = Tags
authors = Authors
how-views-are-counted = How views are counted
feed = Feed
language = Language
most-viewed-articles = Most viewed articles
most-viewed-in-the-last = Most viewed in the last
rankings-unavailable = The most viewed articles can't be shown right now.
no-views-in-period = No views in this period yet.
all-time = All time
last-24-hours = 24 hours
last-7-days = 7 days
last-30-days = 30 days

## Counts and times

views = { $count ->
    [one] { $count } view
   *[other] { $count } views
}
followers = { $count ->
    [one] { $count } follower
   *[other] { $count } followers
}
articles = { $count ->
    [one] { $count } article
   *[other] { $count } articles
}
reading-minutes = { $count } min read
every-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
every-hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
every-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
every-seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
count-from = { $count } from { $source }
count-from-until = { $count } from { $source } until { $day }
including = including { $counts }

## Articles

comma = {", "}
and = {" and "}
updated = Updated
contents = Contents
series = Series
part-of = Part { $number } of { $count } of
like = Like
save = Save
follow = Follow
how-this-is-counted = How this is counted
counts-once = Each reader counts once every { $window }. Repeats, bots and the article's own authors don't count.
counts-once-with-authors = Each reader counts once every { $window }. Repeats and bots don't count.
views-of-last-day = Last 24 hours: { $views }
not-known-now = not known right now
all-articles-by = All articles by { $name }
share-by-email = Share by email
copy-link = Copy link
previous-and-next = Previous and next article
previous-article = Previous
next-article = Next
more-about = More about { $tag }
related = Related
scheduled-for = Scheduled for { $time }. Until then, nobody but its authors and administrators sees this page.
edit-this-article = Edit article

## Lists

newer = ← Newer
older = Older →
previous-page = ← Previous
next-page = Next →
pages = Pages
page-of = Page { $page } of { $pages }
page-number = Page { $page }
author = Author
tag = Tag
nothing-published = Nothing published yet
nothing-published-sentence = Nothing published yet.
first-article-soon = The first article will be here soon. The { $feed } tells you when.
feed-in-sentence = feed
ranking-counts-once = Each reader counts once per article every { $window }. Bots don't count.
period = Period

## Search

search-articles = Search articles
search-help-quotes = Every word must match. { $example } matches a phrase,
search-help-minus = { $example } excludes a word.
slash-opens-search = Go to the search with the / key
in-quotes = "in quotes"
minus-word = -word
only-with-tag = Only with the tag { $tag }
search-in-tag = Search articles with this tag
search-by-author = Search this author’s articles
any-tag = any tag
only-by-author = Only with the author { $author }
any-author = any author
published = Published
any-time = Any time
since-week = Last 7 days
since-month = Last 30 days
since-year = Last 365 days
order = Order
best-match = Best match
newest = Newest
no-word-to-look-for = “{ $text }” contains no word to search for.
articles-contain = { $count ->
    [one] One article contains “{ $text }”.
   *[other] { $count } articles contain “{ $text }”.
}
more-articles-contain = More than { $count } articles contain “{ $text }”.
no-article-contains = No article contains “{ $text }”.
simpler-search = The search engine isn't available right now, so this is a simpler search. It may miss other forms of a word and misspellings.
look-in-all-articles = Look in all articles
try-other-words = Try fewer or different words, or see the { $ranking }.
most-viewed-in-sentence = most viewed articles
popular-tags = Popular tags:

## How views are counted

views-counted-here = Views counted on this blog: { $count }
the-rules = The rules
rule-once = Each reader counts once per article every { $window }.
rule-reader-address = Signed-in readers are recognised by their account. Everybody else is recognised by address and browser together. The address itself is never stored: only a keyed hash is, and its key is destroyed after two days.
rule-reader-session = Signed-in readers are recognised by their account. Everybody else is recognised by a cookie that is deleted when the browser closes. The address itself is never stored: only a keyed hash is, and its key is destroyed after two days.
rule-screen = An article counts when somebody has it on the screen. Loading it in the background doesn't count.
rule-crawlers = Crawlers and other programs that are not browsers don't count.
rule-authors-count = Authors count on their own articles, like any other reader.
rule-authors-do-not-count = Authors don't count on their own articles while they are signed in.
rule-address = One address can count as at most { $count } readers of an article in that time, so pretending to be another browser gains little.
rule-never-falls = A count never falls. Editing an article doesn't change it.
not-counted = Not counted
not-counted-since = Since { $day }
reason = Reason
views-column = Views
reason-repeat = The same reader again
reason-crawler = Crawlers and other programs
reason-prefetch = Loaded in the background
reason-address = Too many readers from one address
reason-author = The article's own authors
check-it-yourself = Check it yourself
check-twice = Open an article twice: the count rises once. { $address } answers with the count of an article, and the answer to each view says whether it was counted and, if not, why.
try-it = Try it.
tested-by-killing = We test the program by killing it at any moment while views arrive: no view that it confirmed as counted is lost or counted twice.

## Errors

nothing-here = Nothing here
did-not-work = That did not work
something-broke = Something broke
back-to-home = Back to home
error-not-found = There is no page at this address. It may have moved, or the link has a typo.
error-unauthorized = Please sign in first.
error-too-large = The request's body is too large.
error-unavailable = This can't be done right now. Please try again in a moment.
error-internal = Something went wrong on our side.
error-wrong-request = This address does not accept this kind of request.
error-gone = What was at this address has been removed.
error-cross-site = This request came from another site and was refused.
error-role-author = Only users with the role author can do this.
error-role-admin = Only users with the role admin can do this.
error-role-changed = You can't do this any more: your role has changed.
error-no-article = There is no such article.
error-no-visible-article = There is no such article, or it is no longer published.
error-no-author = There is no author with this name.
error-follow-self = You can't follow yourself.
error-true-or-false = The field { $field } must be true or false.
error-language = The language must be one of { $names }.
form-too-large-to-keep = { $reason } The form is too large to be shown again here, but your browser still has it: go back one page, sign in in another tab if you need to, and send it again.

## Said by the script

switch-to-dark = Switch to dark colours
switch-to-light = Switch to light colours
not-saved = That was not saved.
suggestions = Articles
share = Share
copy = Copy
copied = Copied
copying-failed = Copying failed
