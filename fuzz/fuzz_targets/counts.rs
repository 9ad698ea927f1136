//! An export of another counter: any file is read or refused, and its sums stay in their bounds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tidemark_content::counts::{LONGEST_ADDRESS, MOST_VIEWS, Options, Tally};

fuzz_target!(|input: &[u8]| {
    let mut tally = Tally::new(Options::default());
    let Ok(faults) = tally.add(input) else { return };
    for fault in faults {
        assert!(fault.line > 0 && !fault.to_string().contains('\n'));
    }
    let Ok(counts) = tally.finish() else { return };
    assert!(!counts.entries.is_empty());
    for entry in counts.entries {
        assert!((0..=MOST_VIEWS).contains(&entry.views));
        // Bytes that are no UTF-8 become a longer character each.
        assert!(entry.address.starts_with('/') && entry.address.len() <= LONGEST_ADDRESS * 3 + 1);
    }
});
