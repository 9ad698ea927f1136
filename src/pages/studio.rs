//! The studio: where authors write.

pub mod editor;
pub mod revisions;
pub mod table;

use crate::server::db::articles::Status;

/// How far an article has come, in a word.
fn status_name(
    status: Status,
    published_at: Option<i64>,
    deleted_at: Option<i64>,
    now: i64,
) -> &'static str {
    match (status, published_at, deleted_at) {
        (_, _, Some(_)) => "In the bin",
        (Status::Draft, ..) => "Draft",
        (Status::Published, Some(at), None) if at > now => "Scheduled",
        (Status::Published, ..) => "Published",
    }
}
