//! Runs the example and checks its counts.

use std::collections::HashMap;

use tidemark_counting::ArticleId;

#[allow(dead_code, reason = "its `main` is for whoever runs it")]
#[path = "../examples/count.rs"]
mod count;

#[tokio::test]
async fn the_example_counts_two_visitors_of_whom_one_came_twice() {
    let folder = tempfile::tempdir().unwrap();
    let totals = count::run(&folder.path().join("count.db")).await.unwrap();
    assert_eq!(totals, HashMap::from([(ArticleId(1), 2)]));
}
