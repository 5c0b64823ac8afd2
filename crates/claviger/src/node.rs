//! A running node: the store, the right to answer from it, the image and the writer, started and stopped together.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::account_uses::AccountUses;
use crate::attempts::Attempts;
use crate::audit_chain::key_file::{self, NoKeys};
use crate::cluster::keeper::{FirstLoad, Keeper};
use crate::cluster::membership::{AmongOthers, Membership};
use crate::cluster::seen::Seen;
use crate::cluster::{Cluster, waits};
use crate::last_seen::LastSeen;
use crate::last_used::LastUsed;
use crate::metrics::Metrics;
use crate::observations::Observations;
use crate::open_exports::OpenExports;
use crate::people::password::Passwords;
use crate::random;
use crate::refused_requests::RefusedRequests;
use crate::store::load::Progress;
use crate::store::lock::StoreLock;
use crate::store::{Location, Store, StoreError};
use crate::writer::{Books, Writer, WriterTask, writer};

/// What a node works on, and how.
#[derive(Debug, Clone)]
pub struct House {
    /// The store.
    pub location: Location,
    /// The file with the audit log's keys, which are not in the store.
    pub audit_key: PathBuf,
    /// Audit events are kept so many seconds; `None` for ever.
    pub audit_retention: Option<i64>,
    /// What it is among others, where the store is shared.
    pub among_others: AmongOthers,
    /// Where this machine keeps how far the store had come: a folder outside of the store and its backups.
    pub state: Option<PathBuf>,
}

impl House {
    /// A store and its key, and all else as usual.
    pub fn at(location: Location, audit_key: PathBuf) -> Self {
        Self { location, audit_key, audit_retention: None, among_others: AmongOthers::default(), state: None }
    }
}

/// What requests and commands work with. Each request has one, so it is a pointer.
#[derive(Clone)]
pub struct Node(Arc<Parts>);

/// What a node consists of.
pub struct Parts {
    /// Hands out the image.
    pub cluster: Arc<Cluster>,
    /// Changes anything.
    pub writer: Writer,
    /// Reads what the image does not hold.
    pub store: Store,
    /// Notes and counts uses.
    pub last_used: Arc<LastUsed>,
    /// Knows when accounts were used, of organizations that are looked at.
    pub account_uses: Arc<AccountUses>,
    /// Slows who presents wrong credentials.
    pub attempts: Arc<Attempts>,
    /// Counts for the node's operators.
    pub metrics: Arc<Metrics>,
    /// Counts refusals.
    pub refused: Arc<RefusedRequests>,
    /// Notes uses of sessions, and says when one was used last.
    pub last_seen: Arc<LastSeen>,
    /// Notes refusals.
    pub observations: Arc<Observations>,
    /// Hashes people's passwords.
    pub passwords: Arc<Passwords>,
    /// Exports of the audit log that are under way.
    pub open_exports: OpenExports,
}

impl Deref for Node {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// A node's tasks, to be stopped.
pub struct Running {
    stop: CancellationToken,
    keeper_stop: CancellationToken,
    failed: CancellationToken,
    writer: JoinHandle<()>,
    keeper: JoinHandle<()>,
    seen_stop: CancellationToken,
    seen: JoinHandle<()>,
    /// Held until the store is closed.
    lock: StoreLock,
    loaded: oneshot::Receiver<Result<(), StoreError>>,
    cluster: Arc<Cluster>,
    store: Store,
}

impl Node {
    /// A node that answers: [`open`](Self::open), and the directory is loaded.
    pub async fn start(
        house: House,
        progress: impl FnMut(Progress) + Send + 'static,
    ) -> Result<(Self, Running), StoreError> {
        let (node, mut running) = Self::open(house, progress).await?;
        match running.loaded().await {
            Ok(()) => Ok((node, running)),
            Err(error) => {
                running.stop().await;
                Err(error)
            }
        }
    }

    /// Takes the lock, opens the store, and begins to load the directory. Until that is done, which
    /// [`Running::loaded`] tells, there is no image, and whoever asks this node for anything is told to try again.
    pub async fn open(
        house: House,
        progress: impl FnMut(Progress) + Send + 'static,
    ) -> Result<(Self, Running), StoreError> {
        let House { location, audit_key, audit_retention, among_others, state } = house;
        if let Location::Folder(folder) = &location {
            crate::store::prepare_folder(folder)?;
        }
        crate::store::install_drivers();
        let lock = StoreLock::take(&location)?;
        let store = open_store(location, &audit_key).await?;
        let (waits, waiting) = waits::channel(among_others.drift);
        let cluster = Arc::new(match store.is_shared() {
            true => Cluster::of_many_nodes(waits),
            false => Cluster::of_one_process(),
        });
        let dropped = Arc::new(Notify::new());
        let books = Books { audit_retention, ..Books::default() };
        let (writer, task) = writer(store.clone(), Arc::clone(&cluster), books.clone(), Arc::clone(&dropped));
        let metrics = Arc::<Metrics>::default();
        let seen = Arc::new(Seen::kept_in(state));
        let keeper = Keeper {
            seen: Arc::clone(&seen),
            store: store.clone(),
            cluster: Arc::clone(&cluster),
            last_seen: Arc::clone(&books.last_seen),
            dropped,
        };
        let keeper = match store.is_shared() {
            true => {
                let counted = Arc::clone(metrics.membership.get_or_init(Arc::default));
                let membership = Membership::new(keeper, among_others.properties, counted, waiting);
                Keeping::Shared(Box::new(membership))
            }
            false => Keeping::Own(Box::new(keeper)),
        };
        let running = Running::begin(&store, &cluster, lock, (task, seen), (keeper, progress));
        let node = Parts {
            cluster,
            writer,
            store,
            last_used: books.last_used,
            account_uses: books.account_uses,
            last_seen: books.last_seen,
            attempts: Arc::default(),
            metrics,
            refused: books.refused,
            observations: books.observations,
            passwords: Arc::default(),
            open_exports: OpenExports::default(),
        };
        Ok((Self(Arc::new(node)), running))
    }
}

/// Who keeps the image.
enum Keeping {
    Own(Box<Keeper>),
    Shared(Box<Membership>),
}

impl Keeping {
    async fn run<P: FnMut(Progress) + Send>(self, first: FirstLoad<P>, stop: CancellationToken) {
        match self {
            Self::Own(keeper) => keeper.run(first, stop).await,
            Self::Shared(membership) => membership.run(first, stop).await,
        }
    }
}

/// Opens the store, and finds the keys of its audit log. The lock is held, where there is one.
pub(crate) async fn open_store(location: Location, audit_key: &Path) -> Result<Store, StoreError> {
    let store = Store::open(location).await?;
    let opened = async {
        let no_randomness = |error: random::NoRandomness| StoreError::unreadable(error.to_string());
        let wanted = store.chained_with().await?;
        let ring = match wanted.is_empty() {
            true => key_file::read_or_make(audit_key, &random::audit_key().map_err(no_randomness)?)?,
            false => key_file::read(audit_key)?,
        };
        if let Some(wanted) = wanted.into_iter().find(|wanted| ring.find(wanted).is_none()) {
            return Err(NoKeys::Another { path: audit_key.to_owned(), wanted }.into());
        }
        store.chain_with(ring).await
    };
    match opened.await {
        Ok(()) => Ok(store),
        Err(error) => {
            store.close().await;
            Err(error)
        }
    }
}

/// The end of a task. One that is dropped before it came is that of a task that panicked: nothing may be answered
/// without it.
struct ExpectedEnd {
    failed: CancellationToken,
    cluster: Arc<Cluster>,
    came: bool,
}

impl ExpectedEnd {
    fn came(mut self) {
        self.came = true;
    }
}

impl Drop for ExpectedEnd {
    fn drop(&mut self) {
        if !self.came {
            tracing::error!("a task of this node panicked: nothing is answered any more");
            self.cluster.drop_image();
            self.failed.cancel();
        }
    }
}

impl Running {
    /// Starts the tasks. `progress` is of the first load.
    fn begin(
        store: &Store,
        cluster: &Arc<Cluster>,
        lock: StoreLock,
        (task, seen): (WriterTask, Arc<Seen>),
        (keeper, progress): (Keeping, impl FnMut(Progress) + Send + 'static),
    ) -> Self {
        let (told, loaded) = oneshot::channel();
        let first = FirstLoad { progress, told };
        let (stop, keeper_stop, seen_stop) =
            (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let failed = CancellationToken::new();
        let end = || ExpectedEnd { failed: failed.clone(), cluster: Arc::clone(cluster), came: false };
        let (writing, keeping) = (end(), end());
        let writing_until = stop.clone();
        let keeping_until = keeper_stop.clone();
        Self {
            writer: tokio::spawn(async move {
                task.run(writing_until).await;
                writing.came();
            }),
            keeper: tokio::spawn(async move {
                keeper.run(first, keeping_until).await;
                keeping.came();
            }),
            seen: tokio::spawn(seen.keep(Arc::clone(cluster), seen_stop.clone())),
            seen_stop,
            stop,
            keeper_stop,
            failed,
            lock,
            loaded,
            cluster: Arc::clone(cluster),
            store: store.clone(),
        }
    }

    /// Cancelled where a task has failed: the node must be stopped.
    pub fn failed(&self) -> CancellationToken {
        self.failed.clone()
    }

    /// Waits until the directory is loaded for the first time. Asked once; where it cannot be loaded, the node must be
    /// stopped.
    pub async fn loaded(&mut self) -> Result<(), StoreError> {
        (&mut self.loaded).await.unwrap_or_else(|error| Err(StoreError::unreadable(error.to_string())))
    }

    /// Does what waits, flushes, answers nothing any more, leaves the others, closes the store, and gives the lock back last.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.writer.await {
            tracing::error!(%error, "the writer ended badly");
        }
        self.seen_stop.cancel();
        if let Err(error) = self.seen.await {
            tracing::error!(%error, "how far the store has come was not kept to the end");
        }
        self.keeper_stop.cancel();
        if let Err(error) = self.keeper.await {
            tracing::error!(%error, "the keeper ended badly");
        }
        self.cluster.drop_image();
        self.store.close().await;
        drop(self.lock);
    }
}
