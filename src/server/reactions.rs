//! Reactions of readers to articles and authors, for forms and server functions alike.

use tidemark_counting::store::Drift;
use tidemark_counting::{ArticleId, UserId};
use tidemark_store::clock::Clock;

use super::author_counts::AuthorCounts;
use super::db::reactions::Counted;
use super::db::users::User;
use super::db::{Database, reactions};
use crate::error::Error;
use crate::message::Message;
use crate::model::article::Author;
use crate::model::reaction::{Reacted, Reaction};

/// An author, for the author's page.
#[derive(Clone, Debug)]
pub struct Profile {
    /// User id.
    pub id: UserId,
    /// User name and display name.
    pub author: Author,
    /// Number of visible articles.
    pub articles: i64,
    /// Number of followers.
    pub followers: i64,
}

/// A reaction that somebody wanted to set before they had signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Like the article with this slug.
    Like(String),
    /// Collect the article with this slug.
    Collect(String),
    /// Follow the author with this user name.
    Follow(String),
}

impl Wish {
    /// The wish to set the reaction of the field `intent` for what is at the path `next`.
    pub fn parse(intent: &str, next: &str) -> Option<Self> {
        let (_, subject) = next.rsplit_once('/')?;
        let (wish, page): (fn(String) -> Wish, _) = match intent {
            "like" => (Wish::Like, "/articles/"),
            "collect" => (Wish::Collect, "/articles/"),
            "follow" => (Wish::Follow, "/authors/"),
            _ => return None,
        };
        let is_whole = next.strip_prefix(page) == Some(subject) && !subject.is_empty();
        is_whole.then(|| wish(subject.to_owned()))
    }
}

/// Reactions of readers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reactions {
    database: Database,
    clock: Clock,
    author_counts: AuthorCounts,
}

impl Reactions {
    /// The reactions in `database`.
    pub fn new(database: Database, clock: Clock, author_counts: AuthorCounts) -> Self {
        Self { database, clock, author_counts }
    }

    /// Turns a reaction of `user` on or off. Idempotent.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the article is not visible to readers or there is no such author,
    /// [`Error::BadRequest`] if the user tries to follow themself, any database error.
    pub async fn set(
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

    /// Sets the reaction that `user` wished for.
    ///
    /// # Errors
    /// Those of [`Reactions::set`].
    pub async fn fulfil(&self, user: &User, wish: &Wish) -> Result<Reacted, Error> {
        let article = async |slug: &str| {
            let id = self.database.id_of_slug(slug, self.clock.now()).await?;
            id.ok_or_else(|| Error::NotFound(Message::text("error-no-article")))
        };
        let reaction = match wish {
            Wish::Like(slug) => Reaction::Like(article(slug).await?),
            Wish::Collect(slug) => Reaction::Collect(article(slug).await?),
            Wish::Follow(username) => Reaction::Follow(username.clone()),
        };
        self.set(user, &reaction, true).await
    }

    async fn set_counted(
        &self,
        user: &User,
        counted: Counted,
        article: ArticleId,
        is_on: bool,
    ) -> Result<Reacted, Error> {
        let now = self.clock.now();
        if !self.database.is_visible(article, now).await? {
            return Err(Error::NotFound(Message::text("error-no-visible-article")));
        }
        Ok(self.database.set_reaction(counted, user.actor(), article, is_on, now).await?)
    }

    async fn set_follow(&self, user: &User, username: &str, is_on: bool) -> Result<Reacted, Error> {
        let now = self.clock.now();
        let mut author = self.database.author_with_id(username, now).await?.map(|(id, _)| id);
        // Who is followed can be unfollowed, even an author who has no visible article left. About
        // other users nobody learns whether they exist.
        if author.is_none()
            && !is_on
            && let Some(other) = self.database.user_by_username(username).await?
            && self.database.is_following(user.id, other.id).await?
        {
            author = Some(other.id);
        }
        let author = author.ok_or_else(|| Error::NotFound(Message::text("error-no-author")))?;
        if author == user.id {
            return Err(Error::BadRequest(Message::text("error-follow-self")));
        }
        if self.database.set_follow(user.actor(), author, is_on, now).await? {
            self.author_counts.followers_changed(author).await;
        }
        Ok(Reacted { is_on, count: self.author_counts.followers(author).await? })
    }

    /// The author with this user name, with counts.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no visible article has this user in its byline; any database error.
    pub async fn profile(&self, username: &str) -> Result<Profile, Error> {
        let author = self.database.author_with_id(username, self.clock.now()).await?;
        let (id, author) =
            author.ok_or_else(|| Error::NotFound(Message::text("error-no-author")))?;
        let articles = self.author_counts.articles(id).await?;
        let followers = self.author_counts.followers(id).await?;
        Ok(Profile { id, author, articles, followers })
    }
}

/// Compares the counts of likes and collects with the rows behind them and corrects them. Returns
/// what differed.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_for_one_article_or_author() {
        for (intent, next, expected) in [
            ("like", "/articles/tides", Some(Wish::Like("tides".into()))),
            ("collect", "/articles/tides", Some(Wish::Collect("tides".into()))),
            ("follow", "/authors/jo", Some(Wish::Follow("jo".into()))),
            ("like", "/authors/jo", None),
            ("follow", "/articles/tides", None),
            ("like", "/articles/", None),
            ("like", "/articles/a/b", None),
            ("like", "//articles/a", None),
            ("like", "", None),
            ("delete", "/articles/tides", None),
        ] {
            assert_eq!(Wish::parse(intent, next), expected, "{intent} {next}");
        }
    }
}
