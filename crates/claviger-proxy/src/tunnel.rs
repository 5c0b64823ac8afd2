//! Looks after a connection that was upgraded, on which nothing may be said for hours: it ends when its caller is refused.
//!
//! What is said on it is asked about piece by piece ([`carrier`](super::carrier)); this is for when nothing is.

use std::sync::Arc;
use std::time::Duration;

use claviger::gateway::InProcess;
use claviger::gateway::in_process::{Carried, Left};
use http::StatusCode;
use tokio_util::sync::CancellationToken;

/// Credentials expire without news.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(1);

/// A connection that was upgraded.
pub(crate) struct Tunnel {
    pub(crate) checks: InProcess,
    /// The request that opened it.
    pub(crate) carried: Arc<Carried>,
    /// Which upstream is at its other end.
    pub(crate) upstream: Option<usize>,
    /// Ends it.
    pub(crate) cut: CancellationToken,
    /// It has ended.
    pub(crate) over: CancellationToken,
}

/// Cuts the connection as soon as the request that opened it would be refused, until it is over.
pub(crate) async fn look_after(Tunnel { checks, carried, upstream, cut, over }: Tunnel) {
    let mut news = checks.news();
    loop {
        tokio::select! {
            () = over.cancelled() => return,
            told = news.changed() => if told.is_err() { return },
            () = tokio::time::sleep(LOOKED_AT_EVERY) => {}
        }
        if let Err(refused) = checks.check_piece(&carried) {
            let status = Some(StatusCode::SWITCHING_PROTOCOLS);
            checks.leaves(&carried, Left { status, upstream, cut_off: Some(refused.code()) });
            cut.cancel();
            return;
        }
    }
}
