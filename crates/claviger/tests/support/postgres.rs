//! A private PostgreSQL for integration tests, started from Debian's own binaries.
//!
//! [`Cluster::shared`] is one server for a whole test process, for tests that only want a database of their own
//! ([`Cluster::database`]). [`Cluster::start`] is a server for one test, which may [`kill`](Cluster::kill) it like a
//! machine that loses power and [`restart`](Cluster::restart) it on what was left on the disk.
//!
//! What must stay true:
//!
//! - **Nothing outlives the tests**, however they end. A static is never dropped and a killed process drops nothing, so
//!   everything runs under a watchdog: a shell that takes orders through a pipe from us. The pipe closes when we drop
//!   the cluster, return from `main`, or are killed; the watchdog then stops the server and removes the directory. It is
//!   in a process group of its own, so a Ctrl-C meant for the tests does not reach it.
//! - **What was committed is on the disk**: `fsync`, `synchronous_commit` and `full_page_writes` stay on. Crash tests
//!   prove nothing without them.
//! - **No two databases share a name**, and tests reach the server as `claviger_test`: it owns its databases and is no
//!   superuser, so a passing test also shows that Claviger needs no superuser.
//! - **A port does not change** for the life of a cluster, and lies below the range from which the system hands out
//!   ports for outgoing connections, so that nobody takes it between a kill and a restart.
//! - Waiting is polling a condition, with a deadline; the server itself says in `postmaster.pid` that it is ready.
//!
//! Deliberately not here: the schema, a connection pool, a container, a download. PostgreSQL refuses to run as root, so
//! as root the server runs as the user `postgres`, which Debian's package makes.

#![allow(dead_code, reason = "each test binary that includes this module uses its own part of it")]

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// The role in every URL that this module hands out.
const ROLE: &str = "claviger_test";

/// Where Debian puts one directory for each major version of PostgreSQL.
const DEBIAN_VERSIONS: &str = "/usr/lib/postgresql";

const POLL_MS: u64 = 10;
const POLLS_MAX: u32 = 6_000; // a minute: crash recovery on a loaded machine
const PORT_MIN: u32 = 12_000;
const PORT_MAX: u32 = 32_000; // below Linux's default for outgoing connections, 32768
const PORTS_TRIED_MAX: u32 = 100;

/// Runs as `sh -c WATCHDOG watchdog DIRECTORY BIN [COMMAND THAT CHANGES THE USER]`, one order a line, one answer a line.
/// Its end is reached when the pipe closes; `wait` before `rm`, so that no process writes into what is removed.
const WATCHDOG: &str = r#"
trap '' INT TERM HUP PIPE
directory=$1 bin=$2 server=
shift 2
while read -r order port; do
    case $order in
    initialize)
        "$@" "$bin/initdb" --pgdata="$directory/cluster" --username=postgres --auth=trust --encoding=UTF8 \
            --locale=C.UTF-8 --no-sync </dev/null >>"$directory/log" 2>&1
        echo $? ;;
    copy)
        "$@" "$bin/pg_basebackup" --host=127.0.0.1 --port="$port" --username=postgres --pgdata="$directory/cluster" \
            --write-recovery-conf --wal-method=stream --checkpoint=fast --no-sync </dev/null >>"$directory/log" 2>&1
        echo $? ;;
    start)
        "$@" "$bin/postgres" -D "$directory/cluster" -p "$port" \
            -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
            -c max_connections=200 -c shared_buffers=64MB -c dynamic_shared_memory_type=mmap \
            -c fsync=on -c synchronous_commit=on -c full_page_writes=on \
            </dev/null >>"$directory/log" 2>&1 &
        server=$!
        echo $server ;;
    reap)
        wait $server
        server=
        echo reaped ;;
    esac
done
if [ -n "$server" ]; then
    kill -s QUIT $server
    kill -s CONT $server
    wait $server
fi
rm -rf "$directory"
"#;

/// A running PostgreSQL of our own, or a killed one that waits for its restart.
#[derive(Debug)]
pub(crate) struct Cluster {
    bin: PathBuf,
    directory: PathBuf,
    port: u32,
    /// The postmaster's process id while it runs.
    postmaster: Option<u32>,
    databases_made: AtomicU32,
    watchdog: Child,
    /// `None` only while dropping: closing it is the watchdog's order to clean up.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// How an attempt to start the server ended, where it did not end in a panic.
#[derive(PartialEq)]
enum Launch {
    Ready,
    PortTaken,
}

impl Cluster {
    /// The server that all tests of this process share. Nobody can kill it: that asks for `&mut`.
    pub(crate) fn shared() -> &'static Cluster {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(Cluster::start)
    }

    /// A server of the caller's own, stopped and removed when it is dropped.
    pub(crate) fn start() -> Cluster {
        let mut cluster = Cluster::nowhere();
        if cluster.order("initialize") != "0" {
            panic!("PostgreSQL's initdb failed:\n{}", cluster.log());
        }
        for _ in 0..PORTS_TRIED_MAX {
            cluster.port = free_port();
            if cluster.launch() == Launch::Ready {
                cluster.execute(&format!("CREATE ROLE {ROLE} LOGIN"));
                return cluster;
            }
        }
        panic!("all {PORTS_TRIED_MAX} ports that were tried for PostgreSQL were taken by others");
    }

    /// Neither files nor a server yet.
    fn nowhere() -> Cluster {
        let bin = binaries();
        let directory = temporary_directory();
        let (watchdog, orders, answers) = watchdog(&bin, &directory);
        Cluster {
            bin,
            directory,
            port: 0,
            postmaster: None,
            databases_made: AtomicU32::new(0),
            watchdog,
            orders: Some(orders),
            answers,
        }
    }

    /// A standby of this server that it waits for at each commit, on a port of its own or on one that was a server's before.
    pub(crate) fn synchronous_standby(&self, port: Option<u32>) -> Cluster {
        let mut standby = Cluster::nowhere();
        if standby.order(&format!("copy {}", self.port)) != "0" {
            panic!("PostgreSQL's pg_basebackup failed:\n{}", standby.log());
        }
        standby.port = port.unwrap_or_else(free_port);
        assert!(standby.launch() == Launch::Ready, "the port {} is taken", standby.port);
        self.execute("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.execute("SELECT pg_reload_conf()");
        wait_until("the standby to be waited for", || {
            self.ask("SELECT COUNT(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1"
        });
        standby
    }

    /// Ends the sessions that reported last; how many there were.
    pub(crate) fn end_sessions_that_report(&self) -> u32 {
        let end = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'UPDATE nodes SET applied%'";
        self.ask(end).parse().expect("a number")
    }

    /// Waits for no standby any more.
    pub(crate) fn replicate_asynchronously(&self) {
        self.execute("ALTER SYSTEM RESET synchronous_standby_names");
        self.execute("SELECT pg_reload_conf()");
        wait_until("commits not to be waited for", || self.ask("SHOW synchronous_standby_names").is_empty());
    }

    /// Ends the waits for a standby: whoever waits is told that it is done. How many there were.
    pub(crate) fn cancel_waits_for_the_standby(&self) -> u32 {
        let cancel = "SELECT COUNT(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        self.ask(cancel).parse().expect("a number")
    }

    /// Makes a standby the primary. It waits for no standby of its own.
    pub(crate) fn promote(&self) {
        self.execute("ALTER SYSTEM RESET synchronous_standby_names");
        self.execute("SELECT pg_promote()");
        wait_until("the standby to be promoted", || self.ask("SELECT pg_is_in_recovery()") == "f");
        self.execute("SELECT pg_reload_conf()");
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u32 {
        self.port
    }

    /// The same database of another server.
    pub(crate) fn same(&self, url: &str) -> String {
        self.url(name_of(url))
    }

    /// Makes an empty database that no other test knows, and returns its URL.
    pub(crate) fn database(&self) -> String {
        self.url(&self.database_of(ROLE))
    }

    /// The same for a role that was made by [`guard`](Self::guard); returns its name.
    pub(crate) fn database_of(&self, role: &str) -> String {
        let name = format!("test_{}", self.databases_made.fetch_add(1, Ordering::Relaxed));
        self.execute(&format!("CREATE DATABASE {name} OWNER {role} TEMPLATE template0"));
        name
    }

    /// Removes the database of this URL and ends who is still connected to it. A suite makes hundreds, and an empty one
    /// takes 7 MB of the disk.
    pub(crate) fn remove(&self, url: &str) {
        self.execute(&format!("DROP DATABASE {} WITH (FORCE)", name_of(url)));
    }

    /// Copies a database as it is; the URL of the copy. Who is connected is cut off, and may come again.
    pub(crate) fn copy(&self, url: &str) -> String {
        let (name, copy) = (name_of(url), format!("test_{}", self.databases_made.fetch_add(1, Ordering::Relaxed)));
        self.execute(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false"));
        self.execute(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
        self.execute(&format!("CREATE DATABASE {copy} OWNER {ROLE} TEMPLATE {name}"));
        self.execute(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true"));
        self.url(&copy)
    }

    /// Puts a copy in the place of what it was made of, as a restored backup is.
    pub(crate) fn put_back(&self, url: &str, copy: &str) {
        self.remove(url);
        self.execute(&format!("ALTER DATABASE {} RENAME TO {}", name_of(copy), name_of(url)));
    }

    /// The URL of a database of this server, whether it exists or not.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("postgres://{ROLE}@127.0.0.1:{}/{name}", self.port)
    }

    /// Makes one more role, which is let in with its password and over TLS alone. The server shows this certificate.
    pub(crate) fn guard(&self, role: &str, password: &str, certificate: &str, key: &str) {
        self.execute(&format!("CREATE ROLE {role} LOGIN PASSWORD '{password}'"));
        self.write("server.crt", certificate);
        self.write("server.key", key);
        self.write(
            "pg_hba.conf",
            &format!("hostssl all {role} all scram-sha-256\nhost all postgres,{ROLE} all trust\n"),
        );
        self.execute("ALTER SYSTEM SET ssl = on");
        self.execute("SELECT pg_reload_conf()");
        wait_until("PostgreSQL to speak TLS", || self.log().contains("parameter \"ssl\" changed to \"on\""));
    }

    /// The URL of a database for the superuser, who sees what sessions there are.
    pub(crate) fn url_of_superuser(&self, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    /// Writes a file of the server's own, which it alone may read.
    fn write(&self, name: &str, text: &str) {
        let path = self.directory.join("cluster").join(name);
        let written = fs::metadata(self.pid_file()).and_then(|of_server| {
            fs::write(&path, text)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
            chown(&path, Some(of_server.uid()), Some(of_server.gid()))
        });
        if let Err(error) = written {
            panic!("cannot write {} for PostgreSQL: {error}", path.display());
        }
    }

    /// Ends the server as a crash does: all its processes at once, with no chance to write or to say goodbye. When this
    /// returns they are gone, and connections to the port are refused.
    pub(crate) fn kill(&mut self) {
        let Some(postmaster) = self.postmaster.take() else {
            panic!("this PostgreSQL has been killed already; restart it first");
        };
        // Stopped first: a postmaster that still runs would start new processes for those that die before it.
        signal("STOP", &[postmaster]);
        wait_until("the postmaster to stand still", || {
            matches!(state_and_parent(postmaster), None | Some(('T' | 'Z', _)))
        });
        let mut processes = children_of(postmaster);
        processes.push(postmaster);
        signal("KILL", &processes);
        self.order("reap");
        wait_until("PostgreSQL's processes to end", || processes.iter().all(|process| is_gone(*process)));
        self.forget_postmaster();
    }

    /// Starts a killed server again, on the same files and port, and waits until it has recovered and takes connections.
    pub(crate) fn restart(&mut self) {
        assert!(self.postmaster.is_none(), "this PostgreSQL runs; kill it before restarting it");
        wait_until("PostgreSQL's port to be free again", || self.launch() == Launch::Ready);
    }

    /// Starts the server and waits until it takes connections.
    fn launch(&mut self) -> Launch {
        let log_before = self.log().len();
        let answer = self.order(&format!("start {}", self.port));
        let Ok(postmaster) = answer.parse() else {
            panic!("the watchdog of PostgreSQL answered {answer:?} instead of a process id");
        };
        let mut ended = false;
        wait_until("PostgreSQL to take connections", || {
            ended = is_gone(postmaster);
            ended || self.says_ready(postmaster)
        });
        if !ended {
            self.postmaster = Some(postmaster);
            return Launch::Ready;
        }
        self.order("reap");
        let log = self.log().split_off(log_before);
        if log.contains("Address already in use") {
            return Launch::PortTaken;
        }
        panic!("PostgreSQL ended while it was starting:\n{log}");
    }

    /// Line 1 of `postmaster.pid` is whose file it is, line 8 how far the start has come (`pg_ctl -w` reads the same).
    fn says_ready(&self, postmaster: u32) -> bool {
        let text = fs::read_to_string(self.pid_file()).unwrap_or_default();
        let mut lines = text.lines().map(str::trim);
        lines.next() == Some(&postmaster.to_string()) && lines.nth(6) == Some("ready")
    }

    /// Removes what a killed postmaster leaves outside its tables: the file that would make the next start believe a
    /// stranger with the same process id, and its shared memory segment, whose number is in line 7 of that file.
    fn forget_postmaster(&self) {
        let text = fs::read_to_string(self.pid_file()).unwrap_or_default();
        if let Some(segment) = text.lines().nth(6).and_then(|line| line.split_whitespace().nth(1)) {
            run(Command::new("ipcrm").args(["--shmem-id", segment]));
        }
        if let Err(error) = fs::remove_file(self.pid_file()) {
            panic!("cannot remove the killed PostgreSQL's {}: {error}", self.pid_file().display());
        }
    }

    /// Runs one statement as the superuser.
    fn execute(&self, statement: &str) {
        self.ask(statement);
    }

    /// The same; what it answers, as text.
    fn ask(&self, statement: &str) -> String {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-U",
            "postgres",
            "-d",
            "postgres",
        ])
        .args(["-p", &self.port.to_string(), "-c", statement]);
        run(without_postgres_settings(&mut psql)).trim().to_owned()
    }

    /// Gives the watchdog one order and returns its answer.
    fn order(&mut self, order: &str) -> String {
        let mut answer = String::new();
        let done = match &mut self.orders {
            Some(orders) => writeln!(orders, "{order}").and_then(|()| self.answers.read_line(&mut answer)),
            None => Ok(0),
        };
        if !matches!(done, Ok(1..)) {
            panic!("the watchdog of PostgreSQL is gone: it did not answer {order:?} ({done:?})");
        }
        answer.trim_end().to_owned()
    }

    /// Everything that initdb and the server have said so far.
    fn log(&self) -> String {
        let bytes = fs::read(self.directory.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn pid_file(&self) -> PathBuf {
        self.directory.join("cluster/postmaster.pid")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.orders = None;
        // A failure leaves nothing to do here: a panic while another one unwinds would hide the first.
        let _ = self.watchdog.wait();
    }
}

/// The database that a URL names.
fn name_of(url: &str) -> &str {
    match url.rsplit_once('/') {
        Some((_, name)) => name,
        None => panic!("{url:?} names no database"),
    }
}

/// The directory of `postgres`, `initdb` and `psql`: of the newest version installed, or the one that is asked for.
fn binaries() -> PathBuf {
    if let Some(asked) = std::env::var_os("CLAVIGER_TEST_POSTGRES_BIN") {
        let asked = PathBuf::from(asked);
        assert!(
            asked.join("postgres").is_file(),
            "CLAVIGER_TEST_POSTGRES_BIN is {}, but there is no `postgres` in it",
            asked.display()
        );
        return asked;
    }
    fs::read_dir(DEBIAN_VERSIONS)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join("postgres").is_file())
        .max()
        .map(|(_, bin)| bin)
        .unwrap_or_else(|| {
            panic!(
                "PostgreSQL's server is not installed: there is no {DEBIAN_VERSIONS}/*/bin/postgres. Run ./test, which \
                 installs what the tests need, or name its directory in CLAVIGER_TEST_POSTGRES_BIN"
            )
        })
}

/// A new directory that only its owner can enter. The watchdog removes it, not tempfile: it outlives us.
fn temporary_directory() -> PathBuf {
    match tempfile::Builder::new().prefix("claviger-postgres-").tempdir() {
        Ok(directory) => directory.keep(),
        Err(error) => panic!("cannot make a temporary directory for PostgreSQL: {error}"),
    }
}

/// Starts the watchdog over an empty directory. From here on the directory and all that runs in it are the watchdog's.
fn watchdog(bin: &Path, directory: &Path) -> (Child, ChildStdin, BufReader<ChildStdout>) {
    let mut shell = Command::new("sh");
    shell.args(["-c", WATCHDOG, "watchdog"]).args([directory, bin]);
    // The directory was made by us, so its owner is who we are.
    if fs::metadata(directory).is_ok_and(|found| found.uid() == 0) {
        let (user, group) = (id_of_postgres("-u"), id_of_postgres("-g"));
        if let Err(error) = chown(directory, Some(user), Some(group)) {
            panic!("cannot give {} to the user `postgres`: {error}", directory.display());
        }
        shell.arg("setpriv").args([format!("--reuid={user}"), format!("--regid={group}")]).arg("--clear-groups");
    }
    let spawned = without_postgres_settings(&mut shell)
        .current_dir(directory)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    match spawned.map(|mut child| (child.stdin.take(), child.stdout.take(), child)) {
        Ok((Some(orders), Some(answers), child)) => (child, orders, BufReader::new(answers)),
        failed => panic!("cannot start the watchdog of PostgreSQL: {failed:?}"),
    }
}

/// The number of the user `postgres` (`-u`) or of its group (`-g`).
fn id_of_postgres(which: &str) -> u32 {
    let number = run(Command::new("id").args([which, "postgres"]));
    match number.trim().parse() {
        Ok(number) => number,
        Err(_) => panic!("`id {which} postgres` printed {number:?}, which is no number"),
    }
}

/// A port on which nobody listens now. Each process starts elsewhere in the range and never tries a port twice.
fn free_port() -> u32 {
    static PORTS_TRIED: AtomicU32 = AtomicU32::new(0);
    const STRIDE: u32 = 16; // the first ports of neighbouring processes lie this far apart
    loop {
        let tried = PORTS_TRIED.fetch_add(1, Ordering::Relaxed);
        let port = PORT_MIN + (std::process::id().wrapping_mul(STRIDE) + tried) % (PORT_MAX - PORT_MIN);
        if TcpListener::bind(format!("127.0.0.1:{port}")).is_ok() {
            return port;
        }
        assert!(tried < PORT_MAX - PORT_MIN, "no port from {PORT_MIN} to {PORT_MAX} is free for PostgreSQL");
    }
}

/// Takes away what a developer has set for a PostgreSQL of their own (`PGHOST`, `PGOPTIONS`, ...), and translations.
fn without_postgres_settings(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C")
}

/// Runs a command to its end and returns what it printed; a failure is a panic with the command's own words.
fn run(command: &mut Command) -> String {
    let program = command.get_program().display().to_string();
    let output = match command.stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) => {
            panic!("cannot run {program}: {error}. Run ./test, which installs what the tests need")
        }
    };
    if !output.status.success() {
        panic!("{program} failed, {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Signals all the processes; those that have ended meanwhile are none of our business.
fn signal(name: &str, processes: &[u32]) {
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"kill -s "$@" 2>/dev/null; true"#, "signal", name]);
    run(shell.args(processes.iter().map(u32::to_string)));
}

fn children_of(parent: u32) -> Vec<u32> {
    let number = |name: &OsStr| name.to_str()?.parse::<u32>().ok();
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| number(&entry.file_name()))
        .filter(|process| state_and_parent(*process).is_some_and(|(_, of)| of == parent))
        .collect()
}

/// Ended, even if nobody has asked for its exit status yet.
fn is_gone(process: u32) -> bool {
    matches!(state_and_parent(process), None | Some(('Z' | 'X', _)))
}

/// The letter for a process's state and its parent, from `/proc`: `PID (name, which may hold anything) STATE PARENT ...`.
fn state_and_parent(process: u32) -> Option<(char, u32)> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..POLLS_MAX {
        if condition() {
            return;
        }
        thread::sleep(Duration::from_millis(POLL_MS));
    }
    panic!("waited in vain for {what}: {} s", u64::from(POLLS_MAX) * POLL_MS / 1_000);
}
