//! The keys of front matter under which programs and themes keep the fields of an article.

use super::hidden;

/// Keys for the date, the one that counts most first. They are plain keys, as all below.
pub(super) const DATES: [&str; 14] = [
    "publishdate",
    "pubdatetime",
    "pubdate",
    "publishedat",
    "publisheddate",
    "publishedon",
    "datepublished",
    "date",
    "posted",
    "created",
    "createdat",
    "datecreated",
    "createddate",
    "creationdate",
];
/// Those of them that say when a text was begun, not when it was published.
pub(super) const CREATED: [&str; 5] =
    ["created", "createdat", "datecreated", "createddate", "creationdate"];
/// Keys for the time of the last change.
pub(super) const UPDATES: [&str; 7] = [
    "updated",
    "lastmod",
    "lastmodified",
    "lastmodifiedat",
    "modified",
    "updatedat",
    "updateddate",
];
pub(super) const SUMMARIES: [&str; 5] = ["description", "summary", "excerpt", "abstract", "desc"];
pub(super) const COVERS: [&str; 17] = [
    "cover",
    "image",
    "coverimage",
    "featuredimage",
    "featureimage",
    "featured",
    "heroimage",
    "hero",
    "thumbnail",
    "banner",
    "bannerimg",
    "indeximg",
    "ogimage",
    "socialimage",
    "img",
    "images",
    "header",
];
pub(super) const LANGUAGES: [&str; 3] = ["lang", "language", "locale"];
/// Tables that hold more of the fields.
pub(super) const INNER: [&str; 2] = ["extra", "params"];
const OTHERS: [&str; 19] = [
    "title",
    "slug",
    "path",
    "url",
    "permalink",
    "draft",
    "published",
    "publish",
    "status",
    "private",
    "password",
    "author",
    "authors",
    "tags",
    "tag",
    "category",
    "categories",
    "aliases",
    "redirectfrom",
];

/// Whether a key means something here.
pub(super) fn is_known(key: &str) -> bool {
    DATES.contains(&key)
        || UPDATES.contains(&key)
        || SUMMARIES.contains(&key)
        || COVERS.contains(&key)
        || LANGUAGES.contains(&key)
        || INNER.contains(&key)
        || OTHERS.contains(&key)
        || hidden::is_known(key)
        || matches!(key, "taxonomies" | "alias" | "series")
}
