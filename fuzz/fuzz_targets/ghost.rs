//! Reads arbitrary text as an export of Ghost. Whatever is read must be an article that a file can
//! hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidemark_content::exports::ghost::{Neighbours, read};
use tidemark_content::front_matter::{parse, write};

fuzz_target!(|text: &str| {
    let neighbours = Neighbours {
        redirects: Some(text.to_owned()),
        routes: Some(text.to_owned()),
        ..Neighbours::default()
    };
    match read(text.as_bytes(), &neighbours) {
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
});
