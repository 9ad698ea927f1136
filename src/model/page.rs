//! One page of a list.

use serde::{Deserialize, Serialize};

/// A page of a longer list, numbered from 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items of this page, at most as many as were asked for.
    pub items: Vec<T>,
    /// The number of this page, from 1.
    pub page: i64,
    /// How many pages there are, at least 1.
    pub pages: i64,
    /// How many items all pages hold.
    pub total: i64,
}

impl<T> Page<T> {
    /// Page `page` of a list of `total` items, `per_page` a page.
    pub fn new(items: Vec<T>, page: i64, per_page: i64, total: i64) -> Self {
        Self { items, page, pages: ((total + per_page - 1) / per_page).max(1), total }
    }
}
