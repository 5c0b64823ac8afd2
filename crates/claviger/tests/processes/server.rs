//! A store of a test's own, and servers on it: started, stopped, killed, and looked through when they have ended.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;
use sqlx::AnyPool;
use tempfile::TempDir;

use crate::client::Caller;
use crate::postgres::Cluster;
use crate::process::{Ended, Process, run, wait_until};
use crate::secrets;
pub(crate) use crate::stores::{On, on_both_stores};

/// A store, empty at first, and a home folder for whoever works with it.
pub(crate) struct Store {
    on: On,
    home: TempDir,
    database: Option<String>,
}

/// A copy of a store: a file, or the URL of a database.
pub(crate) struct Copied(String);

/// What a new store holds, and who owns it.
pub(crate) struct Founded {
    pub(crate) organization: u64,
    pub(crate) project: u64,
    pub(crate) workspace: u64,
    pub(crate) username: String,
    pub(crate) secret: String,
}

impl Founded {
    /// From what `init`, or another command that makes an owner, printed as JSON.
    pub(crate) fn from_json(printed: &str) -> Self {
        let json: Value = serde_json::from_str(printed).expect("JSON");
        let number = |field: &str| json[field].as_u64().unwrap_or_default();
        let text = |field: &str| json[field].as_str().unwrap_or_else(|| panic!("no {field}")).to_owned();
        let founded = Self {
            organization: number("organization_id"),
            project: number("project_id"),
            workspace: number("workspace_id"),
            username: text("username"),
            secret: text("secret"),
        };
        secrets::handed_out(&founded.username, &founded.secret);
        if let Some(link) = json["set_up_link"].as_str() {
            secrets::handed_out("set-up link", link.rsplit('/').next().expect("a token"));
        }
        founded
    }

    /// The owner, as a caller of this server.
    pub(crate) fn at(&self, server: &Server) -> Caller {
        Caller::new(server.url(), &self.username, &self.secret)
    }
}

impl From<On> for Store {
    fn from(on: On) -> Self {
        Self::new(on)
    }
}

impl Store {
    pub(crate) fn new(on: On) -> Self {
        let database = (on == On::Postgres).then(|| Cluster::shared().database());
        Self::with(on, database)
    }

    /// A store in this PostgreSQL, which the test may kill.
    pub(crate) fn in_cluster(cluster: &Cluster) -> Self {
        Self::with(On::Postgres, Some(cluster.database()))
    }

    /// The same store, with its home folder, at other addresses.
    pub(crate) fn at_another_address(self, database: String) -> Self {
        Self { database: Some(database), ..self }
    }

    /// What is at these addresses, with a new home folder.
    pub(crate) fn elsewhere(database: String) -> Self {
        Self::with(On::Postgres, Some(database))
    }

    /// A store at an address that may name files in its home folder.
    pub(crate) fn at(address: impl FnOnce(&Path) -> String) -> Self {
        let store = Self::with(On::Postgres, None);
        let database = Some(address(store.home()));
        Self { database, ..store }
    }

    fn with(on: On, database: Option<String>) -> Self {
        Self { on, home: tempfile::tempdir().expect("a folder"), database }
    }

    pub(crate) fn on(&self) -> On {
        self.on
    }

    /// A folder for whatever the test needs.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.home().join("data")
    }

    /// The audit log's key, where no option names it.
    pub(crate) fn audit_key(&self) -> PathBuf {
        match self.on {
            On::Sqlite => self.data().join("audit.key"),
            On::Postgres => self.home().join(".local/share/claviger/audit.key"),
        }
    }

    /// The database's URL, where it is PostgreSQL.
    pub(crate) fn database(&self) -> &str {
        self.database.as_deref().expect("a PostgreSQL store")
    }

    /// `claviger` with these words, in an environment that says nothing about a store, a server or a credential.
    pub(crate) fn claviger(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
        let told = |name: &str| ["CLAVIGER_", "PG", "XDG_"].iter().any(|prefix| name.starts_with(prefix));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(told)) {
            command.env_remove(name);
        }
        command.env("HOME", self.home()).args(words);
        command
    }

    /// The same with the option that names this store.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.claviger(words);
        match &self.database {
            Some(url) => command.args(["--database", url]),
            None => command.arg("--data").arg(self.data()),
        };
        command
    }

    /// Sets the store up.
    pub(crate) fn init(&self) -> Founded {
        let words = ["init", "--organization", "Acme", "--project", "Web shop", "--output", "json"];
        Founded::from_json(&run(self.command(&words)).ok())
    }

    /// Starts a server that is ready.
    pub(crate) fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// The same with more options.
    pub(crate) fn serve_with(&self, options: &[&str]) -> Server {
        Server::ready(self.serving(options))
    }

    /// The command that serves this store on a free port.
    pub(crate) fn serving(&self, options: &[&str]) -> Command {
        let mut command = self.command(&["serve"]);
        if !options.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.args(options);
        command
    }

    /// Starts a server after another one was killed, like a supervisor that tries until it works.
    pub(crate) fn serve_after_a_kill(&self) -> Server {
        let mut started = None;
        wait_until("the store's lock to be free", || match Server::start(self.serving(&[])) {
            Ok(server) => {
                started = Some(server);
                true
            }
            Err(ended) => {
                let refusal = ended.refused(6);
                assert!(refusal.contains("is in use by another claviger process"), "{refusal}");
                false
            }
        });
        started.expect("started")
    }

    /// A copy of the store as it is, also while a server runs on it.
    pub(crate) fn copied(&self) -> Copied {
        match &self.database {
            Some(url) => Copied(Cluster::shared().copy(url)),
            None => {
                let file = self.home().join("backup.db");
                run(self.command(&["backup", "--to", file.to_str().expect("UTF-8")])).ok();
                Copied(file.display().to_string())
            }
        }
    }

    /// Puts a copy in the place of the store, as a backup is restored.
    pub(crate) fn put_back(&self, copied: &Copied) {
        match &self.database {
            Some(url) => Cluster::shared().put_back(url, &copied.0),
            None => {
                for name in ["claviger.db", "claviger.db-wal", "claviger.db-shm"] {
                    // Some are not there while nobody works on it.
                    _ = std::fs::remove_file(self.data().join(name));
                }
                std::fs::rename(&copied.0, self.data().join("claviger.db")).expect("put back");
            }
        }
    }

    /// The rows, past the server.
    pub(crate) async fn rows(&self) -> AnyPool {
        sqlx::any::install_default_drivers();
        let url = match &self.database {
            Some(url) => url.clone(),
            None => format!("sqlite://{}", self.data().join("claviger.db").display()),
        };
        AnyPool::connect(&url).await.expect("the database")
    }

    /// One number out of the database.
    pub(crate) async fn number(&self, statement: &'static str) -> i64 {
        let rows = self.rows().await;
        let number = sqlx::query_scalar(statement).fetch_one(&rows).await.expect("a number");
        rows.close().await;
        number
    }
}

/// A server process that is ready.
pub(crate) struct Server {
    process: Option<Process>,
    url: String,
    /// Whether it was meant to show a secret on its standard output, which is a terminal then.
    on_terminal: bool,
}

impl Server {
    /// Starts a server that must become ready.
    pub(crate) fn ready(command: Command) -> Self {
        Self::start(command).unwrap_or_else(|ended| panic!("the server ended with {}: {}", ended.status, ended.err))
    }

    /// Starts a server, whose standard output is a terminal.
    pub(crate) fn ready_on_terminal(command: Command) -> Self {
        let process = Process::start_on_terminal(command);
        Self::await_ready(process, true).unwrap_or_else(|ended| panic!("the server ended: {}", ended.err))
    }

    /// Starts a server, or says how it ended.
    pub(crate) fn start(command: Command) -> Result<Self, Ended> {
        Self::await_ready(Process::start(command), false)
    }

    fn await_ready(mut process: Process, on_terminal: bool) -> Result<Self, Ended> {
        let mut url = None;
        let mut ended = false;
        wait_until("the server to be ready", || {
            ended = process.has_ended();
            url = address(&process.err());
            ended || url.is_some()
        });
        match url {
            Some(url) => Ok(Self { process: Some(process), url, on_terminal }),
            None => Err(looked_through(process.ended(), on_terminal)),
        }
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("it runs")
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.process().id()
    }

    /// What it wrote to standard output so far.
    pub(crate) fn out(&self) -> String {
        self.process().out()
    }

    /// What it wrote to standard error so far: its log.
    pub(crate) fn err(&self) -> String {
        self.process().err()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        self.process().signal(signal);
    }

    /// Asks it to stop, and waits until it has ended well.
    pub(crate) fn stop(self) -> Ended {
        self.signal(Signal::TERM);
        let ended = self.ended();
        assert_eq!(ended.code(), 0, "{}", ended.err);
        ended
    }

    /// Kills it as a crash does.
    pub(crate) fn kill(self) -> Ended {
        self.signal(Signal::KILL);
        self.ended()
    }

    /// Waits until it has ended.
    pub(crate) fn ended(mut self) -> Ended {
        looked_through(self.process.take().expect("it runs").ended(), self.on_terminal)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(process) = self.process.take() else { return };
        process.signal(Signal::KILL);
        // A second panic while the first one unwinds would hide it.
        if !std::thread::panicking() {
            looked_through(process.ended(), self.on_terminal);
        }
    }
}

/// Nothing that a server wrote holds a secret, but for what it was to show on a terminal.
fn looked_through(ended: Ended, on_terminal: bool) -> Ended {
    secrets::are_not_in("the log of a server", &ended.err);
    if !on_terminal {
        secrets::are_not_in("the standard output of a server", &ended.out);
    }
    ended
}

/// The address in the log line that says "ready", in either form of the log.
fn address(log: &str) -> Option<String> {
    let line = log.split_inclusive('\n').filter(|line| line.ends_with('\n')).find(|line| {
        line.contains("claviger::commands::serve: ready address=") || line.contains("\"message\":\"ready\"")
    })?;
    let (address, scheme) = if line.starts_with('{') {
        let json: Value = serde_json::from_str(line).expect("a JSON line");
        (json["fields"]["address"].as_str()?.to_owned(), json["fields"]["scheme"].as_str()?.to_owned())
    } else {
        let after = |name: &str| Some(line.split_once(name)?.1.split_whitespace().next()?.replace('"', ""));
        (after(" address=")?, after(" scheme=")?)
    };
    Some(format!("{scheme}://{}", address.replace("0.0.0.0", "127.0.0.1")))
}

/// The permission bits of a file or folder.
pub(crate) fn mode(path: &Path) -> u32 {
    let about = path.metadata().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    about.permissions().mode() & 0o7777
}

/// Changes the permission bits.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
}
