//! Two versions side by side on one PostgreSQL: today's program, and one of tomorrow that knows a migration more.
//!
//! The program of tomorrow is this test program itself, which runs the same server after it has been told of that migration.
//! Its schema comes with a trigger that writes some changes in a form that today's program does not know.

use std::process::Command;

use clap::Parser;
use claviger::commands::exit::Failed;
use claviger::commands::{Command as Claviger, CommandLine};
use rustix::process::Signal;
use sqlx::migrate::{Migration, MigrationType};
use sqlx::{AssertSqlSafe, Executor, SqlSafeStr};

use crate::client::Caller;
use crate::on_the_disk::newest_schema;
use crate::process::{Process, wait_until};
use crate::server::{Founded, On, Server, Store};

/// Tells the program of tomorrow its command line, and what its migration does.
const WORDS: &str = "PROGRAM_OF_TOMORROW_WORDS";
const MIGRATION: &str = "PROGRAM_OF_TOMORROW_MIGRATION";

/// What it adds is in nobody's way; changes that speak of tomorrow are of another version.
const EXPANDS: &str = r#"
ALTER TABLE head ADD COLUMN tomorrow BIGINT NOT NULL DEFAULT 0;
CREATE FUNCTION written_tomorrow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.body LIKE '%of_tomorrow%' THEN NEW.body := replace(NEW.body, '"version":1', '"version":2'); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER written_tomorrow BEFORE INSERT ON changes FOR EACH ROW EXECUTE FUNCTION written_tomorrow();
"#;

/// It has the head locked, and does not come to an end.
const HANGS: &str = "ALTER TABLE head ADD COLUMN tomorrow BIGINT NOT NULL DEFAULT 0; SELECT pg_sleep(600);";

const NEWEST: &str = "SELECT MAX(version) FROM _sqlx_migrations";
const HANGING: &str = "SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid() AND state = 'active'";
const COLUMNS: &str =
    "SELECT COUNT(*) FROM information_schema.columns WHERE table_name = 'head' AND column_name = 'tomorrow'";

/// No test, but the program that the others start: by itself there is nothing for it to do.
#[test]
fn the_program_of_tomorrow() {
    let (Ok(words), Ok(sql)) = (std::env::var(WORDS), std::env::var(MIGRATION)) else { return };
    let sql = AssertSqlSafe(sql).into_sql_str();
    let version = newest_of_today() + 1;
    claviger::store::schema::know_further(vec![Migration::new(
        version,
        "tomorrow".into(),
        MigrationType::Simple,
        sql,
        false,
    )]);
    rustls::crypto::ring::default_provider().install_default().expect("the only one");
    let Claviger::Serve(serve) = CommandLine::parse_from(words.lines()).command else { panic!("it serves alone") };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let code = match runtime.block_on(serve.run()) {
        Ok(()) => 0,
        Err(failed) => {
            eprintln!("error: {failed}");
            Failed::from(failed).exit() as i32
        }
    };
    std::process::exit(code);
}

fn newest_of_today() -> i64 {
    newest_schema().into()
}

/// What an old node says to the schema of tomorrow.
fn is_newer() -> String {
    let known = newest_of_today();
    format!("has schema {}, written by a newer claviger; this one knows schemas up to {known}", known + 1)
}

/// The command that serves this store by the program of tomorrow.
fn tomorrow(store: &Store, name: &str, migration: &str) -> Command {
    let today = store.serving(&["--node-name", name]);
    let words: Vec<_> = std::iter::once(today.get_program()).chain(today.get_args()).collect();
    let words: Vec<_> = words.iter().map(|word| word.to_str().expect("UTF-8")).collect();
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["rolling_upgrade::the_program_of_tomorrow", "--exact", "--nocapture"]);
    for (name, value) in today.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env(WORDS, words.join("\n")).env(MIGRATION, migration);
    command
}

/// A store with nodes of today on it.
struct Today {
    store: Store,
    founded: Founded,
    servers: Vec<Server>,
}

impl Today {
    fn start(names: &[&str]) -> Self {
        let store = Store::new(On::Postgres);
        let founded = store.init();
        let servers = names.iter().map(|name| store.serve_with(&["--node-name", name])).collect();
        Self { store, founded, servers }
    }

    /// An account that is made at the one is known to all, and once it is deleted, to none.
    async fn made_and_deleted(&self, at: &Server, all: &[&Server], name: &str) {
        let owner = self.founded.at(at);
        let (id, account) = owner.create(self.founded.organization, name).await;
        for server in all {
            assert_eq!(account.at(server.url()).me().await.status, 200, "{name}, made");
        }
        owner
            .delete(&format!("/api/app/organizations/{}/service-accounts/{id}", self.founded.organization))
            .await
            .is(200);
        for server in all {
            assert_eq!(account.at(server.url()).me().await.status, 401, "{name}, deleted");
        }
    }
}

async fn answers(who: &Caller, server: &Server, status: u16) {
    for _ in 0..12_000 {
        if who.at(server.url()).me().await.status == status {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("it does not come to answer {status}: {}", server.err());
}

/// Asks without a pause, until it is told to end: every answer is 200.
fn asked_without_a_pause(
    who: &Caller,
    server: &Server,
) -> (tokio::task::JoinHandle<u32>, tokio::sync::oneshot::Sender<()>) {
    let (end, mut ended) = tokio::sync::oneshot::channel();
    let who = who.at(server.url());
    let asking = tokio::spawn(async move {
        let mut count = 0;
        while ended.try_recv().is_err() {
            assert_eq!(who.me().await.status, 200, "after {count}");
            count += 1;
        }
        count
    });
    (asking, end)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_of_two_versions_keep_the_promise_until_one_writes_what_the_other_does_not_know() {
    let today = Today::start(&["a", "b"]);
    let (a, b) = (&today.servers[0], &today.servers[1]);
    let owner = today.founded.at(a);
    let (asking, end) = asked_without_a_pause(&owner, b);
    let command = tomorrow(&today.store, "c", EXPANDS);
    let started = tokio::task::spawn_blocking(|| Server::ready(command));
    let mut round = 0;
    while !started.is_finished() {
        today.made_and_deleted(a, &[a, b], &format!("while it migrates {round}")).await;
        round += 1;
    }
    let c = started.await.expect("it started");
    assert_eq!(today.store.number(NEWEST).await, newest_of_today() + 1);
    for round in 0..9 {
        let at = [a, b, &c][round % 3];
        today.made_and_deleted(at, &[a, b, &c], &format!("side by side {round}")).await;
    }
    end.send(()).expect("it asks still");
    assert!(asking.await.expect("all 200") > 0);

    // What today's program cannot follow it does not pass over: it is out, and says why.
    let (_, of_tomorrow) = today.founded.at(&c).create(today.founded.organization, "of tomorrow").await;
    for old in [a, b] {
        assert_eq!(of_tomorrow.at(old.url()).me().await.status, 503, "it knows that it does not know");
        answers(&owner, old, 503).await;
        wait_until("it to say why", || old.err().contains(&is_newer()));
        assert!(old.err().contains("wrote what this program does not know"), "{}", old.err());
    }
    assert!(!c.err().contains("a silent node is marked out"), "nobody had to wait for them: {}", c.err());
    today.made_and_deleted(&c, &[&c], "without them").await;
    assert_eq!(of_tomorrow.at(c.url()).me().await.status, 200);

    // Nor is there a way back for the program.
    let refused = Server::start(today.store.serving(&[])).err().expect("it does not guess").refused(6);
    assert!(refused.contains(&is_newer()), "{refused}");
    c.stop();
}

/// A dump, or a report that somebody runs, holds what a migration needs; whoever queued behind the migration would wait for both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_has_to_wait_stands_in_nobodys_way() {
    let today = Today::start(&["a"]);
    let a = &today.servers[0];
    let rows = today.store.rows().await;
    let mut long = rows.begin().await.expect("a transaction");
    long.execute("SELECT * FROM head").await.expect("read");
    let new = Process::start(tomorrow(&today.store, "b", EXPANDS));
    wait_until("it to wait", || new.err().contains("trying again"));
    for round in 0..20 {
        today.made_and_deleted(a, &[a], &format!("meanwhile {round}")).await;
    }
    assert_eq!(today.store.number(NEWEST).await, newest_of_today());
    assert!(!a.err().contains("does not take this node's reports"), "{}", a.err());
    long.rollback().await.expect("ended");
    wait_until("it to be ready", || new.err().contains("claviger::commands::serve: ready address="));
    assert_eq!(today.store.number(NEWEST).await, newest_of_today() + 1);
    rows.close().await;
    today.made_and_deleted(a, &[a], "afterwards").await;
}

#[test]
fn two_that_start_at_once_bring_it_up_to_date_once() {
    let store = Store::new(On::Postgres);
    store.init();
    let commands = ["a", "b", "c"].map(|name| tomorrow(&store, name, EXPANDS));
    let servers = commands.map(|command| std::thread::spawn(|| Server::ready(command)));
    for server in servers {
        server.join().expect("it is ready").stop();
    }
}

/// Of a migration that was killed in the middle there is nothing, and nobody waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_was_killed_was_none() {
    let today = Today::start(&["a"]);
    let a = &today.servers[0];
    let owner = today.founded.at(a);
    let new = Process::start(tomorrow(&today.store, "b", HANGS));
    let mut hanging = 0;
    for _ in 0..12_000 {
        hanging = today.store.number(HANGING).await;
        if hanging > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(hanging, 1, "{}", new.err());
    // Nobody can report meanwhile.
    answers(&owner, a, 503).await;
    new.signal(Signal::KILL);
    answers(&owner, a, 200).await;
    assert_eq!(today.store.number(NEWEST).await, newest_of_today());
    assert_eq!(today.store.number(COLUMNS).await, 0);
    today.made_and_deleted(a, &[a], "afterwards").await;
}
