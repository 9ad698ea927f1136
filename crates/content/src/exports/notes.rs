//! What the report says of posts in the same words, whichever program they come from.

/// Said of a text without the parts that only members see.
pub(super) const GATED: &str = "a part of it was for members only and was left out";

/// Said of a post without a text here, although it has one there.
pub(super) const LOST: &str = "nothing of its text could be taken, so it is an empty draft";

/// Said of who may see a post.
pub(super) const FOR_MEMBERS: &str = "for members only";
