//! The data of each public page, one struct per page. A page is rendered from its struct, and its
//! server function returns the same struct.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tidemark_counting::{Day, UserId, Window};

use super::article::{Around, Article, ArticleSummary, Author, RankedArticle, Tag};
use super::page::Page;
use super::view::Reason;

/// A page's content and the frame around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Framed<T> {
    /// The menu and the sidebar.
    pub frame: Frame,
    /// The page's own data.
    pub content: T,
}

/// The data around every page's content: menu and sidebar.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The signed-in user. Also `None` if the session can't be read right now.
    pub user: Option<MenuUser>,
    /// The column beside the content.
    pub sidebar: Sidebar,
}

/// What the menu shows about the signed-in user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuUser {
    /// The display name.
    pub name: String,
    /// Whether the menu links to the studio.
    pub is_author: bool,
    /// Whether the menu links to the users page.
    pub is_admin: bool,
}

/// The column beside the content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Sidebar {
    /// No sidebar: the page isn't one for readers.
    #[default]
    Absent,
    /// The rankings can't be loaded right now.
    Unavailable,
    /// A hole: the page is cached, and the rankings are filled in when it is sent.
    Open,
    /// The most viewed articles, one ranking for each window that readers can choose.
    Rankings(Vec<Ranking>),
}

/// The most viewed articles of a window, most viewed first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// The time span.
    pub window: Window,
    /// The articles. Those without a view in the window are left out.
    pub articles: Vec<RankedArticle>,
}

/// `/`: all articles, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HomeData {
    /// The requested page of articles.
    pub articles: Page<ArticleSummary>,
}

/// `/articles/{slug}`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArticleData {
    /// The article, with its counts.
    pub article: Article,
    /// What it leads on to.
    pub around: Around,
    /// Its views in the last 24 hours; `None` if they could not be read.
    pub last_day: Option<i64>,
    /// The reader's own reactions; `None` if nobody is signed in.
    pub own: Option<OwnReactions>,
    /// Whether the reader can follow each of the authors, in byline order.
    pub follows: Vec<Follow>,
    /// Whether this reader's view would count now (rule C6).
    pub would_count: bool,
    /// Whether only those who may edit the article see it yet, because its date is in the future.
    pub is_scheduled: bool,
}

/// A reader's own reactions to an article.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnReactions {
    /// Whether the reader likes it.
    pub is_liked: bool,
    /// Whether the reader has collected it.
    pub is_collected: bool,
}

/// `/tags/{tag}`: all articles with a tag, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TagData {
    /// The tag that was asked for.
    pub tag: Tag,
    /// The requested page of articles.
    pub articles: Page<ArticleSummary>,
}

/// `/tags`: all tags that articles have, by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TagsData {
    /// Each tag with the number of its articles.
    pub tags: Vec<(Tag, i64)>,
}

/// `/authors`: all who have published articles, by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthorsData {
    /// Each author with the number of their articles.
    pub authors: Vec<(Author, i64)>,
}

/// `/archive`: the titles of all articles, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArchiveData {
    /// The requested page of articles.
    pub articles: Page<Archived>,
}

/// An article in the archive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Archived {
    /// The name in the article's URL.
    pub slug: String,
    /// The title, as plain text.
    pub title: String,
    /// The language of the article, as a BCP 47 tag.
    pub language: String,
    /// When it was published.
    pub published_at: Timestamp,
}

/// `/authors/{username}`: an author and their articles, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthorData {
    /// The author's user id.
    pub id: UserId,
    /// The author.
    pub author: Author,
    /// The number of followers.
    pub followers: i64,
    /// Whether the reader can follow the author.
    pub follow: Follow,
    /// The requested page of articles.
    pub articles: Page<ArticleSummary>,
}

/// What an author's follow button offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Follow {
    /// Follow or unfollow. True if the reader follows the author now.
    Set(bool),
    /// A link to sign in first.
    SignedOut,
    /// No button: this is the reader.
    Own,
}

/// `/most-viewed?window=`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MostViewedData {
    /// The most viewed articles of the window.
    pub ranking: Ranking,
}

/// Data for `/counting`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountingData {
    /// The views of all articles.
    pub views: i64,
    /// How many views were not counted, by reason.
    pub not_counted: Vec<(Reason, i64)>,
    /// Since which day these have been gathered.
    pub since: Day,
}
