//! `claviger serve`: opens the house.
//!
//! On an empty store it founds the first organization and hands the owner's secret over, once. It never does that again. As
//! long as no owner is a person, each start hands over a link for one, and so does the signal USR1.

pub mod beside;
pub mod gateway;
pub mod metrics;
pub mod outside;
mod supervisor;

use std::io::IsTerminal;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use clap::builder::BoolishValueParser;
use claviger_access::administration::organization::Found;
use claviger_access::identity::UsernameSuffix;
use claviger_access::policy::network;
use indicatif::{ProgressBar, ProgressStyle};
use ipnet::IpNet;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use self::beside::{Beside, Surroundings};
use self::gateway::{Followed, GatewayOptions};
use self::metrics::MetricsOptions;
use self::outside::OutsideOptions;
use super::host::{self, HostFailed};
use super::set_up_link::{self, Asked};
use super::shown_once::Handover;
use crate::api::{self, TrustedProxies};
use crate::clock;
use crate::config::{AuditKeyOptions, NodeOptions, StateOptions, StoreOptions};
use crate::console::{self, Outside, Transport};
use crate::gateway::Checks;
use crate::gateway::watched_table::WatchedTable;
use crate::listener::{self, Apps, Limits};
use crate::metrics_page;
use crate::node::{House, Node, Running};
use crate::nodes_page;
use crate::store::load::Progress;
use crate::telemetry::LogOptions;
use crate::writer::WriteError;

/// A bar is shown where loading is worth one.
const BAR_FROM: usize = 50_000;

/// Run the server
#[derive(Args, Debug)]
pub struct Serve {
    #[command(flatten)]
    store: StoreOptions,

    #[command(flatten)]
    audit_key: AuditKeyOptions,

    #[command(flatten)]
    among_others: NodeOptions,

    #[command(flatten)]
    state: StateOptions,

    #[command(flatten)]
    log: LogOptions,

    #[command(flatten)]
    outside: OutsideOptions,

    #[command(flatten)]
    gateway: GatewayOptions,

    #[command(flatten)]
    metrics: MetricsOptions,

    /// Where to listen
    #[arg(long, value_name = "ADDR", env = "CLAVIGER_LISTEN", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,

    /// TLS: the certificate chain, PEM
    #[arg(long, value_name = "FILE", env = "CLAVIGER_TLS_CERTIFICATE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,

    /// TLS: the private key, PEM
    #[arg(long, value_name = "FILE", env = "CLAVIGER_TLS_KEY", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,

    /// A proxy in front carries TLS: do not warn about listening beyond loopback without it
    #[arg(long, env = "CLAVIGER_BEHIND_TLS", value_parser = BoolishValueParser::new())]
    behind_tls: bool,

    /// A proxy in front, or a network of them: its X-Forwarded-For says where a request comes from. Several are parted by
    /// commas
    #[arg(long, value_name = "CIDR", env = "CLAVIGER_TRUSTED_PROXY", value_delimiter = ',', value_parser = network)]
    trusted_proxy: Vec<IpNet>,

    /// Where the first owner's secret goes, instead of the terminal. Where standard output is no terminal: owner-secret
    /// in the data folder, unless named here
    #[arg(long, value_name = "FILE", env = "CLAVIGER_SECRET_FILE")]
    secret_file: Option<PathBuf>,

    /// The last part of every username, of a store that is set up now
    #[arg(long, value_name = "S", env = "CLAVIGER_USERNAME_SUFFIX", default_value = "service-account")]
    username_suffix: String,

    /// Remove audit events that are older: 400d, 12h; without it they are kept for ever
    #[arg(long, value_name = "TIME", env = "CLAVIGER_AUDIT_RETENTION", value_parser = retention)]
    audit_retention: Option<i64>,

    /// Seconds that a connection may idle, and that a request's head may take; keep it above what gateways pool for
    #[arg(long, value_name = "SECONDS", env = "CLAVIGER_IDLE_SECONDS", default_value_t = 75, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    idle_seconds: u64,

    /// Open connections in all
    #[arg(long, value_name = "N", env = "CLAVIGER_CONNECTIONS_MAX", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    connections_max: u32,

    /// Open connections of one address
    #[arg(long, value_name = "N", env = "CLAVIGER_CONNECTIONS_OF_ONE_ADDRESS_MAX", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    connections_of_one_address_max: u32,
}

impl Serve {
    /// Serves until SIGTERM or SIGINT; then finishes what runs.
    pub async fn run(self) -> Result<(), HostFailed> {
        self.open(None).await
    }

    /// The same, with something beside it in the same process.
    pub async fn run_beside(self, beside: Beside) -> Result<(), HostFailed> {
        self.open(Some(beside)).await
    }

    async fn open(self, beside: Option<Beside>) -> Result<(), HostFailed> {
        forbid_core_dumps();
        self.log.start()?;
        let started = clock::instant();
        let outside = self.outside.read()?;
        let routes = self.gateway.routes()?;
        if beside.is_some() && routes.is_none() {
            return Err(HostFailed::NoRoutes);
        }
        let stop = stop_on_signal("stopping: running requests are finished")?;
        // From here on it ends no process.
        let asked_again = signal(SignalKind::user_defined1()).map_err(signals_failed)?;
        let tls = match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => Some(listener::acceptor(certificate, key)?),
            _ => None,
        };
        let bound = TcpListener::bind(self.listen).await;
        let bound = bound.map_err(|reason| HostFailed::System { what: self.listen.to_string(), reason })?;
        let address =
            bound.local_addr().map_err(|reason| HostFailed::System { what: self.listen.to_string(), reason })?;
        let metrics = self.metrics.bind().await?;
        let house = host::house(self.store.location()?, &self.store, &self.audit_key)?;
        let among_others = self.among_others.among_others();
        let state = self.state.folder();
        if state.is_none() {
            tracing::warn!(
                "there is no folder to keep in how far the store has come: name one with --state, or a store that is restored is not noticed"
            );
        }
        let house = House { audit_retention: self.audit_retention, among_others, state, ..house };
        let new_key = (!house.audit_key.exists()).then(|| house.audit_key.clone());
        let (node, running) = tokio::select! {
            opened = Node::open(house, progress_bar()) => opened?,
            () = stop.cancelled() => return Ok(()),
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        if tls.is_none() && !self.behind_tls && !address.ip().is_loopback() {
            tracing::warn!(
                "listening on {address} without TLS: secrets cross the network in clear; give --tls-certificate and --tls-key, or --behind-tls if a proxy in front carries TLS"
            );
        }
        let table = routes.as_ref().map(|routes| Arc::clone(&routes.table));
        let start = Start { address, scheme, started, new_key, asked_again, table };
        let reached = Reached { bound, tls, outside, routes, metrics, beside, start };
        self.answer(node, running, reached, stop).await
    }

    /// Answers from now on: 503 while the directory is loaded. Then founds, where there is nothing.
    async fn answer(
        &self,
        node: Node,
        mut running: Running,
        reached: Reached,
        stop: CancellationToken,
    ) -> Result<(), HostFailed> {
        let Reached { bound, tls, outside, routes, metrics, beside, start } = reached;
        let address = start.address;
        // Ends the listener also where the start fails; what it answers then is finished as at any other end.
        let closing = stop.child_token();
        let failed = running.failed();
        let trusted: TrustedProxies = self.trusted_proxy.iter().copied().collect();
        let transport = self.transport(address, tls.is_some());
        let pages = console::router(node.clone(), transport, outside, trusted.clone(), closing.clone());
        let table = start.table.clone();
        let proxied = beside.as_ref().map(|_| Arc::clone(node.metrics.proxy.get_or_init(Arc::default)));
        if let Some(bound) = metrics {
            let page = metrics_page::router(&node, table.as_deref()).merge(nodes_page::router(&node));
            tokio::spawn(metrics::serve(bound, page, closing.clone()));
        }
        let checks = Checks::new(node.clone(), trusted.clone(), table, self.gateway.asking());
        let limits = self.limits(beside.is_some());
        let beside = beside.zip(proxied.and_then(|answers| checks.in_process(answers))).map(|(beside, checks)| {
            let connections = node.metrics.connections.clone();
            beside(Surroundings { checks, tls: tls.clone(), limits, connections, stop: closing.clone() })
        });
        let connections = node.metrics.connections.clone();
        let http1 = checks.over_http1(api::router(node.clone(), trusted).merge(pages));
        let apps = Apps { http1, http2: checks.over_http2() };
        routes.map(|routes| tokio::spawn(routes.follow(closing.clone())));
        let listening = listener::serve(bound, tls, apps, limits, connections, closing.clone());
        let serving = async {
            let beside = async {
                if let Some(beside) = beside {
                    beside.await;
                }
            };
            tokio::select! {
                ((), ()) = async { tokio::join!(listening, beside) } => {}
                () = failed.cancelled() => {}
            }
        };
        let ends = Ends { stop, closing, failed: failed.clone() };
        let beginning = self.begin(&node, &mut running, start, &ends);
        let (begun, ()) = tokio::join!(beginning, serving);
        running.stop().await;
        if failed.is_cancelled() {
            return Err(HostFailed::TaskFailed);
        }
        begun?;
        tracing::info!("stopped");
        Ok(())
    }

    /// Waits until the directory is loaded, and founds where there is nothing; then offers links for the first owner
    /// whenever it is asked for one.
    async fn begin(&self, node: &Node, running: &mut Running, start: Start, ends: &Ends) -> Result<(), HostFailed> {
        let Start { address, scheme, started, new_key, mut asked_again, table } = start;
        let Ends { stop, closing, failed } = ends;
        tracing::debug!(%address, scheme, "listening; the directory is being loaded");
        let begun = tokio::select! {
            loaded = running.loaded() => match loaded {
                // Not given up for a signal: whoever was founded must be handed over.
                Ok(()) => self.found_if_empty(node, &pasted(&reachable(scheme, address))).await,
                Err(error) => Err(error.into()),
            },
            () = stop.cancelled() => return Ok(()),
            () = failed.cancelled() => return Ok(()),
        };
        if begun.is_err() {
            closing.cancel();
            return begun;
        }
        self.offer_set_up(node, scheme, address, Asked::ByStart).await;
        let principals = node.cluster.directory().map_or(0, |directory| directory.principal_count());
        tracing::info!(%address, scheme, store = %node.store.location(), principals, millis = clock::since(started).as_millis() as u64, "ready");
        supervisor::ready();
        gateway::tell(table.as_deref());
        if let Some(file) = new_key {
            tracing::warn!(file = %file.display(), "made a key for the audit log: keep a copy of this file elsewhere; without it there is no start and no verification");
        }
        while tokio::select! {
            asked = asked_again.recv() => asked.is_some(),
            () = stop.cancelled() => false,
            () = failed.cancelled() => false,
        } {
            self.offer_set_up(node, scheme, address, Asked::Again).await;
        }
        Ok(())
    }

    /// How people's browsers come here.
    fn transport(&self, address: SocketAddr, has_tls: bool) -> Transport {
        if has_tls || self.behind_tls {
            Transport::Encrypted
        } else if address.ip().is_loopback() {
            Transport::Loopback
        } else {
            Transport::Clear
        }
    }

    /// As asked for, as far as the process may have so many files open. What is beside takes as many connections, and for
    /// each of them one to somewhere else.
    fn limits(&self, is_beside: bool) -> Limits {
        let asked = self.connections_max as usize;
        let files = open_files_max().saturating_sub(FILES_OF_OUR_OWN);
        let room = if is_beside { files / 3 } else { files }.max(1);
        if room < asked {
            tracing::warn!(
                asked,
                room,
                "fewer connections than asked for: the system allows this process no more open files"
            );
        }
        let connections_max = asked.min(room);
        // One address must not be able to take all of them.
        let of_one = (self.connections_of_one_address_max as usize).min(connections_max.div_ceil(2));
        Limits {
            idle: std::time::Duration::from_secs(self.idle_seconds),
            connections_max,
            connections_of_one_address_max: of_one,
            ..Limits::default()
        }
    }

    /// Hands over a link for the first owner who is a person, where there is none. The server does without it.
    async fn offer_set_up(&self, node: &Node, scheme: &str, address: SocketAddr, asked: Asked) {
        let base_url = self.outside.public_url.as_ref().map_or_else(|| reachable(scheme, address), ToString::to_string);
        let offered = async {
            let folder = self.store.folder()?;
            if !std::io::stdout().is_terminal() {
                crate::store::prepare_folder(&folder)?;
            }
            set_up_link::offer(node, &base_url, &folder.join("set-up-link"), asked).await
        };
        if let Err(error) = offered.await {
            tracing::warn!(%error, "no link for the first owner could be handed over; claviger set-up-link makes one");
        }
    }

    /// Founds the first organization of an empty store, and hands its owner's secret over.
    async fn found_if_empty(&self, node: &Node, base_url: &str) -> Result<(), HostFailed> {
        let directory = node.cluster.directory().map_err(|_| WriteError::Unavailable)?;
        if directory.organizations().next().is_some() {
            return Ok(());
        }
        let first = UsernameSuffix::parse(&self.username_suffix)
            .map_err(|error| HostFailed::Name { option: "--username-suffix", error })?;
        let otherwise = self.store.folder()?.join("owner-secret");
        if self.secret_file.is_none() && !std::io::stdout().is_terminal() {
            crate::store::prepare_folder(&self.store.folder()?)?;
        }
        let handover = Handover::prepare(self.secret_file.as_deref(), &otherwise)?;
        let command = Found {
            organization: host::name("organization", "My organization")?,
            project: host::name("project", "My project")?,
            owner: host::owner_name()?,
            first: Some(first),
        };
        match host::found(node, command).await {
            Ok(founded) => {
                let preface = format!(
                    "Claviger is new here. It made an organization ({}), a project ({}) with its workspace ({}), and an owner:",
                    founded.organization, founded.project, founded.workspace
                );
                handover.hand_over(&preface, &founded.owner.username, &founded.owner.secret, base_url)
            }
            Err(failed) => {
                // Where the outcome is unknown, an owner may be there; the empty file does no harm.
                if !matches!(failed, HostFailed::Write(WriteError::OutcomeUnknown)) {
                    handover.withdraw();
                }
                Err(failed)
            }
        }
    }
}

/// An hour at least: what was just written must be there to be looked at.
const RETENTION_SECONDS_MIN: i64 = 60 * 60;

/// A length of time, in seconds: `400d`, `12h`.
fn retention(text: &str) -> Result<i64, &'static str> {
    let unfit = "write a whole number of days or hours, an hour at least: 400d or 12h";
    let (number, unit) = match text.split_at_checked(text.len().saturating_sub(1)) {
        Some((number, "d")) => (number, 24 * 60 * 60),
        Some((number, "h")) => (number, 60 * 60),
        _ => return Err(unfit),
    };
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(unfit);
    }
    let seconds = number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit));
    seconds.filter(|seconds| *seconds >= RETENTION_SECONDS_MIN).ok_or(unfit)
}

/// The server's URL from this machine. "Every address" is none to connect to, and a certificate names this machine rather
/// than its loopback address.
fn reachable(scheme: &str, mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        if scheme == "https" {
            return format!("{scheme}://localhost:{}", address.port());
        }
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    format!("{scheme}://{address}")
}

/// A URL as a shell reads it: some look for files by what stands in brackets.
fn pasted(url: &str) -> String {
    if url.contains('[') { format!("'{url}'") } else { url.to_owned() }
}

/// How the server is reached.
struct Reached {
    bound: TcpListener,
    tls: Option<TlsAcceptor>,
    outside: Outside,
    routes: Option<Followed>,
    /// Where metrics are shown.
    metrics: Option<TcpListener>,
    beside: Option<Beside>,
    start: Start,
}

/// What is told of a start.
struct Start {
    address: SocketAddr,
    scheme: &'static str,
    /// Since when it goes on.
    started: Instant,
    /// The audit log's key file, where it was made at this start.
    new_key: Option<PathBuf>,
    /// Somebody on the host asks for another link.
    asked_again: Signal,
    /// By which checks are answered.
    table: Option<Arc<WatchedTable>>,
}

/// What ends a start, or is ended by it.
struct Ends {
    stop: CancellationToken,
    /// Ends what listens.
    closing: CancellationToken,
    failed: CancellationToken,
}

/// A core dump would hold secrets that pass through.
fn forbid_core_dumps() {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = rustix::process::setrlimit(rustix::process::Resource::Core, none) {
        eprintln!("warning: core dumps could not be turned off: {error}");
    }
}

/// The store and its connections, the log, and some to spare.
const FILES_OF_OUR_OWN: usize = 100;

/// How many files the process may have open, after asking for as many as it may ask for.
fn open_files_max() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    current.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX))
}

/// Progress on a terminal, on standard error, where there is much to load.
fn progress_bar() -> impl FnMut(Progress) + Send {
    let mut bar: Option<ProgressBar> = None;
    let terminal = std::io::stderr().is_terminal();
    move |progress| {
        if !terminal || progress.of < BAR_FROM {
            return;
        }
        let bar = bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("loading {wide_bar} {human_pos} of {human_len} accounts");
            ProgressBar::new(progress.of as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_position(progress.loaded as u64);
        if progress.loaded >= progress.of {
            bar.finish_and_clear();
        }
    }
}

fn signals_failed(reason: std::io::Error) -> HostFailed {
    HostFailed::System { what: "signals".to_owned(), reason }
}

/// Cancelled at the first SIGTERM or SIGINT, which is told by this sentence.
pub(super) fn stop_on_signal(told: &'static str) -> Result<CancellationToken, HostFailed> {
    let mut terminate = signal(SignalKind::terminate()).map_err(signals_failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(signals_failed)?;
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("{told}");
        supervisor::stopping();
        stopping.cancel();
    });
    Ok(stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_is_days_or_hours() {
        assert_eq!((retention("400d"), retention("1h")), (Ok(34_560_000), Ok(3_600)));
        for text in ["", "d", "0d", "0h", "-1d", "+1d", "1", "1w", "1.5d", "1 d", "99999999999999999d", "1ä"] {
            assert!(retention(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_url_to_paste_leads_to_this_machine() {
        for (scheme, listen, url) in [
            ("http", "127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("http", "0.0.0.0:8000", "http://127.0.0.1:8000"),
            ("http", "[::]:8000", "'http://[::1]:8000'"),
            ("https", "0.0.0.0:443", "https://localhost:443"),
            ("https", "[::]:443", "https://localhost:443"),
            ("https", "192.0.2.7:443", "https://192.0.2.7:443"),
            ("https", "[2001:db8::7]:443", "'https://[2001:db8::7]:443'"),
        ] {
            assert_eq!(pasted(&reachable(scheme, listen.parse().expect("an address"))), url);
        }
    }
}
