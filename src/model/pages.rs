//! What each page for reading shows: one struct a page, from which the page is rendered and which
//! its server function answers.

use serde::{Deserialize, Serialize};

use super::article::{Article, ArticleSummary, Author, RankedArticle, Tag, Window};
use super::page::Page;

/// A page's content with what is around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Framed<T> {
    /// What is around the content.
    pub frame: Frame,
    /// The content.
    pub content: T,
}

/// What is around every page's content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// Who is signed in; `None` too if that can't be told now.
    pub user: Option<MenuUser>,
    /// What is beside the content.
    pub sidebar: Sidebar,
}

/// The signed-in user, as far as the menu needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuUser {
    /// The name in bylines.
    pub name: String,
    /// Whether the menu leads to the studio.
    pub is_author: bool,
    /// Whether the menu leads to the users.
    pub is_admin: bool,
}

/// What is beside the content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Sidebar {
    /// Nothing: the page is not for reading.
    #[default]
    Absent,
    /// The most viewed articles, which can't be had now.
    Unavailable,
    /// The most viewed articles, which are put in when the page is sent.
    Open,
    /// The most viewed articles of each window that readers can choose there.
    Rankings(Vec<Ranking>),
}

/// The most viewed articles of a window, most first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// The window.
    pub window: Window,
    /// The articles; those without a view in the window are left out.
    pub articles: Vec<RankedArticle>,
}

/// `/`: all articles, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HomeData {
    /// The page of the list that was asked for.
    pub articles: Page<ArticleSummary>,
}

/// `/articles/{slug}`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArticleData {
    /// The article.
    pub article: Article,
    /// What the reader has done with it; `None` if nobody is signed in.
    pub own: Option<OwnReactions>,
    /// Whether the reader's view would count now (rule C6).
    pub would_count: bool,
}

/// What a reader has done with an article.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnReactions {
    /// The reader likes it.
    pub is_liked: bool,
    /// The reader keeps it.
    pub is_collected: bool,
}

/// `/tags/{tag}`: all articles with a tag, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TagData {
    /// The tag.
    pub tag: Tag,
    /// The page of the list that was asked for.
    pub articles: Page<ArticleSummary>,
}

/// `/authors/{username}`: an author, and what the author wrote, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthorData {
    /// The author's user id.
    pub id: i64,
    /// The author.
    pub author: Author,
    /// How many readers follow the author.
    pub followers: i64,
    /// What the reader can do about the author.
    pub follow: Follow,
    /// The page of the list that was asked for.
    pub articles: Page<ArticleSummary>,
}

/// What a reader can do about an author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Follow {
    /// Follow, or stop following: whether the reader follows now.
    Set(bool),
    /// Sign in first.
    SignedOut,
    /// Nothing: it is the reader's own page.
    Own,
}

/// `/most-viewed?window=`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MostViewedData {
    /// The ranking.
    pub ranking: Ranking,
}

/// `/search?q=`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchData {
    /// What was looked for, as far as it was; may be empty.
    pub text: String,
    /// The page of what was found; `None` if nothing was looked for.
    pub articles: Option<Page<ArticleSummary>>,
}
