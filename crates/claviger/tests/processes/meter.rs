//! `claviger meter` against servers that keep their word, and against one that does not.

mod stand_in;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use self::stand_in::{Manner, StandIn, token};
use crate::metrics::{line, page_told_in, read};
use crate::process::{Ended, Process, run, wait_until};
use crate::secrets;
use crate::server::{Founded, On, Server, Store};

/// A round that is short: what is waited for is seen, and no time is measured here.
const SHORT: [&str; 8] = ["--settle", "100ms", "--hold", "20ms", "--connections", "2", "--output", "json"];

/// A home folder, and the meter in it.
struct Bench {
    store: Store,
}

impl Bench {
    fn new() -> Self {
        Self { store: Store::new(On::Sqlite) }
    }

    fn plan(&self, text: &str) -> PathBuf {
        let file = self.store.home().join("plan.toml");
        fs::write(&file, text).expect("written");
        file
    }

    /// The meter with this plan. Whatever is logged at all is.
    fn meter(&self, plan: &str, words: &[&str]) -> Command {
        let mut command = self.store.claviger(&["meter", "--log", "trace", "--plan"]);
        command.arg(self.plan(plan)).args(SHORT).args(words).env("TOKEN", token());
        command
    }

    fn measure(&self, plan: &str, words: &[&str]) -> Ended {
        quiet(run(self.meter(plan, words)))
    }
}

/// No secret is in what it wrote, whatever it was.
fn quiet(ended: Ended) -> Ended {
    secrets::are_not_in("what the meter prints", &ended.out);
    secrets::are_not_in("what the meter logs", &ended.err);
    ended
}

fn report(ended: &Ended) -> Value {
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {}", ended.err))
}

/// The sentence that it ended with, among what is logged.
fn sentence(ended: &Ended) -> &str {
    ended.err.lines().rfind(|line| line.starts_with("error: ")).unwrap_or_default()
}

/// What the meter finds of Claviger servers, by the plan that it prints for them.
fn of_claviger(store: &Store, founded: &Founded, servers: &[&Server]) -> Value {
    let mut words = vec!["meter"];
    for server in servers {
        words.extend(["--example", server.url()]);
    }
    let file = store.home().join("plan.toml");
    fs::write(&file, run(store.claviger(&words)).ok()).expect("written");
    let mut command = store.claviger(&["meter", "--rounds", "3", "--give-up", "30s", "--log", "trace", "--plan"]);
    command.arg(&file).args(SHORT);
    command.env("CLAVIGER_USERNAME", &founded.username).env("CLAVIGER_SECRET", &founded.secret);
    let ended = quiet(run(command));
    assert_eq!(ended.code(), 0, "{}", sentence(&ended));
    report(&ended)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_ours_accepts_nothing_that_it_has_revoked() {
    let store = Store::new(On::Sqlite);
    let founded = store.init();
    let server = store.serve();
    let report = of_claviger(&store, &founded, &[&server]);
    let rounds = json!({ "run": 3, "clean": 3, "late": 0, "never_settled": 0, "unproven": 0, "failed": 0 });
    assert_eq!(report["rounds"], rounds);
    assert_eq!((&report["window_ms"]["worst"], &report["refused_while_valid"]), (&json!(0.0), &json!(0)), "{report}");
    assert!(report["addresses"][0]["refused_after_revocation"].as_u64() >= Some(18), "{report}");
    assert_eq!(store.number("SELECT COUNT(*) FROM principals WHERE deleted_at IS NULL").await, 1, "the owner is left");
    assert_eq!(store.number("SELECT COUNT(*) FROM principals WHERE username LIKE 'meter-%'").await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_of_ours_accept_nothing_that_one_of_them_has_revoked() {
    let store = Store::new(On::Postgres);
    let founded = store.init();
    let servers = ["a", "b"].map(|name| store.serve_with(&["--node-name", name]));
    let report = of_claviger(&store, &founded, &[&servers[0], &servers[1]]);
    assert_eq!((&report["rounds"]["clean"], &report["accepted_after_revocation"]), (&json!(3), &json!(0)), "{report}");
    for (place, server) in servers.iter().enumerate() {
        let seen = &report["addresses"][place];
        assert_eq!((&seen["address"], &seen["unproven_rounds"]), (&json!(server.url()), &json!(0)), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_accepts_for_a_while_is_found_with_how_long() {
    let bench = Bench::new();
    let lie = Duration::from_secs(1);
    let server = StandIn::start(Manner::Lies(lie)).await;
    let picture = bench.store.home().join("windows.svg");
    let drawing = ["--rounds", "2", "--picture", picture.to_str().expect("text")];
    let ended = bench.measure(&server.plan(), &drawing);
    assert_eq!(ended.code(), 9, "{}", sentence(&ended));
    let report = report(&ended);
    assert_eq!((&report["rounds"]["late"], &report["rounds"]["never_settled"]), (&json!(2), &json!(0)), "{report}");
    // No longer than it lied, whatever the machine does; and how much shorter is the machine's.
    let window = report["window_ms"]["worst"].as_f64().expect("a number");
    assert!(window > 500.0 && window <= 1_000.0, "{report}");
    let accepted = report["accepted_after_revocation"].as_u64().expect("a number");
    assert!(accepted > 4, "{report}");
    let told = format!("error: {accepted} uses were accepted after their revocation was answered, in 2 of 2 rounds");
    assert_eq!(sentence(&ended), told);
    let svg = fs::read_to_string(picture).expect("a picture");
    assert!(svg.contains("in 2 somebody was") && svg.contains("class='late'"), "{svg}");
    assert!(!svg.contains("class='none'"), "there is no round without a window: {svg}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_that_does_not_end_is_given_up_and_counted_as_that() {
    let bench = Bench::new();
    let server = StandIn::start(Manner::NeverRevokes).await;
    let ended = bench.measure(&server.plan(), &["--rounds", "1", "--give-up", "400ms"]);
    assert_eq!(ended.code(), 9, "{}", sentence(&ended));
    let report = report(&ended);
    assert_eq!((&report["rounds"]["late"], &report["rounds"]["never_settled"]), (&json!(1), &json!(1)), "{report}");
    let mut command = bench.store.claviger(&["meter", "--rounds", "1", "--give-up", "400ms", "--plan"]);
    command.arg(bench.plan(&server.plan())).args(&SHORT[..6]).env("TOKEN", token());
    let ended = quiet(run(command));
    assert!(ended.out.contains("(at least)") && ended.out.contains(&server.url), "{}", ended.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_are_neither_acceptance_nor_refusal_and_prove_nothing() {
    let bench = Bench::new();
    let server = StandIn::start(Manner::SilentAfterwards).await;
    let ended = bench.measure(&server.plan(), &["--rounds", "1", "--give-up", "400ms"]);
    assert_eq!(ended.code(), 10, "{}", sentence(&ended));
    let report = report(&ended);
    let rounds = json!({ "run": 1, "clean": 0, "late": 0, "never_settled": 0, "unproven": 1, "failed": 0 });
    assert_eq!((&report["rounds"], &report["window_ms"]), (&rounds, &Value::Null));
    assert!(report["addresses"][0]["no_answers"]["status 503"].as_u64() > Some(0), "{report}");
    let told = "error: 1 of 1 rounds prove nothing: in 1 an address gave no refusals, 0 failed";
    assert_eq!(sentence(&ended), told);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_of_what_was_created_are_counted() {
    let bench = Bench::new();
    let server = StandIn::start(Manner::AcceptsLate).await;
    let ended = bench.measure(&server.plan(), &["--rounds", "1"]);
    assert_eq!(ended.code(), 0, "{}", sentence(&ended));
    assert_eq!(report(&ended)["refused_while_valid"], json!(7));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_without_an_answer_is_asked_for_again_and_then_counts() {
    let bench = Bench::new();
    let server = StandIn::start(Manner::RevokesAtTheThirdTry).await;
    let ended = bench.measure(&server.plan(), &["--rounds", "1"]);
    assert_eq!(ended.code(), 0, "{}", sentence(&ended));
    let report = report(&ended);
    assert_eq!((&report["revocations_asked_again"], &report["rounds"]["clean"]), (&json!(2), &json!(1)), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_that_fails_is_in_the_count_and_what_it_may_have_left_is_named() {
    let bench = Bench::new();
    let server = StandIn::start(Manner::BreaksAtCreating).await;
    let ended = bench.measure(&server.plan(), &["--rounds", "1"]);
    assert_eq!(ended.code(), 10, "{}", sentence(&ended));
    let told = report(&ended);
    assert_eq!(told["failures"], json!({ "create: it was answered with status 500": 1 }));
    let left = told["left_behind"][0].as_str().expect("one");
    assert!(left.starts_with("perhaps meter-") && left.ends_with("-0"), "{left}");

    let server = StandIn::start(Manner::AnswersRubbish).await;
    let ended = bench.measure(&server.plan(), &["--rounds", "1"]);
    assert_eq!(ended.code(), 10, "{}", sentence(&ended));
    let told = report(&ended);
    assert_eq!(told["failures"], json!({ "create: the answer is neither JSON nor lines of key=value": 1 }));
    assert!(told["left_behind"][0].as_str().expect("one").starts_with("meter-"), "{told}");

    let plan = server.plan().replace(&server.url, "http://127.0.0.1:1");
    let ended = bench.measure(&plan, &["--rounds", "1"]);
    assert_eq!(ended.code(), 10, "{}", sentence(&ended));
    let told = report(&ended);
    assert_eq!(told["failures"], json!({ "create: http://127.0.0.1:1: cannot connect": 1 }));
    assert_eq!(told["left_behind"], json!([]), "nothing was sent");
}

/// What was made for a round that is not finished is revoked, or named by its id.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stops_it_leaves_nothing_behind() {
    for (manner, valid) in [(Manner::Honest, 0), (Manner::CannotRevoke, 1)] {
        let bench = Bench::new();
        let server = StandIn::start(manner).await;
        let mut command = bench.store.claviger(&["meter", "--for-ever", "--hold", "1h", "--output", "json", "--plan"]);
        command.arg(bench.plan(&server.plan())).env("TOKEN", token());
        let meter = Process::start(command);
        wait_until("the credential to be used", || server.uses_of_the_newest() > 10);
        meter.signal(Signal::INT);
        let ended = quiet(meter.ended());
        assert_eq!(ended.code(), 10, "no round was finished: {}", ended.err);
        assert_eq!(server.made_and_valid(), (1, valid));
        let report = report(&ended);
        let left: Vec<_> = report["left_behind"].as_array().expect("a list").iter().map(ToString::to_string).collect();
        assert_eq!(left.len(), valid, "{report}");
        assert!(left.iter().all(|left| left.starts_with("\"id 1 (meter-")), "{report}");
        assert_eq!(ended.err.contains("could not be revoked"), valid > 0, "{}", ended.err);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_shows_what_it_measures() {
    let bench = Bench::new();
    let server = StandIn::start(Manner::Honest).await;
    let words = ["--for-ever", "--every", "50ms", "--metrics-listen", "127.0.0.1:0"];
    let meter = Process::start(bench.meter(&server.plan(), &words));
    let page = page_told_in(|| meter.err());
    let clean = "claviger_meter_rounds_total{outcome=\"clean\"}";
    let shown = read(&page).await;
    for zero in ["outcome=\"late\"", "outcome=\"unproven\"", "outcome=\"failed\""] {
        assert_eq!(line(&shown, &format!("claviger_meter_rounds_total{{{zero}}}")), Some("0".to_owned()), "{shown}");
    }
    assert_eq!(line(&shown, "claviger_meter_accepted_after_revocation_total"), Some("0".to_owned()), "{shown}");
    wait_until("two rounds", || meter.err().matches("verdict=\"clean\"").count() >= 2);
    let shown = read(&page).await;
    let number = |begins: &str| -> f64 { line(&shown, begins).expect(begins).parse().expect("a number") };
    assert!(number(clean) >= 2.0, "{shown}");
    assert!(number("claviger_meter_revocation_window_seconds_bucket{le=\"0.0\"}") >= 2.0, "{shown}");
    assert!(number("claviger_meter_seconds_since_clean_round ") < 60.0, "{shown}");
    meter.signal(Signal::TERM);
    let ended = quiet(meter.ended());
    assert_eq!(ended.code(), 0, "{}", sentence(&ended));
    assert_eq!(server.made_and_valid().1, 0);
    assert!(report(&ended)["rounds"]["clean"].as_u64() >= Some(2));
}

/// A credential that is a file: programs make it, look for it, and take it away.
#[test]
fn programs_are_steps_as_well() {
    let bench = Bench::new();
    let folder = bench.store.home().join("credentials");
    fs::create_dir(&folder).expect("a folder");
    let program = |name: &str, text: &str| {
        let file = bench.store.home().join(name);
        fs::write(&file, format!("#!/bin/sh\ncd '{}' || exit 3\n{text}\n", folder.display())).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).expect("a mode");
        file.display().to_string()
    };
    let create =
        program("create", "echo hush-hush-hush > \"$METER_NAME\"; echo \"id=$METER_NAME\"; echo secret=hush-hush-hush");
    let check =
        program("check", "[ \"$(cat \"$METER_ID\" 2>/dev/null)\" = \"$METER_SECRET\" ] && [ -n \"$METER_AT\" ]");
    let revoke = program("revoke", "rm \"$METER_ID\"");
    let plan = format!(
        "[create]\ncommand = [\"{create}\"]\ncapture = {{ id = \"/id\", secret = \"/secret\" }}\n\
         [check]\ncommand = [\"{check}\"]\nat = [\"one\", \"other\"]\n[revoke]\ncommand = [\"{revoke}\"]\n"
    );
    let ended = bench.measure(&plan, &["--rounds", "2"]);
    assert_eq!(ended.code(), 0, "{}", sentence(&ended));
    let told = report(&ended);
    assert_eq!((&told["rounds"]["clean"], &told["addresses"][1]["address"]), (&json!(2), &json!("other")), "{told}");
    assert!(!ended.out.contains("hush") && !ended.err.contains("hush"), "{}", ended.err);
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 0, "what was made is revoked");

    let ended = bench.measure(&plan.replace(&revoke, "/bin/false"), &["--rounds", "1", "--give-up", "300ms"]);
    assert_eq!(ended.code(), 10, "{}", sentence(&ended));
    let failures = report(&ended)["failures"].to_string();
    assert!(failures.contains("revoke: the program ended with exit status: 1"), "{failures}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_is_not_right_is_told_and_nothing_is_sent() {
    let bench = Bench::new();
    let server = StandIn::start(Manner::Honest).await;
    let plan = server.plan();
    for (from, to, told) in [
        (
            "{secret}\" }",
            "{token}\" }",
            "the plan's step check: authorization has the placeholder {token}, which no step before it captures",
        ),
        ("{env:TOKEN}", "{env:NONE}", "and the environment variable NONE is not set"),
        ("{env:TOKEN}", "{file:/nowhere}", "and the file cannot be read"),
        ("\"http://", "\"http://ada:hush@", "contains a username or a password"),
        ("[check]", "[check", "the plan is not right in line "),
    ] {
        let mut command = bench.meter(&plan.replacen(from, to, 1), &["--rounds", "1"]);
        command.args(["--log-form", "text"]);
        let ended = quiet(run(command));
        assert_eq!((ended.code(), &*ended.out), (2, ""), "{}", ended.err);
        let sentence = sentence(&ended).to_lowercase();
        assert!(sentence.contains(&told.to_lowercase()) && !sentence.contains("hush"), "{sentence}");
    }
    let nowhere = run(bench.store.claviger(&["meter", "--plan", "/nowhere/plan.toml", "--rounds", "1"])).refused(2);
    assert!(nowhere.contains("the plan /nowhere/plan.toml cannot be read"), "{nowhere}");
    for words in
        [&["meter", "--plan", "x"][..], &["meter", "--rounds", "1"], &["meter", "--example", "http://a:hush@b"]]
    {
        let ended = run(bench.store.claviger(words));
        assert_eq!(ended.code(), 2, "{words:?}: {}", ended.err);
    }
    assert_eq!(server.made_and_valid(), (0, 0));
}

#[test]
fn secrets_that_cross_a_network_in_clear_are_warned_of() {
    let bench = Bench::new();
    // An address that documents alone have.
    let step = "url = \"http://192.0.2.1:9/\"\n";
    let plan = format!("[create]\n{step}[check]\n{step}[revoke]\n{step}");
    let ended = bench.measure(&plan, &["--rounds", "1", "--timeout", "200ms"]);
    assert_eq!(ended.code(), 10, "{}", ended.err);
    let told = "warning: secrets go to http://192.0.2.1:9 unencrypted; use https://";
    assert!(ended.err.lines().any(|line| line == told), "{}", ended.err);
}
