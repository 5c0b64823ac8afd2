//! What a store is on the disk: modes, locks, and files and databases that cannot be served.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use crate::process::{Ended, run};
use crate::server::{On, Store, mode, on_both_stores, set_mode};

on_both_stores![a_store_of_a_newer_program_is_refused_and_left_as_it_is];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_on_an_embedded_store_is_refused() {
    let store = Store::new(On::Sqlite);
    let owner = store.init();
    let server = store.serve();
    for words in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["init", "--organization", "A", "--project", "B"],
        &["organization", "create", "Globex"],
        &["recover-owner"],
    ] {
        let refusal = run(store.command(words)).refused(6);
        let sentence = "is in use by another claviger process; stop that one first, or name another store";
        assert!(refusal.ends_with(sentence), "{words:?}: {refusal}");
    }
    owner.at(&server).me().await.is(200);
    server.stop();
    store.serve();
}

async fn a_store_of_a_newer_program_is_refused_and_left_as_it_is(store: Store) {
    store.init();
    let rows = store.rows().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 SELECT 9000, 'of the future', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
    sqlx::query(newer).execute(&rows).await.expect("a row");
    rows.close().await;
    let state = "SELECT revision + next_id + (SELECT COUNT(*) FROM _sqlx_migrations) FROM head";
    let before = store.number(state).await;
    for words in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["init", "--organization", "A", "--project", "B"],
        &["organization", "create", "Globex"],
        &["recover-owner"],
    ] {
        let refusal = run(store.command(words)).refused(6);
        let sentence = "has schema 9000, written by a newer claviger; this one knows schemas up to ";
        assert!(refusal.contains(&format!("{sentence}{}.", newest_schema())), "{words:?}: {refusal}");
    }
    assert_eq!(store.number(state).await, before, "nothing was written");
    assert!(!store.data().join("owner-secret").exists());
}

/// The number that the last migration's file begins with.
pub(crate) fn newest_schema() -> u32 {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/migrations");
    let names = std::fs::read_dir(folder).expect("the migrations").map(|entry| entry.expect("one").file_name());
    let number = |name: std::ffi::OsString| name.to_str()?.split('_').next()?.parse().ok();
    names.filter_map(number).max().expect("a migration")
}

#[tokio::test]
async fn only_their_owner_may_read_the_files() {
    let store = Store::new(On::Sqlite);
    // A permissive mask must not matter.
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 0; exec \"$@\"", "sh"]).arg(env!("CARGO_BIN_EXE_claviger"));
    shell.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(store.data());
    let server = crate::server::Server::ready(shell);
    assert_eq!(mode(&store.data()), 0o700);
    for name in [
        "claviger.db",
        "claviger.db-wal",
        "claviger.db-shm",
        "claviger.lock",
        "owner-secret",
        "audit.key",
        "set-up-link",
    ] {
        assert_eq!(mode(&store.data().join(name)), 0o600, "{name}");
    }
    assert_eq!(fs::read_dir(store.data()).expect("a folder").count(), 7, "there are no other files");
    server.stop();
}

#[test]
fn a_folder_that_others_may_write_into_is_refused() {
    let store = Store::new(On::Sqlite);
    fs::create_dir(store.data()).expect("a folder");
    for open in [0o777, 0o770, 0o702] {
        set_mode(&store.data(), open);
        for words in [&["serve"][..], &["init", "--organization", "A", "--project", "B"]] {
            let refusal = run(store.command(words)).refused(1);
            assert!(refusal.ends_with("others may write into this folder; run chmod 700 on it"), "{refusal}");
        }
    }
    assert_eq!(fs::read_dir(store.data()).expect("a folder").count(), 0, "nothing was written");
    set_mode(&store.data(), 0o755);
    store.init();
}

#[test]
fn a_folder_or_file_that_may_not_be_written_is_refused() {
    let store = Store::new(On::Sqlite);
    set_mode(store.home(), 0o755);
    let program = store.home().join("claviger");
    fs::copy(env!("CARGO_BIN_EXE_claviger"), &program).expect("a copy that anybody may run");
    set_mode(&program, 0o755);
    let run_as_nobody = |words: &[&str]| -> Ended {
        let mut command = as_nobody(&program);
        command.args(words).arg("--data").arg(store.data()).env_clear();
        run(command)
    };

    fs::create_dir(store.data()).expect("a folder");
    set_mode(&store.data(), 0o555);
    give_to_nobody(&store.data());
    let refusal = run_as_nobody(&["serve", "--listen", "127.0.0.1:0"]).refused(1);
    assert!(refusal.contains("claviger.lock: Permission denied"), "{refusal}");
    assert_eq!(fs::read_dir(store.data()).expect("a folder").count(), 0, "nothing was written");

    set_mode(&store.data(), 0o755);
    run_as_nobody(&["init", "--organization", "A", "--project", "B"]).ok();
    let database = store.data().join("claviger.db");
    let before = fs::read(&database).expect("the database");
    set_mode(&database, 0o400);
    let refusal = run_as_nobody(&["serve", "--listen", "127.0.0.1:0"]).refused(1);
    assert!(refusal.contains("claviger.db: Permission denied"), "{refusal}");
    assert!(!store.data().join("owner-secret").exists());
    assert_eq!(fs::read(&database).expect("the database"), before);
}

/// "disk full: a clear error, nothing half-written": a limit on the size of files stops a write where a full disk does,
/// for whichever user runs the tests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_takes_no_more_refuses_writes_and_loses_nothing() {
    let store = Store::new(On::Sqlite);
    let founded = store.init();
    let mut shell = Command::new("bash");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 600; exec \"$@\"", "bash"]).arg(env!("CARGO_BIN_EXE_claviger"));
    shell.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(store.data());
    let server = crate::server::Server::ready(shell);
    let owner = founded.at(&server);
    let path = format!("/api/app/organizations/{}/service-accounts", founded.organization);
    let (mut made, mut refused) = (Vec::new(), 0);
    for number in 0..2_000 {
        let answer = owner.post(&path, serde_json::json!({ "username": format!("n{number}") })).await;
        match answer.status {
            201 => {
                let text = |name: &str| answer.body["results"][name].as_str().expect("text").to_owned();
                made.push(owner.with(&text("username"), &text("token")));
            }
            status => {
                assert_eq!(status, 503, "{}", answer.body);
                refused += 1;
                if refused == 5 {
                    break;
                }
            }
        }
    }
    assert!(refused > 0 && !made.is_empty(), "{} made, {refused} refused", made.len());
    owner.me().await.is(200);
    made[0].me().await.is(200);
    server.stop();
    // With room again, everything that was answered is there, and nothing else.
    let server = store.serve();
    for account in &made {
        account.at(server.url()).me().await.is(200);
    }
    let accounts = founded.at(&server).get(&path).await.is(200).as_array().expect("a list").len();
    assert_eq!(accounts, 1 + made.len(), "nothing half-written");
    assert_eq!(store.number("SELECT revision - (SELECT COUNT(*) FROM changes) FROM head").await, 0);
}

#[test]
fn a_corrupt_database_is_refused_and_left_as_it_is() {
    let store = Store::new(On::Sqlite);
    store.init();
    let database = store.data().join("claviger.db");
    let whole = fs::read(&database).expect("the database");
    let page = 4096;
    for (what, at, length) in
        [("the head", 0, 100), ("the pages", page, whole.len() - page), ("a page", 3 * page, page)]
    {
        let mut damaged = File::options().write(true).open(&database).expect("the database");
        damaged.seek(SeekFrom::Start(at as u64)).expect("there");
        damaged.write_all(&vec![0xA5; length]).expect("written");
        drop(damaged);
        let before = fs::read(&database).expect("the database");
        let ended = run(store.serving(&[]));
        assert!(ended.code() == 1 || ended.code() == 7, "{what}: {}: {}", ended.code(), ended.err);
        let code = ended.code();
        let refusal = ended.refused(code);
        let told = ["malformed", "not a database", "unreadable"].iter().any(|word| refusal.contains(word));
        assert!(told, "{what}: {refusal}");
        assert!(!store.data().join("owner-secret").exists(), "{what}: no new house is founded on a ruin");
        assert_eq!(fs::read(&database).expect("the database"), before, "{what}: nothing was written");
        fs::write(&database, &whole).expect("whole again");
    }
    store.serve();
}

/// The program run by an ordinary user, whom no permission bit lets pass.
fn as_nobody(program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("/usr/bin/setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(program);
    command
}

fn give_to_nobody(folder: &Path) {
    if rustix::process::geteuid().is_root() {
        chown(folder, Some(65_534), Some(65_534)).expect("root may give");
    }
}
