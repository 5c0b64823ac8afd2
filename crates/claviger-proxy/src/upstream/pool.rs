//! All servers of the upstream: requests go to those that are well, one after the other.
//!
//! Names are looked up again and again, since what they stand for moves. What must stay true: a server that is not well gets
//! no request; where a name cannot be looked up, what it stood for stays.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use pingora::Result;
use pingora::lb::discovery::ServiceDiscovery;
use pingora::lb::selection::RoundRobin;
use pingora::lb::{Backend, Backends, Extensions, LoadBalancer};
use pingora::upstreams::peer::HttpPeer;
use tokio_util::sync::CancellationToken;

use super::Upstream;
use super::health::Health;

/// Names are looked up again after so long.
const LOOKED_UP_EVERY: Duration = Duration::from_secs(10);

/// A look-up takes no longer.
const LOOKED_UP_WITHIN: Duration = Duration::from_secs(5);

/// A connection to a server is kept for the next request for so long.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// For how long a server is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Until a connection to it is there, encrypted where it is to be.
    pub(crate) connect: Duration,
    /// For the next of its bytes, and until it takes the next of ours.
    pub(crate) idle: Duration,
}

/// Which of the servers that were named an address is of.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Which, from 0.
    pub(crate) at: usize,
    pub(crate) upstream: Arc<Upstream>,
}

/// The servers.
pub(crate) struct Pool {
    /// Looks the names up, and knows who is well.
    balancer: LoadBalancer<RoundRobin>,
    /// What the names stand for, as a request asks for it: made once, not for each.
    servers: ArcSwap<Vec<Server>>,
    /// Whose turn it is.
    turn: AtomicUsize,
    patience: Patience,
    checked_every: Duration,
}

struct Server {
    at: usize,
    address: SocketAddr,
    peer: HttpPeer,
    backend: Backend,
}

impl Server {
    fn new(backend: &Backend, patience: Patience) -> Option<Self> {
        let place = place(backend)?;
        let (address, peer) = (*backend.addr.as_inet()?, reached(backend, place, patience)?);
        Some(Self { at: place.at, address, peer, backend: backend.clone() })
    }
}

/// Of whom an address is.
pub(crate) fn place(backend: &Backend) -> Option<&Place> {
    backend.ext.get()
}

/// How it is reached.
pub(crate) fn reached(backend: &Backend, place: &Place, patience: Patience) -> Option<HttpPeer> {
    let address = *backend.addr.as_inet()?;
    let Upstream { is_encrypted, host, .. } = &*place.upstream;
    let mut peer = HttpPeer::new(address, *is_encrypted, host.clone());
    peer.options.connection_timeout = Some(patience.connect);
    peer.options.total_connection_timeout = Some(patience.connect);
    peer.options.read_timeout = Some(patience.idle);
    peer.options.write_timeout = Some(patience.idle);
    peer.options.idle_timeout = Some(KEPT_FOR);
    Some(peer)
}

impl Pool {
    /// Looks the names up.
    pub(crate) async fn open(
        upstreams: Vec<Upstream>,
        health: Health,
        patience: Patience,
        checked_every: Duration,
    ) -> Self {
        let mut backends = Backends::new(Box::new(Names::new(upstreams)));
        backends.set_health_check(Box::new(health));
        let (balancer, servers) = (LoadBalancer::from_backends(backends), ArcSwap::default());
        let pool = Self { balancer, servers, turn: AtomicUsize::new(0), patience, checked_every };
        pool.look_up().await;
        pool
    }

    /// The next server that is well, and another one than this if there is one; which one it is, and how it is reached.
    pub(crate) fn choose(&self, except: Option<SocketAddr>) -> Option<(usize, SocketAddr, HttpPeer)> {
        let (servers, backends) = (self.servers.load(), self.balancer.backends());
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = (0..servers.len()).map(|after| &servers[first.wrapping_add(after) % servers.len()]);
        let mut well = in_turn.filter(|server| backends.ready(&server.backend));
        let next = well.next()?;
        let other = if Some(next.address) == except { well.next().unwrap_or(next) } else { next };
        Some((other.at, other.address, other.peer.clone()))
    }

    /// Whether there is another one than this.
    pub(crate) fn has_another(&self, than: SocketAddr) -> bool {
        let backends = self.balancer.backends();
        backends.get_backend().iter().any(|backend| backend.addr.as_inet() != Some(&than) && backends.ready(backend))
    }

    /// Looks after the servers until the end.
    pub(crate) async fn look_after(self: Arc<Self>, end: CancellationToken) {
        let checking = async {
            loop {
                self.balancer.backends().run_health_check(true).await;
                tokio::time::sleep(self.checked_every).await;
            }
        };
        let looking_up = async {
            loop {
                tokio::time::sleep(LOOKED_UP_EVERY).await;
                self.look_up().await;
            }
        };
        tokio::select! {
            ((), ()) = async { tokio::join!(checking, looking_up) } => {}
            () = end.cancelled() => {}
        }
    }

    async fn look_up(&self) {
        if self.balancer.update().await.is_err() {
            tracing::warn!("the upstreams could not be looked up; what they stood for stays");
        }
        let found = self.balancer.backends().get_backend();
        let servers = found.iter().filter_map(|backend| Server::new(backend, self.patience));
        self.servers.store(Arc::new(servers.collect()));
    }
}

/// What the names stand for.
struct Names {
    places: Vec<Place>,
    /// The last that was found, by place.
    known: Mutex<HashMap<usize, Vec<SocketAddr>>>,
}

impl Names {
    fn new(upstreams: Vec<Upstream>) -> Self {
        let places = upstreams.into_iter().enumerate();
        let places = places.map(|(at, upstream)| Place { at, upstream: Arc::new(upstream) }).collect();
        Self { places, known: Mutex::default() }
    }

    async fn addresses(&self, place: &Place) -> Vec<SocketAddr> {
        let Upstream { host, port, .. } = &*place.upstream;
        let looked_up = tokio::time::timeout(LOOKED_UP_WITHIN, tokio::net::lookup_host((host.as_str(), *port))).await;
        let found: Vec<SocketAddr> = looked_up.ok().and_then(Result::ok).map(Iterator::collect).unwrap_or_default();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if found.is_empty() {
            tracing::warn!(upstream = place.at, "the name of an upstream cannot be looked up");
            return known.get(&place.at).cloned().unwrap_or_default();
        }
        known.insert(place.at, found.clone());
        found
    }
}

#[async_trait]
impl ServiceDiscovery for Names {
    async fn discover(&self) -> Result<(BTreeSet<Backend>, HashMap<u64, bool>)> {
        let mut backends = BTreeSet::new();
        for place in &self.places {
            for address in self.addresses(place).await {
                let mut ext = Extensions::new();
                ext.insert(place.clone());
                backends.insert(Backend {
                    addr: pingora::protocols::l4::socket::SocketAddr::Inet(address),
                    weight: 1,
                    ext,
                });
            }
        }
        Ok((backends, HashMap::new()))
    }
}
