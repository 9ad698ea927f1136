use super::*;

fn filling(would_count: bool) -> Filling {
    Filling { nonce: "nonce".into(), moment: None, told: HashMap::new(), would_count }
}

#[test]
fn c6_a_response_and_its_etag_say_whether_the_reader_would_count() {
    let marks = Marks::new(&mut rand::rng());
    let rankings = Arc::new(RenderedRankings::new(|_| String::new()));
    let page = |html: &str| {
        RememberedPage::new(html, &marks, HeaderMap::new(), rankings.clone(), Language::English)
    };
    let mark = marks.mark(Hole::WouldCount(ArticleId(7)), 0);
    let article = page(&format!("<p title=\"{mark}\" lang=\"{mark}\">"));
    assert_eq!(article.article(), Some(ArticleId(7)));
    let text = |would_count| {
        let filled = article.fill(&filling(would_count));
        let html: Vec<u8> =
            article.html(&filled).pieces.iter().rev().flat_map(|piece| piece.to_vec()).collect();
        (String::from_utf8(html).unwrap(), filled.hash)
    };
    let ((yes, hash_of_yes), (no, hash_of_no)) = (text(true), text(false));
    assert_eq!(yes, "<p title=\"true\" lang=\"true\">");
    assert_eq!(no, "<p title=\"false\" lang=\"false\">");
    assert_ne!(hash_of_yes, hash_of_no);
    assert_eq!(text(true).1, hash_of_yes);
    let other = page("<p>");
    assert_eq!(other.article(), None);
    assert_eq!(
        other.fill(&filling(true)).hash,
        other.fill(&filling(false)).hash,
        "the page has no such question"
    );
}

#[test]
fn c6_while_the_stores_are_down_a_page_shows_the_latest_counts_whatever_was_filled_in_last() {
    let marks = Marks::new(&mut rand::rng());
    let rankings = |html: &str| {
        Arc::new(RenderedRankings::new({
            let html = html.to_owned();
            move |_| html.clone()
        }))
    };
    let [views, likes, followers, sidebar, week, end] = [
        Hole::Views(ArticleId(7)),
        Hole::Likes(ArticleId(7)),
        Hole::Followers(UserId(1)),
        Hole::Rankings,
        Hole::Ranking(Window::Week),
        Hole::EndOfRanking,
    ]
    .map(|hole| marks.mark(hole, 0));
    let html = format!("{views} {likes} {followers} {sidebar} {week}as rendered{end}");
    let page =
        RememberedPage::new(&html, &marks, HeaderMap::new(), rankings("none"), Language::English);
    let shown = |moment: Option<(u64, i64, i64, bool)>| {
        let moment = moment.map(|(order, views, likes, is_behind)| {
            let counts = ArticleCounts { views, likes, collects: 0 };
            let (articles, followers) =
                (HashMap::from([(ArticleId(7), counts)]), HashMap::from([(UserId(1), likes)]));
            let windows = HashMap::from([(Window::Week, rankings(&format!("week {views}")))]);
            let rankings = rankings(&format!("top {views}"));
            let last_day = HashMap::new();
            Arc::new(Moment { order, articles, followers, last_day, is_behind, rankings, windows })
        });
        let filled = page.fill(&Filling {
            nonce: String::new(),
            moment,
            told: HashMap::new(),
            would_count: true,
        });
        let html: Vec<u8> =
            page.html(&filled).pieces.iter().rev().flat_map(|piece| piece.to_vec()).collect();
        String::from_utf8(html).unwrap()
    };
    assert_eq!(shown(None), "0 0 0 followers none as rendered", "as it was rendered");
    assert_eq!(shown(Some((2, 12, 3, false))), "12 3 3 followers top 12 week 12");
    assert_eq!(
        shown(Some((1, 11, 4, false))),
        "11 4 4 followers top 11 week 11",
        "earlier requests get the counts of their time"
    );
    assert_eq!(shown(None), "12 3 3 followers top 12 week 12");
    assert_eq!(
        shown(Some((3, 10, 2, true))),
        "12 2 2 followers top 10 week 10",
        "only views are missing there"
    );
    assert_eq!(shown(None), "12 2 2 followers top 10 week 10");
    assert_eq!(
        shown(Some((4, 9, 2, false))),
        "9 2 2 followers top 9 week 9",
        "a corrected count may fall"
    );
    assert_eq!(shown(None), "9 2 2 followers top 9 week 9");
    assert_eq!(shown(Some((6, 8, 2, true))), "9 2 2 followers top 8 week 8");
    assert_eq!(
        shown(Some((5, 13, 3, false))),
        "13 3 3 followers top 13 week 13",
        "the last answer of Redis, filled in late"
    );
    assert_eq!(shown(None), "13 2 2 followers top 8 week 8", "its views stay");
    assert_eq!(shown(Some((7, 8, 2, true))), "13 2 2 followers top 8 week 8");
    assert_eq!(shown(Some((8, 14, 2, false))), "14 2 2 followers top 14 week 14");
    assert_eq!(shown(Some((5, 15, 3, false))), "15 3 3 followers top 15 week 15");
    assert_eq!(shown(None), "14 2 2 followers top 14 week 14");
}

#[test]
fn c6_a_page_rendered_while_the_stores_are_down_shows_no_fewer_views_than_were_told() {
    let marks = Marks::new(&mut rand::rng());
    let html = [
        marks.mark(Hole::Views(ArticleId(7)), 40),
        marks.mark(Hole::ViewsInWords(ArticleId(7)), 40),
        marks.mark(Hole::Likes(ArticleId(7)), 2),
        marks.mark(Hole::Views(ArticleId(8)), 5),
        marks.mark(Hole::LastDay(ArticleId(7)), NOT_KNOWN),
    ]
    .join(" | ");
    let rankings = Arc::new(RenderedRankings::new(|_| String::new()));
    let page = RememberedPage::new(&html, &marks, HeaderMap::new(), rankings, Language::English);
    let shown = |told: i64| {
        let told = HashMap::from([(ArticleId(7), told), (ArticleId(8), 0)]);
        let filled = page.fill(&Filling { told, ..filling(true) });
        let html: Vec<u8> =
            page.html(&filled).pieces.iter().rev().flat_map(|piece| piece.to_vec()).collect();
        (String::from_utf8(html).unwrap(), filled.hash)
    };
    let (before, etag) = shown(0);
    assert_eq!(before, "40 | 40 views | 2 | 5 | not known right now");
    let (after, other_etag) = shown(42);
    assert_eq!(after, "42 | 42 views | 2 | 5 | not known right now");
    assert_ne!(etag, other_etag, "a browser must not keep the old count");
    assert_eq!(shown(41).0, after, "what was shown stays");
}
