//! Loads the data of the reading pages. A page loads all of its data here before it renders any of
//! it.

use axum::http::request::Parts;
use futures_util::future::{join, try_join};
use tidemark_content::search::Query;
use tidemark_counting::Window;
use tidemark_store::clock::{Clock, Millis};

use super::articles::{Articles, MOST_VIEWED_LENGTH};
use super::counting::Counting;
use super::db::Database;
use super::db::actor::Role;
use super::db::articles::Filter;
use super::db::lists::List;
use super::db::users::User;
use super::page_cache::hole::Marks;
use super::reactions::{Profile, Reactions};
use super::request::identity::{Identity, PageCookie};
use super::search::{Search, Searched};
use crate::error::Error;
use crate::model::article::{Around, Article, ArticleSummary};
use crate::model::page::Page;
use crate::model::pages::{
    ArchiveData, ArticleData, AuthorData, AuthorsData, CountingData, Follow, Frame, Framed,
    HomeData, MenuUser, MostViewedData, Ranking, Sidebar, TagData, TagsData,
};
use crate::model::search::{SearchData, SearchFilter, Since, Sort};

/// Articles per page of a list.
pub const PER_PAGE: i64 = 10;

/// The number of titles on a page of the archive.
const PER_ARCHIVE_PAGE: i64 = 200;

/// Loads pages. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reading {
    database: Database,
    clock: Clock,
    articles: Articles,
    search: Search,
    reactions: Reactions,
    counting: Counting,
    identity: Identity,
}

impl Reading {
    /// Loads the pages of these parts.
    pub fn new(
        database: Database,
        clock: Clock,
        articles: Articles,
        search: Search,
        reactions: Reactions,
        counting: Counting,
        identity: Identity,
    ) -> Self {
        Self { database, clock, articles, search, reactions, counting, identity }
    }

    /// Loads what surrounds a page's content. Never fails: whatever can't be loaded is left out, so
    /// the page can still be read.
    pub async fn frame(&self, parts: &Parts, has_sidebar: bool) -> Frame {
        let user = async {
            let user = self.identity.signed_in_user(parts).await.ok().flatten()?;
            Some(MenuUser {
                name: user.name,
                is_author: user.role >= Role::Author,
                is_admin: user.role >= Role::Admin,
            })
        };
        let sidebar = async {
            match has_sidebar {
                true if leaves_counts_open(parts) => Sidebar::Open,
                true => {
                    self.articles.rankings().await.map_or(Sidebar::Unavailable, Sidebar::Rankings)
                }
                false => Sidebar::Absent,
            }
        };
        let (user, sidebar) = join(user, sidebar).await;
        Frame { user, sidebar }
    }

    /// Loads a page's content and its frame concurrently. `/most-viewed` has no sidebar, because it
    /// shows the same ranking.
    ///
    /// # Errors
    /// Whatever `content` returns.
    pub async fn framed<T>(
        &self,
        parts: &Parts,
        has_sidebar: bool,
        content: impl Future<Output = Result<T, Error>>,
    ) -> Result<Framed<T>, Error> {
        let (frame, content) = join(self.frame(parts, has_sidebar), content).await;
        Ok(Framed { frame, content: content? })
    }

    /// `/`
    ///
    /// # Errors
    /// [`Error::NotFound`] for a page past the end; any database error.
    pub async fn home_page(&self, parts: &Parts, page: i64) -> Result<HomeData, Error> {
        Ok(HomeData { articles: existing(self.listed(parts, &Filter::default(), page).await?)? })
    }

    /// `/articles/{slug}`, with its frame.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no article with this slug is visible to readers; any database error.
    pub async fn article_page(
        &self,
        parts: &Parts,
        slug: &str,
    ) -> Result<Framed<ArticleData>, Error> {
        // Load the rankings first, not concurrently. The script raises the rankings by whatever the
        // article's count rises by. A view that is only in the rankings would be added twice, and
        // the next page would take it back (rule C6). A page for the cache reads neither yet.
        let frame = self.frame(parts, true).await;
        Ok(Framed { frame, content: self.article_data(parts, slug).await? })
    }

    async fn article_data(&self, parts: &Parts, slug: &str) -> Result<ArticleData, Error> {
        // If the session can't be read, show the article anyway.
        let reader = async { Ok(self.identity.signed_in_user(parts).await.ok().flatten()) };
        let (article, reader) = try_join(self.articles.one_as_stored(slug), reader).await?;
        let Some(article) = article else { return self.scheduled_article(slug, reader).await };
        let article = if leaves_counts_open(parts) {
            article
        } else {
            self.articles.with_count(article).await
        };
        // Ask only after the count was read. If this reader's view is recorded in between, the page
        // shows neither the view nor a +1, so the count never falls.
        let would_count = leaves_counts_open(parts)
            || self.reader_would_count(parts, &article.summary, reader.as_ref());
        let (own, followed) = match &reader {
            Some(reader) => {
                let own = self.database.own_reactions(reader.id, article.summary.id).await?;
                (Some(own.0), own.1)
            }
            None => (None, vec![]),
        };
        let follows = article.summary.authors.iter().map(|author| match &reader {
            Some(reader) if reader.username == author.username => Follow::Own,
            Some(_) => Follow::Set(followed.contains(&author.username)),
            None => Follow::SignedOut,
        });
        let follows = follows.collect();
        let around = self.articles.around(&article).await?;
        let last_day = if leaves_counts_open(parts) {
            None
        } else {
            let (id, now) = (article.summary.id, self.clock.now());
            // Without them, the article can still be read.
            let views = self.database.views_of_last_day(&[id], now).await.ok();
            views.map(|views| views.get(&id).copied().unwrap_or_default())
        };
        Ok(ArticleData {
            article,
            last_day,
            around,
            own,
            follows,
            would_count,
            is_scheduled: false,
        })
    }

    /// An article whose time has not come, for those who may edit it. It does not exist for anybody
    /// else.
    async fn scheduled_article(
        &self,
        slug: &str,
        reader: Option<User>,
    ) -> Result<ArticleData, Error> {
        let nothing = || Error::NotFound("There is no article at this address.".into());
        let reader = reader.filter(|reader| reader.role >= Role::Author).ok_or_else(nothing)?;
        let article = self.database.article_of_any_date(slug).await?;
        let article = article.filter(|article| may_edit(&reader, article)).ok_or_else(nothing)?;
        Ok(ArticleData {
            article,
            last_day: None,
            around: Around::default(),
            own: None,
            follows: vec![],
            would_count: false,
            is_scheduled: true,
        })
    }

    /// The page such as About with this slug, if its time has not come and the sender of the
    /// request may edit it. It does not exist for anybody else.
    ///
    /// # Errors
    /// Database errors.
    pub async fn scheduled_page(
        &self,
        parts: &Parts,
        slug: &str,
    ) -> Result<Option<Article>, Error> {
        let reader = self.identity.signed_in_user(parts).await.ok().flatten();
        let Some(reader) = reader.filter(|reader| reader.role >= Role::Author) else {
            return Ok(None);
        };
        let page = self.database.page(slug, Millis(i64::MAX)).await?;
        Ok(page.filter(|page| may_edit(&reader, page)))
    }

    /// Whether a view by the reader of an article page would count. `user` is the signed-in user.
    /// If the page starts an anonymous session, this also registers its cookie with the response.
    fn reader_would_count(
        &self,
        parts: &Parts,
        article: &ArticleSummary,
        user: Option<&User>,
    ) -> bool {
        // If that can't be determined now, show the +1; the answer to the view corrects it.
        let Ok(asking) = self.identity.page_reader(parts, user.map(|user| user.id)) else {
            return true;
        };
        if let (Some(answer), Some(cookie)) = (parts.extensions.get::<PageCookie>(), &asking.cookie)
        {
            answer.set(cookie.clone());
        }
        let is_author = user.is_some_and(|user| {
            article.authors.iter().any(|author| author.username == user.username)
        });
        asking.would_count(&self.counting, article.id, is_author)
    }

    /// `/tags`
    ///
    /// # Errors
    /// Any database error.
    pub async fn tags_page(&self) -> Result<TagsData, Error> {
        Ok(TagsData { tags: self.database.all_tags(self.clock.now()).await? })
    }

    /// `/authors`
    ///
    /// # Errors
    /// Any database error.
    pub async fn authors_page(&self) -> Result<AuthorsData, Error> {
        Ok(AuthorsData { authors: self.database.all_authors(self.clock.now()).await? })
    }

    /// `/archive`
    ///
    /// # Errors
    /// [`Error::NotFound`] for a page past the end; any database error.
    pub async fn archive_page(&self, page: i64) -> Result<ArchiveData, Error> {
        let articles = self.database.archive(page, PER_ARCHIVE_PAGE, self.clock.now()).await?;
        Ok(ArchiveData { articles: existing(articles)? })
    }

    /// `/tags/{tag}`
    ///
    /// # Errors
    /// [`Error::NotFound`] if no article has the tag, or for a page past the end; any database
    /// error.
    pub async fn tag_page(&self, parts: &Parts, slug: String, page: i64) -> Result<TagData, Error> {
        let filter = Filter { tag: Some(slug.clone()), ..Filter::default() };
        let tag = async { Ok(self.database.tag(&slug, self.clock.now()).await?) };
        let (tag, articles) = try_join(tag, self.listed(parts, &filter, page)).await?;
        let tag = tag.ok_or_else(|| Error::NotFound("No article has this tag.".into()))?;
        Ok(TagData { tag, articles: existing(articles)? })
    }

    /// `/authors/{username}`
    ///
    /// # Errors
    /// [`Error::NotFound`] if no visible article names this author, or for a page past the end; any
    /// database error.
    pub async fn author_page(
        &self,
        parts: &Parts,
        username: &str,
        page: i64,
    ) -> Result<AuthorData, Error> {
        // If the session can't be read, show the page anyway.
        let reader = async {
            Ok(self.identity.signed_in_user(parts).await.ok().flatten().map(|user| user.id))
        };
        let (profile, reader) = try_join(self.reactions.profile(username), reader).await?;
        let follow = async {
            Ok(match reader {
                Some(reader) if reader == profile.id => Follow::Own,
                Some(reader) => Follow::Set(self.database.is_following(reader, profile.id).await?),
                None => Follow::SignedOut,
            })
        };
        let (articles, follow) =
            try_join(self.articles.written_by(&profile, page, PER_PAGE), follow).await?;
        let Profile { id, author, followers, .. } = profile;
        Ok(AuthorData { id, author, followers, follow, articles: existing(articles)? })
    }

    /// `/counting`
    ///
    /// # Errors
    /// Any database error.
    pub async fn counting_page(&self) -> Result<CountingData, Error> {
        let views = async { Ok(self.database.all_views().await?) };
        let (views, (not_counted, since)) = try_join(views, self.counting.uncounted()).await?;
        Ok(CountingData { views, not_counted, since })
    }

    /// `/most-viewed`
    ///
    /// # Errors
    /// Any database error.
    pub async fn most_viewed_page(&self, window: Window) -> Result<MostViewedData, Error> {
        let articles = self.articles.most_viewed(window, MOST_VIEWED_LENGTH).await?;
        Ok(MostViewedData { ranking: Ranking { window, articles } })
    }

    /// `/search`
    ///
    /// # Errors
    /// [`Error::NotFound`] for a page past the end; [`Error::Unavailable`] if too many searches are
    /// queued or this one takes too long; any database error.
    pub async fn search_page(
        &self,
        parts: &Parts,
        text: &str,
        filter: SearchFilter,
        sort: Sort,
        page: i64,
    ) -> Result<SearchData, Error> {
        let text = Query::parse(text).text().to_owned();
        let searched = self.search.page(&text, filter.clone(), sort, page, PER_PAGE).await?;
        let mut data = SearchData { text, filter, sort, ..SearchData::default() };
        let Some(Searched { hits, is_more, is_fallback, corrected }) = searched else {
            return Ok(data);
        };
        let mut hits = existing(hits)?;
        if hits.total == 0 {
            // Nothing else on the page depends on them.
            data.tags = self.search.popular_tags().await.unwrap_or_default();
        }
        if !leaves_counts_open(parts) {
            self.search.with_counts(&mut hits.items).await;
        }
        Ok(SearchData { hits: Some(hits), is_more, is_fallback, corrected, ..data })
    }

    /// A page of the currently visible articles, newest first.
    async fn listed(
        &self,
        parts: &Parts,
        filter: &Filter,
        page: i64,
    ) -> Result<Page<ArticleSummary>, Error> {
        match leaves_counts_open(parts) {
            true => self.articles.list_as_stored(filter, page, PER_PAGE).await,
            false => self.articles.list(filter, page, PER_PAGE).await,
        }
    }

    /// A page of one of a user's lists.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a page past the end; any database error.
    pub async fn list_page(&self, list: List, page: i64) -> Result<Page<ArticleSummary>, Error> {
        existing(self.articles.in_list(list, page, PER_PAGE).await?)
    }
}

/// Whether `user` may edit `article`.
fn may_edit(user: &User, article: &Article) -> bool {
    let mut authors = article.summary.authors.iter();
    user.role >= Role::Admin || authors.any(|author| author.username == user.username)
}

/// Whether the page is rendered for the cache, with holes that are filled with counts when it is
/// sent.
fn leaves_counts_open(parts: &Parts) -> bool {
    parts.extensions.get::<Marks>().is_some()
}

/// Parses the page number of an address, from 1. No number means page 1.
///
/// # Errors
/// [`Error::NotFound`] for anything that is not a valid page number.
pub fn page_number(text: Option<&str>) -> Result<i64, Error> {
    match text {
        None => Ok(1),
        Some(text) => text.parse().ok().filter(|page| *page >= 1).ok_or_else(no_such_page),
    }
}

/// Parses the ranking window of an address. No name means all time.
///
/// # Errors
/// [`Error::NotFound`] for an unknown name.
pub fn window(name: Option<&str>) -> Result<Window, Error> {
    let name = name.unwrap_or(Window::All.name());
    let known = Window::ALL.into_iter().find(|window| window.name() == name);
    known.ok_or_else(|| Error::NotFound("There is no ranking for this period.".into()))
}

/// Parses the filter of a search's address. Empty fields, as a form sends them, and unknown periods
/// filter nothing.
pub fn search_filter(
    tag: Option<String>,
    author: Option<String>,
    since: Option<&str>,
) -> SearchFilter {
    let filled = |field: Option<String>| field.filter(|field| !field.is_empty());
    let since = since.and_then(|name| Since::ALL.into_iter().find(|since| since.name() == name));
    SearchFilter { tag: filled(tag), author: filled(author), since }
}

/// Parses the order of a search's address. No name and an unknown one mean the best match first.
pub fn search_sort(name: Option<&str>) -> Sort {
    let known = name.and_then(|name| Sort::ALL.into_iter().find(|sort| sort.name() == name));
    known.unwrap_or_default()
}

/// An empty first page is fine; an empty later page does not exist.
fn existing<T>(articles: Page<T>) -> Result<Page<T>, Error> {
    if articles.page > articles.pages {
        return Err(no_such_page());
    }
    Ok(articles)
}

fn no_such_page() -> Error {
    Error::NotFound("This list has no such page.".into())
}
