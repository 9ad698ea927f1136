use proptest::prelude::*;
use serde_json::Value;

use super::super::notes::GATED;
use super::gated::without_gated;
use super::*;

fn ghost(posts: &str, neighbours: &Neighbours) -> Blog {
    let text = format!(
        "{{\"db\":[{{\"meta\":{{\"version\":\"5.75.0\"}},\"data\":{{\"posts\":[{posts}],\
         \"tags\":[{{\"id\":\"t1\",\"name\":\"C & C++\"}},{{\"id\":\"t2\",\"name\":\"#hidden\",\"visibility\":\"internal\"}}],\
         \"users\":[{{\"id\":1,\"name\":\"Jo Ebb\"}},{{\"id\":\"u2\",\"name\":\"\",\"slug\":\"al\"}}],\
         \"posts_tags\":[{{\"post_id\":\"p1\",\"tag_id\":\"t2\",\"sort_order\":0}},{{\"post_id\":\"p1\",\"tag_id\":\"t1\",\"sort_order\":1}}],\
         \"posts_authors\":[{{\"post_id\":\"p1\",\"author_id\":1,\"sort_order\":1}},{{\"post_id\":\"p1\",\"author_id\":\"u2\",\"sort_order\":0}}],\
         \"posts_meta\":null,\"settings\":[{{\"key\":\"timezone\",\"value\":\"Asia/Tokyo\"}}]}}}}]}}"
    );
    read(text.as_bytes(), neighbours).unwrap()
}

const POST: &str = "{\"id\":\"p1\",\"uuid\":\"0a-b\",\"title\":\"A <b> & c\",\"slug\":\"low-tide\",\"type\":\"post\",\
    \"html\":\"<p>Hi <img src=\\\"__GHOST_URL__/content/images/a.png\\\"></p>\",\"lexical\":\"{}\",\"status\":\"published\",\
    \"visibility\":\"public\",\"published_at\":\"2020-01-01T16:00:00.000Z\",\
    \"feature_image\":\"__GHOST_URL__/content/images/b.png\",\"custom_excerpt\":\"Short\"}";

#[test]
fn a_post_is_read_with_everything_that_belongs_to_it() {
    let neighbours = Neighbours {
        permalink: Some("/{year}/{month}/{day}/{slug}/".into()),
        redirects: Some(
            "301:\n  /older: /old/\n  /old: /2020/01/02/low-tide/\n  /^a(.*)$/: /b\n  /x: /y\n"
                .into(),
        ),
        ..Neighbours::default()
    };
    let blog = ghost(POST, &neighbours);
    let post = &blog.posts[0];
    assert_eq!((post.identity.as_str(), post.name.as_str()), ("ghost:0a-b", "post p1 (low-tide)"));
    let source = &post.found.as_ref().unwrap().source;
    assert_eq!(source.title, "A <b> & c");
    assert_eq!(source.markdown, "Hi ![](/content/images/a.png)\n");
    assert_eq!(source.cover.as_deref(), Some("/content/images/b.png"));
    assert_eq!(
        (&*source.tags, &*source.authors),
        (&["C & C++".into()][..], &["al".into(), "Jo Ebb".into()][..])
    );
    assert_eq!(source.aliases, ["/2020/01/02/low-tide", "/old", "/older"]);
    assert_eq!((source.summary.as_deref(), source.draft), (Some("Short"), false));
    assert_eq!(
        blog.notes,
        [
            "1 redirects are patterns, which can't be followed here",
            "1 redirects lead to no post: /x"
        ]
    );
    assert_eq!(
        ghost(POST, &Neighbours::default()).posts[0].found.as_ref().unwrap().source.aliases,
        ["/low-tide"]
    );
}

#[test]
fn only_what_everybody_could_read_is_published() {
    for (from, to, is_draft, notes) in [
        ("\"status\":\"published\"", "\"status\":\"scheduled\"", false, 0),
        ("\"status\":\"published\"", "\"status\":\"draft\"", true, 0),
        ("\"status\":\"published\"", "\"status\":\"sent\"", true, 1),
        ("\"visibility\":\"public\"", "\"visibility\":\"paid\"", true, 1),
        ("\"visibility\":\"public\"", "\"email_only\":true", true, 1),
    ] {
        let blog = ghost(&POST.replace(from, to), &Neighbours::default());
        let found = blog.posts[0].found.as_ref().unwrap();
        assert_eq!((found.source.draft, found.notes.len()), (is_draft, notes), "{to}");
    }
}

#[test]
fn the_oldest_form_is_read_with_its_pages() {
    let text = "{\"meta\":{\"exported_on\":1,\"version\":\"003\"},\"data\":{\"posts\":[\
        {\"id\":5,\"title\":\"Old\",\"slug\":\"old\",\"markdown\":\"*a*\",\"html\":\"<p><em>a</em></p>\",\"image\":\"/content/images/a.png\",\
        \"page\":0,\"status\":\"published\",\"author_id\":1,\"published_at\":1388318400000},\
        {\"id\":6,\"title\":\"About\",\"slug\":\"about\",\"page\":true,\"html\":\"\"}],\
        \"users\":[{\"id\":1,\"name\":\"Jo\"}],\"tags\":[{\"id\":2,\"name\":\"Sea\"}],\"posts_tags\":[{\"id\":1,\"post_id\":5,\"tag_id\":2}],\
        \"settings\":[{\"key\":\"permalinks\",\"value\":\"/:year/:slug/\"}]}}";
    let blog = read(text.as_bytes(), &Neighbours::default()).unwrap();
    let page = &blog.posts[1].found.as_ref().unwrap().source;
    assert_eq!((page.title.as_str(), page.is_page), ("About", true));
    let source = &blog.posts[0].found.as_ref().unwrap().source;
    assert!(!source.is_page);
    assert_eq!((source.markdown.as_str(), &*source.tags), ("*a*\n", &["Sea".into()][..]));
    assert_eq!(
        (source.published_at, &*source.authors),
        (Some(1_388_318_400_000), &["Jo".into()][..])
    );
    assert_eq!(source.aliases, ["/2013/old"]);
}

/// The only post of a file.
fn one(post: &str) -> crate::front_matter::Found {
    let mut blog = ghost(post, &Neighbours::default());
    blog.posts.remove(0).found.unwrap()
}

fn texts(found: &crate::front_matter::Found) -> Vec<&str> {
    found.notes.iter().map(|note| note.text.as_str()).collect()
}

/// A published post with more fields.
fn post(more: Value) -> String {
    let mut post = serde_json::json!({
        "id": "p9", "title": "A", "slug": "a", "status": "published",
        "published_at": "2020-01-01T16:00:00.000Z",
    });
    for (key, value) in more.as_object().unwrap() {
        post[key] = value.clone();
    }
    post.to_string()
}

#[test]
fn what_ghost_shows_to_members_only_is_cut_out_of_a_public_post() {
    let begin = "<!--kg-gated-block:begin nonMember:false memberSegment:\"status:-free\" -->";
    let end = "<!--kg-gated-block:end-->";
    let unusual = "<!--kg-gated-block:begin memberSegment:";
    for (html, kept) in [
        (format!("<p>a</p>{begin}<p>secret</p>{end}<p>b</p>"), "a\n\nb\n"),
        (format!("{begin}secret{end}a{begin}secret{end}b"), "ab\n"),
        (format!("a{begin}<p>secret"), "a\n"),
        (format!("a{begin}secret{begin}secret{end}secret{end}b"), "ab\n"),
        ("a<!-- kg-gated-block : begin\nnonmember : false -->secret".to_owned(), "a\n"),
        (format!("a{unusual}\"\"-->secret"), "a\n"),
        (format!("a{unusual}\"nonMember:true\"-->secret"), "a\n"),
        ("a<!--kg-gated-block:begin nonMember:false secret".to_owned(), "a\n"),
    ] {
        let lexical = r#"{"root":{"children":[{"type":"text","text":"secret"}]}}"#;
        let text = serde_json::json!({"html": html, "plaintext": "secret", "lexical": lexical});
        let found = one(&post(text));
        assert_eq!(found.source.markdown, kept, "{html}");
        assert_eq!(texts(&found), [GATED], "{html}");
        assert!(!found.source.draft, "{html}");
    }
    let text = serde_json::json!({"html": format!("{begin}secret"), "plaintext": "secret"});
    let found = one(&post(text));
    assert!(found.source.draft && found.source.markdown.is_empty(), "{found:?}");
    let public = "a<!--kg-gated-block:begin nonMember:true memberSegment:\"\" -->b";
    assert_eq!(without_gated(&format!("{public}{end}c")), None);
}

#[test]
fn a_text_is_taken_from_whatever_field_has_it() {
    let lexical = serde_json::json!({"root": {"children": [
        {"type": "paragraph", "children": [{"type": "text", "text": "tide", "format": 1}]},
    ]}});
    let unknown = serde_json::json!({"root": {"children": [{"type": "poll"}]}});
    let mobiledoc = serde_json::json!({"sections": [[1, "p", [[0, [], 0, "tide"]]]]});
    for (fields, markdown, notes, is_draft) in [
        (serde_json::json!({"lexical": lexical.to_string()}), "**tide**\n", 0, false),
        (serde_json::json!({"mobiledoc": mobiledoc.to_string()}), "tide\n", 0, false),
        (serde_json::json!({"markdown": "# A\n\n- *b*"}), "# A\n\n- *b*", 0, false),
        (serde_json::json!({"plaintext": "*p*"}), "\\*p\\*\n", 1, false),
        (serde_json::json!({"lexical": "broken"}), "", 1, true),
        (serde_json::json!({"lexical": unknown.to_string()}), "", 2, true),
        (serde_json::json!({"lexical": null}), "", 1, false),
        (serde_json::json!({"status": "draft"}), "", 0, true),
    ] {
        let mut more = fields.clone();
        if fields.get("status").is_none() && fields.get("lexical") != Some(&Value::Null) {
            more["plaintext"] = fields.get("plaintext").cloned().unwrap_or("p".into());
        }
        let found = one(&post(more));
        assert_eq!(found.source.markdown, markdown, "{fields}");
        assert_eq!((texts(&found).len(), found.source.draft), (notes, is_draft), "{fields}");
    }
}

#[test]
fn posts_without_an_id_are_several_with_their_own_tags_and_authors() {
    let posts = [
        serde_json::json!({"title": "A", "slug": "a", "html": "a",
            "tags": [{"name": "Sea"}, "Sky", {"name": "#x"}], "authors": [{"name": "Ann"}]}),
        serde_json::json!({"title": "A", "slug": "b", "html": "a"}),
        serde_json::json!({"title": "B", "tags": 7}),
        serde_json::json!({"html": "c"}),
    ];
    let posts = posts.map(|post| post.to_string()).join(",");
    let blog = ghost(&posts, &Neighbours::default());
    let identities: Vec<&str> = blog.posts.iter().map(|post| post.identity.as_str()).collect();
    assert_eq!(identities, ["ghost:slug a", "ghost:slug b", "ghost:title B", "ghost:at 3"]);
    let source = &blog.posts[0].found.as_ref().unwrap().source;
    assert_eq!(source.tags, ["Sea", "Sky"]);
    assert_eq!(source.authors, ["Ann"]);
    assert_eq!(blog.posts[0].name, "post (a)");
    assert!(blog.posts[3].found.is_err());
}

#[test]
fn the_pattern_of_addresses_is_for_posts_and_not_for_pages() {
    let neighbours = Neighbours { permalink: Some("/:year/:slug/".into()), ..Default::default() };
    let aliases = |post: &str| {
        let blog = ghost(post, &neighbours);
        blog.posts[0].found.as_ref().unwrap().source.aliases.clone()
    };
    assert_eq!(aliases(POST), ["/2020/low-tide"]);
    assert_eq!(aliases(&POST.replace("\"post\"", "\"page\"")), ["/low-tide"]);
    assert_eq!(aliases(&POST.replace("\"public\"", "\"members\"")), ["/2020/low-tide"]);
}

#[test]
fn a_byte_order_mark_is_skipped_and_what_stays_behind_is_named() {
    let data = serde_json::json!({"data": {
        "posts": [{"id": 1, "title": "A", "html": "a", "codeinjection_head": "<script>"}],
        "users": [{"id": 1, "bio": "x"}],
        "settings": [{"key": "title", "value": "B"}, {"key": "navigation", "value": "[]"}],
    }});
    let text = format!("\u{feff}{data}");
    let blog = read(text.as_bytes(), &Neighbours::default()).unwrap();
    let found = blog.posts[0].found.as_ref().unwrap();
    assert_eq!(texts(found), ["code for its page (code injection) was left out"]);
    let notes = &blog.notes;
    assert_eq!(
        *notes,
        ["these do not come in: its title and description, what 1 of its authors say about \
             themselves"]
    );
}

#[test]
fn what_is_no_export_is_refused_with_the_line() {
    for (text, line, said) in [
        ("{\"db\":\n[", 2, "was cut off"),
        ("{}", 1, "no data"),
        ("{\"db\":[{\"data\":{\"posts\":\n7}}]}", 2, "invalid type"),
        ("{\"db\":[{]}", 1, "(column 9)"),
        ("", 1, "was cut off"),
    ] {
        let error = read(text.as_bytes(), &Neighbours::default()).unwrap_err();
        assert!(error.line == line && error.reason.contains(said), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn no_values_make_it_panic(values in prop::collection::vec(prop::sample::select(vec![
        "null", "1", "-1", "true", "\"\"", "\"p1\"", "[]", "{}", "1e300", "\"2020-13-01\"", "\"<p>a\"",
        "[1,{\"name\":\"a\"}]", "\"{}\"",
    ]), 20)) {
        let keys = ["id", "uuid", "title", "slug", "html", "markdown", "feature_image", "page", "type", "status",
            "visibility", "custom_excerpt", "author_id", "published_at", "plaintext",
            "email_only", "lexical", "mobiledoc", "tags", "authors"];
        let fields: Vec<String> =
            keys.iter().zip(&values).map(|(key, value)| format!("\"{key}\":{value}")).collect();
        let blog = ghost(&format!("{{{}}}", fields.join(",")), &Neighbours::default());
        prop_assert!(blog.posts.len() + blog.others.len() == 1);
    }
}
