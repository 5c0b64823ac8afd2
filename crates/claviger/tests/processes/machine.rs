//! A machine of a test's own, with systemd as its first process: what is installed there, started and written is seen nowhere
//! else and gone with the test. `machine/boot.sh` says how.
//!
//! It has this machine's programs and files to begin with, a network of its own without a way out, and root's rights on
//! itself alone. Making one takes root, which is asked of sudo where we are not; where neither helps, the test fails and says so.

use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use tempfile::TempDir;

use crate::process::{Ended, Process, run, wait_until};

/// Where a shell begins in it, and what is done there leaves no trace in a home folder.
const WORKPLACE: &str = "/srv/workplace";

/// A machine that runs.
pub(crate) struct Machine {
    watchdog: Child,
    /// It ends when this does.
    alive: Option<ChildStdin>,
    systemd: String,
    folder: TempDir,
}

impl Machine {
    /// Boots one.
    pub(crate) fn boot() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/processes/machine/boot.sh");
        let place = folder.path().join("root");
        std::fs::create_dir(&place).expect("a folder");
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("a mode");
        let mut watchdog = as_root();
        // A signal that ends the tests is not for it: it has to take the machine down.
        watchdog.args(["sh", script]).arg(&place).process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut watchdog = watchdog.spawn().expect("a shell");
        let alive = watchdog.stdin.take();
        let mut systemd = String::new();
        BufReader::new(watchdog.stdout.take().expect("a pipe")).read_line(&mut systemd).expect("its process id");
        let machine = Self { watchdog, alive, systemd: systemd.trim().to_owned(), folder };
        assert!(!machine.systemd.is_empty(), "no machine of our own, which takes root: {}", machine.log());
        wait_until("systemd to have booted", || machine.run("systemctl is-system-running").out == "running\n");
        machine.ok(&format!("mkdir -p {WORKPLACE}"));
        machine
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("root.log")).unwrap_or_default()
    }

    /// What a shell of root makes of this line there.
    pub(crate) fn run(&self, line: &str) -> Ended {
        run(self.shell(line))
    }

    /// The same, and it must end well: what it printed.
    pub(crate) fn ok(&self, line: &str) -> String {
        let ended = self.run(line);
        assert_eq!(ended.code(), 0, "{line}\n{}\n{}", ended.out, ended.err);
        ended.out
    }

    /// Starts it, and leaves it running.
    pub(crate) fn start(&self, line: &str) -> Process {
        Process::start(self.shell(line))
    }

    /// Writes a file there.
    pub(crate) fn write(&self, path: &str, mode: &str, text: &str) {
        let ours = self.folder.path().join("written");
        std::fs::write(&ours, text).expect("written");
        self.install(&ours, path, mode);
    }

    /// Puts a file of ours there.
    pub(crate) fn install(&self, ours: &Path, path: &str, mode: &str) {
        // Later than the machine's mounts were made, a file of ours is seen through none of them: it goes through a pipe.
        let mut command = self.shell(&format!("install -D -m {mode} /dev/stdin {path}"));
        let file = std::fs::File::open(ours).expect("a file of ours");
        let installed = command.stdin(file).output().expect("a shell");
        assert!(installed.status.success(), "{path}: {}", String::from_utf8_lossy(&installed.stderr));
    }

    fn shell(&self, line: &str) -> Command {
        let mut command = as_root();
        command.args(["nsenter", "--target", &self.systemd, "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup"]);
        command.args(["--root", "--wd", "env", "-i", "HOME=/root", "TERM=dumb", "LC_ALL=C.UTF-8"]);
        // A build of an image otherwise asks for limits that not every root may set.
        command.arg("BUILDAH_ISOLATION=chroot");
        command.arg("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.args(["bash", "-c", &format!("cd {WORKPLACE} 2>/dev/null\n{line}")]);
        command
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.alive = None;
        // A failure leaves nothing to do here: a panic while another one unwinds would hide the first.
        let _ = self.watchdog.wait();
    }
}

/// A command, as root.
fn as_root() -> Command {
    if rustix::process::geteuid().is_root() {
        Command::new("env")
    } else {
        let mut command = Command::new("sudo");
        command.arg("--non-interactive");
        command
    }
}
