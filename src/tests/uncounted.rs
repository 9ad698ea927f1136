//! How many views were not counted, on every kind of database.

use std::time::Duration;

use jiff::Timestamp;
use tidemark::model::view::Reason;
use tidemark::server::uncounted::Uncounted;
use tidemark_counting::visitor::day_of;
use tidemark_store::clock::Clock;

use crate::database::{NOW, execute, on_both};

/// A clock that shows [`NOW`].
fn clock() -> Clock {
    Clock::manual(Timestamp::from_millisecond(NOW.0).unwrap())
}

fn add(uncounted: &Uncounted, reasons: &[Reason]) {
    reasons.iter().for_each(|reason| uncounted.add(*reason));
}

#[test]
fn views_that_were_not_counted_are_added_up_by_reason_and_outlive_the_process() {
    on_both(async |database| {
        let clock = clock();
        let uncounted = || Uncounted::new(database.clone(), clock.clone());
        let (one, other) = (uncounted(), uncounted());
        add(&one, &[Reason::Repeat, Reason::Repeat, Reason::Crawler]);
        add(&other, &[Reason::Repeat, Reason::IpCap]);
        let (sums, since) = one.sums().await.unwrap();
        assert_eq!(since, day_of(NOW), "nothing is stored yet");
        assert_eq!(sums[..2], [(Reason::Repeat, 2), (Reason::Crawler, 1)], "what waits counts");
        one.step().await.unwrap();
        clock.advance(Duration::from_secs(24 * 60 * 60));
        other.step().await.unwrap();
        one.step().await.unwrap();
        let expected = [
            (Reason::Repeat, 3),
            (Reason::Crawler, 1),
            (Reason::Prefetch, 0),
            (Reason::IpCap, 1),
            (Reason::Author, 0),
        ];
        for process in [one, other, uncounted()] {
            assert_eq!(process.sums().await.unwrap(), (expected.to_vec(), day_of(NOW)));
        }
    });
}

#[test]
fn sums_that_can_not_be_written_wait_for_the_next_time() {
    on_both(async |database| {
        let uncounted = Uncounted::new(database.clone(), clock());
        add(&uncounted, &[Reason::Author]);
        execute(&database, "ALTER TABLE uncounted_views RENAME TO elsewhere").await;
        assert!(uncounted.step().await.is_err());
        add(&uncounted, &[Reason::Author]);
        execute(&database, "ALTER TABLE elsewhere RENAME TO uncounted_views").await;
        for _ in 0..2 {
            uncounted.step().await.unwrap();
            let (sums, _) = uncounted.sums().await.unwrap();
            assert_eq!(sums.last(), Some(&(Reason::Author, 2)));
        }
    });
}
