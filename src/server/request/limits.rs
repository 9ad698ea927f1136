//! Size limits of requests.

/// The largest body of a request, in bytes. Server functions read their body whole and have no
/// limit of their own.
pub const LARGEST_BODY: usize = 16 * 1024;

/// The largest body of a request that carries an article, in bytes. URL encoding can turn one
/// character into nine bytes or more.
pub const LARGEST_ARTICLE: usize = 4 * 1024 * 1024;

/// The largest picture, in bytes, and the limit for all pictures of one request together.
pub const LARGEST_PICTURE: usize = 10 * 1024 * 1024;

/// The largest picture that a user may upload as an avatar, in bytes. What is kept of it is far
/// smaller.
pub const LARGEST_AVATAR: usize = 5 * 1024 * 1024;

/// The largest head of a request (request line and all headers), in bytes. A larger one gets a 431.
pub const LARGEST_HEAD: usize = 16 * 1024;

/// How many bytes of a User-Agent are read. Browsers rarely send more than half of that, and what
/// comes later does not help to tell them apart.
pub const LONGEST_USER_AGENT: usize = 512;
