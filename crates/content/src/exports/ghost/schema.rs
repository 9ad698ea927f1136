//! What Ghost's export consists of: the tables of its database, in JSON, as its versions write them.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A text, a number or a truth value, as a text. Versions differ in what they write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Loose(pub String);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Loose;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a value")
            }
            fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
                Ok(Loose(text.to_owned()))
            }
            fn visit_string<E>(self, text: String) -> Result<Loose, E> {
                Ok(Loose(text))
            }
            fn visit_bool<E>(self, is: bool) -> Result<Loose, E> {
                Ok(Loose(if is { "1".into() } else { "0".into() }))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Loose, E> {
                Ok(Loose(number.to_string()))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Loose, E> {
                Ok(Loose(number.to_string()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Loose, E> {
                Ok(Loose(number.to_string()))
            }
            fn visit_unit<E>(self) -> Result<Loose, E> {
                Ok(Loose::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Loose, A::Error> {
                while all.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Loose::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Loose, A::Error> {
                while all.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Loose::default())
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// A list of rows. Anything else, such as `null`, is an empty one.
#[derive(Clone, Debug)]
pub(super) struct Rows<T>(pub Vec<T>);

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self(vec![])
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default()))
    }
}

/// Tags or authors that stand in a post itself instead of in tables: rows, or only their names.
fn inline<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Named>, D::Error> {
    let Value::Array(all) = Value::deserialize(deserializer)? else { return Ok(vec![]) };
    let row = |one| match one {
        Value::String(name) => Named { name: Loose(name), ..Named::default() },
        // Nothing of a row can be wrong.
        other => serde_json::from_value(other).unwrap_or_default(),
    };
    Ok(all.into_iter().map(row).filter(|row| !row.shown().is_empty()).collect())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct File {
    pub db: Vec<Database>,
    pub data: Option<Data>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Database {
    pub data: Data,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Data {
    pub posts: Rows<Row>,
    pub posts_meta: Rows<Meta>,
    pub tags: Rows<Named>,
    pub users: Rows<Named>,
    pub posts_tags: Rows<Join>,
    pub posts_authors: Rows<Join>,
    pub settings: Rows<Setting>,
    pub comments: Rows<IgnoredAny>,
    pub members: Rows<IgnoredAny>,
}

/// A row of the table of posts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Row {
    pub id: Loose,
    pub uuid: Loose,
    pub title: Loose,
    pub slug: Loose,
    pub html: Loose,
    /// Up to version 0.11.
    pub markdown: Loose,
    /// A document of the editor, in versions 1 to 5.
    pub mobiledoc: Loose,
    /// A document of the editor, since version 5.
    pub lexical: Loose,
    pub plaintext: Loose,
    pub feature_image: Loose,
    /// The same, up to version 0.11.
    pub image: Loose,
    /// Up to version 2.
    pub page: Loose,
    pub r#type: Loose,
    pub status: Loose,
    pub visibility: Loose,
    pub custom_excerpt: Loose,
    pub meta_description: Loose,
    pub author_id: Loose,
    pub published_at: Loose,
    pub email_only: Loose,
    pub codeinjection_head: Loose,
    pub codeinjection_foot: Loose,
    #[serde(deserialize_with = "inline")]
    pub tags: Vec<Named>,
    #[serde(deserialize_with = "inline")]
    pub authors: Vec<Named>,
}

impl Row {
    /// What names the post among all posts of all blogs. An ID is the same for ever; a short one is
    /// counted in each blog from 1.
    pub fn identity(&self) -> Option<String> {
        let own =
            [("", &self.uuid), ("", &self.id), ("slug ", &self.slug), ("title ", &self.title)];
        let (kind, own) = own.into_iter().find(|(_, one)| !one.0.trim().is_empty())?;
        let own: String = own.0.chars().take(100).collect();
        Some(format!("ghost:{kind}{own}"))
    }
}

/// A row of the table of what belongs to a post.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Meta {
    pub post_id: Loose,
    pub meta_description: Loose,
    pub feature_image_caption: Loose,
    pub email_only: Loose,
    pub codeinjection_head: Loose,
    pub codeinjection_foot: Loose,
}

/// A tag or a user.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    pub id: Loose,
    pub name: Loose,
    pub slug: Loose,
    pub visibility: Loose,
    /// Of a user.
    pub bio: Loose,
}

impl Named {
    /// Whether it is a tag that readers see. What begins with # is for the theme only.
    pub fn is_seen(&self) -> bool {
        self.visibility.0 != "internal" && !self.name.0.starts_with('#')
    }

    /// What readers see.
    pub fn shown(&self) -> String {
        match self.name.0.trim() {
            "" => self.slug.0.clone(),
            name => name.to_owned(),
        }
    }
}

/// Which tag or author a post has.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Join {
    pub post_id: Loose,
    pub tag_id: Loose,
    pub author_id: Loose,
    pub sort_order: Loose,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Setting {
    pub key: Loose,
    pub value: Loose,
}
