use proptest::prelude::*;

use super::*;

fn tally(files: &[&[u8]], options: Options) -> Result<(Counts, Vec<Fault>), Fault> {
    let (mut tally, mut faults) = (Tally::new(options), vec![]);
    for file in files {
        faults.extend(tally.add(file)?);
    }
    Ok((tally.finish()?, faults))
}

fn read(text: &str) -> (Counts, Vec<Fault>) {
    tally(&[text.as_bytes()], Options::default()).unwrap()
}

fn views(counts: &Counts) -> Vec<(&str, i64)> {
    counts.entries.iter().map(|entry| (entry.address.as_str(), entry.views)).collect()
}

fn problems(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}

fn date(text: &str) -> Option<Date> {
    Some(text.parse().unwrap())
}

#[test]
fn a_plain_list_needs_no_header_and_sums_what_is_the_same_address() {
    let (counts, faults) = read("/a/,12\nhttps://old.example/a?x=1#y,3\n/caf%C3%A9,1\n");
    assert_eq!(views(&counts), [("/a/".trim_end_matches('/'), 15), ("/café", 1)]);
    assert_eq!((counts.format, counts.until, faults), (Format::Plain, None, vec![]));

    let (counts, _) = read("Count;Address;Day\n1.234;/a;2026-11-02\n1;/a;2026-11-27\n");
    assert_eq!((views(&counts), counts.until), (vec![("/a", 1235)], date("2026-11-27")));

    let (counts, _) = read("low-tide,5\n");
    assert_eq!(counts.entries[0].slug.as_deref(), Some("low-tide"));
}

#[test]
fn days_after_the_last_one_are_left_out_and_counted() {
    let options = Options { until: date("2026-11-02"), ..Options::default() };
    let text = "address,count,day\n/a,1,2026-11-01\n/a,2,2026-11-02\n/a,4,2026-11-03\n";
    let (counts, _) = tally(&[text.as_bytes()], options).unwrap();
    assert_eq!((views(&counts), counts.until), (vec![("/a", 3)], date("2026-11-02")));
    assert_eq!(counts.skipped, BTreeMap::from([("rows of later days", 1)]));
}

#[test]
fn goatcounter_counts_first_visits_of_readers() {
    let text = "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,\
                Screen size,Location,FirstVisit,Date\n\
                /a,A,false,,F,L,s1,0,,,,DE,true,2026-03-01T10:00:00Z\n\
                /a,A,false,,F,L,s1,0,,,,DE,false,2026-03-01T10:05:00Z\n\
                /a,A,false,,F,L,s2,3,,,,DE,true,2026-03-02T10:00:00Z\n\
                click,,true,,F,L,s2,0,,,,DE,true,2026-03-02T10:00:00Z\n\
                \"/b,c\",\"A \"\"B\"\"\",0,,F,L,s3,0,,,,DE,1,2026-03-04T10:00:00Z\n";
    let (counts, faults) = read(text);
    assert_eq!(views(&counts), [("/a", 1), ("/b,c", 1)]);
    assert_eq!((counts.format, counts.until), (Format::GoatCounter, date("2026-03-04")));
    let skipped = [("crawlers", 1), ("events", 1), ("repeated visits", 1)];
    assert_eq!((counts.skipped, faults), (BTreeMap::from(skipped), vec![]));
}

#[test]
fn goatcounters_statistics_need_their_paths() {
    let paths = "{\"id\":9,\"path\":\"/a\",\"title\":\"A\",\"event\":0}\n{\"id\":8,\"path\":\"click\",\"title\":\"\",\"event\":1}\n";
    let hits = "{\"hour\":\"2026-03-01T19:00:00Z\",\"path_id\":9,\"ref_id\":1,\"count\":2}\n\
                {\"hour\":\"2026-03-02T19:00:00Z\",\"path_id\":9,\"ref_id\":2,\"count\":3}\n\
                {\"hour\":\"2026-03-02T19:00:00Z\",\"path_id\":8,\"ref_id\":2,\"count\":3}\n\
                {\"day\":\"2026-03-02\",\"path_id\":9,\"browser_id\":2,\"count\":5}\n";
    for files in [[paths, hits], [hits, paths]] {
        let files = files.map(str::as_bytes);
        let (counts, _) = tally(&files, Options::default()).unwrap();
        assert_eq!((views(&counts), counts.until), (vec![("/a", 5)], date("2026-03-02")));
        assert_eq!(counts.format, Format::GoatCounter);
    }
    let error = tally(&[hits.as_bytes()], Options::default()).unwrap_err();
    assert!(error.to_string().contains("paths.jsonl"), "{error}");
}

#[test]
fn plausible_counts_page_views_of_all_hosts() {
    for header in [
        "date,hostname,page,visits,visitors,pageviews",
        "\"date\",\"hostname\",\"page\",\"visits\",\"visitors\",\"pageviews\"",
    ] {
        let (counts, _) = read(&format!(
            "{header}\n2026-01-01,a.example,/a,7,6,10\n2026-01-02,b.example,/a/,1,1,2\n"
        ));
        assert_eq!(views(&counts), [("/a", 12)]);
        assert_eq!((counts.format, counts.until), (Format::Plausible, date("2026-01-02")));
    }
}

#[test]
fn matomo_writes_utf_16_and_sums_of_folders() {
    let text = "label,nb_visits,nb_hits,metadata_url,metadata_segment\n\
                blog,30,40,,pageUrl=^https\n\
                /index,10,12,https://a.example/,x\n\
                /low-tide,20,28,https://a.example/blog/low-tide,x\n";
    let utf_16: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    for file in [text.as_bytes(), &utf_16, &utf_16[2..]] {
        let (counts, faults) = tally(&[file], Options::default()).unwrap();
        assert_eq!(views(&counts), [("/", 12), ("/blog/low-tide", 28)]);
        assert_eq!((counts.format, faults), (Format::Matomo, vec![]));
        assert_eq!(counts.skipped, BTreeMap::from([("rows without an address", 1)]));
    }
    let (counts, _) =
        read("Page URL,Pageviews,Unique Pageviews,Bounce Rate\n/a,\"1,234\",1000,3%\n");
    assert_eq!((views(&counts), counts.format), (vec![("/a", 1234)], Format::Matomo));
}

#[test]
fn google_analytics_has_comments_totals_and_separators() {
    let text = "# ----------------------------------------\n# Pages and screens\n\
                # Start date: 20250101\n# End date: 20261127\n\n\
                Page path and screen class,Views,Active users\n\
                ,\"3,000\",1000\n/blog/a/,\"1,234\",30\n(not set),5,1\n\n\
                # Another table\nPage path and screen class,Active users,Views\n/b,7,9\n";
    let (counts, faults) = read(text);
    assert_eq!(views(&counts), [("/(not set)", 5), ("/b", 9), ("/blog/a", 1234)]);
    assert_eq!((counts.format, faults), (Format::GoogleAnalytics, vec![]));
    assert_eq!(counts.until, date("2026-11-27"));

    let (counts, _) = read("# 20250101-20260131\nFull page URL,Views\na.example/blog/a,3\n");
    assert_eq!((views(&counts), counts.until), (vec![("/blog/a", 3)], date("2026-01-31")));
    let (counts, _) = read("Page,Pageviews,Unique Pageviews\n/a,3,2\n");
    assert_eq!((views(&counts), counts.format), (vec![("/a", 3)], Format::GoogleAnalytics));
}

#[test]
fn waline_and_leancloud_are_told_apart() {
    let waline = r#"{"type":"waline","version":1,"time":1,"tables":["Comment","Counter"],"data":{
        "Comment":[{"url":"/a/","comment":"hi"}],
        "Counter":[{"url":"/a/","time":12,"reaction0":1,"updatedAt":"2026-05-06T00:00:00.000Z"},
                   {"url":"/b/","time":"7","updatedAt":"2026-05-07 10:00:00"},
                   {"url":"/c/"}, 5]}}"#;
    let (counts, faults) = read(waline);
    assert_eq!((views(&counts), counts.format), (vec![("/a", 12), ("/b", 7)], Format::Waline));
    assert_eq!(counts.until, date("2026-05-07"));
    assert_eq!(
        problems(&faults),
        ["entry 3: the entry has no number of views", "entry 4: this entry is not a JSON object"]
    );
    let (counts, _) = read("id,time,url,createdAt,updatedAt\n1,12,/a/,2026-05-06 00:00:00,\n");
    assert_eq!((views(&counts), counts.format), (vec![("/a", 12)], Format::Waline));

    let stream = "#filetype:JSON-streaming {\"type\":\"Class\",\"class\":\"Counter\"}\n\
        {\"url\":\"/a/\",\"xid\":\"/a/\",\"time\":3,\"title\":\"A\",\"ACL\":{},\"updatedAt\":{\"__type\":\"Date\",\"iso\":\"2026-05-06T00:00:00.000Z\"}}\n\
        {\"url\":\"/b/\",\"time\":4}\nnothing\n";
    let (counts, faults) = read(stream);
    assert_eq!((views(&counts), counts.format), (vec![("/a", 3), ("/b", 4)], Format::LeanCloud));
    assert_eq!(counts.until, date("2026-05-06"));
    assert_eq!(problems(&faults), ["line 4: this is not a JSON object"]);

    let list = r#"[{"url":"/a/","time":3,"ACL":{"*":{"read":true}}}]"#;
    let (counts, _) = read(list);
    assert_eq!((views(&counts), counts.format), (vec![("/a", 3)], Format::LeanCloud));
}

#[test]
fn busuanzi_has_no_export_so_the_usual_forms_are_read() {
    for text in [
        r#"{"/a/": 12, "https://x.example/b.html": {"site_pv": 99, "page_pv": 3}}"#,
        r#"[{"url": "/a/", "page_pv": 12}, {"url": "/b.html", "page_pv": "3"}]"#,
        "url,page_pv\n/a/,12\n/b.html,3\n",
    ] {
        let (counts, faults) = read(text);
        assert_eq!(views(&counts), [("/a", 12), ("/b.html", 3)], "{text}");
        assert_eq!((counts.format, faults), (Format::Busuanzi, vec![]), "{text}");
    }
}

const WXR: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/"><channel>
<title>A &amp; B</title><pubDate>Fri, 27 Nov 2026 10:00:00 +0000</pubDate>
<item><title>Low tide</title><link>https://a.example/2020/03/low-tide/?a=1&amp;b=2</link>
<pubDate>Sun, 01 Mar 2020 08:00:00 +0000</pubDate>
<content:encoded><![CDATA[<link>no</link> views]]></content:encoded>
<wp:post_name><![CDATA[low-tide]]></wp:post_name>
<wp:postmeta><wp:meta_key><![CDATA[views]]></wp:meta_key><wp:meta_value><![CDATA[12345]]></wp:meta_value></wp:postmeta>
<wp:postmeta><wp:meta_key>avada_today_post_views_count</wp:meta_key><wp:meta_value>3</wp:meta_value></wp:postmeta>
<wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value>99999</wp:meta_value></wp:postmeta>
</item>
<item><title>No count</title><link>https://a.example/b/</link></item>
<item><link>https://a.example/?p=7</link><wp:post_name>flood</wp:post_name>
<wp:postmeta><wp:meta_key>_post_views</wp:meta_key><wp:meta_value>1,000</wp:meta_value></wp:postmeta></item>
</channel></rss>"#;

#[test]
fn wordpress_keeps_views_in_the_fields_of_articles() {
    let (counts, faults) = read(WXR);
    assert_eq!(views(&counts), [("/2020/03/low-tide", 12345), ("/?p=7", 1000)]);
    let slugs: Vec<_> = counts.entries.iter().map(|entry| entry.slug.as_deref()).collect();
    assert_eq!(slugs, [Some("low-tide"), Some("flood")]);
    assert_eq!((counts.format, counts.until), (Format::WordPress, date("2026-11-27")));
    assert_eq!(faults, []);
    let lines: Vec<_> = counts.entries.iter().map(|entry| entry.line).collect();
    assert_eq!(lines, [4, 13]);
}

#[test]
fn articles_of_wordpress_whose_addresses_differ_only_in_their_query_keep_their_own_views() {
    let item = |(link, slug, views): (&str, &str, i64)| {
        format!(
            "<item><link>{link}</link><wp:post_name>{slug}</wp:post_name><wp:postmeta>\
             <wp:meta_key>views</wp:meta_key><wp:meta_value>{views}</wp:meta_value></wp:postmeta></item>"
        )
    };
    let items: String = [
        ("https://a.example/?page_id=7", "about", 1),
        ("https://a.example/?page_id=8", "caf%c3%a9", 2),
        ("https://a.example/?portfolio=x", "x", 4),
        ("", "draft", 8),
        ("https://a.example/", "home", 16),
        ("https://a.example/?p=9", "tide", 32),
        ("https://a.example/?page_id=10", "", 64),
    ]
    .into_iter()
    .map(item)
    .collect();
    let (counts, faults) =
        read(&format!("<rss xmlns:wp=\"http://wordpress.org/export/1.2/\">{items}</rss>"));
    let expected = [
        ("/", 64),
        ("/?p=9", 32),
        ("/about", 1),
        ("/café", 2),
        ("/draft", 8),
        ("/home", 16),
        ("/x", 4),
    ];
    assert_eq!((views(&counts), faults), (expected.to_vec(), vec![]));
}

#[test]
fn an_own_export_keeps_each_source() {
    let text = "address,views,source,until\n/articles/a,5,,2026-11-27\n/articles/a,12,WordPress,2020-01-01\n";
    let (counts, _) = read(text);
    let entries: Vec<_> = counts
        .entries
        .iter()
        .map(|entry| (entry.source.as_deref(), entry.views, entry.until))
        .collect();
    assert_eq!(
        entries,
        [(None, 5, date("2026-11-27")), (Some("WordPress"), 12, date("2020-01-01"))]
    );
    assert_eq!(counts.format, Format::Tidemark);
}

#[test]
fn each_row_that_cannot_be_read_is_named_with_its_line() {
    let long = "x".repeat(LONGEST_ADDRESS);
    let text = format!(
        "# comment\n\naddress,count,day\r\n/a,1,\n\n# comment\n/b,many,\n/c,1,soon\n/{long},1,\n/d,9999999999999,\n/e\n"
    );
    let (counts, faults) = read(&text);
    assert_eq!(views(&counts), [("/a", 1)]);
    assert_eq!(
        problems(&faults),
        [
            "line 7: \"many\" is no number of views",
            "line 8: \"soon\" is no day; write it as 2026-11-27",
            "line 9: the address is longer than 8192 bytes",
            "line 10: 9999999999999 is no number of views",
            "line 11: \"\" is no number of views",
        ]
    );
    let (_, faults) = read(&format!("/a,1\n{}", "/b,x\n".repeat(1_000)));
    assert_eq!(faults.len(), MOST_FAULTS);
}

#[test]
fn a_file_that_holds_no_counts_is_refused_in_one_sentence() {
    let tar = [vec![b'x'; 257], b"ustar  ".to_vec(), vec![b'x'; 300]].concat();
    let cases: [(&[u8], &str); 10] = [
        (b"", "the format is not known"),
        (b"hello\nworld\n", "the format is not known"),
        (b"PK\x03\x04....", "zip"),
        (b"\x1F\x8B....", "gzip"),
        (&tar, "archive"),
        (b"<html></html>", "not an export of WordPress"),
        (b"{\"a\":", "not JSON"),
        (b"[1, 2]", "there are no counts"),
        (b"address,count\n", "there are no counts"),
        (b"{\"comments\": \"none\"}", "there are no counts"),
    ];
    for (file, part) in cases {
        let error = tally(&[file], Options::default()).unwrap_err().to_string();
        assert!(error.contains(part) && !error.contains('\n'), "{error}");
    }
    let options = Options { format: Some(Format::Matomo), until: None };
    let error = tally(&[b"address,count\n/a,1\n"], options).unwrap_err();
    assert!(error.to_string().contains("Matomo"), "{error}");
    let other = tally(&[b"/a,1\n", WXR.as_bytes()], Options::default()).unwrap_err();
    assert!(other.to_string().contains("one after the other"), "{other}");
}

proptest! {
    #[test]
    fn any_file_is_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        start in prop::sample::select(vec![
            "", "[", "{\"url\":", "<rss xmlns:wp=\"http://wordpress.org/export/1.2/\"><item>",
            "2Path,Date\n", "address,count,day\n", "#filetype:JSON-streaming\n", "\u{FEFF}",
        ]),
    ) {
        let file = [start.as_bytes(), &bytes].concat();
        if let Ok((counts, _)) = tally(&[&file], Options::default()) {
            for entry in counts.entries {
                prop_assert!((0..=MOST_VIEWS).contains(&entry.views));
                prop_assert!(entry.address.starts_with('/'));
            }
        }
    }

    #[test]
    fn the_sums_are_those_of_the_rows_however_they_are_split(
        rows in prop::collection::vec((0_usize..5, 0_i64..1_000), 1..40),
        at in 0_usize..40,
    ) {
        let lines: Vec<String> =
            rows.iter().map(|(page, views)| format!("/page-{page}/,{views}\n")).collect();
        let (one, other) = lines.split_at(at.min(lines.len()));
        let files: Vec<String> = [one, other].iter().map(|part| part.concat()).collect();
        let files: Vec<&[u8]> =
            files.iter().filter(|file| !file.is_empty()).map(String::as_bytes).collect();
        let (counts, faults) = tally(&files, Options::default()).unwrap();
        prop_assert_eq!(faults, vec![]);
        let mut sums = BTreeMap::<String, i64>::new();
        for (page, views) in rows {
            *sums.entry(format!("/page-{page}")).or_default() += views;
        }
        let found: BTreeMap<String, i64> =
            counts.entries.into_iter().map(|entry| (entry.address, entry.views)).collect();
        prop_assert_eq!(found, sums);
    }
}
