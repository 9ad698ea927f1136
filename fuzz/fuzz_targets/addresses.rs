//! Checks arbitrary text as the address of a cover picture and of the site. A browser must read an
//! accepted cover address the same way. An accepted site address must be safe in an attribute.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidemark_content::address::base_url;
use tidemark_content::front_matter::is_picture_address;
use url::Url;

fuzz_target!(|text: &str| {
    if is_picture_address(text) {
        let site = Url::parse("http://blog.example/articles/a").expect("an address");
        let cover = site.join(text).expect("an address");
        if text.starts_with('/') {
            assert_eq!(cover.host_str(), Some("blog.example"), "{text:?}");
        } else {
            assert_eq!(cover.scheme(), "https", "{text:?}");
        }
    }
    match base_url(text) {
        Ok(base) => {
            assert!(!base.contains(['"', '\'', '<', '>', ' ', '?', '#']) && !base.ends_with('/'), "{base:?}");
            assert_eq!(base_url(&base).as_ref(), Ok(&base));
        }
        Err(reason) => assert_eq!(reason.lines().count(), 1, "{reason}"),
    }
});
