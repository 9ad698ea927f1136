//! Reads arbitrary text as an export of WordPress, and as the text of a post in one. Whatever is
//! read must be an article that a file can hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidemark_content::exports::wordpress::read;
use tidemark_content::front_matter::{parse, write};

const HEAD: &str = "<rss xmlns:wp=\"http://wordpress.org/export/1.2/\"><channel><item>\
    <title>x</title><wp:post_id>1</wp:post_id><wp:post_type>post</wp:post_type><content:encoded><![CDATA[";

fuzz_target!(|text: &str| {
    let post =
        format!("{HEAD}{}]]></content:encoded></item></channel></rss>", text.replace("]]>", ""));
    for file in [text, post.as_str()] {
        match read(file.as_bytes()) {
            Ok(blog) => {
                for found in blog.posts.into_iter().filter_map(|post| post.found.ok()) {
                    let written = write(&found.source);
                    assert!(parse("x", &written).is_ok(), "{written}");
                }
            }
            Err(error) => {
                assert!(error.line >= 1 && error.to_string().lines().count() == 1, "{error}");
            }
        }
    }
});
