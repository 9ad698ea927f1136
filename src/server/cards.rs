//! Pictures for link previews of articles without a cover. Each is drawn when somebody first asks
//! for it, one at a time, and kept in memory.

use axum::body::Bytes;
use moka::sync::Cache;
use tidemark_content::card::{DESIGN, draw};

use super::together::Together;
use super::work::Work;
use crate::error::Error;

/// How many bytes all pictures in memory may have together.
const MOST_BYTES: u64 = 16 << 20;

/// How many pictures may wait to be drawn. Beyond it, requests are refused.
const IN_LINE: usize = 16;

/// Draws and keeps pictures. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cards {
    drawn: Cache<String, Bytes>,
    drawing: Together<String, Bytes>,
    work: Work,
}

impl Default for Cards {
    fn default() -> Self {
        let drawn = Cache::builder()
            .max_capacity(MOST_BYTES)
            .weigher(|_: &String, bytes: &Bytes| u32::try_from(bytes.len()).unwrap_or(u32::MAX))
            .build();
        Self { drawn, drawing: Together::default(), work: Work::new(1, IN_LINE) }
    }
}

impl Cards {
    /// What changes whenever the picture does.
    pub fn version(title: &str, site: &str) -> String {
        let texts = format!("{DESIGN}\0{title}\0{site}");
        blake3::hash(texts.as_bytes()).to_hex()[..16].to_owned()
    }

    /// The picture with a title and the blog's name, as PNG.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if too many wait to be drawn.
    pub async fn card(&self, title: String, site: String) -> Result<Bytes, Error> {
        let version = Self::version(&title, &site);
        if let Some(bytes) = self.drawn.get(&version) {
            return Ok(bytes);
        }
        let (drawn, work, key) = (self.drawn.clone(), self.work.clone(), version.clone());
        let drawing = async move {
            let bytes = work.run(move |_| draw(&title, &site)).await?;
            let bytes = Bytes::from(bytes.ok_or(Error::Internal)?);
            drawn.insert(key, bytes.clone());
            Ok(bytes)
        };
        self.drawing.get(version, drawing).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_card_is_drawn_once_and_its_version_changes_with_its_texts() {
        let cards = Cards::default();
        let card = async |title: &str| cards.card(title.to_owned(), "Tidemark".to_owned()).await;
        let first = card("One").await.unwrap();
        let second = card("One").await.unwrap();
        assert_eq!(first.as_ptr(), second.as_ptr(), "it is the same one");
        assert_ne!(first, card("Two").await.unwrap());
        assert_ne!(Cards::version("One", "Tidemark"), Cards::version("Two", "Tidemark"));
        assert_ne!(Cards::version("a", "b c"), Cards::version("a b", "c"));
    }
}
