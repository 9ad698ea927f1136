//! Strips arbitrary bytes as each kind of picture, and checks them as a whole file. Stripping must
//! be idempotent, and a file that was accepted must be accepted again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidemark_content::pictures::check::check;
use tidemark_content::pictures::strip::strip;
use tidemark_content::pictures::{Kind, icc};

fuzz_target!(|bytes: &[u8]| {
    for kind in Kind::ALL {
        if let Some(stripped) = strip(kind, bytes) {
            let again = strip(kind, &stripped.bytes).expect("what is left is whole");
            assert!(again.bytes == stripped.bytes, "{kind:?}: there was something left to take out");
            assert_eq!((again.frames, again.passes), (stripped.frames, stripped.passes));
        }
    }
    if let Some(profile) = icc::clean(bytes) {
        assert_eq!(icc::clean(&profile).as_ref(), Some(&profile));
    }
    if let Ok(checked) = check(bytes) {
        let again = check(&checked.bytes).expect("what is taken can be taken again");
        assert_eq!(again.size, checked.size);
    }
});
