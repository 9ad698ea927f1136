//! Random schedules of changes and deaths, after which the index agrees with SQL.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tidemark::server::db::articles::Status;
use tidemark::server::search::open_search::{Batch, Failure, OpenSearch};
use tidemark_counting::ArticleId;
use tidemark_store::failpoint::Variant;

use super::{Place, node, wait_until_back, with_text};

/// The result; `None` if OpenSearch is away and may be.
fn unless_away<T>(result: Result<T, Failure>, may_be_away: bool) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(Failure::Away(_)) if may_be_away => None,
        Err(failure) => panic!("{failure}"),
    }
}

/// Random changes of all kinds, with rebuilds, and with workers that die, sleep and wake up late.
/// If the node is the test's own, it dies three times, in the middle of a step or a rebuild.
/// Returns whether the index agrees with SQL after one quiet step.
fn agrees_after_schedule(
    place: &Place,
    seed: u64,
    worker: &OpenSearch,
    mut own: Option<&mut tidemark_servers::OpenSearch>,
) -> bool {
    let mut random = StdRng::seed_from_u64(seed);
    let server = &place.server;
    let mut ids: Vec<ArticleId> = (0..4)
        .map(|number| {
            let slug = format!("seed-{seed}-{number}");
            place.add(&with_text(&slug, "Title", &format!("Text {number}.")))
        })
        .collect();
    let mut asleep: Vec<Batch> = Vec::new();
    let mut is_dead = false;
    for turn in 0..60 {
        if let Some(node) = &mut own
            && turn % 10 == 9
        {
            if is_dead {
                node.restart();
                wait_until_back(place);
            } else {
                let (worker, rebuilds) = (worker.clone(), random.random_bool(0.5));
                let work = server.spawn(async move {
                    match rebuilds {
                        true => worker.rebuild().await.map(drop),
                        false => worker.step().await.map(drop),
                    }
                });
                std::thread::sleep(Duration::from_millis(random.random_range(0..30)));
                node.kill();
                unless_away(server.run(work).unwrap(), true);
            }
            is_dead = !is_dead;
        }
        let id = ids[random.random_range(0..ids.len())];
        match random.random_range(0..14) {
            0 | 1 => place.set_text(id, &format!("Text of turn {turn}.")),
            2 => place.change(id, |fields| fields.title = format!("Title of turn {turn}")),
            3 => place.change(id, |fields| fields.status = Status::Draft),
            4 => place.change(id, |fields| fields.status = Status::Published),
            5 => place.delete(id, true),
            6 => place.delete(id, false),
            7 => place.count(id, random.random_range(1..50)),
            8 => {
                let slug = format!("seed-{seed}-turn-{turn}");
                ids.push(place.add(&with_text(&slug, "New", &format!("New in turn {turn}."))));
            }
            12 => place.render_again(id, &format!("Rendered again in turn {turn}.")),
            13 => _ = unless_away(server.run(worker.rebuild()), is_dead),
            // Falls asleep with a batch, or dies with it.
            9 => asleep.extend(server.run(worker.take(ArticleId(0))).unwrap()),
            // Wakes up, or dies after writing.
            10 if !asleep.is_empty() => {
                let batch = asleep.swap_remove(random.random_range(0..asleep.len()));
                if let Some(written) = unless_away(server.run(worker.write(batch)), is_dead)
                    && random.random_bool(0.5)
                {
                    server.run(worker.forget(written)).unwrap();
                }
            }
            _ => _ = unless_away(server.run(worker.step()), is_dead),
        }
    }
    let node: &tidemark_servers::OpenSearch = match own {
        Some(node) => {
            if is_dead {
                node.restart();
                wait_until_back(place);
            }
            node
        }
        None => node(),
    };
    for batch in asleep {
        let written = server.run(worker.write(batch)).unwrap();
        server.run(worker.forget(written)).unwrap();
    }
    server.run(worker.step()).unwrap();
    server.run(worker.bring_counts()).unwrap();
    place.in_index(node) == place.in_sql()
}

#[test]
fn after_any_schedule_of_changes_and_deaths_one_quiet_step_makes_index_and_sql_agree() {
    let Some(place) = Place::shared() else { return };
    for seed in 0..6 {
        assert!(agrees_after_schedule(&place, seed, &place.open_search, None), "seed {seed}");
        place.assert_agrees(node());
    }
}

#[test]
fn after_a_schedule_in_which_opensearch_dies_too_one_quiet_step_makes_index_and_sql_agree() {
    if !tidemark_servers::OpenSearch::is_available() {
        return;
    }
    let mut node = tidemark_servers::OpenSearch::start();
    let place = Place::on(&node, &node.url());
    place.step();
    assert!(agrees_after_schedule(&place, 1, &place.open_search, Some(&mut node)));
    place.assert_agrees(&node);
}

/// Without external versions, a worker that wakes up late puts an old text back.
#[test]
fn the_schedule_notices_versions_that_opensearch_counts_itself() {
    let Some(place) = Place::shared() else { return };
    let broken = place.open_search.clone().broken(Variant::InternalVersions);
    let is_noticed = (0..6).any(|seed| !agrees_after_schedule(&place, seed, &broken, None));
    assert!(is_noticed);
}
