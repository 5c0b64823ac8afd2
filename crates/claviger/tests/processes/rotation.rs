//! Secrets from the command line, and the guide's script that rotates one while clients go on asking.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::client::Caller;
use crate::desk::{Desk, Made, quiet};
use crate::process::{Process, run, wait_until};
use crate::secrets;
use crate::server::{Store, on_both_stores, set_mode};

on_both_stores![
    no_request_fails_while_a_script_rotates_the_secret,
    secrets_are_listed_changed_and_revoked,
    an_account_rotates_itself_into_its_file,
];

const GUIDE: &str = include_str!("../../../../docs/guides/rotating-secrets.md");

const CLIENTS: usize = 4;
const ROTATIONS: usize = 4;

/// The script of the guide, word for word.
fn script() -> &'static str {
    let block = GUIDE.split("```sh\n").find(|block| block.starts_with("#!/bin/sh\n")).expect("a script");
    block.split("```").next().expect("its text")
}

fn write_executable(path: &Path, text: &str) {
    fs::write(path, text).expect("written");
    set_mode(path, 0o700);
}

/// Clients that read the secret from its file before each request.
struct Load {
    stopped: Arc<AtomicBool>,
    /// How many requests each has begun and ended.
    asked: Arc<[AtomicUsize; CLIENTS]>,
    clients: Vec<JoinHandle<Vec<u16>>>,
}

impl Load {
    fn begin(caller: &Caller, file: &Path) -> Self {
        let (stopped, asked) = (Arc::<AtomicBool>::default(), Arc::<[AtomicUsize; CLIENTS]>::default());
        let client = |number: usize| {
            let (caller, file) = (caller.clone(), file.to_owned());
            let (stopped, asked) = (Arc::clone(&stopped), Arc::clone(&asked));
            tokio::spawn(async move {
                let mut refused = Vec::new();
                while !stopped.load(Ordering::SeqCst) {
                    let secret = fs::read_to_string(&file).expect("a secret, at any moment");
                    let status = caller.with(&caller.username, secret.trim()).me().await.status;
                    refused.extend((status != 200).then_some(status));
                    asked[number].fetch_add(1, Ordering::SeqCst);
                }
                refused
            })
        };
        let clients = (0..CLIENTS).map(client).collect();
        Self { stopped, asked, clients }
    }

    fn asked(&self) -> [usize; CLIENTS] {
        std::array::from_fn(|number| self.asked[number].load(Ordering::SeqCst))
    }

    /// Waits until every client has ended the request that is under way, and one that was begun after now.
    fn each_asks_anew(&self) {
        let before = self.asked();
        wait_until("each client to ask anew", || {
            self.asked().iter().zip(before).all(|(now, before)| *now >= before + 2)
        });
    }

    /// How many requests there were, and how those ended that failed.
    async fn end(self) -> (usize, Vec<u16>) {
        self.stopped.store(true, Ordering::SeqCst);
        let mut refused = Vec::new();
        for client in self.clients {
            refused.extend(client.await.expect("a client"));
        }
        (self.asked.iter().map(|asked| asked.load(Ordering::SeqCst)).sum(), refused)
    }
}

/// The folder of the program that is tested, and where a shell finds the others.
fn path() -> String {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_claviger"));
    format!("{}:{}", program.parent().expect("a folder").display(), std::env::var("PATH").expect("a path"))
}

/// The script, run by the account whose secret is in the file.
fn rotating(desk: &Desk, made: &Made, command: &[&Path]) -> Command {
    let mut script = Command::new(desk.store.home().join("rotate-secret"));
    script.arg(&made.file).args(command);
    let home = desk.store.home().as_os_str();
    script.env_clear().env("PATH", path()).env("HOME", home);
    script.env("CLAVIGER_URL", &desk.url).env("CLAVIGER_USERNAME", &made.username);
    script
}

async fn no_request_fails_while_a_script_rotates_the_secret(store: Store) {
    let desk = Desk::at(store);
    let made = desk.create(&["exporter"]);
    let (home, first) = (desk.store.home().to_owned(), fs::read_to_string(&made.file).expect("a secret"));
    write_executable(&home.join("rotate-secret"), script());
    // What tells the clients to change over, and returns once they have.
    let (told, changed_over, reload) = (home.join("told"), home.join("changed-over"), home.join("reload"));
    let waits = format!(
        "#!/bin/sh\ntouch '{}'\nuntil [ -e '{}' ]; do sleep 0.02; done\n",
        told.display(),
        changed_over.display()
    );
    write_executable(&reload, &waits);
    let caller = Caller::new(&desk.url, &made.username, first.trim());
    let load = Load::begin(&caller, &made.file);
    let mut known = vec![first];
    for rotation in 0..ROTATIONS {
        load.each_asks_anew();
        let running = Process::start(rotating(&desk, &made, &[&reload]));
        wait_until("the script to say that the secret is another", || told.exists());
        let secret = fs::read_to_string(&made.file).expect("a secret");
        secrets::handed_out(&made.username, secret.trim());
        assert!(!known.contains(&secret), "rotation {rotation} left the secret as it was");
        known.push(secret);
        load.each_asks_anew();
        fs::remove_file(&told).expect("it was told");
        fs::write(&changed_over, "").expect("written");
        let ended = quiet(&["rotate-secret"], running.ended());
        assert!(ended.ok().contains("is revoked"));
        fs::remove_file(&changed_over).expect("it was there");
    }
    load.each_asks_anew();
    let (asked, refused) = load.end().await;
    println!("{asked} requests of {CLIENTS} clients through {ROTATIONS} rotations, {} failed", refused.len());
    assert_eq!(refused, Vec::<u16>::new(), "of {asked} requests");
    assert!(asked > CLIENTS * ROTATIONS * 4, "{asked} requests are no load");
    for secret in &known[..ROTATIONS] {
        let status = caller.with(&made.username, secret.trim()).me().await.status;
        assert_eq!(status, 401, "a secret that was replaced and revoked counts no more");
    }
    // Left alone, the old one goes on for its hour.
    let before = fs::read_to_string(&made.file).expect("a secret");
    quiet(&["rotate-secret"], run(rotating(&desk, &made, &[]))).ok();
    assert_eq!(caller.with(&made.username, before.trim()).me().await.status, 200);
    assert_eq!(desk.json(&["service-account", "secret", "list", &made.id]).as_array().expect("a list").len(), 2);
}

async fn secrets_are_listed_changed_and_revoked(store: Store) {
    let desk = Desk::at(store);
    let made = desk.create(&["exporter"]);
    let words = ["service-account", "secret", "create", &made.id, "--name", "laptop", "--expires-in", "30d"];
    let ended = run(desk.command(&words));
    assert!(ended.err.contains("it will not be shown again"), "{}", ended.err);
    let printed = ended.ok();
    let secret = printed.lines().find_map(|line| line.strip_prefix("secret")).expect("a secret").trim().to_owned();
    secrets::handed_out(&made.username, &secret);
    let caller = Caller::new(&desk.url, &made.username, &secret);
    assert_eq!(caller.me().await.status, 200);
    let refusal = desk.run(&["service-account", "rotate", &made.id]).refused(6);
    assert!(refusal.contains("409 too_many_secrets"), "{refusal}");
    let table = desk.run(&["service-account", "secret", "list", &made.id]).ok();
    assert!(table.contains("laptop") && table.contains("LAST USED"), "{table}");
    let listed = desk.json(&["service-account", "secret", "list", &made.id]);
    let second = listed[1]["id"].as_u64().expect("an id").to_string();
    let change = ["service-account", "secret", "change", &second, "--account", &made.id];
    let changed = desk.json(&[&change[..], &["--name", "", "--expires", "never"]].concat());
    assert_eq!((&changed["name"], &changed["expires"]), (&Value::Null, &Value::Null));
    let revoke = ["service-account", "secret", "revoke", &second, "--account", &made.id];
    assert!(desk.run(&revoke).refused(2).contains("add --yes"));
    desk.run(&[&revoke[..], &["--yes"]].concat()).ok();
    assert_eq!(caller.me().await.status, 401);
    assert!(desk.run(&[&revoke[..], &["--yes"]].concat()).refused(5).contains("404 secret_not_found"));
    desk.run_as(&made, &["me"]).ok();
}

async fn an_account_rotates_itself_into_its_file(store: Store) {
    let desk = Desk::at(store);
    let made = desk.create(&["exporter"]);
    let file = made.file.to_str().expect("UTF-8");
    let before = fs::read_to_string(file).expect("a secret");
    let printed = desk.run_as(&made, &["service-account", "rotate", "--grace", "0", "--write-to", file]).ok();
    assert!(printed.contains(&format!(" is in {file}")), "{printed}");
    let after = fs::read_to_string(file).expect("a secret");
    secrets::handed_out(&made.username, after.trim());
    desk.run_as(&made, &["me"]).ok();
    assert_eq!(Caller::new(&desk.url, &made.username, before.trim()).me().await.status, 401);
    // A place that cannot be written is found out before anything is made.
    let nowhere = desk.store.home().join("none/secret");
    let words = ["service-account", "rotate", "--write-to", nowhere.to_str().expect("UTF-8")];
    assert_ne!(desk.run_as(&made, &words).code(), 0);
    assert_eq!(fs::read_to_string(file).expect("a secret"), after);
    // Asking for itself, for nothing else.
    let listed: Value =
        serde_json::from_str(&desk.run_as(&made, &["service-account", "secret", "list", "-o", "json"]).ok())
            .expect("JSON");
    assert_eq!(listed.as_array().expect("a list").len(), 2);
    desk.run_as(&made, &["service-account", "secret", "create", &made.id]).refused(4);
    let longer = ["service-account", "rotate", "--expires", "never"];
    let own = listed[1]["id"].as_u64().expect("an id").to_string();
    desk.run(&["service-account", "secret", "change", &own, "--account", &made.id, "--expires-in", "1h"]).ok();
    assert!(desk.run_as(&made, &longer).refused(4).contains("403 expiry_beyond_own"));
}
