//! Seeded histories: whatever happens on the way, the laws hold in the end.
//!
//! `TMINUS_SIM_HISTORIES` says how many, `TMINUS_SIM_SEED` where to begin.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tminus_simulation::generate::history;
use tminus_simulation::run::{run, shrink};

const HISTORIES: u64 = 300;
const FIRST_SEED: u64 = 1;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn every_history_ends_with_every_law_kept() {
    let (count, first) = (number("TMINUS_SIM_HISTORIES", HISTORIES), number("TMINUS_SIM_SEED", FIRST_SEED));
    let next = AtomicU64::new(first);
    let failed = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first.saturating_add(count) {
                        return;
                    }
                    let violations = run(&history(seed));
                    if !violations.is_empty() {
                        failed.lock().expect("a lock").push((seed, violations));
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().expect("a lock");
    failed.sort();
    let Some((seed, violations)) = failed.first() else { return };
    for (seed, violations) in &failed {
        eprintln!("seed {seed}: {}", violations.first().map_or("", String::as_str));
    }
    let whole = history(*seed);
    eprintln!("seed {seed} fails: {violations:#?}\n{whole:?}");
    let least = shrink(&whole);
    panic!(
        "{} of {count} histories fail; the least of seed {seed}, for tests/reproductions.rs:\n{least:?}\n{:#?}",
        failed.len(),
        run(&least)
    );
}
