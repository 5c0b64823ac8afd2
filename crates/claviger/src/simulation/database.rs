//! A database as PostgreSQL is one, as far as our statements can tell, over a SQLite file.
//!
//! Transactions at READ COMMITTED see what is committed and what they wrote themselves; one at REPEATABLE READ sees the moment that
//! it began in. Whoever updates a head row holds it until his transaction ends, and others wait for it, two seconds at most.
//! A transaction in which nothing happens for a second is ended, and its connection with it. What was committed stays.
//!
//! SQLite carries the statements out, in the order in which they come, and no time passes meanwhile.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::any::AnyArguments;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Either, Executor};
use tokio::runtime::Runtime;

use super::here;
use super::message::{ConnectionId, Done, Reply, ReplyTo, Statement};
use crate::store::together;

/// As the sessions that write set them.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(1);

pub(super) struct Database {
    runtime: Runtime,
    url: String,
    main: AnyConnection,
    sessions: BTreeMap<ConnectionId, Session>,
    /// Who holds a row that others wait for.
    holders: BTreeMap<Row, ConnectionId>,
    queue: VecDeque<Waiting>,
    replies: Vec<Replied>,
    /// Whoever listens is to be told.
    pub(super) has_moved: bool,
}

struct Session {
    node: usize,
    state: State,
    since: Duration,
}

enum State {
    Idle,
    Transaction { writes: Vec<Statement> },
    Snapshot(AnyConnection),
}

/// A row that whoever updates it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    Head,
    ObservationHead,
}

impl Row {
    fn updated_by(statement: &Statement) -> Option<Self> {
        match statement {
            update if update.begins_with("UPDATE head ") => Some(Self::Head),
            update if update.begins_with("UPDATE observation_head ") => Some(Self::ObservationHead),
            _ => None,
        }
    }
}

struct Waiting {
    connection: ConnectionId,
    statement: Statement,
    reply: ReplyTo,
    until: Duration,
}

/// What goes back to a node; no reply where the connection broke.
pub(super) struct Replied {
    pub(super) node: usize,
    pub(super) connection: ConnectionId,
    pub(super) to: ReplyTo,
    pub(super) reply: Option<Reply>,
}

impl Database {
    /// On this file, which is a store that is set up.
    pub(super) fn open(file: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let url = format!("sqlite://{}", file.display());
        let main = runtime.block_on(async {
            let mut main = AnyConnection::connect(&url).await?;
            main.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF").await?;
            Ok::<_, sqlx::Error>(main)
        });
        let main = main.expect("a store");
        let (sessions, queue, replies) = (BTreeMap::new(), VecDeque::new(), Vec::new());
        Self { runtime, url, main, sessions, holders: BTreeMap::new(), queue, replies, has_moved: false }
    }

    pub(super) fn replies(&mut self) -> Vec<Replied> {
        std::mem::take(&mut self.replies)
    }

    pub(super) fn connect(&mut self, node: usize, connection: ConnectionId, to: ReplyTo, now: Duration) {
        self.sessions.insert(connection, Session { node, state: State::Idle, since: now });
        self.replies.push(Replied { node, connection, to, reply: Some(Ok(Done::default())) });
    }

    /// The session ends, and its transaction is rolled back.
    pub(super) fn disconnect(&mut self, connection: ConnectionId, now: Duration) {
        if let Some(Session { state: State::Snapshot(snapshot), .. }) = self.sessions.remove(&connection) {
            drop(self.runtime.block_on(snapshot.close()));
        }
        self.queue.retain(|waiting| waiting.connection != connection);
        self.let_go(connection, now);
    }

    /// Ends as in a power failure, and is there again at once. What was committed stays.
    pub(super) fn restart(&mut self, now: Duration) {
        let sessions: Vec<_> = self.sessions.keys().copied().collect();
        for Waiting { connection, reply: to, .. } in std::mem::take(&mut self.queue) {
            if let Some(session) = self.sessions.get(&connection) {
                self.replies.push(Replied { node: session.node, connection, to, reply: None });
            }
        }
        sessions.into_iter().for_each(|connection| self.disconnect(connection, now));
    }

    /// Ends what has waited, or rested, for too long.
    pub(super) fn tend(&mut self, now: Duration) {
        let is_late = |waiting: &Waiting| waiting.until <= now;
        while let Some(late) = self.queue.iter().position(is_late).and_then(|place| self.queue.remove(place)) {
            self.reply(late.connection, late.reply, Err("canceling statement due to lock timeout".to_owned()));
        }
        let rested = |(connection, session): (&ConnectionId, &Session)| {
            let waits = self.queue.iter().any(|waiting| waiting.connection == *connection);
            let rests = matches!(session.state, State::Transaction { .. }) && !waits;
            (rests && now >= session.since + IDLE_IN_TRANSACTION_TIMEOUT).then_some(*connection)
        };
        let rested: Vec<_> = self.sessions.iter().filter_map(rested).collect();
        rested.into_iter().for_each(|connection| self.disconnect(connection, now));
    }

    /// Carries a statement out, now or when the row that it updates is free.
    pub(super) fn asked(
        &mut self,
        node: usize,
        connection: ConnectionId,
        statement: Statement,
        to: ReplyTo,
        now: Duration,
    ) {
        let Some(session) = self.sessions.get_mut(&connection) else {
            self.replies.push(Replied { node, connection, to, reply: None });
            return;
        };
        session.since = now;
        if !self.is_free(&statement, connection) {
            self.queue.push_back(Waiting { connection, statement, reply: to, until: now + LOCK_TIMEOUT });
            return;
        }
        let reply = self.carried_out(connection, &statement, now);
        self.reply(connection, to, reply);
    }

    fn reply(&mut self, connection: ConnectionId, to: ReplyTo, reply: Reply) {
        let node = self.sessions.get(&connection).map_or(0, |session| session.node);
        self.replies.push(Replied { node, connection, to, reply: Some(reply) });
    }

    fn carried_out(&mut self, connection: ConnectionId, statement: &Statement, now: Duration) -> Reply {
        let Some(session) = self.sessions.get_mut(&connection) else { return Ok(Done::default()) };
        let state = std::mem::replace(&mut session.state, State::Idle);
        if statement.begins_with("SET ") {
            session.state = state;
            return Ok(Done::default());
        }
        let (state, reply) = match (state, statement.sql.as_str()) {
            (State::Idle, sql) if sql.contains("REPEATABLE READ") => match self.snapshot() {
                Ok(snapshot) => (State::Snapshot(snapshot), Ok(Done::default())),
                Err(error) => (State::Idle, Err(error)),
            },
            (State::Idle, sql) if sql.starts_with("BEGIN") => {
                (State::Transaction { writes: Vec::new() }, Ok(Done::default()))
            }
            (State::Idle, _) => (State::Idle, run(&self.runtime, &mut self.main, statement)),
            (State::Snapshot(snapshot), "COMMIT" | "ROLLBACK") => {
                drop(self.runtime.block_on(snapshot.close()));
                (State::Idle, Ok(Done::default()))
            }
            (State::Snapshot(mut snapshot), _) => {
                let reply = run(&self.runtime, &mut snapshot, statement);
                (State::Snapshot(snapshot), reply)
            }
            (State::Transaction { .. }, "ROLLBACK") => (State::Idle, Ok(Done::default())),
            (State::Transaction { writes }, sql) if sql.ends_with("COMMIT") => {
                self.has_moved |= sql.starts_with("NOTIFY");
                (State::Idle, self.committed(&writes))
            }
            (State::Transaction { mut writes }, sql) => {
                let reply = self.within(&writes, statement);
                if let Some(row) = Row::updated_by(statement) {
                    self.holders.insert(row, connection);
                }
                if !sql.starts_with("SELECT") {
                    writes.push(statement.clone());
                }
                (State::Transaction { writes }, reply)
            }
        };
        let has_ended = matches!(state, State::Idle);
        if let Some(session) = self.sessions.get_mut(&connection) {
            session.state = state;
        }
        if has_ended {
            self.let_go(connection, now);
        }
        reply
    }

    /// Whether nobody else holds the row that this updates, if it updates one.
    fn is_free(&self, statement: &Statement, connection: ConnectionId) -> bool {
        let holder = Row::updated_by(statement).and_then(|row| self.holders.get(&row));
        holder.is_none_or(|holder| *holder == connection)
    }

    /// The rows that it holds go to those that wait for them.
    fn let_go(&mut self, connection: ConnectionId, now: Duration) {
        self.holders.retain(|_, holder| *holder != connection);
        while let Some(place) = self.queue.iter().position(|next| self.is_free(&next.statement, next.connection))
            && let Some(Waiting { connection, statement, reply, .. }) = self.queue.remove(place)
        {
            if let Some(session) = self.sessions.get_mut(&connection) {
                session.since = now;
            }
            let done = self.carried_out(connection, &statement, now);
            self.reply(connection, reply, done);
        }
    }

    fn snapshot(&self) -> Result<AnyConnection, String> {
        let opened = self.runtime.block_on(async {
            let mut snapshot = AnyConnection::connect(&self.url).await?;
            snapshot.execute("BEGIN").await?;
            // The first look is what it sees from then on.
            snapshot.fetch_all("SELECT revision FROM head").await?;
            Ok::<_, sqlx::Error>(snapshot)
        });
        opened.map_err(|error| error.to_string())
    }

    /// What a statement comes to in a transaction that has written this.
    fn within(&mut self, writes: &[Statement], statement: &Statement) -> Reply {
        if writes.is_empty() && statement.begins_with("SELECT") {
            return run(&self.runtime, &mut self.main, statement);
        }
        self.main_does("BEGIN IMMEDIATE");
        let reply = self.again(writes).and_then(|()| run(&self.runtime, &mut self.main, statement));
        self.main_does("ROLLBACK");
        reply
    }

    fn committed(&mut self, writes: &[Statement]) -> Reply {
        self.main_does("BEGIN IMMEDIATE");
        let done = self.again(writes);
        self.main_does(if done.is_ok() { "COMMIT" } else { "ROLLBACK" });
        done.map(|()| Done::default())
    }

    fn again(&mut self, writes: &[Statement]) -> Result<(), String> {
        writes.iter().try_for_each(|write| run(&self.runtime, &mut self.main, write).map(|_| ()))
    }

    fn main_does(&mut self, sql: &'static str) {
        self.runtime.block_on(self.main.execute(sql)).expect("it does");
    }
}

fn run(runtime: &Runtime, on: &mut AnyConnection, statement: &Statement) -> Reply {
    let seconds = here::now().map_or(0, |now| now.seconds());
    // 2027-01-15T08:00:00Z, as PostgreSQL writes it.
    let now = jiff::Timestamp::from_second(seconds).expect("a time").to_string();
    let time = format!("'{}'", now.replace('T', " ").trim_end_matches('Z'));
    runtime.block_on(async {
        let mut done = Done::default();
        // Each finds its values by the numbers of its placeholders.
        for sql in together::taken_apart(&statement.sql) {
            let mut arguments = AnyArguments::default();
            arguments.values.0.clone_from(&statement.arguments);
            let sql = AssertSqlSafe(sql.replace("CURRENT_TIMESTAMP", &time));
            let mut steps = on.fetch_many(sqlx::query_with(sql, arguments));
            while let Some(step) = steps.try_next().await.map_err(|error| error.to_string())? {
                match step {
                    Either::Left(result) => done.affected += result.rows_affected(),
                    Either::Right(row) => done.rows.push(row),
                }
            }
        }
        Ok(done)
    })
}
