//! The programs: from which package each comes, and how it is started with the configuration of its guide.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::stage::Place;
use crate::process::{Process, wait_until};

/// Which program stands in front of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Nginx,
    Caddy,
    HaProxy,
}

/// A program that runs, and answers.
pub(crate) struct Running {
    process: Process,
    _folder: TempDir,
}

impl Running {
    /// What it wrote.
    pub(crate) fn log(&self) -> String {
        self.process.err()
    }
}

/// A file below `docs/gateways`.
pub(crate) fn document(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/gateways").join(path);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

impl Program {
    /// The guide, below `docs/gateways`.
    pub(crate) const fn guide(self) -> &'static str {
        match self {
            Self::Nginx => "nginx.md",
            Self::Caddy => "caddy.md",
            Self::HaProxy => "haproxy.md",
        }
    }

    /// The configuration that it is started with.
    pub(crate) const fn configuration(self) -> &'static str {
        match self {
            Self::Nginx => "nginx/claviger.conf",
            Self::Caddy => "caddy/Caddyfile",
            Self::HaProxy => "haproxy/haproxy.cfg",
        }
    }

    /// Starts it with a configuration, which may be another one than the guide's by a few lines.
    pub(crate) fn start(self, configuration: &str, place: Place) -> Running {
        let folder = tempfile::tempdir().expect("a folder");
        let here = configuration.replace("127.0.0.1", &place.0.to_string());
        let command = match self {
            Self::Nginx => nginx(folder.path(), &here),
            Self::Caddy => caddy(folder.path(), &here),
            Self::HaProxy => haproxy(folder.path(), &here),
        };
        let mut process = Process::start(command);
        wait_until("the gateway to listen", || {
            assert!(!process.has_ended(), "{self:?} ended: {}{}", process.out(), process.err());
            TcpStream::connect(place.gateway()).is_ok()
        });
        Running { process, _folder: folder }
    }
}

/// The program of a package. What Debian has in /usr/sbin is not in everybody's PATH.
fn installed(program: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/bin".into()]);
    let found = folders.map(|folder| folder.join(program)).find(|file| file.is_file());
    found.unwrap_or_else(|| {
        panic!("{program} is not installed: it is in Debian's package {package}, which ./test installs")
    })
}

/// As Debian's nginx.conf includes what is in conf.d, with folders and a log of the test's own.
fn nginx(folder: &Path, configuration: &str) -> Command {
    fs::write(folder.join("claviger.conf"), configuration).expect("written");
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let temporary: String =
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {kind};\n")).concat();
    let main = format!(
        "{user}\ndaemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr info;\n\
         events {{}}\nhttp {{\naccess_log off;\n{temporary}include claviger.conf;\n}}\n"
    );
    fs::write(folder.join("nginx.conf"), main).expect("written");
    let mut command = Command::new(installed("nginx", "nginx-light"));
    command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf")).args(["-e", "stderr"]);
    command
}

/// As Debian's unit runs it, with its state in the test's own folder.
fn caddy(folder: &Path, configuration: &str) -> Command {
    let file = folder.join("Caddyfile");
    fs::write(&file, configuration).expect("written");
    let mut command = Command::new(installed("caddy", "caddy"));
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
    for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        command.env(variable, folder);
    }
    command
}

/// As Debian's unit runs it, but as whoever runs the test, without a folder that only root may enter.
fn haproxy(folder: &Path, configuration: &str) -> Command {
    let roots = ["chroot ", "user ", "group "];
    let kept = configuration.lines().filter(|line| !roots.iter().any(|word| line.trim().starts_with(word)));
    let kept: String = kept.map(|line| format!("{line}\n")).collect();
    let lua = folder.join("claviger.lua");
    fs::write(&lua, document("haproxy/claviger.lua")).expect("written");
    let installed_at = "/etc/haproxy/claviger.lua";
    assert!(kept.contains(installed_at));
    let file = folder.join("haproxy.cfg");
    fs::write(&file, kept.replace(installed_at, lua.to_str().expect("text"))).expect("written");
    let mut command = Command::new(installed("haproxy", "haproxy"));
    command.args(["-db", "-f"]).arg(file);
    command
}
