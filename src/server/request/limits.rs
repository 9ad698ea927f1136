//! How much a request may bring.

/// The largest body that a request may have, in bytes. Server functions read theirs whole and know
/// no limit of their own.
pub const LARGEST_BODY: usize = 16 * 1024;

/// The largest body of a request that brings an article, in bytes: a form may need nine for a
/// character.
pub const LARGEST_ARTICLE: usize = 4 * 1024 * 1024;

/// The largest body of a request that brings a picture, in bytes.
pub const LARGEST_PICTURE: usize = 10 * 1024 * 1024;

/// The largest head of a request, in bytes: its first line and all its headers. A larger one is
/// answered with 431.
pub const LARGEST_HEAD: usize = 16 * 1024;

/// How much of a User-Agent is read, in bytes. Browsers rarely send more than half of it, and what
/// comes later tells nobody apart.
pub const LONGEST_USER_AGENT: usize = 512;
