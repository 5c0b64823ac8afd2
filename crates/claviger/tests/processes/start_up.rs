//! The first start, `init`, and how the options reach the program.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::CommandFactory;
use claviger::commands::CommandLine;
use serde_json::Value;

use crate::client::Caller;
use crate::network::certificate;
use crate::process::{Ended, run, run_other, wait_until};
use crate::secrets;
use crate::server::{Founded, On, Server, Store, mode, on_both_stores, set_mode};

on_both_stores![
    the_first_start_founds_a_house_and_later_ones_change_nothing,
    on_a_terminal_the_secret_is_shown_once_and_the_pasted_line_works,
    the_secret_file_may_be_named_and_must_not_be_there,
    init_prints_six_fields_and_refuses_a_store_that_is_set_up,
    serve_after_init_says_no_word_of_a_secret,
    init_prints_for_people_too,
    every_option_may_be_an_environment_variable,
    the_username_suffix_is_chosen_once,
];

async fn the_first_start_founds_a_house_and_later_ones_change_nothing(store: Store) {
    let server = store.serve();
    let told = told(&server);
    let owner = told_owner(&told);
    let file = secret_file(&told);
    if store.on() == On::Sqlite {
        assert_eq!(file, store.data().join("owner-secret").canonicalize().expect("the default file"));
    }
    let secret = std::fs::read_to_string(&file).expect("a secret file");
    let secret = secret.strip_suffix('\n').expect("one line");
    secrets::handed_out(&owner, secret);
    assert_eq!(mode(&file), 0o600);
    secrets::are_not_in("what the first start printed", &told);
    assert!(told.contains("It made an organization (1), a project (2) with its workspace (3), and an owner"), "{told}");

    let me = pasted(&told);
    assert_eq!(me["results"]["user_name"], owner.as_str());
    assert_eq!(me["results"]["organizations"]["1"]["role"], "owner");
    assert_eq!(me["results"]["projects"]["2"]["role"], "owner");
    assert_eq!(me["results"]["workspaces"]["3"]["name"], "All Project Data");

    server.stop();
    let before = store.number("SELECT revision + next_id + next_event FROM head").await;
    let server = store.serve();
    assert_eq!(Caller::new(server.url(), &owner, secret).me().await.is(200)["user_name"], owner.as_str());
    let ended = server.stop();
    assert!(
        !ended.out.contains("cvg_") && !ended.out.contains("username"),
        "the second start tells where the link is alone: {}",
        ended.out
    );
    assert!(!ended.err.contains("owner") && !ended.err.contains("secret"), "{}", ended.err);
    assert_eq!(store.number("SELECT revision + next_id + next_event FROM head").await, before);
    assert_eq!(store.number("SELECT COUNT(*) FROM principals").await, 1);
}

async fn on_a_terminal_the_secret_is_shown_once_and_the_pasted_line_works(store: Store) {
    let server = Server::ready_on_terminal(store.serving(&[]));
    let told = told(&server);
    let secret = told.split_whitespace().skip_while(|word| *word != "secret").nth(1).expect("a secret");
    let owner = told_owner(&told);
    secrets::handed_out(&owner, secret);
    assert_eq!(told.matches(secret).count(), 2, "once by itself, once in the line to paste");
    assert_eq!(pasted(&told)["results"]["user_name"], owner.as_str());
    let default_file = secret_files_under(store.home());
    assert_eq!(default_file, Vec::<PathBuf>::new(), "what is shown on the terminal is in no file");
    server.stop();
    let server = Server::ready_on_terminal(store.serving(&[]));
    assert_eq!(Caller::new(server.url(), &owner, secret).me().await.status, 200);
    assert!(!server.stop().out.contains("cvg_"), "it is shown once");
}

async fn the_secret_file_may_be_named_and_must_not_be_there(store: Store) {
    let file = store.home().join("it's the owner's secret");
    std::fs::write(&file, "somebody else's\n").expect("written");
    let name = file.to_str().expect("UTF-8");
    let refusal = run(store.serving(&["--secret-file", name])).refused(1);
    assert!(refusal.contains("exists already and may hold a secret; move it away"), "{refusal}");
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "somebody else's\n");
    assert_eq!(
        store.number("SELECT COUNT(*) FROM principals").await,
        0,
        "a secret that cannot be handed over is not made"
    );

    // A start that was killed before its commit leaves a private and empty file, which is no obstacle.
    std::fs::write(&file, "").expect("written");
    set_mode(&file, 0o644);
    run(store.serving(&["--secret-file", name])).refused(1);
    set_mode(&file, 0o600);
    let server = store.serve_with(&["--secret-file", name]);
    let owner = told_owner(&told(&server));
    secrets::handed_out(&owner, std::fs::read_to_string(&file).expect("a secret").trim());
    assert_eq!(mode(&file), 0o600);
    assert_eq!(pasted(&told(&server))["results"]["user_name"], owner.as_str(), "quotes and blanks can be pasted");
    assert_eq!(secret_files_under(store.home()), [file]);
}

async fn init_prints_six_fields_and_refuses_a_store_that_is_set_up(store: Store) {
    let words = ["init", "--organization", "Acme", "--project", "Web shop", "--output", "json"];
    let ended = run(store.command(&words));
    assert_eq!(ended.err, "");
    let printed = ended.ok();
    let json: Value = serde_json::from_str(&printed).expect("JSON");
    let fields: Vec<&str> = json.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(fields, ["organization_id", "project_id", "secret", "set_up_link", "username", "workspace_id"]);
    let founded = Founded::from_json(&printed);
    assert!(founded.username.starts_with("owner.") && founded.username.ends_with(".service-account"));

    let before = store.number("SELECT revision + next_id FROM head").await;
    let refusal = run(store.command(&words)).refused(6);
    assert_eq!(
        refusal,
        "this store is set up already; to found one more organization, run claviger organization create"
    );
    assert_eq!(store.number("SELECT revision + next_id FROM head").await, before);

    let server = store.serve();
    let me = founded.at(&server).me().await.is(200);
    assert_eq!(me["organizations"][founded.organization.to_string()]["name"], "Acme");
    assert_eq!(me["projects"][founded.project.to_string()]["name"], "Web shop");
    assert_eq!(me["workspaces"][founded.workspace.to_string()]["role"], "owner");
}

async fn serve_after_init_says_no_word_of_a_secret(store: Store) {
    let founded = store.init();
    let server = store.serve();
    founded.at(&server).me().await.is(200);
    silent(&founded, &server.stop());
    // Nor on a terminal.
    let server = Server::ready_on_terminal(store.serving(&[]));
    founded.at(&server).me().await.is(200);
    silent(&founded, &server.stop());
    assert_eq!(secret_files_under(store.home()), Vec::<PathBuf>::new());
}

fn silent(founded: &Founded, ended: &Ended) {
    assert!(!ended.out.contains("cvg_") && !ended.out.contains(&founded.username), "{}", ended.out);
    assert!(!ended.err.contains("cvg_") && !ended.err.contains(&founded.username), "{}", ended.err);
}

async fn init_prints_for_people_too(store: Store) {
    let printed = run(store.command(&["init", "--organization", "Acme", "--project", "Web shop"])).ok();
    let field = |name: &str| {
        let line = printed.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}"));
        line.trim().to_owned()
    };
    secrets::handed_out(&field("username"), &field("secret"));
    let server = store.serve();
    let me = Caller::new(server.url(), &field("username"), &field("secret")).me().await.is(200);
    assert_eq!(me["organizations"][field("organization")]["name"], "Acme");
    assert!(printed.contains("Claviger keeps only a digest of it.\n"), "it says that this was the one time");
    let link = printed.lines().find_map(|line| line.trim().strip_prefix("http://127.0.0.1:8000/console/setup/"));
    secrets::handed_out("set-up link", link.expect("a link"));
}

async fn every_option_may_be_an_environment_variable(store: Store) {
    let mut init = store.claviger(&["init"]);
    name_store(&store, &mut init);
    init.env("CLAVIGER_ORGANIZATION_NAME", "Acme").env("CLAVIGER_PROJECT_NAME", "Web shop");
    init.env("CLAVIGER_USERNAME_SUFFIX", "robots").env("CLAVIGER_OUTPUT", "json");
    let founded = Founded::from_json(&run(init).ok());
    assert!(founded.username.ends_with(".robots"), "{}", founded.username);

    let mut serve = store.claviger(&["serve"]);
    name_store(&store, &mut serve);
    serve.env("CLAVIGER_LISTEN", "0.0.0.0:0").env("CLAVIGER_BEHIND_TLS", "true");
    serve.env("CLAVIGER_LOG", "info,claviger=debug").env("CLAVIGER_LOG_FORM", "json");
    serve.env("CLAVIGER_CONNECTIONS_MAX", "50").env("CLAVIGER_CONNECTIONS_OF_ONE_ADDRESS_MAX", "1");
    serve.env("CLAVIGER_IDLE_SECONDS", "1");
    let server = Server::ready(serve);
    let me = founded.at(&server).me().await.is(200);
    assert_eq!(me["organizations"][founded.organization.to_string()]["name"], "Acme");

    // The one connection that this address may have is taken until it has idled for a second.
    let mut one_too_many = connection(&server);
    assert_eq!(read_to_end(&mut one_too_many), "", "a second connection of one address is closed at once");
    wait_until("the first connection to have idled for too long", || {
        let mut tried = connection(&server);
        let asked =
            std::io::Write::write_all(&mut tried, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        asked.is_ok() && read_to_end(&mut tried).starts_with("HTTP/1.1 200")
    });
    let log = server.stop().err;
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "every line is JSON: {log}");
    assert!(log.contains("\"level\":\"DEBUG\""), "the filter was heard: {log}");
    assert!(!log.contains("without TLS"), "{log}");
}

async fn the_username_suffix_is_chosen_once(store: Store) {
    let refusal = run(store.serving(&["--username-suffix", "no such.suffix"])).refused(2);
    assert!(refusal.starts_with("--username-suffix "), "{refusal}");
    let server = store.serve_with(&["--username-suffix", "robots"]);
    let owner = told_owner(&told(&server));
    let file = secret_file(&told(&server));
    let secret = std::fs::read_to_string(file).expect("a secret");
    secrets::handed_out(&owner, secret.trim());
    server.stop();
    assert!(owner.ends_with(".robots"), "{owner}");
    let server = store.serve_with(&["--username-suffix", "machines"]);
    let owner = Caller::new(server.url(), &owner, secret.trim());
    let (_, made) = owner.create(1, "nightly export").await;
    assert!(made.username.starts_with("nightly_export.") && made.username.ends_with(".robots"), "{}", made.username);
}

#[test]
fn every_option_of_serve_and_init_names_its_variable() {
    let mut command = CommandLine::command();
    command.build();
    for name in ["serve", "init"] {
        let command = command.find_subcommand(name).expect("it is there");
        for option in command.get_arguments().filter(|option| !["help", "version"].contains(&option.get_id().as_str()))
        {
            let variable = option.get_env().and_then(|name| name.to_str());
            assert!(variable.is_some_and(|name| name.starts_with("CLAVIGER_")), "{name} {:?}", option.get_long());
        }
    }
}

#[test]
fn a_first_start_on_every_address_tells_one_that_can_be_asked() {
    let store = Store::new(On::Sqlite);
    let server = store.serve_with(&["--listen", "0.0.0.0:0"]);
    told_and_pasted(&server, "http://127.0.0.1:", "curl");

    let store = Store::new(On::Sqlite);
    let (certificate, key) = certificate(&store, "one");
    let server = store.serve_with(&["--listen", "0.0.0.0:0", "--tls-certificate", &certificate, "--tls-key", &key]);
    told_and_pasted(&server, "https://localhost:", &format!("curl --cacert {certificate}"));
}

fn told_and_pasted(server: &Server, url: &str, curl: &str) {
    let told = told(server);
    let owner = told_owner(&told);
    secrets::handed_out(&owner, std::fs::read_to_string(secret_file(&told)).expect("a secret").trim());
    assert!(told.contains(&format!(" {url}")), "{told}");
    assert_eq!(pasted(&told.replace("curl", curl))["results"]["user_name"], owner.as_str());
}

#[tokio::test]
async fn a_data_folder_may_have_any_name() {
    let store = Store::new(On::Sqlite);
    let folder = store.home().join("100% of \"it's\" ours? #1 é");
    let mut serve = store.claviger(&["serve", "--listen", "127.0.0.1:0", "--data"]);
    serve.arg(&folder);
    let server = Server::ready(serve);
    let owner = told_owner(&told(&server));
    secrets::handed_out(&owner, std::fs::read_to_string(folder.join("owner-secret")).expect("a secret").trim());
    assert_eq!(pasted(&told(&server))["results"]["user_name"], owner.as_str());
    assert!(folder.join("claviger.db").metadata().expect("the database").len() > 0);
    assert_eq!(std::fs::read_dir(store.home()).expect("a folder").count(), 1, "and nothing is beside it");
}

#[tokio::test]
async fn without_an_option_the_platforms_data_folder_is_used() {
    let store = Store::new(On::Sqlite);
    let server = Server::ready(store.claviger(&["serve", "--listen", "127.0.0.1:0"]));
    let folder = store.home().join(".local/share/claviger");
    secrets::handed_out(
        &told_owner(&told(&server)),
        std::fs::read_to_string(folder.join("owner-secret")).expect("it").trim(),
    );
    assert_eq!(mode(&folder), 0o700);
}

#[test]
fn a_password_on_the_command_line_is_refused_and_not_repeated() {
    let store = Store::new(On::Postgres);
    let with_password = store.database().replace("claviger_test@", "claviger_test:hushhush@");
    for url in [&with_password, &format!("{}?password=hushhush", store.database())] {
        for words in [vec!["serve"], vec!["init", "--organization", "A", "--project", "B"], vec!["recover-owner"]] {
            let mut command = store.claviger(&words);
            command.args(["--database", url]);
            let refusal = run(command).refused(2);
            assert!(refusal.contains("every user of this machine can see"), "{refusal}");
            assert!(!refusal.contains("hush"), "{refusal}");
        }
    }
    let mut serve = store.claviger(&["serve", "--listen", "127.0.0.1:0"]);
    serve.env("CLAVIGER_DATABASE", &with_password);
    let server = Server::ready(serve);
    let told = told(&server);
    let secret = std::fs::read_to_string(secret_file(&told)).expect("a secret");
    secrets::handed_out(&told_owner(&told), secret.trim());
    let ended = server.stop();
    assert!(!ended.err.contains("hush") && !ended.out.contains("hush"), "{}", ended.err);
    assert!(ended.err.contains("127.0.0.1"), "where the store is can be shown: {}", ended.err);
}

/// What the database's driver says of settings that it cannot read it says with their values.
#[test]
fn what_stands_in_a_password_file_or_in_the_url_is_not_logged() {
    let store = Store::new(On::Postgres);
    let file = store.home().join("pgpass");
    std::fs::write(&file, "hushhush-is-no-line-of-a-password-file\n").expect("a file");
    crate::server::set_mode(&file, 0o600);
    for log in ["info", "debug,sqlx=info"] {
        let mut init = store.claviger(&["serve", "--listen", "127.0.0.1:0", "--log", log]);
        init.env("PGPASSFILE", &file).env("CLAVIGER_DATABASE", format!("{}?hushhush=hushhush", store.database()));
        let server = Server::ready(init);
        if let Some(told) = Some(server.out()).filter(|told| told.contains("username")) {
            secrets::handed_out(
                &told_owner(&told),
                std::fs::read_to_string(secret_file(&told)).expect("a secret").trim(),
            );
        }
        let ended = server.stop();
        assert!(!ended.err.contains("hush"), "{}", ended.err);
    }
}

/// Names the store by the variable.
fn name_store(store: &Store, command: &mut Command) {
    match store.on() {
        On::Sqlite => command.env("CLAVIGER_DATA", store.data()),
        On::Postgres => command.env("CLAVIGER_DATABASE", store.database()),
    };
}

/// What a first start tells, all of it. Its log may be here before.
fn told(server: &Server) -> String {
    wait_until("the first start to tell what it made", || {
        let out = server.out();
        out.contains("/api/app/me") && out.trim_end().ends_with("the signal USR1.")
    });
    server.out()
}

/// The username that the first start told.
fn told_owner(told: &str) -> String {
    let mut words = told.split_whitespace().skip_while(|word| *word != "username");
    words.nth(1).unwrap_or_else(|| panic!("no username: {told}")).to_owned()
}

/// The file that the first start told, as a shell would read its name.
fn secret_file(told: &str) -> PathBuf {
    let line = told.lines().find_map(|line| line.trim().strip_prefix("secret file")).expect("a secret file");
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("printf %s {}", line.trim())]);
    PathBuf::from(run_other(shell))
}

/// What the printed curl line gets when a shell runs it as it stands.
fn pasted(told: &str) -> Value {
    let line = told.lines().map(str::trim).find(|line| line.starts_with("curl ")).expect("a line to paste");
    let mut shell = Command::new("sh");
    shell.args(["-c", line]);
    serde_json::from_str(&run_other(shell)).unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn secret_files_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            found.extend(secret_files_under(&entry));
        } else if std::fs::read(&entry).is_ok_and(|bytes| bytes.starts_with(b"cvg_")) {
            found.push(entry);
        }
    }
    found
}

fn connection(server: &Server) -> TcpStream {
    TcpStream::connect(server.url().strip_prefix("http://").expect("plain HTTP")).expect("a connection")
}

/// Everything until the other side closes; a reset is an end, too.
fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let _ = std::io::Read::read_to_end(stream, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
