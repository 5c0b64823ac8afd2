//! A whole check, from the request to its answer, without the network: what is between reading a head and writing one.
//!
//! Beside it an empty handler of the same server, and `/api/app/me`. Rounds alternate; the median counts. What the check
//! allocates is held fast: a change that allocates more ends the run.

use std::hint::black_box;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, header};
use clap::Parser;
use claviger::api::{self, Peer, TrustedProxies};
use claviger::clock;
use claviger::gateway::checks::Front;
use claviger::gateway::forward_auth::OriginalRequest;
use claviger::gateway::{Asking, Checks};
use claviger::node::{House, Node};
use claviger::store::Location;
use claviger_bench::counting::{Counting, allocations};
use claviger_bench::{Ids, authorization};
use tower::ServiceExt;

/// Measure whole requests, without the network
#[derive(Parser)]
struct Options {
    /// A store that `population` filled
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// How many accounts it has
    #[arg(long, value_name = "N")]
    accounts: u64,

    /// Rounds of each kind
    #[arg(long, value_name = "N", env = "BENCH_RUNS", default_value_t = 5)]
    rounds: usize,
}

/// Requests that are made at once, before the clock is read.
const BLOCK: usize = 500;

/// Blocks of a round.
const BLOCKS: usize = 200;

/// What is read of base64; the request's id, its header's name and value; the values of the headers for the upstream and what
/// shares them; and the two parts of their map.
const ALLOCATIONS_OF_A_CHECK: f64 = 8.0;

#[global_allocator]
static COUNTING: Counting = Counting;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Options { data, accounts, rounds } = Options::parse();
    let house = House::at(Location::Folder(data.clone()), data.join("audit.key"));
    let (node, running) = Node::start(house, |_| {}).await?;
    let asking = Asking { original: OriginalRequest::XForwarded, credential: header::AUTHORIZATION };
    let checks = Checks::new(node.clone(), TrustedProxies::default(), None, asking);
    let front = checks.over_http1(api::router(node, TrustedProxies::default()));
    let account = accounts / 2;
    let ids = Ids::of(accounts);
    let project = ids.project(ids.projects_of(account)[0]);
    let kinds = [
        ("an empty handler", "/healthz".to_owned()),
        ("the check, of any credential", "/auth/check".to_owned()),
        ("the check, of a role in a project", format!("/auth/check?project={project}&role=consumer")),
        ("/api/app/me", "/api/app/me".to_owned()),
    ];
    let mut measured = vec![Vec::new(); kinds.len()];
    for round in 0..rounds {
        for place in 0..kinds.len() {
            let kind = (place + round) % kinds.len();
            measured[kind].push(measure(&front, &kinds[kind].1, account).await);
        }
    }
    println!("| request | ns | allocations |\n| --- | ---: | ---: |");
    for ((name, _), mut rounds) in kinds.into_iter().zip(measured) {
        rounds.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (nanoseconds, allocated) = rounds[rounds.len() / 2];
        println!("| {name} | {nanoseconds:.0} | {allocated:.1} |");
        assert!(
            !name.starts_with("the check") || allocated.round() <= ALLOCATIONS_OF_A_CHECK,
            "the check allocates more"
        );
    }
    running.stop().await;
    Ok(())
}

/// Nanoseconds and allocations of a request.
async fn measure(front: &Front, path: &str, account: u64) -> (f64, f64) {
    let address = SocketAddr::from(([127, 0, 0, 1], 40_000));
    let peer = Peer { address, doubtful: Default::default() };
    let (mut elapsed, mut allocated) = (Duration::ZERO, 0);
    for _ in 0..BLOCKS {
        let requests: Vec<Request> = (0..BLOCK)
            .map(|_| {
                let request = Request::get(path).header(header::HOST, "localhost").extension(peer.clone());
                let request = request.header(header::AUTHORIZATION, authorization(account));
                request.header(HeaderName::from_static("user-agent"), "bench").body(Body::empty()).expect("a request")
            })
            .collect();
        let (before, started) = (allocations(), clock::instant());
        for request in requests {
            let Ok(answer) = front.clone().oneshot(request).await;
            assert!(black_box(answer).status().is_success());
        }
        elapsed += started.elapsed();
        allocated += allocations() - before;
    }
    let requests = (BLOCK * BLOCKS) as f64;
    (elapsed.as_nanos() as f64 / requests, allocated as f64 / requests)
}
