//! The editor's form: what its fields may hold, and what they mean.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use tidemark_content::characters::is_blank;
use tidemark_content::front_matter::{LONGEST_SERIES, is_picture_address};
use tidemark_content::slug::{slugify, tag_slug};
use tidemark_store::clock::Millis;

use crate::draft::Typed;
use crate::message::Message;
use crate::model::article::Tag;
use crate::server::accounts::FieldErrors;
use crate::server::db::articles::{ArticleFields, Kind};
use crate::server::db::revisions::Revision;
/// Maximum length of a title, in characters.
const LONGEST_TITLE: usize = 200;
/// Maximum length of a slug that is typed, in characters.
const LONGEST_SLUG: usize = 120;
/// Maximum length of a summary, in characters.
const LONGEST_SUMMARY: usize = 500;
/// Maximum length of the Markdown text, in characters.
const LONGEST_MARKDOWN: usize = 1_000_000;
/// Maximum number of tags per article.
const MOST_TAGS: usize = 10;
/// Maximum length of a tag, in characters.
const LONGEST_TAG: usize = 50;
/// Maximum length of a cover's address, in characters.
const LONGEST_COVER: usize = 1_000;
/// Numbers below this are tried as a suffix to make a slug unique.
const MOST_NUMBERS: u32 = 1_000;

/// The form for an article, including a summary that was generated.
pub(super) fn typed_of(fields: &ArticleFields) -> Typed {
    let tags: Vec<&str> = fields.tags.iter().map(|tag| tag.name.as_str()).collect();
    Typed {
        title: fields.title.clone(),
        slug: fields.slug.clone(),
        summary: fields.summary.clone(),
        tags: tags.join(", "),
        series: fields.series.clone().unwrap_or_default(),
        cover: fields.cover.clone().unwrap_or_default(),
        is_page: fields.kind == Kind::Page,
        markdown: fields.markdown.clone(),
    }
}

/// The form for a revision, including a summary that was generated. A revision does not say whether
/// it was a page, and in which series.
pub(super) fn typed_of_revision(revision: &Revision) -> Typed {
    Typed {
        title: revision.title.clone(),
        slug: revision.slug.clone(),
        summary: revision.summary.clone(),
        tags: revision.tags.join(", "),
        series: String::new(),
        cover: revision.cover.clone().unwrap_or_default(),
        is_page: false,
        markdown: revision.markdown.clone(),
    }
}

/// Parses the tags and removes duplicates. Returns `None` if there are too many.
pub(super) fn tags(typed: &Typed) -> Option<Vec<Tag>> {
    let names = typed.tags.split([',', '，', '、']).map(str::trim).filter(|name| !name.is_empty());
    // Allow for some duplicates and for names that make no slug, but stop at absurd input.
    if names.clone().nth(2 * MOST_TAGS).is_some() {
        return None;
    }
    let mut tags = Vec::<Tag>::new();
    for name in names {
        // Limit the work of `tag_slug`. A longer name is refused later, so its slug does not
        // matter.
        let slug = tag_slug(&first_characters(name, LONGEST_TAG + 1));
        if !slug.is_empty() && !tags.iter().any(|tag| tag.slug == slug) {
            tags.push(Tag { slug, name: name.to_owned() });
        }
    }
    (tags.len() <= MOST_TAGS).then_some(tags)
}

fn first_characters(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn check(typed: &Typed) -> FieldErrors {
    let mut errors = FieldErrors::new();
    // Stops at the limit, however long the text is.
    let too_long = |text: &str, most: usize| text.chars().nth(most).is_some();
    let at_most = |name: &'static str, most: usize| Message::text(name).with("count", most);
    if is_blank(&typed.title) {
        errors.push(("title", Message::text("title-missing")));
    } else if too_long(&typed.title, LONGEST_TITLE) {
        errors.push(("title", at_most("title-too-long", LONGEST_TITLE)));
    }
    let slug = slugify(&first_characters(&typed.slug, LONGEST_SLUG));
    if !typed.slug.is_empty() && slug != typed.slug {
        let example = if slug.is_empty() { "a-short-name".into() } else { slug };
        let error = at_most("address-not-valid", LONGEST_SLUG).with("example", example);
        errors.push(("slug", error));
    }
    if too_long(&typed.summary, LONGEST_SUMMARY) {
        errors.push(("summary", at_most("summary-too-long", LONGEST_SUMMARY)));
    }
    match tags(typed) {
        None => errors.push(("tags", at_most("too-many-tags", MOST_TAGS))),
        Some(tags) if tags.iter().any(|tag| too_long(&tag.name, LONGEST_TAG)) => {
            errors.push(("tags", at_most("tag-too-long", LONGEST_TAG)));
        }
        Some(_) => {}
    }
    if too_long(&typed.series, LONGEST_SERIES) {
        errors.push(("series", at_most("series-too-long", LONGEST_SERIES)));
    }
    if !typed.cover.is_empty()
        && (too_long(&typed.cover, LONGEST_COVER) || !is_picture_address(&typed.cover))
    {
        errors.push(("cover", Message::text("cover-not-valid")));
    }
    if too_long(&typed.markdown, LONGEST_MARKDOWN) {
        errors.push(("markdown", at_most("text-too-long", LONGEST_MARKDOWN)));
    }
    errors
}

/// Whether a draft is within the size limits of an article. All other checks wait until it is
/// saved.
pub(super) fn fits(typed: &Typed) -> bool {
    let limits = [
        (&typed.title, LONGEST_TITLE),
        (&typed.slug, LONGEST_SLUG),
        (&typed.summary, LONGEST_SUMMARY),
        (&typed.series, LONGEST_SERIES),
        (&typed.tags, 2 * MOST_TAGS * (LONGEST_TAG + 2)),
        (&typed.cover, LONGEST_COVER),
        (&typed.markdown, LONGEST_MARKDOWN),
    ];
    limits.into_iter().all(|(text, most)| text.chars().nth(most).is_none())
}

/// `slug`, then `slug-2`, `slug-3` and so on.
pub(super) fn slugs(slug: &str) -> impl Iterator<Item = String> + use<> {
    let slug = slug.to_owned();
    std::iter::once(slug.clone())
        .chain((2..MOST_NUMBERS).map(move |number| format!("{slug}-{number}")))
}

pub(super) fn time_has_passed(now: Millis, zone: &TimeZone) -> Message {
    let now = format_time(now, zone).replace('T', ", ");
    let zone = zone.iana_name().unwrap_or("UTC").to_owned();
    Message::text("time-has-passed").with("now", now).with("zone", zone)
}

/// Parses a time as sent by a form: `2026-11-24T18:30`, in a time zone. Of a time that the clocks
/// show twice in autumn, the first is meant. One that they skip in spring is an hour later.
pub(super) fn parse_time(text: &str, zone: &TimeZone) -> Option<Millis> {
    let time = text.parse::<DateTime>().ok().filter(|time| time.year() >= 1)?;
    Some(Millis(zone.to_timestamp(time).ok()?.as_millisecond()))
}

/// Formats a time for a form, to the minute, in a time zone.
pub fn format_time(time: Millis, zone: &TimeZone) -> String {
    let time = Timestamp::from_millisecond(time.0).ok();
    time.map(|time| zone.to_datetime(time).strftime("%Y-%m-%dT%H:%M").to_string())
        .unwrap_or_default()
}
