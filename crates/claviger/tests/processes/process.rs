//! A process of ours: what it writes is gathered, and it ends when its test ends.

use std::fs::File;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

const POLL_MS: u64 = 5;
const POLLS_MAX: u64 = 12_000; // a minute: a loaded machine is no failure

/// A process that runs.
pub(crate) struct Process {
    child: Child,
    out: Gathered,
    err: Gathered,
}

/// What a process left.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// The exit code; a signal is none.
    pub(crate) fn code(&self) -> i32 {
        let signal = self.status.signal();
        self.status.code().unwrap_or_else(|| panic!("ended by signal {signal:?}: {}", self.err))
    }

    /// It ended well: what it printed.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code(), 0, "{}", self.err);
        self.out
    }

    /// It ended with this code: what it complained about, which is one line.
    pub(crate) fn refused(self, code: i32) -> String {
        assert_eq!(self.code(), code, "{}", self.err);
        assert_eq!(self.out, "", "what was refused prints nothing");
        let complaint = self.err.trim_end().to_owned();
        let sentence = complaint.strip_prefix("error: ").unwrap_or_else(|| panic!("no sentence: {complaint:?}"));
        assert!(!sentence.contains('\n'), "more than one line: {sentence}");
        sentence.to_owned()
    }
}

impl Process {
    /// Starts a command with its output going to us.
    pub(crate) fn start(mut command: Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawn(command);
        let out = Gathered::from(child.stdout.take().expect("a pipe"));
        let err = Gathered::from(child.stderr.take().expect("a pipe"));
        Self { child, out, err }
    }

    /// The same, but standard output is a terminal.
    pub(crate) fn start_on_terminal(mut command: Command) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&ours).expect("granted");
        unlockpt(&ours).expect("unlocked");
        let name = ptsname(&ours, Vec::new()).expect("a name");
        let theirs = File::options().read(true).write(true).open(name.to_str().expect("UTF-8")).expect("its other end");
        let mut child = spawn(command.stdout(theirs).stderr(Stdio::piped()));
        // The command holds the other end as well, and as long as anybody does, reading does not end.
        drop(command);
        let out = Gathered::from(File::from(ours));
        let err = Gathered::from(child.stderr.take().expect("a pipe"));
        Self { child, out, err }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to standard output so far.
    pub(crate) fn out(&self) -> String {
        self.out.so_far()
    }

    /// What it wrote to standard error so far.
    pub(crate) fn err(&self) -> String {
        self.err.so_far()
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child of ours").is_some()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a child of ours can be signalled");
    }

    /// Waits until it has ended.
    pub(crate) fn ended(mut self) -> Ended {
        let mut status = None;
        wait_until("a process to end", || {
            status = self.child.try_wait().expect("a child of ours");
            status.is_some()
        });
        Ended { status: status.expect("ended"), out: self.out.whole(), err: self.err.whole() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only for a process that has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: Command) -> Ended {
    Process::start(command).ended()
}

/// Runs a program that is not ours to its end and returns what it printed.
pub(crate) fn run_other(command: Command) -> String {
    run(command).ok()
}

fn spawn(command: &mut Command) -> Child {
    let program = command.get_program().display().to_string();
    let spawned = command.stdin(Stdio::null()).spawn();
    spawned
        .unwrap_or_else(|error| panic!("cannot run {program}: {error}. Run ./test, which installs what the tests need"))
}

/// Waits for a condition, with a deadline.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..POLLS_MAX {
        if condition() {
            return;
        }
        thread::sleep(Duration::from_millis(POLL_MS));
    }
    panic!("waited in vain for {what}: {} s", POLLS_MAX * POLL_MS / 1_000);
}

/// Everything that comes out of one end of a pipe.
struct Gathered {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Gathered {
    fn from(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::<Mutex<Vec<u8>>>::default();
        let into = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            // A pseudo-terminal whose other end is closed answers with an error.
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                into.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..count]);
            }
        });
        Self { bytes, reader: Some(reader) }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    fn whole(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader does not panic");
        }
        self.so_far()
    }
}
