//! A deterministic simulation of several nodes over one database, of the code that runs: nodes with their API, writer, membership and
//! store; only the database's driver, the clocks, the random bytes and the threads are others.
//!
//! A seed decides everything: how long messages take, which node is killed, stopped or cut off and when, when the database restarts,
//! is slow or fails. Every answer is recorded, and [`history`] says what it may be. `CLAVIGER_SIMULATION_SEEDS` says how many are tried,
//! `CLAVIGER_SIMULATION_SEED` repeats one, with its log.
//!
//! What must stay true: the same seed does the same, or a failure could not be looked into.

pub(crate) mod here;

#[path = "../tests/support/chance.rs"]
mod chance;
mod clients;
mod database;
mod driver;
mod history;
mod message;
mod template;
mod world;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use self::history::Counts;
use self::template::Template;

/// Nothing is broken by it that one more seed would not be.
const SEEDS: u64 = 1_000;

/// The drivers of all tests in this process.
pub(crate) fn install_drivers() {
    static DRIVERS: [sqlx_core::any::driver::AnyDriver; 2] = [sqlx::sqlite::any::DRIVER, driver::DRIVER];
    // Installed already.
    _ = sqlx::any::install_drivers(&DRIVERS);
}

fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    TEMPLATE.get_or_init(Template::make)
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a whole number"))
}

#[test]
fn what_was_answered_holds_at_every_node_whatever_fails() {
    if let Some(seed) = from_environment("CLAVIGER_SIMULATION_SEED") {
        _ = tracing_subscriber::fmt().with_ansi(false).with_max_level(tracing::Level::DEBUG).try_init();
        let outcome = world::run(seed, template());
        println!("{:?}, {} faults: {:#?}", outcome.counts, outcome.faults, outcome.violations);
        assert!(outcome.violations.is_empty());
        return;
    }
    let first = getrandom::u64().expect("random bytes") >> 16;
    let seeds = from_environment("CLAVIGER_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let template = template();
    let (next, faults) = (AtomicU64::new(0), AtomicU64::new(0));
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get());
    let work = || {
        let mut counts = Counts::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= seeds {
                return counts;
            }
            let seed = first + number;
            let outcome = world::run(seed, template);
            assert!(
                outcome.violations.is_empty(),
                "CLAVIGER_SIMULATION_SEED={seed}: {} violations, such as {}",
                outcome.violations.len(),
                outcome.violations[0]
            );
            faults.fetch_add(outcome.faults, Ordering::Relaxed);
            counts = counts.and(outcome.counts);
        }
    };
    let counts = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ended =
            running.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        ended.fold(Counts::default(), Counts::and)
    });
    println!("{seeds} seeds from {first}, {} faults, 0 violations: {counts:?}", faults.into_inner());
    assert!(
        counts.writes > 20 * seeds && counts.let_in > 100 * seeds && counts.refused > 50 * seeds,
        "too little was done: {counts:?}"
    );
}

#[test]
fn the_same_seed_does_the_same() {
    for seed in 0..3 {
        let [first, second] = [(); 2].map(|()| world::run(seed, template()).said);
        let differs = first.iter().zip(&second).find(|(first, second)| first != second);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
}
