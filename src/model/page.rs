//! Pagination.

use serde::{Deserialize, Serialize};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items on this page, at most a full page of them.
    pub items: Vec<T>,
    /// The page number, from 1.
    pub page: i64,
    /// The number of pages, at least 1.
    pub pages: i64,
    /// The number of items on all pages together.
    pub total: i64,
}

impl<T> Page<T> {
    /// Page number `page` of a list with `total` items, `per_page` to a page.
    pub fn new(items: Vec<T>, page: i64, per_page: i64, total: i64) -> Self {
        Self { items, page, pages: ((total + per_page - 1) / per_page).max(1), total }
    }
}
