//! The index: its names, its fields, and how documents are written.
//!
//! An article is one document, `a<id>`, whose external version is the article's. Its count is a
//! child, `c<id>`, whose external version is the count itself. So neither order nor repeats matter:
//! OpenSearch refuses whatever is older than what it has.
//!
//! Searches read through one alias. Writers write to every index that another alias names: a second
//! one while the index is being rebuilt. They do not write to an index by its own name but through
//! an alias that only it has, so that a write to a deleted index fails. By name, it would make a
//! new one.

use std::fmt::Write as _;

use reqwest::Method;
use serde_json::{Value, json};
use tidemark_counting::ArticleId;
use tidemark_store::failpoint::Variant;

use super::client::{Body, Client, Failure, Patience, reason};
use crate::server::db::search_queue::IndexedArticle;

/// Incremented when fields or analyzers change. Each format has indexes of its own, so during an
/// update old and new replicas both find what they expect.
pub(super) const FORMAT: u32 = 1;

/// How many bytes of documents are sent at once. One article may be larger.
pub(super) const BULK: usize = 4 << 20;

/// The names of a blog's indexes and aliases.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// Of all formats.
    all: String,
    /// Of this format.
    base: String,
}

/// Which indexes there are, of this format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// The index that searches read.
    pub serving: Option<String>,
    /// The indexes that are written to, in alphabetical order.
    pub writing: Vec<String>,
}

/// A write of one document.
pub(super) struct Operation {
    id: String,
    article: ArticleId,
    version: i64,
    source: String,
}

/// Why a document was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// What OpenSearch says.
    pub reason: String,
    /// Whether the document is the reason, and not what OpenSearch is busy with or lacks.
    pub is_final: bool,
}

impl Names {
    pub fn new(prefix: &str) -> Self {
        Self { all: format!("{prefix}-articles"), base: format!("{prefix}-articles-v{FORMAT}") }
    }

    /// The alias for searches.
    pub fn reading(&self) -> &str {
        &self.base
    }

    fn writing(&self) -> String {
        format!("{}-write", self.base)
    }

    /// The name of an index. `serial` is never used twice.
    pub fn index(&self, serial: i64) -> String {
        format!("{}-{serial}", self.base)
    }

    fn inlet(index: &str) -> String {
        format!("{index}-in")
    }

    /// The format in the name of an index of this blog; `None` if it is none.
    fn format_of(&self, index: &str) -> Option<u32> {
        let (format, serial) =
            index.strip_prefix(&self.all)?.strip_prefix("-v")?.split_once('-')?;
        serial.parse::<i64>().ok()?;
        format.parse().ok()
    }
}

/// A field for words: as they are, in their English and Russian forms, and as pairs of characters
/// for scripts without spaces.
fn words() -> Value {
    json!({
        "type": "text",
        "analyzer": "plain",
        // Keeps pairs of words, too. Otherwise a phrase of two words that most articles have takes
        // several times as long as any other search.
        "index_phrases": true,
        "fields": {
            "english": { "type": "text", "analyzer": "english_forms" },
            "russian": { "type": "text", "analyzer": "russian_forms" },
            "cjk": { "type": "text", "analyzer": "cjk_pairs" },
        },
    })
}

/// The settings and fields of a new index, and the aliases that make writers write to it.
fn definition(names: &Names, index: &str) -> Value {
    let mut title = words();
    title["fields"]["typing"] = json!({ "type": "search_as_you_type", "analyzer": "plain" });
    let forms = |filters: &[&str]| {
        let filters: Vec<&str> =
            ["lowercase", "asciifolding"].into_iter().chain(filters.iter().copied()).collect();
        json!({
            "type": "custom", "tokenizer": "standard", "char_filter": ["yo"], "filter": filters,
        })
    };
    json!({
        "settings": {
            // Joins need an article and its count on one shard; a blog needs no more than one.
            "number_of_shards": 1,
            // Without this, an index that nobody has searched for 30 s takes in what was written
            // only when somebody does, who waits for it.
            "refresh_interval": "1s",
            // As many copies as there are nodes for, but no more than two.
            "auto_expand_replicas": "0-1",
            "analysis": {
                "char_filter": {
                    "yo": { "type": "mapping", "mappings": ["ё=>е", "Ё=>Е"] },
                },
                "filter": {
                    "english_possessive": { "type": "stemmer", "language": "possessive_english" },
                    "english_stem": { "type": "stemmer", "language": "english" },
                    "russian_stem": { "type": "stemmer", "language": "russian" },
                },
                "analyzer": {
                    "plain": forms(&[]),
                    "english_forms": forms(&["english_possessive", "english_stem"]),
                    "russian_forms": forms(&["russian_stem"]),
                    "cjk_pairs": {
                        "type": "custom", "tokenizer": "standard",
                        "filter": ["cjk_width", "lowercase", "cjk_bigram"],
                    },
                },
            },
        },
        "aliases": { (names.writing()): {}, (Names::inlet(index)): {} },
        "mappings": {
            "dynamic": "strict",
            "properties": {
                "kind": { "type": "join", "relations": { "article": "count" } },
                "article": { "type": "long" },
                "version": { "type": "long" },
                "hash": { "type": "keyword", "index": false },
                "views": { "type": "long" },
                "published_at": { "type": "date", "format": "epoch_millis" },
                "title": title,
                "tags": words(),
                "summary": words(),
                "text": words(),
                "tag": { "type": "keyword" },
                "author": { "type": "keyword" },
            },
        },
    })
}

impl Operation {
    /// Writes an article as it is in SQL. Of one that readers may not see, nothing is written but
    /// that it is there: a deletion would be forgotten after a minute, and an older text could come
    /// back.
    pub fn article(article: &IndexedArticle) -> Self {
        let mut source = words_of(article);
        source["hash"] = hash(article).into();
        source["kind"] = "article".into();
        source["article"] = article.id.0.into();
        source["version"] = article.version.into();
        Self {
            id: format!("a{}", article.id),
            article: article.id,
            version: article.version,
            source: source.to_string(),
        }
    }

    /// Writes an article's count.
    pub fn count(article: ArticleId, views: i64) -> Self {
        let parent = format!("a{article}");
        let source = json!({
            "kind": { "name": "count", "parent": parent }, "article": article, "views": views,
        });
        Self { id: format!("c{article}"), article, version: views, source: source.to_string() }
    }

    /// Its size, about, in bytes.
    pub fn size(&self) -> usize {
        self.source.len() + 200
    }

    fn write(&self, lines: &mut String, index: &str, variant: Option<Variant>) {
        let Self { id, article, version, source } = self;
        let mut about =
            json!({ "_index": Names::inlet(index), "_id": id, "routing": article.to_string() });
        if variant != Some(Variant::InternalVersions) {
            about["version"] = (*version).into();
            about["version_type"] = "external_gte".into();
        }
        let _ = writeln!(lines, "{}", json!({ "index": about }));
        lines.push_str(source);
        lines.push('\n');
    }
}

/// What an article is found by; empty if readers may not see it.
fn words_of(article: &IndexedArticle) -> Value {
    let Some(words) = &article.words else { return json!({}) };
    json!({
        "published_at": words.published_at,
        "title": words.title,
        "summary": words.summary,
        "text": words.text,
        "tags": words.tags.iter().map(|tag| &tag.name).collect::<Vec<_>>(),
        "tag": words.tags.iter().map(|tag| &tag.slug).collect::<Vec<_>>(),
        "author": words.authors,
    })
}

/// A hash of what an article is found by, to compare it without reading it.
pub(super) fn hash(article: &IndexedArticle) -> String {
    blake3::hash(words_of(article).to_string().as_bytes()).to_hex()[..32].to_owned()
}

/// Reads which indexes there are.
pub(super) async fn layout(
    client: &Client,
    names: &Names,
    patience: Patience,
) -> Result<Layout, Failure> {
    let path = format!("/{}-*/_alias", names.base);
    let found = client.find(Method::GET, &path, Body::None, patience).await?;
    let mut layout = Layout::default();
    let Some(Value::Object(indexes)) = found else { return Ok(layout) };
    for (index, about) in indexes {
        let has = |alias: &str| !about["aliases"][alias].is_null();
        if names.format_of(&index) != Some(FORMAT) {
            continue;
        }
        if has(names.reading()) {
            layout.serving = Some(index.clone());
        }
        if has(&names.writing()) {
            layout.writing.push(index);
        }
    }
    layout.writing.sort();
    Ok(layout)
}

/// Makes an empty index that writers write to from now on.
pub(super) async fn create(client: &Client, names: &Names, index: &str) -> Result<(), Failure> {
    let body = Body::Json(definition(names, index));
    client.call(Method::PUT, &format!("/{index}"), body, Patience::Job).await.map(drop)
}

/// Deletes an index; one that is gone already is fine.
pub(super) async fn delete(client: &Client, index: &str) -> Result<(), Failure> {
    client.find(Method::DELETE, &format!("/{index}"), Body::None, Patience::Job).await.map(drop)
}

/// Deletes articles that SQL no longer has, and their counts.
///
/// Not in a bulk: there, a deletion with an external version makes an index that is gone anew, even
/// if an alias is required.
pub(super) async fn remove(
    client: &Client,
    indexes: &[String],
    articles: &[ArticleId],
) -> Result<(), Failure> {
    for index in indexes {
        // Deletes only what searches can see.
        refresh(client, index).await?;
        let path = format!("/{index}/_delete_by_query?conflicts=proceed&refresh=true");
        let body = Body::Json(json!({ "query": { "terms": { "article": articles } } }));
        client.call(Method::POST, &path, body, Patience::Job).await?;
    }
    Ok(())
}

/// Makes everything written so far visible to searches.
pub(super) async fn refresh(client: &Client, index: &str) -> Result<(), Failure> {
    let path = format!("/{index}/_refresh");
    client.call(Method::POST, &path, Body::None, Patience::Job).await.map(drop)
}

/// Makes `index` the one of this format that searches read and writers write to, in one step.
/// Returns the others of this format, which nobody needs any more.
///
/// They are not deleted in the same step: OpenSearch deletes an index before searches see where the
/// alias leads now, so for a moment they failed.
pub(super) async fn switch(
    client: &Client,
    names: &Names,
    index: &str,
) -> Result<Vec<String>, Failure> {
    let path = format!("/{}-v*/_alias", names.all);
    let found = client.find(Method::GET, &path, Body::None, Patience::Job).await?;
    let mut others = Vec::new();
    let mut actions = vec![json!({ "add": { "index": index, "alias": names.reading() } })];
    if let Some(Value::Object(indexes)) = found {
        for (other, about) in indexes {
            if other == index || names.format_of(&other) != Some(FORMAT) {
                continue;
            }
            for alias in [names.reading(), &names.writing()] {
                if !about["aliases"][alias].is_null() {
                    actions.push(json!({ "remove": { "index": other, "alias": alias } }));
                }
            }
            others.push(other);
        }
    }
    let body = Body::Json(json!({ "actions": actions }));
    client.call(Method::POST, "/_aliases", body, Patience::Job).await?;
    Ok(others)
}

/// Writes `operations` to each of `indexes`. Returns for each, in order, why an index refused it;
/// `None` if all have it now, or a later version.
///
/// # Errors
/// [`Failure`], if nothing is known about any of them.
pub(super) async fn write(
    client: &Client,
    indexes: &[String],
    operations: &[Operation],
    variant: Option<Variant>,
) -> Result<Vec<Option<Refusal>>, Failure> {
    let mut refused = vec![None; operations.len()];
    for index in indexes {
        let (mut start, mut most) = (0, BULK);
        while start < operations.len() {
            let (mut end, mut lines) = (start, String::new());
            while end < operations.len()
                && (end == start || lines.len() + operations[end].size() <= most)
            {
                operations[end].write(&mut lines, index, variant);
                end += 1;
            }
            let path = "/_bulk?require_alias=true";
            let sent = lines.len();
            let answer = client.call(Method::POST, path, Body::Lines(lines), Patience::Job).await;
            // OpenSearch and proxies before it limit what may be sent at once.
            let answer = match answer {
                Err(Failure::Refused { status: 413, .. }) if end - start > 1 => {
                    most = sent / 2;
                    continue;
                }
                Err(Failure::Refused { status: 413, reason }) => {
                    refused[start] = Some(Refusal { reason, is_final: true });
                    start = end;
                    continue;
                }
                answer => answer?,
            };
            let items = answer["items"].as_array().filter(|items| items.len() == end - start);
            let items = items.ok_or_else(|| {
                Failure::Answer("it does not say what became of each document".into())
            })?;
            for (refused, item) in refused[start..end].iter_mut().zip(items) {
                let outcome = &item["index"];
                match outcome["status"].as_u64() {
                    // 409: it has this version or a later one.
                    Some(200 | 201 | 409) => {}
                    status => {
                        let reason = reason(outcome).unwrap_or_else(|| "no reason".into());
                        *refused = Some(Refusal { reason, is_final: status == Some(400) });
                    }
                }
            }
            start = end;
        }
    }
    Ok(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_indexes_of_this_blog_are_taken_for_its_own() {
        let names = Names::new("tidemark");
        assert_eq!(names.format_of(&names.index(7)), Some(FORMAT));
        assert_eq!(names.format_of("tidemark-articles-v12-7"), Some(12));
        for other in [
            "tidemark-articles",
            "tidemark-articles-v1",
            "tidemark-articles-v1-write",
            "tidemark-articles-vx-7",
            "other-articles-v1-7",
            "tidemark-articles-v1-7-in",
        ] {
            assert_eq!(names.format_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_hidden_article_leaves_nothing_of_its_words() {
        let article = IndexedArticle { id: ArticleId(7), version: 3, words: None };
        let source: Value = serde_json::from_str(&Operation::article(&article).source).unwrap();
        let mut fields: Vec<&String> = source.as_object().unwrap().keys().collect();
        fields.sort();
        assert_eq!(fields, ["article", "hash", "kind", "version"]);
    }
}
