//! Compares the index with SQL, both ways, and puts what differs into the queue.
//!
//! Each part is read from the index first and from SQL afterwards. So an article that is changed
//! meanwhile can be behind in the index, which does no harm, but never ahead. An index that is
//! ahead means that SQL has been restored from a backup. Its versions and counts are below what the
//! index has, which would refuse them, so the index is made anew.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use tidemark_counting::ArticleId;
use tidemark_counting::store::Drift;

use super::client::{Body, Failure, Patience};
use super::index::{self, hash};
use super::{OpenSearch, Rebuilt, Stepped};

/// Documents that are compared at once.
const AT_ONCE: i64 = 200;

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Articles that were compared.
    pub articles: usize,
    /// What differed: the version of an article, with 0 for one that is not there, or its count.
    pub drifts: Vec<Drift>,
    /// Whether the index had a later version, or a higher count, than SQL.
    pub is_ahead: bool,
    /// The rebuild that followed, if it was ahead.
    pub rebuilt: Option<Rebuilt>,
}

/// A document of the index.
struct Document {
    /// That of the article, or the count.
    version: i64,
    hash: String,
}

impl OpenSearch {
    /// Compares the index with SQL, and writes again what differs.
    ///
    /// # Errors
    /// [`Failure`]. What was not compared stays as it is.
    pub async fn reconcile(&self) -> Result<Compared, Failure> {
        // What only waits is no difference.
        self.drain(&mut Stepped::default()).await?;
        self.bring_counts().await?;
        let index = self.layout().await?.serving.ok_or(Failure::NoIndex)?;
        index::refresh(&self.client, &index).await?;
        let mut compared = Compared::default();
        self.compare_articles(&index, &mut compared).await?;
        self.compare_counts(&index, &mut compared).await?;
        if compared.is_ahead {
            tracing::warn!("the index is ahead of SQL, which was restored; the index is made anew");
            compared.rebuilt = Some(self.rebuild().await?);
        } else if !compared.drifts.is_empty() {
            self.drain(&mut Stepped::default()).await?;
            self.bring_counts().await?;
        }
        Ok(compared)
    }

    async fn compare_articles(&self, index: &str, compared: &mut Compared) -> Result<(), Failure> {
        let mut from = ArticleId(0);
        loop {
            let mut documents = self.documents(index, "article", from).await?;
            let articles = self.queue.articles_from(from, AT_ONCE).await?;
            let last = articles.last().map(|article| article.id);
            let until = end(documents.len(), documents.keys().last().copied())
                .min(end(articles.len(), last));
            let mut different = Vec::new();
            for article in articles.iter().filter(|article| article.id <= until) {
                compared.articles += 1;
                let (version, is_same) = match documents.remove(&article.id) {
                    Some(document) => (document.version, document.hash == hash(article)),
                    None => (0, false),
                };
                if version > article.version {
                    compared.is_ahead = true;
                } else if version == article.version && is_same {
                    continue;
                }
                different.push((article.id, version, article.version));
            }
            let gone = documents.range(..=until);
            different.extend(gone.map(|(article, document)| (*article, document.version, 0)));
            let entries: Vec<(ArticleId, i64)> =
                different.iter().map(|(article, there, _)| (*article, *there)).collect();
            if !entries.is_empty() {
                self.queue.add(&entries, self.clock.now()).await?;
            }
            compared.drifts.extend(different.into_iter().map(|(article, there, version)| {
                Drift::of_article("version in OpenSearch", article, there, version)
            }));
            if until == ArticleId(i64::MAX) {
                return Ok(());
            }
            from = ArticleId(until.0 + 1);
        }
    }

    async fn compare_counts(&self, index: &str, compared: &mut Compared) -> Result<(), Failure> {
        let mut from = ArticleId(0);
        loop {
            let mut documents = self.documents(index, "count", from).await?;
            let counts = self.queue.counts_from(from, AT_ONCE).await?;
            let until = end(documents.len(), documents.keys().last().copied())
                .min(end(counts.len(), counts.last().map(|(article, _)| *article)));
            let mut different = Vec::new();
            for (article, views) in counts.into_iter().filter(|(article, _)| *article <= until) {
                let there = documents.remove(&article).map_or(0, |document| document.version);
                if there != views {
                    different.push((article, there, views));
                }
            }
            let gone = documents.range(..=until).filter(|(_, document)| document.version > 0);
            different.extend(gone.map(|(article, document)| (*article, document.version, 0)));
            compared.is_ahead |= different.iter().any(|(_, there, views)| there > views);
            let indexed: Vec<(ArticleId, i64)> =
                different.iter().map(|(article, there, _)| (*article, *there)).collect();
            if !indexed.is_empty() {
                self.queue.counts_sent(&indexed).await?;
            }
            compared.drifts.extend(different.into_iter().map(|(article, there, views)| {
                Drift::of_article("count in OpenSearch", article, there, views)
            }));
            if until == ArticleId(i64::MAX) {
                return Ok(());
            }
            from = ArticleId(until.0 + 1);
        }
    }

    /// The first documents of this kind from the article `from` on.
    async fn documents(
        &self,
        index: &str,
        kind: &str,
        from: ArticleId,
    ) -> Result<BTreeMap<ArticleId, Document>, Failure> {
        let body = json!({
            "query": { "bool": { "filter": [
                { "term": { "kind": kind } }, { "range": { "article": { "gte": from } } },
            ] } },
            "sort": [{ "article": "asc" }],
            "size": AT_ONCE,
            "track_total_hits": false,
            "version": true,
            "_source": ["article", "hash"],
        });
        let path = format!("/{index}/_search");
        let answer = self.client.call(Method::POST, &path, Body::Json(body), Patience::Job).await?;
        let wrong = || Failure::Answer("a list of documents is not complete".into());
        if answer["_shards"]["failed"].as_i64() != Some(0) || answer["timed_out"] == true {
            return Err(wrong());
        }
        let hits = answer["hits"]["hits"].as_array().ok_or_else(wrong)?;
        let document = |hit: &Value| {
            let source = &hit["_source"];
            let document = Document {
                // By this, and not by a field, OpenSearch decides what is later.
                version: hit["_version"].as_i64().unwrap_or(0),
                hash: source["hash"].as_str().unwrap_or_default().to_owned(),
            };
            Some((ArticleId(source["article"].as_i64()?), document))
        };
        hits.iter().map(document).collect::<Option<_>>().ok_or_else(wrong)
    }
}

/// Up to which article a list that was cut after [`AT_ONCE`] is complete. `last` is its last one.
fn end(length: usize, last: Option<ArticleId>) -> ArticleId {
    match last {
        Some(last) if length as i64 >= AT_ONCE => last,
        _ => ArticleId(i64::MAX),
    }
}
