//! What the pages for reading show. Each page loads everything it shows here, before any of it is
//! rendered.

use axum::http::request::Parts;
use futures_util::future::{join, try_join};

use super::articles::MOST_VIEWED_LENGTH;
use super::db::articles::Filter;
use super::db::lists::List;
use super::db::users::{Role, User};
use super::page_cache::hole::Marks;
use super::reactions::Profile;
use super::request::identity::{PageCookie, PageReader, signed_in_user};
use super::state::Services;
use crate::error::Error;
use crate::model::article::{ArticleSummary, Window};
use crate::model::page::Page;
use crate::model::pages::{
    ArticleData, AuthorData, Follow, Frame, Framed, HomeData, MenuUser, MostViewedData, Ranking,
    SearchData, Sidebar, TagData,
};

/// How many articles a page of a list shows.
pub const PER_PAGE: i64 = 10;

/// Longest text that can be looked for, in characters.
pub const LONGEST_SEARCH: usize = 200;

/// How many searches look through the texts at a time. SQLite has four connections for reading, and
/// pages need some of them.
pub const SEARCHES_AT_A_TIME: usize = 2;

/// How many searches more may wait before new ones are refused. Waiting takes no connection, and no
/// longer than a reader is patient.
pub const QUEUED_SEARCHES: usize = 1_000;

impl Services {
    /// What is around a page's content. It never fails: what can't be had now is left out, and the
    /// page can be read.
    pub async fn frame(&self, parts: &Parts, has_sidebar: bool) -> Frame {
        let user = async {
            let user = signed_in_user(parts, self).await.ok().flatten()?;
            Some(MenuUser {
                name: user.name,
                is_author: user.role >= Role::Author,
                is_admin: user.role >= Role::Admin,
            })
        };
        let sidebar = async {
            match has_sidebar {
                true if leaves_counts_open(parts) => Sidebar::Open,
                true => self.rankings().await.map_or(Sidebar::Unavailable, Sidebar::Rankings),
                false => Sidebar::Absent,
            }
        };
        let (user, sidebar) = join(user, sidebar).await;
        Frame { user, sidebar }
    }

    /// Loads a page's content and what is around it at the same time.
    ///
    /// # Errors
    /// The content's.
    pub async fn framed<T>(
        &self,
        parts: &Parts,
        content: impl Future<Output = Result<T, Error>>,
    ) -> Result<Framed<T>, Error> {
        let (frame, content) = join(self.frame(parts, true), content).await;
        Ok(Framed { frame, content: content? })
    }

    /// `/`
    ///
    /// # Errors
    /// [`Error::NotFound`] for a page past the end; the database's.
    pub async fn home_page(&self, parts: &Parts, page: i64) -> Result<HomeData, Error> {
        Ok(HomeData { articles: existing(self.listed(parts, &Filter::default(), page).await?)? })
    }

    /// `/articles/{slug}`, with what is around it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if readers do not see an article of that slug; the database's.
    pub async fn article_page(
        &self,
        parts: &Parts,
        slug: &str,
    ) -> Result<Framed<ArticleData>, Error> {
        // The rankings first, and not at the same time. The browser adds to them what comes to the
        // article's count, so a view that was in the rankings alone would be added twice, and be
        // taken back by the next page (rule C6). A page that is remembered has neither yet.
        let frame = self.frame(parts, true).await;
        Ok(Framed { frame, content: self.article_data(parts, slug).await? })
    }

    async fn article_data(&self, parts: &Parts, slug: &str) -> Result<ArticleData, Error> {
        // A session that can't be read is no reason not to show the article.
        let reader = async { Ok(signed_in_user(parts, self).await.ok().flatten()) };
        let (article, reader) = try_join(self.articles_to_read.by_slug(slug), reader).await?;
        let article = article
            .ok_or_else(|| Error::NotFound("There is no article at this address.".into()))?;
        let article =
            if leaves_counts_open(parts) { article } else { self.with_count(article).await };
        // After the counts were read: a view that comes in between is in neither, and the page
        // shows no count that falls.
        let would_count = leaves_counts_open(parts)
            || self.reader_would_count(parts, &article.summary, reader.as_ref());
        let own = match reader {
            Some(reader) => Some(self.database.own_reactions(reader.id, article.summary.id).await?),
            None => None,
        };
        Ok(ArticleData { article, own, would_count })
    }

    /// Whether a view by whoever gets the page of an article would count. `user` is who is signed
    /// in. If an anonymous session begins with the page, it is told to set the cookie.
    fn reader_would_count(
        &self,
        parts: &Parts,
        article: &ArticleSummary,
        user: Option<&User>,
    ) -> bool {
        // What can't be told now, the answer to the view tells.
        let Ok(asking) = PageReader::of(parts, self, user.map(|user| user.id)) else { return true };
        if let (Some(answer), Some(cookie)) = (parts.extensions.get::<PageCookie>(), &asking.cookie)
        {
            answer.set(cookie.clone());
        }
        let is_author = user.is_some_and(|user| {
            article.authors.iter().any(|author| author.username == user.username)
        });
        asking.would_count(self, article.id, is_author)
    }

    /// `/tags/{tag}`
    ///
    /// # Errors
    /// [`Error::NotFound`] if no article has the tag, and for a page past the end; the database's.
    pub async fn tag_page(&self, parts: &Parts, slug: String, page: i64) -> Result<TagData, Error> {
        let filter = Filter { tag: Some(slug.clone()), ..Filter::default() };
        let tag = async { Ok(self.database.tag(&slug, self.clock.now_ms()).await?) };
        let (tag, articles) = try_join(tag, self.listed(parts, &filter, page)).await?;
        let tag = tag.ok_or_else(|| Error::NotFound("No article has this tag.".into()))?;
        Ok(TagData { tag, articles: existing(articles)? })
    }

    /// `/authors/{username}`
    ///
    /// # Errors
    /// [`Error::NotFound`] if no article names such an author, and for a page past the end; the
    /// database's.
    pub async fn author_page(
        &self,
        parts: &Parts,
        username: &str,
        page: i64,
    ) -> Result<AuthorData, Error> {
        // A session that can't be read is no reason not to show the page.
        let reader =
            async { Ok(signed_in_user(parts, self).await.ok().flatten().map(|user| user.id)) };
        let (profile, reader) = try_join(self.profile(username), reader).await?;
        let follow = async {
            Ok(match reader {
                Some(reader) if reader == profile.id => Follow::Own,
                Some(reader) => Follow::Set(self.database.is_following(reader, profile.id).await?),
                None => Follow::SignedOut,
            })
        };
        let (articles, follow) =
            try_join(self.written_by(&profile, page, PER_PAGE), follow).await?;
        let Profile { id, author, followers, .. } = profile;
        Ok(AuthorData { id, author, followers, follow, articles: existing(articles)? })
    }

    /// `/most-viewed`
    ///
    /// # Errors
    /// The database's.
    pub async fn most_viewed_page(&self, window: Window) -> Result<MostViewedData, Error> {
        let articles = self.most_viewed(window, MOST_VIEWED_LENGTH).await?;
        Ok(MostViewedData { ranking: Ranking { window, articles } })
    }

    /// `/search`
    ///
    /// # Errors
    /// [`Error::NotFound`] for a page past the end; [`Error::Unavailable`] if too many are in line;
    /// the database's.
    pub async fn search_page(
        &self,
        parts: &Parts,
        text: &str,
        page: i64,
    ) -> Result<SearchData, Error> {
        let text: String = text.trim().chars().take(LONGEST_SEARCH).collect();
        if text.is_empty() {
            return Ok(SearchData { text, articles: None });
        }
        let filter = Filter { text: Some(text.clone()), ..Filter::default() };
        let _turn = self.searches.turn().await?;
        let articles = existing(self.listed(parts, &filter, page).await?)?;
        Ok(SearchData { text, articles: Some(articles) })
    }

    /// A page of the articles that readers see now, newest first.
    async fn listed(
        &self,
        parts: &Parts,
        filter: &Filter,
        page: i64,
    ) -> Result<Page<ArticleSummary>, Error> {
        match leaves_counts_open(parts) {
            true => self.articles_as_stored(filter, page, PER_PAGE).await,
            false => self.articles(filter, page, PER_PAGE).await,
        }
    }

    /// A page of one of a user's lists.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a page past the end; the database's.
    pub async fn list_page(&self, list: List, page: i64) -> Result<Page<ArticleSummary>, Error> {
        existing(self.list(list, page, PER_PAGE).await?)
    }
}

/// Whether a page is rendered without its counts, which are put in as it is sent.
fn leaves_counts_open(parts: &Parts) -> bool {
    parts.extensions.get::<Marks>().is_some()
}

/// The number of the page that an address asks for, from 1.
///
/// # Errors
/// [`Error::NotFound`]: an address with a page that can't be leads nowhere.
pub fn page_number(text: Option<&str>) -> Result<i64, Error> {
    match text {
        None => Ok(1),
        Some(text) => text.parse().ok().filter(|page| *page >= 1).ok_or_else(no_such_page),
    }
}

/// The window that an address asks for; all time if it names none.
///
/// # Errors
/// [`Error::NotFound`] for a name that no window has.
pub fn window(name: Option<&str>) -> Result<Window, Error> {
    let name = name.unwrap_or(Window::All.name());
    let known = Window::ALL.into_iter().find(|window| window.name() == name);
    known.ok_or_else(|| Error::NotFound("There is no ranking for this time.".into()))
}

/// An empty first page is fine, an empty later one does not exist.
fn existing(articles: Page<ArticleSummary>) -> Result<Page<ArticleSummary>, Error> {
    if articles.page > articles.pages {
        return Err(no_such_page());
    }
    Ok(articles)
}

fn no_such_page() -> Error {
    Error::NotFound("This list has no such page.".into())
}
