//! Each command of the operator's guide is run as it stands there, in the order of the guide, on a machine with what the guide
//! takes for granted: the program that was built, a database at db.example.com that wants TLS and a password, certificates.
//!
//! One thing is played: `cargo build --release` puts the program under test in its place, since building one takes minutes. A
//! new machine between two chapters is an empty folder, fresh settings or an empty database.

mod guide;
mod images;

use std::path::Path;

use self::guide::Guide;
use crate::machine::Machine;
use crate::packaging::repository;
use crate::postgres_connection::certified;
use crate::process::wait_until;

const PASSWORD: &str = "a long one of its own";
const DATABASE: &str = "postgres://claviger@db.example.com/claviger?sslmode=verify-full";

#[test]
fn each_command_of_the_guide_does_what_it_says() {
    let mut guide = Guide::open(prepared());
    install(&mut guide);
    start(&mut guide);
    under_systemd(&mut guide);
    in_a_container(&mut guide);
    metrics(&mut guide);
    postgres(&mut guide);
    moving_in(&mut guide);
    several_nodes(&mut guide);
    fail_over(&mut guide);
    tls(&mut guide);
    upgrade(&mut guide);
    upgrade_of_several_nodes(&mut guide);
    backup_and_restore(&mut guide);
    the_audit_log(&mut guide);
    what_was_lost(&mut guide);
    mail(&mut guide);
    guide.ends();
}

/// What a reader has: the sources, tools, a database, certificates of an authority that his machines trust.
fn prepared() -> Machine {
    let machine = Machine::boot();
    machine.install(Path::new(env!("CARGO_BIN_EXE_claviger")), "/srv/built/claviger", "755");
    let build = "#!/bin/sh\n[ \"$*\" = 'build --release' ] && install -D /srv/built/claviger target/release/claviger\n";
    machine.write("/usr/local/sbin/cargo", "755", build);
    for file in ["claviger.service", "claviger.sysusers", "claviger.env"] {
        let path = format!("packaging/systemd/{file}");
        machine.install(&repository().join(&path), &format!("/srv/workplace/{path}"), "644");
    }
    let (authority, certificate, key) = certified("keys.example.com", "an authority of the web");
    machine.write("/srv/workplace/keys.example.com.crt", "644", &certificate);
    machine.write("/srv/workplace/keys.example.com.key", "600", &key);
    machine.write("/srv/authority.crt", "644", &authority);
    let (authority, certificate, key) = certified("db.example.com", "an authority of databases");
    machine.write("/root/.postgresql/root.crt", "644", &authority);
    // A system without any would make programs look elsewhere.
    machine.ok("cat /srv/authority.crt /root/.postgresql/root.crt >>/etc/ssl/certs/ca-certificates.crt");
    machine.write("/srv/db/server.crt", "644", &certificate);
    machine.write("/srv/db/server.key", "600", &key);
    machine.write(
        "/srv/db/pg_hba.conf",
        "644",
        "local all postgres trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n",
    );
    machine.ok(DATABASE_SERVER);
    let passwords = ["db", "db-b"].map(|host| format!("{host}.example.com:5432:*:claviger:{PASSWORD}\n"));
    machine.write("/root/.pgpass", "600", &passwords.concat());
    machine
}

/// The newest PostgreSQL of this machine, as who comes from elsewhere sees it.
const DATABASE_SERVER: &str = "set -e
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
chown -R postgres: /srv/db
as='runuser -u postgres --'
$as $bin/initdb --pgdata /srv/db/cluster --no-sync >/dev/null
$as cp /srv/db/pg_hba.conf /srv/db/cluster/
printf '%s\\n' \"listen_addresses = '127.0.0.1'\" 'ssl = on' \"ssl_cert_file = '/srv/db/server.crt'\" \\
    \"ssl_key_file = '/srv/db/server.key'\" \"unix_socket_directories = '/var/run/postgresql'\" >>/srv/db/cluster/postgresql.conf
install -d -o postgres /var/run/postgresql
$as $bin/pg_ctl --pgdata /srv/db/cluster --log /srv/db/log --wait start >/dev/null";

/// A database without anything in it, such as the guide begins with.
fn empty_database(machine: &Machine, name: &str) {
    let psql = "runuser -u postgres -- psql -q -v ON_ERROR_STOP=1 -d postgres";
    machine.ok(&format!("{psql} -c 'DROP DATABASE IF EXISTS {name}' -c 'CREATE DATABASE {name} OWNER claviger'"));
}

/// Who serves by hand has not done so before.
fn by_hand_for_the_first_time(machine: &Machine) {
    machine.ok("rm -rf /root/.local");
}

/// The service on an embedded store, as after its first start.
fn anew(machine: &Machine) {
    machine.ok("systemctl stop claviger && rm -rf /var/lib/claviger /var/lib/claviger-state");
    machine.ok("install -m 600 packaging/systemd/claviger.env /etc/claviger/claviger.env && systemctl start claviger");
}

/// What the owner whose secret is in this file is answered.
fn me(machine: &Machine, username: &str, secret_file: &str) -> String {
    machine
        .run(&format!(
            "claviger me --output json --url http://127.0.0.1:8000 --username {username} --secret-file {secret_file}"
        ))
        .out
}

/// The owner's username in what `init` printed; his secret is in the file `owner` then.
fn owner_in(machine: &Machine, json: &str) -> String {
    let python = "import json, sys; owner = json.load(open(sys.argv[1])); print(owner['username']); open('owner', 'w').write(owner['secret'])";
    machine.ok(&format!("umask 077; python3 -c \"{python}\" {json}")).trim().to_owned()
}

/// The owner's username, as the log of the first start tells it.
fn owner(machine: &Machine) -> String {
    let log = machine.ok("journalctl --unit claviger --output cat");
    let line = log.lines().rev().find_map(|line| line.trim().strip_prefix("username ")).expect("it is told");
    line.trim().to_owned()
}

fn is_ready(machine: &Machine, url: &str) {
    assert_eq!(machine.ok(&format!("curl --silent --fail {url}/readyz")), "ready\n", "{url}");
}

fn install(guide: &mut Guide) {
    guide.chapter("Install");
    guide.does("cargo build --release");
    guide.does("install -m 755 target/release/claviger /usr/local/bin/claviger");
    guide.does("claviger man-pages /usr/local/share/man/man1");
    guide.machine.ok("[ -s /usr/local/share/man/man1/claviger-serve.1 ]");
}

fn start(guide: &mut Guide) {
    guide.chapter("Start");
    guide.serves(&["claviger serve"], |machine| {
        is_ready(machine, "http://127.0.0.1:8000");
        machine.ok("cd /root/.local/share/claviger && [ $(stat --format %a owner-secret set-up-link | uniq) = 600 ]");
    });
    guide.does("claviger init --data acme --organization Acme --project \"Web shop\" --output json > owner.json");
    guide.serves(&["claviger serve --data acme"], |machine| {
        let username = owner_in(machine, "owner.json");
        assert!(me(machine, &username, "owner").contains("Acme"));
    });
}

fn under_systemd(guide: &mut Guide) {
    guide.chapter("Under systemd");
    guide.does("install -m 644 packaging/systemd/claviger.service /etc/systemd/system/claviger.service");
    guide.does("install -D -m 644 packaging/systemd/claviger.sysusers /etc/sysusers.d/claviger.conf");
    guide.does("systemd-sysusers /etc/sysusers.d/claviger.conf");
    guide.does("install -d -m 750 -g claviger /etc/claviger");
    guide.does("install -m 600 packaging/systemd/claviger.env /etc/claviger/claviger.env");
    guide.does("systemctl daemon-reload");
    guide.does("systemctl enable --now claviger");
    is_ready(&guide.machine, "http://127.0.0.1:8000");
    let secret_and_link = guide.does("cat /var/lib/claviger/owner-secret /var/lib/claviger/set-up-link");
    let (secret, link) = secret_and_link.trim().split_once('\n').expect("two lines");
    assert!(secret.starts_with("cvg_") && link.contains("/console/setup/cvu_"), "neither is shown here");
    guide.machine.write("/root/owner", "600", secret);
    guide.does("rm /var/lib/claviger/owner-secret");
    let username = owner(&guide.machine);
    assert!(me(&guide.machine, &username, "/root/owner").contains(&username));
    guide.does("install -D -m 600 /var/lib/claviger/audit.key /root/claviger-audit.key");
    guide.does("systemctl kill --signal USR1 claviger");
    wait_until("another link", || guide.machine.ok("cat /var/lib/claviger/set-up-link").trim() != link);
}

fn in_a_container(guide: &mut Guide) {
    guide.machine.ok("systemctl stop claviger");
    images::provide(&guide.machine);
    guide.chapter("In a container");
    guide.does("podman build -f packaging/container/Containerfile -t claviger .");
    guide.does(
        "podman run --rm -v claviger:/var/lib/claviger claviger init --organization Acme --project \"Web shop\" \
         --output json > owner.json",
    );
    guide.does(
        "podman run --detach --name claviger --restart on-failure --stop-timeout 60 --read-only --cap-drop all \\\n  \
         --security-opt no-new-privileges -v claviger:/var/lib/claviger -v claviger-state:/var/lib/claviger-state \\\n  \
         -e CLAVIGER_BEHIND_TLS=1 -p 127.0.0.1:8000:8000 claviger",
    );
    let ready = "curl --silent --fail http://127.0.0.1:8000/readyz";
    wait_until("the container to be ready", || guide.machine.run(ready).out == "ready\n");
    let username = owner_in(&guide.machine, "owner.json");
    assert!(me(&guide.machine, &username, "owner").contains("Acme"), "the owner that init made");
    let log = guide.machine.run("podman logs claviger");
    assert!(!log.out.contains("cvg_") && !log.err.contains("cvg_"), "no secret is in the log");
    assert!(!log.err.contains("without TLS"), "{}", log.err);
    guide.does("podman cp claviger:/var/lib/claviger/audit.key claviger-audit.key");
    guide.does("podman exec claviger claviger backup --to /var/lib/claviger/2026-11-24.db");
    guide.does("podman cp claviger:/var/lib/claviger/2026-11-24.db .");
    let whose = "stat --format '%u %a' claviger-audit.key 2026-11-24.db";
    assert_eq!(guide.machine.ok(whose), "0 600\n0 600\n");
    guide.does("podman stop claviger");
    let end = "podman inspect --format '{{.State.ExitCode}} {{.Config.User}}' claviger";
    assert_eq!(guide.machine.ok(end), "0 65532:65532\n", "it stopped by itself");
    let kept = "ls -A $(podman volume inspect --format '{{.Mountpoint}}' claviger-state)";
    assert_ne!(guide.machine.ok(kept), "", "how far the store has come outlives the container");
    guide.does("podman rm claviger");
}

fn metrics(guide: &mut Guide) {
    guide.chapter("Metrics");
    guide.does("echo CLAVIGER_METRICS_LISTEN=127.0.0.1:9100 >> /etc/claviger/claviger.env");
    guide.does("systemctl restart claviger");
    assert!(guide.does("curl --fail http://127.0.0.1:9100/metrics").contains("\nclaviger_ready 1\n"));
    guide.machine.ok("systemctl stop claviger");
}

fn postgres(guide: &mut Guide) {
    by_hand_for_the_first_time(&guide.machine);
    guide.chapter("PostgreSQL");
    guide.tells_the_database(&format!("CREATE ROLE claviger LOGIN PASSWORD '{PASSWORD}';"));
    guide.tells_the_database("CREATE DATABASE claviger OWNER claviger;");
    guide.exports(&format!("export CLAVIGER_DATABASE='{DATABASE}'"));
    guide.serves(&["claviger serve"], |machine| is_ready(machine, "http://127.0.0.1:8000"));
}

fn moving_in(guide: &mut Guide) {
    empty_database(&guide.machine, "claviger");
    anew(&guide.machine);
    let username = owner(&guide.machine);
    guide.machine.ok("cp /var/lib/claviger/owner-secret /root/owner");
    guide.machine.ok("install -m 600 -o claviger -g claviger /root/.pgpass /var/lib/claviger/.pgpass");

    guide.chapter("Moving in");
    guide.does("systemctl stop claviger");
    guide.does(&format!(
        "runuser -u claviger -- claviger migrate-store --from sqlite:/var/lib/claviger --to '{DATABASE}'"
    ));
    guide.does(&format!("echo 'CLAVIGER_DATABASE={DATABASE}' >> /etc/claviger/claviger.env"));
    guide.does("systemctl start claviger");
    assert!(me(&guide.machine, &username, "/root/owner").contains(&username), "accounts go on as they were");
    let log = guide.machine.ok("journalctl --unit claviger --output cat");
    assert!(log.contains(" store=postgres://db.example.com/claviger"), "{log}");
    guide.machine.ok("systemctl stop claviger");
}

fn several_nodes(guide: &mut Guide) {
    empty_database(&guide.machine, "claviger");
    by_hand_for_the_first_time(&guide.machine);
    guide.chapter("Several nodes");
    let nodes = [
        "claviger serve --listen 10.0.0.11:8000 --node-name a --audit-key-file /etc/claviger/audit.key",
        "claviger serve --listen 10.0.0.12:8000 --node-name b --audit-key-file /etc/claviger/audit.key",
    ];
    guide.serves(&nodes, |machine| {
        is_ready(machine, "http://10.0.0.11:8000");
        is_ready(machine, "http://10.0.0.12:8000");
        let listed = machine.ok(&format!("claviger nodes --output json --database '{DATABASE}'"));
        assert_eq!(listed.matches("\"alive\": true").count() + listed.matches("\"alive\":true").count(), 2, "{listed}");
    });
}

/// Nobody listens at the first address, as after its server went away.
fn fail_over(guide: &mut Guide) {
    empty_database(&guide.machine, "claviger");
    by_hand_for_the_first_time(&guide.machine);
    guide.chapter("Fail-over");
    guide.exports(
        "export CLAVIGER_DATABASE='postgres://claviger@db-a.example.com/claviger,postgres://claviger@db-b.example.com/claviger'",
    );
    guide.serves(&["claviger serve --audit-key-file /etc/claviger/audit.key"], |machine| {
        is_ready(machine, "http://127.0.0.1:8000");
    });
    guide.tells_the_database("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)';");
    guide.tells_the_database("SELECT pg_reload_conf();");
    let psql = "runuser -u postgres -- psql -At -v ON_ERROR_STOP=1 -d postgres";
    wait_until("it to replicate synchronously", || {
        guide.machine.ok(&format!("{psql} -c 'SHOW synchronous_standby_names'")) == "ANY 1 (*)\n"
    });
    // It has no standby here.
    guide.machine.ok(&format!("{psql} -c 'ALTER SYSTEM RESET synchronous_standby_names' -c 'SELECT pg_reload_conf()'"));
}

fn tls(guide: &mut Guide) {
    anew(&guide.machine);
    guide.machine.ok("systemctl stop claviger");
    by_hand_for_the_first_time(&guide.machine);
    guide.chapter("TLS, and a proxy in front");
    guide.does("install -m 640 -g claviger keys.example.com.crt keys.example.com.key /etc/claviger/");
    let serve = "claviger serve --listen 10.0.0.2:8443 --tls-certificate /etc/claviger/keys.example.com.crt \
                 --tls-key /etc/claviger/keys.example.com.key";
    guide.serves(&[serve], |machine| is_ready(machine, "https://keys.example.com:8443"));
    guide.does(
        "cat >> /etc/claviger/claviger.env <<'SETTINGS'\nCLAVIGER_LISTEN=10.0.0.2:8443\n\
         CLAVIGER_TLS_CERTIFICATE=/etc/claviger/keys.example.com.crt\nCLAVIGER_TLS_KEY=/etc/claviger/keys.example.com.key\n\
         CLAVIGER_PUBLIC_URL=https://keys.example.com:8443\nSETTINGS",
    );
    guide.does("systemctl restart claviger");
    assert_eq!(guide.does("curl --fail https://keys.example.com:8443/readyz"), "ready\n");
    guide.machine.ok("systemctl stop claviger");
    guide.serves(&["claviger serve --listen 10.0.0.2:8000 --behind-tls --trusted-proxy 10.0.0.0/28"], |machine| {
        is_ready(machine, "http://10.0.0.2:8000");
    });
}

fn upgrade(guide: &mut Guide) {
    anew(&guide.machine);
    guide.chapter("Stopping, and upgrades");
    guide.does("install -d -m 700 -o claviger -g claviger /var/backups/claviger");
    guide.does(
        "runuser -u claviger -- claviger backup --data /var/lib/claviger --to /var/backups/claviger/before-the-upgrade.db",
    );
    guide.does("install -m 755 target/release/claviger /usr/local/bin/claviger");
    guide.does("systemctl restart claviger");
    assert_eq!(guide.does("claviger --version"), format!("claviger {}\n", env!("CARGO_PKG_VERSION")));
    is_ready(&guide.machine, "http://127.0.0.1:8000");
}

fn upgrade_of_several_nodes(guide: &mut Guide) {
    empty_database(&guide.machine, "claviger");
    guide.machine.ok("install -m 600 -o claviger -g claviger /root/.pgpass /var/lib/claviger/.pgpass");
    guide.machine.ok(&format!(
        "rm /var/lib/claviger/owner-secret; echo 'CLAVIGER_DATABASE={DATABASE}' >>/etc/claviger/claviger.env"
    ));
    guide.machine.ok("systemctl restart claviger");
    guide.chapter("An upgrade of several nodes");
    guide.does("install -m 755 target/release/claviger /usr/local/bin/claviger");
    guide.does("systemctl restart claviger");
    assert_eq!(guide.does("curl --fail http://127.0.0.1:8000/readyz"), "ready\n");
    let nodes = guide.does(&format!("runuser -u claviger -- claviger nodes --database '{DATABASE}'"));
    assert!(nodes.contains(env!("CARGO_PKG_VERSION")) && nodes.contains("claviger-test"), "{nodes}");
    anew(&guide.machine);
}

fn backup_and_restore(guide: &mut Guide) {
    let username = owner(&guide.machine);
    guide.machine.ok("cp /var/lib/claviger/owner-secret /root/owner");
    guide.machine.ok("install -m 600 -o claviger -g claviger /root/.pgpass /var/lib/claviger/.pgpass");
    empty_database(&guide.machine, "claviger");
    let init = "claviger init --organization Acme --project Web --audit-key-file /var/lib/claviger/audit.key";
    guide.machine.ok(&format!("runuser -u claviger -- {init} --database '{DATABASE}' >/root/printed"));

    guide.chapter("Backup and restore");
    let to = "--to /var/backups/claviger";
    guide.does(&format!("runuser -u claviger -- claviger backup --data /var/lib/claviger {to}/2026-11-24.db"));
    guide.does(&format!("runuser -u claviger -- claviger backup --database '{DATABASE}' {to}/2026-11-25.db"));
    assert_eq!(guide.machine.ok("stat --format %a /var/backups/claviger/*"), "600\n600\n600\n");
    let restored = [
        "systemctl stop claviger",
        "mkdir -m 700 /var/lib/claviger.before",
        "mv /var/lib/claviger/claviger.db* /var/lib/claviger.before/",
        "install -m 600 -o claviger -g claviger /var/backups/claviger/2026-11-24.db /var/lib/claviger/claviger.db",
    ];
    for command in restored {
        guide.does(command);
    }
    let accept = "runuser -u claviger -- claviger restore accept --data /var/lib/claviger --suspend \
                  --public-url https://keys.example.com";
    guide.does(accept);
    guide.does("systemctl start claviger");
    is_ready(&guide.machine, "http://127.0.0.1:8000");
    assert_eq!(me(&guide.machine, &username, "/root/owner"), "", "what was issued before is suspended");

    empty_database(&guide.machine, "claviger_restored");
    let elsewhere = DATABASE.replace("/claviger?", "/claviger_restored?");
    guide.does(&format!("pg_dump -Fc -f claviger.dump '{DATABASE}'"));
    guide.does(&format!("pg_restore --no-owner --exit-on-error -d '{elsewhere}' claviger.dump"));
    guide.does(&format!(
        "runuser -u claviger -- claviger restore accept --database '{elsewhere}' \\\n  \
         --audit-key-file /var/lib/claviger/audit.key --suspend --public-url https://keys.example.com"
    ));

    guide.chapter("A store that went back in time");
    guide.does("systemctl stop claviger");
    guide.does(accept);
    guide.does("systemctl start claviger");
    is_ready(&guide.machine, "http://127.0.0.1:8000");
}

fn the_audit_log(guide: &mut Guide) {
    guide.chapter("The audit log");
    guide.does("runuser -u claviger -- claviger audit verify --data /var/lib/claviger");
    guide.does("runuser -u claviger -- claviger audit mark --data /var/lib/claviger >> marks.txt");
    assert!(guide.machine.ok("cat marks.txt").contains("claviger-audit-mark"));
    guide.machine.ok("chmod 644 marks.txt");
    guide.does("runuser -u claviger -- claviger audit verify --data /var/lib/claviger --mark marks.txt");
    guide.does("openssl rand -hex 32 >> /var/lib/claviger/audit.key");
    guide.does("systemctl restart claviger");
    guide.machine.ok("runuser -u claviger -- claviger audit verify --data /var/lib/claviger");
}

fn what_was_lost(guide: &mut Guide) {
    guide.chapter("A lost secret");
    guide.does("systemctl stop claviger");
    let printed = guide.does("runuser -u claviger -- claviger recover-owner --data /var/lib/claviger");
    assert!(printed.contains("cvg_"), "it prints a secret");
    guide.does("systemctl start claviger");
    is_ready(&guide.machine, "http://127.0.0.1:8000");
    guide.machine.ok("systemctl stop claviger");
}

fn mail(guide: &mut Guide) {
    guide.chapter("Mail");
    let serve = "CLAVIGER_SMTP_URL='smtps://claviger:password@mail.example.com' claviger serve --behind-tls \\\n  \
                 --public-url https://keys.example.com --mail-from claviger@example.com";
    guide.serves(&[serve], |machine| is_ready(machine, "http://127.0.0.1:8000"));
}
