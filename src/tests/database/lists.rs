//! Lists of articles.

use super::*;

#[test]
fn unpublished_articles_are_in_no_list() {
    on_both(async |database| {
        let hidden = |slug: &str| ArticleFields {
            aliases: vec![format!("/{slug}")],
            tags: vec![tag("Secret")],
            authors: vec![author("Hidden Hand")],
            ..article(slug)
        };
        write(
            &database,
            &ArticleFields { status: Status::Draft, published_at: None, ..hidden("undated") },
        )
        .await;
        write(&database, &ArticleFields { status: Status::Draft, ..hidden("draft") }).await;
        write(&database, &ArticleFields { published_at: Some(NOW + 1), ..hidden("future") }).await;
        execute(
            &database,
            "INSERT INTO article_stats (article_id, views) SELECT id, 5 FROM articles",
        )
        .await;

        assert!(slugs(&database, Filter::default()).await.is_empty());
        for slug in ["undated", "draft", "future"] {
            assert!(by_slug(&database, slug, NOW).await.unwrap().is_none(), "{slug}");
            assert!(
                database.address_by_alias(&format!("/{slug}"), NOW).await.unwrap().is_none(),
                "{slug}"
            );
        }
        for id in 1..=3 {
            assert!(database.article(ArticleId(id), NOW).await.unwrap().is_none(), "{id}");
            assert!(!database.is_visible(ArticleId(id), NOW).await.unwrap(), "{id}");
        }
        assert!(database.tag("secret", NOW).await.unwrap().is_none());
        assert!(database.author("hidden-hand", NOW).await.unwrap().is_none());
        for listed in Listed::ALL {
            assert!(database.map_parts(listed, NOW).await.unwrap().is_empty(), "{listed:?}");
            assert!(database.map_part(listed, 0, NOW).await.unwrap().is_empty(), "{listed:?}");
        }
        let wanted = Wanted::Ids([1, 2, 3].map(ArticleId).to_vec());
        assert!(database.summaries(&wanted, NOW).await.unwrap().is_empty());
        assert!(database.recent(&Filter::default(), 9, 999, NOW).await.unwrap().is_empty());
        assert!(database.most_viewed(Window::All, 10, NOW).await.unwrap().is_empty());

        let now = NOW + 1;
        let future = by_slug(&database, "future", now).await.unwrap().expect("its time has come");
        assert_eq!(future.summary.views, 5);
        assert!(database.is_visible(future.summary.id, now).await.unwrap());
        assert_eq!(database.tag("secret", now).await.unwrap(), Some(tag("Secret")));
        assert_eq!(database.author("hidden-hand", now).await.unwrap(), Some(author("Hidden Hand")));
        for (listed, path) in Listed::ALL.into_iter().zip([
            "/articles/future",
            "/tags/secret",
            "/authors/hidden-hand",
        ]) {
            let changed_at = Timestamp::from_millisecond(now.0).unwrap();
            let entry = MapEntry { path: path.to_owned(), changed_at };
            assert_eq!(database.map_parts(listed, now).await.unwrap(), [0]);
            assert_eq!(database.map_part(listed, 0, now).await.unwrap(), [entry]);
        }
        assert_eq!(
            database.address_by_alias("/future", now).await.unwrap().as_deref(),
            Some("/articles/future")
        );
        assert_eq!(database.known_articles().await.unwrap().len(), 3);
        assert_eq!(all_fields(&database).await.len(), 3, "an export has everything");
    });
}

#[test]
fn lists_are_filtered_by_tag_and_author_together() {
    on_both(async |database| {
        let sea = ArticleFields { tags: vec![tag("Land"), tag("Sea")], ..article("sea") };
        let land = ArticleFields {
            tags: vec![tag("Land")],
            authors: vec![author("Al Roe"), author("Jo Doe")],
            ..sea.clone()
        };
        write(&database, &sea).await;
        write(&database, &ArticleFields { slug: "land".into(), title: "Land".into(), ..land })
            .await;
        let filter = |tag: &str, author: &str| {
            let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            Filter { tag: given(tag), author: given(author) }
        };
        let cases: [(Filter, &[&str]); 8] = [
            (filter("", ""), &["land", "sea"]),
            (filter("land", ""), &["land", "sea"]),
            (filter("sea", ""), &["sea"]),
            (filter("Sea", ""), &[]),
            (filter("", "al-roe"), &["land"]),
            (filter("", "jo-doe"), &["land", "sea"]),
            (filter("sea", "al-roe"), &[]),
            (filter("none", "nobody"), &[]),
        ];
        for (filter, expected) in cases {
            assert_eq!(slugs(&database, filter.clone()).await, expected, "{filter:?}");
        }
    });
}

#[test]
fn lists_are_paged_newest_first_and_pages_past_the_end_are_empty() {
    on_both(async |database| {
        for (slug, age) in [("a", 3), ("b", 1), ("c", 2), ("d", 2), ("e", 2)] {
            write(&database, &ArticleFields { published_at: Some(NOW - age), ..article(slug) })
                .await;
        }
        let mut pages = Vec::new();
        for number in [1, 2, 3, 4, i64::MAX] {
            let page = database.articles(&Filter::default(), None, number, 2, NOW).await.unwrap();
            assert_eq!((page.total, page.pages, page.page), (5, 3, number));
            pages.push(page.items.into_iter().map(|article| article.slug).collect::<Vec<_>>());
        }
        let expected: [&[&str]; 5] = [&["b", "e"], &["d", "c"], &["a"], &[], &[]];
        assert_eq!(pages, expected);
    });
}
