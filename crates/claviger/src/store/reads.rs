//! Connections for reading what the image does not hold, several at a time.
//!
//! What must stay true: they lead where the last report has ended, so that nothing is read from a database that was replaced. Whatever was
//! opened before that is left behind, also what was on its way.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::AnyPool;
use sqlx::any::AnyPoolOptions;

use super::addresses::{Addresses, Turn};
use super::connector::set_up;

/// Connections that read at the same time.
const READERS_MAX: u32 = 8;

/// A request waits at most this long for a connection.
const CONNECTION_WITHIN: Duration = Duration::from_secs(5);

/// Clones share their connections.
#[derive(Clone)]
pub(super) struct Reads {
    addresses: Addresses,
    settings: &'static str,
    pool: Arc<Mutex<(Turn, AnyPool)>>,
}

impl Reads {
    pub(super) fn new(addresses: Addresses, settings: &'static str) -> Self {
        let pool = Arc::new(Mutex::new(opened(&addresses, settings)));
        Self { addresses, settings, pool }
    }

    /// The connections that are of use now.
    pub(super) fn pool(&self) -> AnyPool {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.0 != self.addresses.read_from().1 {
            *pool = opened(&self.addresses, self.settings);
        }
        pool.1.clone()
    }
}

/// Nothing is connected before it is asked for.
fn opened(addresses: &Addresses, settings: &'static str) -> (Turn, AnyPool) {
    let (options, turn) = addresses.read_from();
    let pool = AnyPoolOptions::new()
        .max_connections(READERS_MAX)
        .acquire_timeout(CONNECTION_WITHIN)
        .after_connect(move |connection, _| Box::pin(async move { set_up(connection, settings).await.map(|_| ()) }))
        .connect_lazy_with(options.clone());
    (turn, pool)
}
