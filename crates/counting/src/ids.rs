//! Ids, each a type of its own, so that a user's id can't be passed for an article's.

/// A type for one kind of number, which is an integer in SQL and in JSON.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
            sqlx::Type,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

pub(crate) use number;

number! {
    /// An article, or whatever else a program counts the views of.
    ///
    /// ```
    /// # use tidemark_counting::{ArticleId, UserId};
    /// fn open(article: ArticleId) {}
    /// open(ArticleId(7));
    /// ```
    ///
    /// Another id does not compile:
    ///
    /// ```compile_fail
    /// # use tidemark_counting::{ArticleId, UserId};
    /// fn open(article: ArticleId) {}
    /// open(UserId(7));
    /// ```
    ArticleId
}

number! {
    /// A user who can sign in.
    UserId
}

number! {
    /// A shard of Redis, which has the views of some articles.
    ShardId
}
