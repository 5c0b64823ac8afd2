//! What is in `packaging/`: the unit for systemd, started by a systemd, and what it tells a supervisor.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::machine::Machine;
use crate::process::{run, run_other, wait_until};
use crate::server::{On, Store};

/// What `systemd-analyze security` makes of the unit, in tenths: 100 is without any protection. What is left is the network,
/// sockets, and that it runs in the machine's own root folder.
const EXPOSURE_MAX: &str = "15";

/// The repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

fn unit() -> PathBuf {
    repository().join("packaging/systemd/claviger.service")
}

#[test]
fn the_unit_lets_the_service_do_little() {
    let mut analyze = Command::new("systemd-analyze");
    analyze.args(["security", "--offline=true", "--no-pager", &format!("--threshold={EXPOSURE_MAX}")]).arg(unit());
    let ended = run(analyze);
    assert_eq!(ended.code(), 0, "{}{}", ended.out, ended.err);
}

#[test]
fn systemd_finds_nothing_to_complain_about_in_the_unit() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(unit()).expect("the unit");
    // It looks whether the program is there.
    let text = text.replace("/usr/local/bin/claviger", env!("CARGO_BIN_EXE_claviger"));
    let copy = folder.path().join("claviger.service");
    std::fs::write(&copy, text).expect("written");
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no", "--recursive-errors=no"]).arg(&copy);
    let ended = run(verify);
    assert_eq!((ended.code(), ended.err.as_str()), (0, ""), "{}", ended.out);
}

/// Ready is told when requests are decided, and before that nothing.
#[test]
fn a_supervisor_is_told_when_it_is_ready_and_when_it_stops() {
    let store = Store::new(On::Sqlite);
    let path = store.home().join("notify");
    let supervisor = UnixDatagram::bind(&path).expect("a socket");
    supervisor.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
    let told = || {
        let mut message = [0; 256];
        let length = supervisor.recv(&mut message).expect("told within a minute");
        String::from_utf8_lossy(&message[..length]).trim_end().to_owned()
    };
    let mut command = store.serving(&[]);
    command.env("NOTIFY_SOCKET", &path);
    let server = crate::server::Server::ready(command);
    assert_eq!(told(), "READY=1");
    let mut ask = Command::new("curl");
    ask.args(["--silent", "--fail", &format!("{}/readyz", server.url())]);
    assert_eq!(run_other(ask), "ready\n");
    server.signal(Signal::TERM);
    assert_eq!(told(), "STOPPING=1");
    server.ended();
}

/// The unit as it is, in a machine with a systemd: what it forbids is nothing that the server needs.
#[test]
fn systemd_runs_it_restarts_it_and_stops_it() {
    let machine = Machine::boot();
    machine.install(Path::new(env!("CARGO_BIN_EXE_claviger")), "/usr/local/bin/claviger", "755");
    machine.install(&unit(), "/etc/systemd/system/claviger.service", "644");
    machine.install(&repository().join("packaging/systemd/claviger.sysusers"), "/etc/sysusers.d/claviger.conf", "644");
    machine.install(&repository().join("packaging/systemd/claviger.env"), "/etc/claviger/claviger.env", "600");
    machine.ok("systemd-sysusers /etc/sysusers.d/claviger.conf && systemctl daemon-reload");

    // It returns when requests are decided: nothing is waited for here.
    machine.ok("systemctl start claviger");
    assert_eq!(machine.ok("curl --silent --fail http://127.0.0.1:8000/readyz"), "ready\n");
    let log = machine.ok("journalctl --unit claviger --output cat");
    assert!(!log.contains("core dumps could not be turned off"), "{log}");
    assert!(!log.contains("no more open files"), "{log}");
    let owners = "stat --format '%n %U %a' /var/lib/claviger /var/lib/claviger/audit.key /var/lib/claviger-state";
    let expected = "/var/lib/claviger claviger 700\n/var/lib/claviger/audit.key claviger 600\n/var/lib/claviger-state claviger 700\n";
    assert_eq!(machine.ok(owners), expected);
    wait_until("how far the store has come, apart from it", || !machine.ok("ls /var/lib/claviger-state").is_empty());

    // Another link for the first owner, as the guide says.
    let link = "cat /var/lib/claviger/set-up-link";
    let before = machine.ok(link);
    machine.ok("systemctl kill --signal USR1 claviger");
    wait_until("another link", || machine.run(link).out != before);

    // A process that was killed is started again.
    let main = "systemctl show claviger --property MainPID --value";
    let first = machine.ok(main);
    machine.ok("systemctl kill --kill-who main --signal KILL claviger");
    wait_until("another process", || {
        let now = machine.ok(main);
        now != first && now != "0\n" && machine.run("curl --silent http://127.0.0.1:8000/readyz").out == "ready\n"
    });
    machine.ok("systemctl stop claviger");
    let result = "systemctl show claviger --property Result --property ExecMainStatus";
    assert_eq!(machine.ok(result), "Result=success\nExecMainStatus=0\n");
    assert!(machine.ok("journalctl --unit claviger --output cat").contains("INFO claviger::commands::serve: stopped"));

    // A setting that is wrong stays wrong: no second try.
    machine.ok("echo CLAVIGER_LISTEN=nowhere >>/etc/claviger/claviger.env");
    assert_eq!(machine.run("systemctl start claviger").code(), 1);
    let state = "systemctl show claviger --property ActiveState --property ExecMainStatus --property NRestarts";
    assert_eq!(machine.ok(state), "NRestarts=0\nExecMainStatus=2\nActiveState=failed\n");
}
