//! The sign-in throttle: the implementations in memory and in Redis both agree with a simple model.

use std::collections::HashMap;

use proptest::prelude::*;
use tidemark::server::accounts::throttle::{Kind, Origin, Throttle};
use tidemark_store::clock::Millis;
use tidemark_store::redis::Redis;

const SECOND: i64 = 1000;

#[derive(Clone, Debug)]
enum Action {
    Attempt,
    /// Takes the last attempt back, and with `true` also the wait that it caused.
    GiveBack(bool),
    Forget,
}

/// Index of the origin, what happens to it, and how many milliseconds pass afterwards.
fn actions() -> impl Strategy<Value = Vec<(usize, Action, i64)>> {
    let action = prop_oneof![
        12 => Just(Action::Attempt),
        3 => any::<bool>().prop_map(Action::GiveBack),
        1 => Just(Action::Forget),
    ];
    let passes = prop_oneof![3 => Just(0i64), 2 => 1i64..3_000, 1 => Just(20 * 60 * SECOND)];
    prop::collection::vec((0usize..3, action, passes), 1..120)
}

/// The model of one origin: how many attempts there were, and when the next one is allowed.
#[derive(Clone, Copy, Default)]
struct Model {
    count: u32,
    allowed_at: i64,
    last_at: i64,
}

impl Model {
    fn wait(kind: Kind, count: u32) -> i64 {
        let (free, longest) = match kind {
            Kind::Pair | Kind::Device | Kind::Session => (5, 900 * SECOND),
            Kind::Address => (20, 900 * SECOND),
            Kind::Network => (100, 900 * SECOND),
            Kind::Name => (100, 120 * SECOND),
        };
        if count < free {
            0
        } else {
            2_i64.saturating_pow(count - free).saturating_mul(SECOND).min(longest)
        }
    }

    fn attempt(&mut self, kind: Kind, now: i64) -> i64 {
        if now < self.allowed_at {
            return self.allowed_at - now;
        }
        self.count += 1;
        self.allowed_at = now + Self::wait(kind, self.count);
        self.last_at = now;
        0
    }

    fn give_back(&mut self, kind: Kind, with_wait: bool) {
        if self.count == 0 {
            return;
        }
        if with_wait && self.allowed_at == self.last_at + Self::wait(kind, self.count) {
            self.allowed_at = self.last_at;
        }
        self.count -= 1;
    }
}

async fn agrees_with_the_model(
    throttle: Throttle,
    actions: Vec<(usize, Action, i64)>,
) -> Result<(), TestCaseError> {
    let kinds = [Kind::Pair, Kind::Address, Kind::Name];
    let first = first_of_a_case();
    let mut models = HashMap::<usize, Model>::new();
    let mut now = 1_800_000_000_000;
    for (which, action, passes) in actions {
        let (kind, model) = (kinds[which], models.entry(which).or_default());
        let origin = Origin::new(kind, first + which as u64);
        match action {
            Action::Attempt => {
                // Several at once, so that a name reaches its limit too.
                let times = if kind == Kind::Name { 12 } else { 2 };
                for _ in 0..times {
                    prop_assert_eq!(
                        throttle.attempt(origin, Millis(now)).await.unwrap(),
                        model.attempt(kind, now)
                    );
                }
            }
            Action::GiveBack(with_wait) => {
                throttle.give_back(origin, Millis(model.last_at), with_wait).await.unwrap();
                model.give_back(kind, with_wait);
            }
            Action::Forget => {
                throttle.forget(origin).await.unwrap();
                *model = Model::default();
            }
        }
        now += passes;
    }
    Ok(())
}

/// The first of this case's origins. Cases share a Redis, so each uses its own.
fn first_of_a_case() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(10, Ordering::Relaxed)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_throttle_in_memory_agrees_with_a_simple_model(actions in actions()) {
        run(agrees_with_the_model(Throttle::in_memory(), actions))?;
    }
}

#[test]
fn the_throttle_in_redis_agrees_with_a_simple_model() {
    let server = tidemark_servers::Redis::start();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 32,
        ..ProptestConfig::default()
    });
    let ran = runner.run(&actions(), |actions| {
        run(async {
            agrees_with_the_model(Throttle::Redis(Redis::new(&server.url()).unwrap()), actions)
                .await
        })
    });
    ran.unwrap();
    // Every key has a TTL, whatever was taken back.
    for key in server.command(&["KEYS", "tm:attempts:*"]).lines() {
        let left: i64 = server.command(&["PTTL", key]).trim().parse().unwrap();
        assert!(left > 0, "{key} never expires");
    }
}
