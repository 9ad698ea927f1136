//! The studio: where authors write.

pub mod editor;
pub mod revisions;
pub mod table;

use crate::server::db::articles::Status;

/// An article's state for display, in a word or two.
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
