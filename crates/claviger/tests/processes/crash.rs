//! The server killed at random moments under a stream of writes, and the database with it.
//!
//! Several workers write as fast as they are answered, each on accounts of its own: creations, deletions, grants, ends.
//! Then something is killed. What must stay true afterwards: every write that was acknowledged is there with its effect;
//! one that was not is there or not, but whole; nothing else is there; revisions and audit events have no gaps and the
//! head is where they end. A write that was answered with "nothing was changed" changed nothing.
//!
//! `CLAVIGER_TEST_CRASH_ROUNDS_SQLITE` and `CLAVIGER_TEST_CRASH_ROUNDS_POSTGRES` say how often (100 and 20),
//! `CLAVIGER_TEST_CRASH_SEED` repeats the throws of a run. The moments of the kills are no part of what is repeated: how
//! far the writes have come by then is up to the machine.

mod ledger;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use self::ledger::Ledger;
use self::worker::{Place, Worked, Worker};
use crate::chance::Chance;
use crate::client::Caller;
use crate::postgres::Cluster;
use crate::process::run;
use crate::server::{Founded, On, Server, Store};

/// So many write at the same time: their writes share transactions.
const WORKERS: u64 = 8;

/// Something is killed after at most so long.
const KILL_WITHIN: Duration = Duration::from_millis(120);

const POLL: Duration = Duration::from_millis(5);
const POLLS_MAX: u32 = 12_000;

/// What is killed in a round.
#[derive(Debug, Clone, Copy)]
enum Killed {
    /// The server alone.
    Server,
    /// The database, and the server right after it.
    Both,
    /// The database alone, for as long as it takes the server to notice.
    DatabaseForLong,
    /// The database alone, which is back at once.
    DatabaseForShort,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_acknowledged_write_survives_on_sqlite() {
    let rounds = rounds("CLAVIGER_TEST_CRASH_ROUNDS_SQLITE", 100);
    let mut crashes = Crashes::on(Store::new(On::Sqlite), None);
    for round in 0..rounds {
        crashes.round(round, Killed::Server).await;
    }
    crashes.whole_history(rounds).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_acknowledged_write_survives_on_postgres() {
    let rounds = rounds("CLAVIGER_TEST_CRASH_ROUNDS_POSTGRES", 20);
    let cluster = Cluster::start();
    let store = Store::in_cluster(&cluster);
    let mut crashes = Crashes::on(store, Some(cluster));
    for round in 0..rounds {
        let turns = [Killed::Server, Killed::Both, Killed::DatabaseForLong, Killed::DatabaseForShort];
        crashes.round(round, turns[round as usize % turns.len()]).await;
    }
    crashes.whole_history(rounds).await;
}

fn rounds(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().expect("a number of rounds"))
}

/// A store under writes, and what it must hold.
struct Crashes {
    server: Option<Server>,
    owner: Caller,
    place: Place,
    workers: Vec<Worker>,
    chance: Chance,
    ledger: Ledger,
    acknowledged: usize,
    landed: usize,
    // Dropped last: the server's database must not go before it.
    store: Store,
    cluster: Option<Cluster>,
}

impl Crashes {
    fn on(store: Store, cluster: Option<Cluster>) -> Self {
        let mut chance = Chance::from_environment("CLAVIGER_TEST_CRASH_SEED");
        let founded: Founded = store.init();
        let server = store.serve();
        let owner = founded.at(&server);
        let place =
            Place { organization: founded.organization, project: founded.project, workspace: founded.workspace };
        let workers = (0..WORKERS).map(|number| Worker::new(number, Chance::seeded(chance.number()))).collect();
        // The founding, and the links of `init` and of the first start.
        let ledger = Ledger { revision: 3, next_event: 4 };
        Self { server: Some(server), owner, place, workers, chance, ledger, acknowledged: 0, landed: 0, store, cluster }
    }

    /// Writes, kills, starts again, and looks at what is there.
    async fn round(&mut self, round: u64, killed: Killed) {
        let enough = Arc::new(AtomicBool::new(false));
        let working: Vec<_> = std::mem::take(&mut self.workers)
            .into_iter()
            .map(|worker| tokio::spawn(worker.work(self.owner.clone(), self.place, Arc::clone(&enough))))
            .collect();
        // The moment is the experiment: nothing is waited for.
        tokio::time::sleep(self.chance.moment(KILL_WITHIN)).await;
        match killed {
            Killed::Server => self.kill_server(),
            Killed::Both => self.kill_both(),
            Killed::DatabaseForLong => self.kill_database(true).await,
            Killed::DatabaseForShort => self.kill_database(false).await,
        }
        enough.store(true, Ordering::Relaxed);
        let mut worked = Vec::new();
        for worker in working {
            worked.push(worker.await.unwrap_or_else(|error| panic!("round {round}, {killed:?}: {error}")));
        }
        self.owner = self.owner.at(self.server.as_ref().expect("it runs").url());
        wait_until_ready(&self.owner).await;
        println!("round {round}: {killed:?} killed after {} writes", worked.iter().map(Worked::count).sum::<usize>());
        self.look(worked).await;
        run(self.store.command(&["audit", "verify"])).ok();
    }

    fn kill_server(&mut self) {
        self.server.take().expect("it runs").kill();
        self.server = Some(self.store.serve_after_a_kill());
    }

    fn kill_both(&mut self) {
        let cluster = self.cluster.as_mut().expect("a database to kill");
        cluster.kill();
        self.server.take().expect("it runs").kill();
        cluster.restart();
        self.server = Some(self.store.serve_after_a_kill());
    }

    /// The server lives on, answers 503 once its lease has run out, and comes back by itself.
    async fn kill_database(&mut self, notice: bool) {
        let cluster = self.cluster.as_mut().expect("a database to kill");
        cluster.kill();
        if notice {
            for _ in 0..POLLS_MAX {
                let answer = self.owner.me().await;
                if answer.status == 503 {
                    assert_eq!(answer.code(), "unavailable");
                    break;
                }
                answer.is(200);
                tokio::time::sleep(POLL).await;
            }
            assert_eq!(self.owner.get("/readyz").await.status, 503, "it never noticed that the database is gone");
            assert_eq!(self.owner.get("/healthz").await.status, 200);
        }
        cluster.restart();
        wait_until_ready(&self.owner).await;
    }

    /// Compares what is there with what was answered.
    async fn look(&mut self, worked: Vec<Worked>) {
        let rows = self.store.rows().await;
        let seen: Vec<_> = worked
            .into_iter()
            .map(|worked| {
                let (owner, place, rows) = (self.owner.clone(), self.place, rows.clone());
                tokio::spawn(async move { worked.look(&owner, place, &rows).await })
            })
            .collect();
        let (mut acknowledged, mut landed, mut looked) = (Vec::new(), 0, Vec::new());
        for seen in seen {
            let mut seen = seen.await.unwrap_or_else(|error| panic!("{error}"));
            acknowledged.append(&mut seen.acknowledged);
            landed += usize::from(seen.landed);
            looked.push(seen);
        }
        self.ledger.follow(&rows, &acknowledged, landed).await;
        (self.acknowledged, self.landed) = (self.acknowledged + acknowledged.len(), self.landed + landed);
        // Creations without an answer are sent again: the key tells whether they were done.
        let mut again = Vec::new();
        for seen in looked {
            let (worker, made) = seen.settle(&self.owner, self.place).await;
            again.extend(made);
            self.workers.push(worker);
        }
        self.ledger.follow(&rows, &again, 0).await;
        rows.close().await;
    }

    /// At the end, everything that was ever written is looked at once more.
    async fn whole_history(mut self, rounds: u64) {
        self.kill_server();
        self.owner = self.owner.at(self.server.as_ref().expect("it runs").url());
        let rows = self.store.rows().await;
        self.ledger.whole(&rows).await;
        let looking: Vec<_> = std::mem::take(&mut self.workers)
            .into_iter()
            .map(|worker| {
                let (owner, place) = (self.owner.clone(), self.place);
                tokio::spawn(async move { worker.look_at_all(&owner, place).await })
            })
            .collect();
        let mut accounts = 0;
        for looking in looking {
            accounts += looking.await.unwrap_or_else(|error| panic!("{error}"));
        }
        let live = "SELECT COUNT(*) - 1 FROM principals WHERE deleted_at IS NULL";
        assert_eq!(self.store.number(live).await, accounts, "there are no other accounts");
        println!("{rounds} rounds, {} acknowledged writes, {} that landed unheard", self.acknowledged, self.landed);
        assert!(self.acknowledged as u64 > rounds, "too little was written for the kills to mean anything");
        rows.close().await;
    }
}

async fn wait_until_ready(owner: &Caller) {
    for _ in 0..POLLS_MAX {
        if owner.get("/readyz").await.status == 200 {
            return;
        }
        tokio::time::sleep(POLL).await;
    }
    panic!("the server is not ready again");
}

/// What a killed process had sent to PostgreSQL may still be carried out when the next process runs already, and is followed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_a_killed_process_left_is_followed() {
    let store = Store::new(On::Postgres);
    let founded: Founded = store.init();
    let server = store.serve();
    let (id, account) = founded.at(&server).create(founded.organization, "deleted at the last moment").await;
    server.stop();

    let rows = store.rows().await;
    let mut left = rows.begin().await.expect("a transaction");
    let moved = "UPDATE head SET revision = revision + 1, mark = '0123456789abcdef0123456789abcdef'";
    sqlx::query(moved).execute(&mut *left).await.expect("written");
    for statement in [
        "DELETE FROM secrets WHERE principal_id = $1",
        "UPDATE principals SET deleted_at = 0 WHERE id = $1",
        "INSERT INTO changes SELECT revision, mark, 'left', 0, '{\"version\":1,\"changes\":[{\"change\":\"principal_deleted\",\"id\":' \
         || CAST($1 AS BIGINT) || ',\"deleted\":0}]}' FROM head",
    ] {
        sqlx::query(statement).bind(id as i64).execute(&mut *left).await.expect("written");
    }

    let server = store.serve();
    let account = account.at(server.url());
    assert_eq!(account.me().await.status, 200);
    left.commit().await.expect("committed");
    for _ in 0..POLLS_MAX {
        if account.me().await.status != 200 {
            break;
        }
        tokio::time::sleep(POLL).await;
    }
    assert_eq!(account.me().await.status, 401);
    founded.at(&server).create(founded.organization, "the next one").await;
}
