//! The blog as every page shows it: its name, its logo, its menu, its footer.

use tidemark_content::menu::MenuItem;

/// What every page shows of the blog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteInfo {
    /// The blog's name, in one line.
    pub title: String,
    /// One line about the blog.
    pub description: String,
    /// The footer's text in HTML, sanitised. `None`: the description is the footer.
    pub footer: Option<String>,
    /// The picture beside the name.
    pub logo: Option<Logo>,
    /// The links in the header, in order.
    pub menu: Vec<MenuItem>,
}

/// The blog's logo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// The picture's address.
    pub address: String,
    /// Width in pixels.
    pub width: i64,
    /// Height in pixels.
    pub height: i64,
}
