//! What readers do with articles and authors: what forms and server functions both call.

use tidemark_counting::store::Drift;

use super::articles::with_views;
use super::db::lists::List;
use super::db::reactions::Counted;
use super::db::users::User;
use super::db::{Database, reactions};
use super::state::Services;
use crate::error::Error;
use crate::model::article::{ArticleSummary, Author};
use crate::model::page::Page;
use crate::model::reaction::{Reacted, Reaction};

/// An author as the author's page shows one.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The user's number.
    pub id: i64,
    /// Names.
    pub author: Author,
    /// How many articles readers see.
    pub articles: i64,
    /// How many readers follow.
    pub followers: i64,
}

impl Services {
    /// Lets `user` react so, or not any more, whatever it was before: asking twice is as good as
    /// once.
    ///
    /// # Errors
    /// [`Error::NotFound`] if readers do not see the article or there is no such author,
    /// [`Error::BadRequest`] if it is the user's own name, any database error.
    pub async fn set_reaction(
        &self,
        user: &User,
        reaction: &Reaction,
        is_on: bool,
    ) -> Result<Reacted, Error> {
        match reaction {
            Reaction::Like(article) => {
                self.set_counted(user, Counted::Likes, *article, is_on).await
            }
            Reaction::Collect(article) => {
                self.set_counted(user, Counted::Collects, *article, is_on).await
            }
            Reaction::Follow(username) => self.set_follow(user, username, is_on).await,
        }
    }

    async fn set_counted(
        &self,
        user: &User,
        counted: Counted,
        article: i64,
        is_on: bool,
    ) -> Result<Reacted, Error> {
        let now = self.clock.now_ms();
        if !self.database.is_visible(article, now).await? {
            return Err(Error::NotFound(
                "There is no such article, or it is no longer published.".into(),
            ));
        }
        Ok(self.database.set_reaction(counted, user.actor(), article, is_on, now).await?)
    }

    async fn set_follow(&self, user: &User, username: &str, is_on: bool) -> Result<Reacted, Error> {
        let now = self.clock.now_ms();
        // Nobody has to go on following an author who has no article left.
        let author = match is_on {
            true => self.database.author_with_id(username, now).await?.map(|(id, _)| id),
            false => self.database.user_by_username(username).await?.map(|user| user.id),
        };
        let author =
            author.ok_or_else(|| Error::NotFound("There is no author of this name.".into()))?;
        if author == user.id {
            return Err(Error::BadRequest("That is you: nobody can follow themself.".into()));
        }
        if self.database.set_follow(user.actor(), author, is_on, now).await? {
            self.author_counts.followers_changed(author).await;
        }
        Ok(Reacted { is_on, count: self.author_counts.followers(author).await? })
    }

    /// The author of that user name, with counts.
    ///
    /// # Errors
    /// [`Error::NotFound`] if nobody of that name is in a visible article's byline; any database error.
    pub async fn profile(&self, username: &str) -> Result<Profile, Error> {
        let author = self.database.author_with_id(username, self.clock.now_ms()).await?;
        let (id, author) =
            author.ok_or_else(|| Error::NotFound("There is no author of this name.".into()))?;
        let articles = self.author_counts.articles(id).await?;
        let followers = self.author_counts.followers(id).await?;
        Ok(Profile { id, author, articles, followers })
    }

    /// A page of what the user keeps or of what the followed authors wrote, as far as readers see
    /// it. A page past the end is empty.
    ///
    /// # Errors
    /// Any database error.
    pub async fn list(
        &self,
        list: List,
        page: i64,
        per_page: i64,
    ) -> Result<Page<ArticleSummary>, Error> {
        let page = self.database.list(list, page, per_page, self.clock.now_ms()).await?;
        Ok(with_views(&self.views, page).await)
    }

    /// A page of what an author wrote, newest first. A page past the end is empty.
    ///
    /// # Errors
    /// Any database error.
    pub async fn written_by(
        &self,
        profile: &Profile,
        page: i64,
        per_page: i64,
    ) -> Result<Page<ArticleSummary>, Error> {
        let (list, now) = (List::Written(profile.id), self.clock.now_ms());
        let page = self.database.list_of(list, profile.articles, page, per_page, now).await?;
        Ok(with_views(&self.views, page).await)
    }
}

/// Compares the counts of likes and collects with the rows that they count, and corrects them.
///
/// # Errors
/// Any database error.
pub async fn reconcile(database: &Database) -> sqlx::Result<Vec<Drift>> {
    let mut drifts = Vec::new();
    for counted in Counted::ALL {
        for reactions::CountDrift { article, kept, correct } in
            database.reconcile_reactions(counted).await?
        {
            drifts.push(Drift::of_article(counted.name(), article, kept, correct));
        }
    }
    Ok(drifts)
}
