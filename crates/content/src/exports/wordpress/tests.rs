use proptest::prelude::*;

use super::super::Post;
use super::super::notes::{GATED, LOST};
use super::*;

const HEAD: &str = "\n<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<!-- generator -->\n<rss version=\"2.0\"\n\
    xmlns:wp=\"http://wordpress.org/export/1.2/\">\n<channel><title>Sea</title><link>https://a.example/blog</link>\n\
    <wp:author><wp:author_login><![CDATA[jo]]></wp:author_login><wp:author_display_name><![CDATA[Jo Ebb]]></wp:author_display_name></wp:author>\n";

fn file(items: &str) -> String {
    format!("{HEAD}{items}\n</channel></rss>\n")
}

fn item(inner: &str) -> String {
    format!("<item><wp:post_type>post</wp:post_type><wp:status>publish</wp:status>{inner}</item>")
}

fn only(text: &str) -> Post {
    let mut blog = read(text.as_bytes()).unwrap();
    assert_eq!(blog.posts.len(), 1);
    blog.posts.remove(0)
}

#[test]
fn a_post_is_read_with_everything_that_belongs_to_it() {
    let text = file(&format!(
        "<item><wp:post_id>9</wp:post_id><wp:post_type>attachment</wp:post_type>\
         <wp:attachment_url>https://a.example/blog/wp-content/uploads/9.png</wp:attachment_url></item>\n{}",
        item(
            "<title>Low &amp; &lt;b&gt;high&lt;/b&gt; tide</title><link>https://a.example/blog/2020/01/low-tide/</link>\
             <guid isPermaLink=\"false\">https://a.example/blog/?p=12</guid><dc:creator><![CDATA[jo]]></dc:creator>\
             <content:encoded><![CDATA[One\n\ntwo ]]]]><![CDATA[> & three]]></content:encoded>\
             <excerpt:encoded><![CDATA[<p>Short</p>]]></excerpt:encoded><wp:post_id>12</wp:post_id>\
             <wp:post_date>2020-01-02 12:00:00</wp:post_date><wp:post_date_gmt>2020-01-02 11:00:00</wp:post_date_gmt>\
             <wp:post_name>low-tide</wp:post_name>\
             <category domain=\"category\" nicename=\"uncategorized\"><![CDATA[Uncategorized]]></category>\
             <category domain=\"post_tag\" nicename=\"c\"><![CDATA[C++]]></category>\
             <category domain=\"category\" nicename=\"a\"><![CDATA[A & B]]></category>\
             <category domain=\"series\" nicename=\"a\"><![CDATA[S]]></category>\
             <wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value>9</wp:meta_value></wp:postmeta>\
             <wp:postmeta><wp:meta_key>_wp_old_slug</wp:meta_key><wp:meta_value>ebb</wp:meta_value></wp:postmeta>\
             <wp:postmeta><wp:meta_key>views</wp:meta_key><wp:meta_value>1,234</wp:meta_value></wp:postmeta>\
             <wp:comment><wp:comment_id>1</wp:comment_id><wp:comment_content>no</wp:comment_content></wp:comment>"
        )
    ));
    let blog = read(text.as_bytes()).unwrap();
    assert_eq!(blog.address.as_deref(), Some("https://a.example/blog"));
    assert_eq!((blog.comments, blog.machinery["attachment"]), (1, 1));
    let post = &blog.posts[0];
    assert_eq!(post.identity, "wordpress:a.example/blog?p=12");
    assert_eq!((post.name.as_str(), post.line), ("post 12 (low-tide)", Some(9)));
    assert_eq!(post.views, Some(1234));
    let found = post.found.as_ref().unwrap();
    let source = &found.source;
    assert_eq!((source.title.as_str(), source.slug.as_str()), ("Low & high tide", "low-tide"));
    assert_eq!(source.markdown, "One\n\ntwo \\]\\]\\> & three\n");
    assert_eq!(source.summary.as_deref(), Some("Short"));
    assert_eq!(source.published_at, Some(1_577_962_800_000));
    assert_eq!(
        (&*source.authors, &*source.tags),
        (&["Jo Ebb".into()][..], &["C++".into(), "A & B".into()][..])
    );
    assert_eq!(source.cover.as_deref(), Some("https://a.example/blog/wp-content/uploads/9.png"));
    assert_eq!(
        source.aliases,
        [
            "/blog/2020/01/low-tide",
            "/?p=12",
            "/blog/2020/01/ebb",
            "/2020/01/low-tide",
            "/2020/01/ebb"
        ]
    );
    assert_eq!(found.notes.len(), 1, "{:?}", found.notes);
}

#[test]
fn only_what_everybody_could_read_is_published() {
    for (inner, is_draft, notes, is_deleted) in [
        ("<wp:status>publish</wp:status>", false, 0, false),
        ("<wp:status>future</wp:status>", false, 0, false),
        ("<wp:status>draft</wp:status>", true, 0, false),
        ("<wp:status>pending</wp:status>", true, 0, false),
        ("<wp:status>private</wp:status>", true, 1, false),
        ("<wp:status>made-up</wp:status>", true, 0, false),
        ("<wp:post_password>x</wp:post_password>", true, 1, false),
        ("<wp:post_date_gmt>0000-00-00 00:00:00</wp:post_date_gmt>", true, 1, false),
        ("<wp:status>trash</wp:status>", true, 0, true),
    ] {
        let date = "<wp:post_date_gmt>2020-01-02 11:00:00</wp:post_date_gmt>";
        let post =
            only(&file(&item(&format!("<title>x</title><wp:post_id>1</wp:post_id>{date}{inner}"))));
        assert_eq!(post.is_deleted, is_deleted, "{inner}");
        if let Ok(found) = post.found {
            assert_eq!(found.source.draft, is_draft, "{inner}");
            assert_eq!(found.notes.len(), notes, "{inner}: {:?}", found.notes);
        }
    }
}

#[test]
fn what_was_for_members_is_a_draft_with_its_whole_text_and_its_address() {
    let field = |key: &str, value: &str| {
        format!(
            "<wp:postmeta><wp:meta_key><![CDATA[{key}]]></wp:meta_key>\
             <wp:meta_value><![CDATA[{value}]]></wp:meta_value></wp:postmeta>"
        )
    };
    let post = |inner: &str| {
        only(&file(&item(&format!(
            "<title>x</title><link>https://a.example/blog/x/</link><wp:post_id>1</wp:post_id>\
             <wp:post_date_gmt>2020-01-02 11:00:00</wp:post_date_gmt>{inner}"
        ))))
    };
    let text = "<content:encoded><![CDATA[<p>a</p><!-- wp:jetpack/paywall /--><p>b</p>]]>\
                </content:encoded>";
    let access = "_jetpack_newsletter_access";
    let views = field("views", "1").repeat(200);
    for (fields, is_draft) in [
        (field(access, "subscribers"), true),
        (field(access, "paid_subscribers"), true),
        (field("_members_access_role", "administrator"), true),
        (field("_members_access_all_logged_in", "1"), true),
        (views + &field(access, "subscribers"), true),
        (field(access, "everybody"), false),
        (field(access, ""), false),
        (field("_members_access_all_logged_in", ""), false),
    ] {
        let found = post(&format!("{fields}{text}")).found.unwrap();
        let (markdown, note) = match is_draft {
            true => ("a\n\nb\n", "it was for members only, which is not done here; it is a draft"),
            false => ("a\n", GATED),
        };
        assert_eq!((found.source.draft, &*found.source.markdown), (is_draft, markdown), "{fields}");
        assert_eq!(found.notes.len(), 1, "{:?}", found.notes);
        assert_eq!(found.notes[0].text, note);
        assert_eq!(found.source.aliases[0], "/blog/x");
    }
    let draft = field(access, "subscribers") + "<wp:status>draft</wp:status>";
    assert!(post(&draft).found.unwrap().source.aliases.is_empty());
}

#[test]
fn a_page_below_one_for_members_is_a_draft_too() {
    let page = |id: &str, parent: &str, more: &str| {
        item(&format!(
            "<title>x</title><wp:post_type>page</wp:post_type><wp:post_id>{id}</wp:post_id>\
             <wp:post_parent>{parent}</wp:post_parent>{more}"
        ))
    };
    let role = "<wp:postmeta><wp:meta_key>_members_access_role</wp:meta_key>\
                <wp:meta_value>subscriber</wp:meta_value></wp:postmeta>";
    let pages = [page("3", "2", ""), page("2", "1", ""), page("1", "0", role), page("4", "4", "")];
    let blog = read(file(&pages.concat()).as_bytes()).unwrap();
    let drafts: Vec<bool> =
        blog.posts.iter().map(|post| post.found.as_ref().unwrap().source.draft).collect();
    assert_eq!(drafts, [true, true, true, false]);
}

#[test]
fn a_post_with_a_part_that_plugins_hide_is_a_draft() {
    let post = |text: &str| {
        let date = "<wp:post_date_gmt>2020-01-02 11:00:00</wp:post_date_gmt>";
        let text = format!("<content:encoded><![CDATA[{text}]]></content:encoded>");
        let found =
            only(&file(&item(&format!("<title>x</title>{date}<link>x</link>{text}")))).found;
        let found = found.unwrap();
        let notes: Vec<String> = found.notes.into_iter().map(|note| note.text).collect();
        (found.source.draft, found.source.markdown, notes)
    };
    let (is_draft, markdown, notes) = post("a [private]b[/private]");
    assert!(is_draft && markdown.contains('b'), "{markdown}");
    assert!(
        notes.iter().any(|note| note.starts_with("it was partly for members only")),
        "{notes:?}"
    );
    let view = "premium-content/subscriber-view";
    let text = format!("<!-- wp:{view} --><div><p>secret</p></div><!-- /wp:{view} -->");
    assert_eq!(post(&text), (true, String::new(), vec![LOST.to_owned(), GATED.to_owned()]));
    let text = format!("{text}<img src=\"/a.png\">");
    assert_eq!(post(&text), (false, "![](/a.png)\n".to_owned(), vec![GATED.to_owned()]));
}

#[test]
fn an_id_stays_if_a_link_in_any_post_leads_to_it() {
    let post = |text: &str| {
        item(&format!("<title>x</title><content:encoded><![CDATA[{text}]]></content:encoded>"))
    };
    let text = file(
        &[
            post("<h2 id=\"my-x\">a</h2><p id=\"own\">b</p><p id=\"other\">c</p>"),
            post("<a href='https://a.example/blog/x/?a=1&amp;b=2#my-x'>1</a> <a href=\"#own\">"),
        ]
        .concat(),
    );
    let blog = read(text.as_bytes()).unwrap();
    let markdown = &blog.posts[0].found.as_ref().unwrap().source.markdown;
    assert!(markdown.contains("<a id=\"my-x\"></a>a"), "{markdown}");
    assert!(!markdown.contains("other") && !markdown.contains("own"), "{markdown}");
}

#[test]
fn the_date_is_that_of_greenwich_or_the_local_one() {
    let at = |inner: &str| only(&file(&item(inner))).found.unwrap().source.published_at;
    let zero = "<wp:post_date_gmt>0000-00-00 00:00:00</wp:post_date_gmt>";
    let local = "<wp:post_date>2020-01-02 00:00:00</wp:post_date>";
    let feed = "<pubDate>Thu, 02 Jan 2020 01:00:00 +0000</pubDate>";
    assert_eq!(at(&format!("{zero}{local}")), Some(1_577_923_200_000));
    assert_eq!(at(&format!("{zero}{local}{feed}")), Some(1_577_926_800_000));
    assert_eq!(at("<pubDate>Wed, 30 Nov -0001 00:00:00 +0000</pubDate>"), None);
}

#[test]
fn a_file_that_is_broken_or_not_whole_is_refused_with_the_line() {
    let whole = file(&item("<title>x</title>"));
    for (text, line, said) in [
        (&whole[..whole.len() - 18], 8, "not whole"),
        (&*whole.replace("</title></item>", "</tite></item>"), 8, "broken"),
        ("<rss><b/></rss>", 1, "channel"),
        ("", 1, "channel"),
        (&"<a>".repeat(1_000), 1, "nest"),
        ("<?xml version=\"1.0\"?>\n<rss><channel><a b=\"</channel></rss>", 2, ""),
    ] {
        let error = read(text.as_bytes()).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.reason.contains(said), "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
}

#[test]
fn other_encodings_and_entities_of_html_are_read() {
    let text = file(&item("<title>caf\u{e9} &eacute; &#8211; a & b</title>"))
        .replace("UTF-8", "ISO-8859-1");
    let latin: Vec<u8> = text.chars().map(|one| u8::try_from(u32::from(one)).unwrap()).collect();
    let blog = read(latin.as_slice()).unwrap();
    assert_eq!(blog.posts[0].found.as_ref().unwrap().source.title, "café é – a & b");
}

#[test]
fn pages_are_taken_as_pages_and_other_types_are_counted() {
    let kind = |kind: &str| item(&format!("<title>x</title><wp:post_type>{kind}</wp:post_type>"));
    let text =
        file(&[kind("page"), kind("product"), kind("product"), kind("nav_menu_item")].concat());
    let blog = read(text.as_bytes()).unwrap();
    let pages: Vec<bool> =
        blog.posts.iter().map(|post| post.found.as_ref().unwrap().source.is_page).collect();
    assert_eq!(pages, [true]);
    assert_eq!((blog.others["product"], blog.machinery["nav_menu_item"]), (2, 1));
}

proptest! {
    #[test]
    fn no_input_makes_it_panic(parts in prop::collection::vec(prop::sample::select(vec![
        "<item>", "</item>", "<title>", "</title>", "<![CDATA[", "]]>", "&amp;", "&#0;", "&x;", "&",
        "<wp:post_type>post</wp:post_type>", "<content:encoded>", "</content:encoded>", "<wp:comment>",
        "</wp:comment>", "<category domain=\"", "\">", "</category>", "<wp:postmeta>", "[caption]",
        "<!-- wp:block {} /-->", "text\n\n", "<", ">", "\u{1}", "<?", "?>", "<!DOCTYPE a [<!ENTITY b \"c\">]>",
    ]), 0..40)) {
        let text = file(&parts.concat());
        if let Ok(blog) = read(text.as_bytes()) {
            prop_assert!(blog.posts.len() <= parts.len());
        }
    }
}
