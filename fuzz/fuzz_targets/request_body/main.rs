//! Requests whose body, query, path and idempotency key are arbitrary bytes, through the whole router on a real store.
//!
//! - `sent`: what request an input stands for.
//! - `world`: the node that answers, with its accounts, in memory-backed files where there are any.
//! - `answer`: what must be true of every answer.
#![no_main]

mod answer;
mod sent;
mod world;

use std::sync::{LazyLock, Mutex, PoisonError};

use libfuzzer_sys::{Corpus, fuzz_target};

use self::sent::Sent;
use self::world::World;

static WORLD: LazyLock<Mutex<World>> = LazyLock::new(|| Mutex::new(World::new()));

fuzz_target!(|data: &[u8]| -> Corpus {
    let mut world = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(sent) = Sent::read(data) else { return Corpus::Reject };
    // The fuzzer learns secrets from the comparisons it watches. What says one itself may be answered with it.
    if world.secrets().iter().any(|secret| sent.says(secret)) {
        return Corpus::Reject;
    }
    let answer = world.answer(&sent);
    answer.check(&sent, &world);
    world.age(&sent, &answer);
    Corpus::Keep
});
