//! Parses arbitrary text as an article's file. Whatever parses must survive a round trip.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidemark_content::front_matter::{parse, write};

fuzz_target!(|text: &str| {
    // The first line is the file's name, which may supply the slug and the date.
    let (name, text) = text.split_once('\n').unwrap_or(("file", text));
    match parse(name, text) {
        Ok(source) => {
            let written = write(&source);
            assert_eq!(parse("other", &written).as_ref(), Ok(&source), "{written}");
        }
        Err(error) => assert!(error.line >= 1 && error.to_string().lines().count() == 1, "{error}"),
    }
});
