//! How much a request may bring.

/// The largest body that a request may have, in bytes. Server functions read theirs whole and know no limit of their own.
pub const LARGEST_BODY: usize = 16 * 1024;

/// The largest body of a request that brings an article, in bytes: a form may need nine for a character.
pub const LARGEST_ARTICLE: usize = 4 * 1024 * 1024;

/// The largest body of a request that brings a picture, in bytes.
pub const LARGEST_PICTURE: usize = 10 * 1024 * 1024;
