//! Counts and rankings.

use super::*;

#[test]
fn c5_a_flush_adds_views_of_existing_articles_and_drops_the_rest() {
    Runtime::new().unwrap().block_on(async {
        let database = Database::open(&new_database()).await.unwrap();
        write(&database, &article("first")).await;
        let there = id(&database, "first").await;
        let AnyDatabase::MySql(server) = database.any() else { panic!("not a server") };
        let ledger = Ledger::new(server.clone(), articles::still_there);
        let views = BTreeMap::from([
            ((there, Hour(500_000)), 2),
            ((ArticleId(there.0 + 1), Hour(500_000)), 3),
        ]);
        let applied = ledger.apply(vec![Batch { id: "one".into(), views }], NOW).await.unwrap();
        assert_eq!(applied, Applied { batches: 1, known: 0, articles: 1, views: 2, dropped: 3 });
        let totals = totals_in_sql(&database, &[there, ArticleId(there.0 + 1)]).await.unwrap();
        assert_eq!(totals, HashMap::from([(there, 2)]));
        database.close().await;
    });
}

#[test]
fn the_last_day_has_no_views_of_a_clock_that_was_ahead() {
    on_both(async |database| {
        assert_eq!(hour_of(NOW), Hour(500_000));
        execute(
            &database,
            "INSERT INTO article_view_hours (hour, article_id, views) VALUES
             (499976, 1, 1), (499977, 1, 2), (500000, 1, 4), (500001, 1, 8), (500002, 1, 16), (508760, 2, 32)",
        )
        .await;
        let views = database.views_of_last_day(&[ArticleId(1), ArticleId(2)], NOW).await.unwrap();
        assert_eq!(views, HashMap::from([(ArticleId(1), 14)]));
    });
}

#[test]
fn rankings_are_sorted_by_views_and_ties_by_newest_article() {
    on_both(async |database| {
        for slug in ["a", "b", "c", "d", "e"] {
            write(&database, &article(slug)).await;
        }
        write(&database, &ArticleFields { status: Status::Draft, ..article("draft") }).await;
        // The articles have the ids 1 to 6 in this order.
        execute(
            &database,
            "INSERT INTO article_stats (article_id, views) VALUES (1, 7), (2, 9), (3, 7), (4, 0), (6, 100), (99, 100)",
        )
        .await;
        assert_eq!(hour_of(NOW), Hour(500_000));
        execute(
            &database,
            "INSERT INTO article_view_hours (hour, article_id, views) VALUES
             (500000, 1, 2), (499990, 1, 1), (500000, 3, 3), (499977, 2, 4), (499976, 2, 50), (500000, 6, 100), (500000, 99, 9),
             (499832, 4, 70), (499833, 4, 80), (499280, 5, 900), (499281, 5, 1000)",
        )
        .await;
        let ranking = async |window, limit| {
            let ranked: Vec<RankedArticle> =
                database.most_viewed(window, limit, NOW).await.unwrap();
            assert!(
                ranked.iter().all(|article| article.title == format!("Title of {}", article.slug))
            );
            ranked.into_iter().map(|article| (article.slug, article.views)).collect::<Vec<_>>()
        };
        let expected = |pairs: &[(&str, i64)]| {
            pairs.iter().map(|(slug, views)| (slug.to_string(), *views)).collect()
        };
        let all: Vec<_> = expected(&[("b", 9), ("c", 7), ("a", 7)]);
        assert_eq!(ranking(Window::All, 10).await, all);
        assert_eq!(ranking(Window::All, 2).await, all[..2]);
        let day: Vec<_> = expected(&[("b", 4), ("c", 3), ("a", 3)]);
        assert_eq!(ranking(Window::Day, 10).await, day);
        assert_eq!(ranking(Window::Day, 1).await, day[..1]);
        let week: Vec<_> = expected(&[("d", 80), ("b", 54), ("c", 3), ("a", 3)]);
        assert_eq!(ranking(Window::Week, 10).await, week);
        let month: Vec<_> = expected(&[("e", 1000), ("d", 150), ("b", 54), ("c", 3), ("a", 3)]);
        assert_eq!(ranking(Window::Month, 10).await, month);
        let listed = database.articles(&Filter::default(), None, 1, 10, NOW).await.unwrap();
        let views: Vec<_> =
            listed.items.into_iter().map(|article| (article.slug, article.views)).collect();
        assert_eq!(views, expected(&[("e", 0), ("d", 0), ("c", 7), ("b", 9), ("a", 7)]) as Vec<_>);
    });
}

#[test]
fn writing_an_article_does_not_change_its_count() {
    on_both(async |database| {
        write(&database, &article("first")).await;
        execute(
            &database,
            "INSERT INTO article_stats (article_id, views, likes, collects) VALUES (1, 7, 2, 3)",
        )
        .await;
        write(&database, &ArticleFields { title: "Another".into(), ..article("first") }).await;
        let stored = by_slug(&database, "first", NOW).await.unwrap().unwrap().summary;
        assert_eq!(
            (stored.title.as_str(), stored.views, stored.likes, stored.collects),
            ("Another", 7, 2, 3)
        );
    });
}
