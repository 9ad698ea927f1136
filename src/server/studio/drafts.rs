//! Drafts: what is typed and not saved yet, kept by form.

use tidemark_counting::ArticleId;
use tidemark_store::clock::Millis;

use super::Studio;
use super::form::fits;
use crate::draft::{KeptDraft, Typed};
use crate::error::Error;
use crate::message::Message;
use crate::server::db::drafts::{Draft, DraftStamp, EditorForm, NEW_ARTICLE};
use crate::server::db::users::User;
/// Length of a form's key, in hexadecimal digits.
const KEY_LENGTH: usize = 32;
/// How long a used form is remembered, in milliseconds: 30 days.
pub const FORM_LASTS: i64 = 30 * 24 * 60 * 60 * 1000;

/// The stamp of a draft, as a form's field.
pub fn recovered_field(stamp: &DraftStamp) -> String {
    format!("{}-{}", stamp.saved_at, stamp.form_key)
}

/// Reads what [`recovered_field`] wrote; `None` if it is anything else.
pub fn recovered_in(field: &str) -> Option<DraftStamp> {
    let (saved_at, key) = field.split_once('-')?;
    let stamp = DraftStamp { form_key: key.to_owned(), saved_at: Millis(saved_at.parse().ok()?) };
    (key.is_empty() || is_form_key(key)).then_some(stamp)
}

/// A draft as the editor shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveredDraft {
    /// In which form it was typed, and when it was stored.
    pub stamp: DraftStamp,
    /// The version that it is based on.
    pub version: i64,
    /// What was typed.
    pub typed: Typed,
}

/// A key for a form of the editor, which can't be guessed.
pub fn new_form_key() -> String {
    format!("{:0KEY_LENGTH$x}", rand::random::<u128>())
}

/// Whether a text is a key as [`new_form_key`] makes them.
pub fn is_form_key(text: &str) -> bool {
    text.len() == KEY_LENGTH && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl Studio {
    /// Stores what `user` is typing in the form `key` for an article ([`NEW_ARTICLE`]: a new one)
    /// at `version`. Returns `None` if the form was saved or discarded since.
    ///
    /// # Errors
    /// [`Error::TooLarge`]; [`Error::BadRequest`] if the key is none; [`Error::NotFound`] if `user`
    /// may not edit the article; any database error.
    pub async fn keep_draft(
        &self,
        user: &User,
        id: ArticleId,
        version: i64,
        key: &str,
        typed: &Typed,
    ) -> Result<Option<KeptDraft>, Error> {
        if !fits(typed) {
            return Err(Error::TooLarge);
        }
        // The editor of an older release sends none.
        if !key.is_empty() && !is_form_key(key) {
            return Err(Error::BadRequest(
                Message::text("form-key-not-valid").with("count", KEY_LENGTH),
            ));
        }
        let changed = match id {
            NEW_ARTICLE => None,
            id => {
                let stored = self.editable(user, id).await?;
                match stored.version == version {
                    true => None,
                    false => Some(self.last_change(user, &stored).await?),
                }
            }
        };
        let fields = serde_json::to_string(typed).map_err(|error| {
            tracing::error!(error = %error, "a draft could not be written");
            Error::Internal
        })?;
        let saved_at = self.clock.now();
        let draft = Draft { form_key: key.into(), version, fields, saved_at };
        let is_kept = self.database.keep_draft(user.actor(), id, &draft).await?;
        Ok(is_kept.then_some(KeptDraft { saved_at: saved_at.0, changed }))
    }

    /// The draft of `user` for an article ([`NEW_ARTICLE`]: a new one) to fill the editor with: the
    /// one of the form `wanted`, or else the newest that is based on version `least` or a later
    /// one. A draft that says the same as `stored` is none. Also lists the other drafts.
    ///
    /// # Errors
    /// Any database error.
    pub async fn draft(
        &self,
        user: &User,
        id: ArticleId,
        wanted: Option<&str>,
        least: i64,
        stored: &Typed,
    ) -> Result<(Option<RecoveredDraft>, Vec<DraftStamp>), Error> {
        let mut stamps = self.database.drafts(user.id, id).await?;
        let is_wanted = |stamp: &DraftStamp| Some(stamp.form_key.as_str()) == wanted;
        let mut in_order = stamps.clone();
        in_order.sort_by_key(|stamp| !is_wanted(stamp));
        for stamp in in_order {
            let Some(draft) = self.database.draft(user.id, id, &stamp.form_key).await? else {
                continue;
            };
            let typed: Typed = match serde_json::from_str(&draft.fields) {
                Ok(typed) => typed,
                Err(error) => {
                    tracing::error!(error = %error, user = user.id.0, article = id.0, "a draft could not be read");
                    continue;
                }
            };
            let is_news = typed != *stored;
            if is_news && draft.version < least && !is_wanted(&stamp) {
                continue;
            }
            stamps.retain(|other| other.form_key != stamp.form_key);
            if is_news {
                let stamp = DraftStamp { saved_at: draft.saved_at, ..stamp };
                let recovered = RecoveredDraft { stamp, version: draft.version, typed };
                return Ok((Some(recovered), stamps));
            }
        }
        Ok((None, stamps))
    }

    /// The key for a form that is shown again after it was sent with `key`: that key, or a new one
    /// if that was used since.
    ///
    /// # Errors
    /// Any database error.
    pub async fn key_for_again(&self, user: &User, key: &str) -> Result<String, Error> {
        let is_used = self.database.use_of_form(user.id, key).await?.is_some();
        Ok(if is_used || !is_form_key(key) { new_form_key() } else { key.to_owned() })
    }

    /// Discards the text of a form for an article ([`NEW_ARTICLE`]: a new one), and the draft that
    /// it was filled from. Returns false if that draft has changed since; then it is kept.
    ///
    /// # Errors
    /// Any database error.
    pub async fn discard(
        &self,
        user: &User,
        id: ArticleId,
        form: &EditorForm,
    ) -> Result<bool, Error> {
        Ok(self.database.discard_draft(user.actor(), id, form, self.clock.now()).await?)
    }
}
