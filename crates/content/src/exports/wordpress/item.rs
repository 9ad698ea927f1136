//! An `<item>` of a WXR file, with the elements and custom fields that are read.

use std::collections::HashMap;

/// Custom fields in which plugins and themes count views, the most common first.
pub(super) const VIEWS: [&str; 14] = [
    "views",
    "post_views_count",
    "_post_views",
    "wpb_post_views_count",
    "post_views",
    "_views",
    "post_view_count",
    "post-views",
    "views_count",
    "_post_views_count",
    "tie_views",
    "entry_views",
    "penci_post_views_count",
    "jetpack_post_views",
];

/// Custom fields that are looked at.
pub(super) const FIELDS: [&str; 5] = [
    "_thumbnail_id",
    "_wp_old_slug",
    "_wp_attachment_image_alt",
    "footnotes",
    "_yoast_wpseo_metadesc",
];

/// Elements of an item that are read.
pub(super) const ELEMENTS: [&str; 17] = [
    "title",
    "link",
    "guid",
    "pubDate",
    "dc:creator",
    "content:encoded",
    "excerpt:encoded",
    "wp:post_id",
    "wp:post_date",
    "wp:post_date_gmt",
    "wp:post_name",
    "wp:status",
    "wp:post_parent",
    "wp:post_type",
    "wp:post_password",
    "wp:attachment_url",
    "description",
];

/// A `<category>` of a post.
#[derive(Clone, Debug, Default)]
pub(super) struct Term {
    pub domain: String,
    pub nicename: String,
    pub name: String,
}

/// An `<item>`.
#[derive(Clone, Debug, Default)]
pub(super) struct Item {
    pub line: usize,
    pub fields: HashMap<&'static str, String>,
    pub terms: Vec<Term>,
    pub meta: Vec<(String, String)>,
    pub is_for_members: bool,
    pub is_too_long: bool,
}

impl Item {
    pub fn get(&self, key: &str) -> &str {
        self.fields.get(key).map_or("", |value| value.trim())
    }

    pub fn meta(&self, key: &str) -> Option<&str> {
        self.meta.iter().find(|(name, _)| name == key).map(|(_, value)| value.trim())
    }

    pub fn kind(&self) -> &str {
        match self.get("wp:post_type") {
            "" => "post",
            kind => kind,
        }
    }

    /// How often it was viewed. Themes write the number with separators.
    pub fn views(&self) -> Option<u64> {
        VIEWS.iter().filter_map(|key| self.meta(key)).find_map(|value| {
            let digits: String =
                value.chars().filter(|one| !matches!(one, ',' | '.' | ' ' | '\u{a0}')).collect();
            digits.parse().ok()
        })
    }
}

/// Whether a custom field says that not everybody may read the post: the access that Jetpack's
/// newsletter asks for, and the roles that the plugin Members lets in.
pub(super) fn is_for_members(key: &str, value: &str) -> bool {
    match key {
        "_jetpack_newsletter_access" => !matches!(value, "" | "everybody"),
        "_members_access_role" => !value.is_empty(),
        "_members_access_all_logged_in" => !matches!(value, "" | "0"),
        _ => false,
    }
}
