//! Parses arbitrary bytes as a form. All values must be storable and survive a round trip.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidemark_content::characters::is_storable;
use tidemark_content::form::{SECRET, fields};

fuzz_target!(|body: &[u8]| {
    let read: Vec<(String, String)> = fields(body).collect();
    for (name, value) in &read {
        assert!(name.contains(SECRET) || value.chars().all(is_storable), "{name:?}: {value:?}");
    }
    let written = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&read).finish();
    assert_eq!(fields(written.as_bytes()).collect::<Vec<_>>(), read);
});
