//! The link for the first owner who is a person: who prints it, where it goes, and that it opens the page.

use std::path::PathBuf;

use reqwest::redirect::Policy;
use rustix::process::Signal;
use serde_json::Value;

use crate::process::{run, wait_until};
use crate::secrets;
use crate::server::{On, Server, Store, mode, on_both_stores};

on_both_stores![
    init_prints_a_link_that_opens_the_page_until_the_next_start,
    without_a_terminal_the_link_is_in_a_private_file,
    on_a_terminal_the_link_is_shown_and_the_signal_shows_another,
    once_somebody_is_owner_no_start_makes_a_link,
    a_link_is_made_on_the_host_for_the_organization_that_is_named,
];

const NOBODY: &str = "Nobody can sign in to the console yet.";

/// A link that was handed out: from now on nobody may write its token.
fn handed_out(link: &str) -> String {
    secrets::handed_out("set-up link", link.rsplit('/').next().expect("a token"));
    link.to_owned()
}

fn browser() -> reqwest::Client {
    reqwest::Client::builder().redirect(Policy::none()).no_proxy().build().expect("a client")
}

/// The page of a link at this server, wherever the link says that it is.
pub(crate) async fn opened(server: &Server, link: &str) -> (u16, String) {
    let path = &link[link.find("/console/setup/").expect("a link")..];
    let answer = browser().get(format!("{}{path}", server.url())).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

/// The link that a start has put into its file, once it has told so.
pub(crate) fn filed(server: &Server) -> (PathBuf, String) {
    wait_until("the start to tell where the link is", || server.out().contains("the signal USR1."));
    let told = server.out();
    let line = told.lines().find_map(|line| line.trim().strip_prefix("set-up link")).expect("a file");
    let file = PathBuf::from(line.trim());
    let link = std::fs::read_to_string(&file).expect("a link");
    (file, handed_out(link.strip_suffix('\n').expect("one line")))
}

async fn init_prints_a_link_that_opens_the_page_until_the_next_start(store: Store) {
    let words = ["init", "--organization", "Acme", "--project", "Web shop", "--output", "json"];
    let words = [&words[..], &["--public-url", "https://keys.example.com/"]].concat();
    let printed: Value = serde_json::from_str(&run(store.command(&words)).ok()).expect("JSON");
    let link = handed_out(printed["set_up_link"].as_str().expect("a link"));
    assert!(link.starts_with("https://keys.example.com/console/setup/cvu_1_"), "{link}");
    let server = store.serve();
    let (_, newer) = filed(&server);
    assert_eq!(opened(&server, &link).await.0, 404, "the start has made a newer one");
    let (status, page) = opened(&server, &newer).await;
    assert!(status == 200 && page.contains("of Acme."), "{page}");
    assert_eq!(opened(&server, &newer).await.0, 200, "looking uses nothing up");
}

async fn without_a_terminal_the_link_is_in_a_private_file(store: Store) {
    store.init();
    let server = store.serve();
    let (file, link) = filed(&server);
    assert_eq!(mode(&file), 0o600);
    assert!(link.starts_with(&format!("{}/console/setup/cvu_1_", server.url())), "{link}");
    secrets::are_not_in("what the start printed", &server.out());
    assert_eq!(opened(&server, &link).await.0, 200);
    server.stop();
    let started = |server: Server| {
        let (_, link) = filed(&server);
        server.stop();
        link
    };
    let elsewhere = ["--public-url", "https://keys.example.com"];
    let newer = started(store.serve_with(&elsewhere));
    let token = link.rsplit('/').next().expect("a token");
    assert_eq!(newer, format!("https://keys.example.com/console/setup/{token}"), "it opens for long enough");
    std::fs::write(&file, "no link\n").expect("written");
    let server = store.serve_with(&elsewhere);
    let (_, another) = filed(&server);
    assert_ne!(another, newer);
    assert_eq!((opened(&server, &newer).await.0, opened(&server, &another).await.0), (404, 200));
    let ended = server.stop();
    secrets::are_not_in("what the server logged", &ended.err);
    assert_eq!(ended.out.matches(NOBODY).count(), 1);
}

async fn on_a_terminal_the_link_is_shown_and_the_signal_shows_another(store: Store) {
    store.init();
    let server = Server::ready_on_terminal(store.serving(&[]));
    let links = |server: &Server, count: usize| -> Vec<String> {
        let is_link = |word: &&str| word.contains("/console/setup/cvu_");
        wait_until("a link to be shown", || server.out().split_whitespace().filter(is_link).count() == count);
        server.out().split_whitespace().filter(is_link).map(handed_out).collect()
    };
    let first = links(&server, 1).remove(0);
    assert_eq!(opened(&server, &first).await.0, 200);
    server.signal(Signal::USR1);
    let second = links(&server, 2).remove(1);
    assert_ne!(first, second);
    assert_eq!((opened(&server, &first).await.0, opened(&server, &second).await.0), (404, 200));
    assert!(!store.data().join("set-up-link").exists(), "what is shown on the terminal is in no file");
    server.stop();
}

async fn once_somebody_is_owner_no_start_makes_a_link(store: Store) {
    store.init();
    let server = store.serve();
    let (_, link) = filed(&server);
    let shown = browser().get(&link).send().await.expect("an answer");
    let cookie = shown.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
    let page = shown.text().await.expect("text");
    let token =
        page.split("name=\"form_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a token");
    let body = format!("form_token={token}&name=Pia&email=pia%40example.com&password=words+that+are+long+enough");
    let form = browser().post(&link).header("cookie", cookie).header("sec-fetch-site", "same-origin");
    let form = form.header("content-type", "application/x-www-form-urlencoded").body(body);
    let made = form.send().await.expect("an answer");
    assert_eq!((made.status().as_u16(), made.headers()["location"].to_str().expect("text")), (303, "/console"));
    let session = made.headers().get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let session = session.filter_map(|cookie| cookie.strip_prefix("claviger=")?.split(';').next()).next();
    assert!(session.is_some_and(|session| session.starts_with("cvs_")), "signed in");
    server.signal(Signal::USR1);
    assert_eq!(opened(&server, &link).await.0, 404);
    server.stop();
    let before = store.number("SELECT revision FROM head").await;
    let server = store.serve();
    server.signal(Signal::USR1);
    assert_eq!(server.stop().out, "");
    assert_eq!(store.number("SELECT revision FROM head").await, before);
    let refusal = run(store.command(&["set-up-link"])).refused(6);
    assert_eq!(refusal, "organization 1 has an owner who is a person already, who can invite others");
}

async fn a_link_is_made_on_the_host_for_the_organization_that_is_named(store: Store) {
    assert!(run(store.command(&["set-up-link"])).refused(2).contains("claviger init"));
    store.init();
    let second = run(store.command(&["organization", "create", "Globex", "--output", "json"])).ok();
    let second: Value = serde_json::from_str(&second).expect("JSON");
    let first_link = handed_out(second["set_up_link"].as_str().expect("a link"));
    secrets::handed_out(second["username"].as_str().expect("a name"), second["secret"].as_str().expect("a secret"));
    let number = second["organization_id"].to_string();
    assert_eq!(
        run(store.command(&["set-up-link"])).refused(2),
        "there are several organizations; name one with --organization ID"
    );
    assert_eq!(
        run(store.command(&["set-up-link", "--organization", "999"])).refused(5),
        "there is no organization 999 in this store"
    );
    let refusal = run(store.command(&["set-up-link", "--organization", &number, "--public-url", "keys.example.com"]));
    assert!(refusal.code() == 2 && refusal.err.contains("https://keys.example.com"), "{}", refusal.err);
    let printed = run(store.command(&["set-up-link", "--organization", &number, "--output", "json"])).ok();
    let printed: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(printed["organization_id"].to_string(), number);
    let link = handed_out(printed["set_up_link"].as_str().expect("a link"));
    let told = run(store.command(&["set-up-link", "--organization", "1"])).ok();
    assert!(told.contains("Open this link within an hour to become the first owner"), "{told}");
    let other =
        told.lines().find_map(|line| Some(line.trim()).filter(|line| line.starts_with("http"))).expect("a link");
    handed_out(other);
    let server = store.serve();
    // Over PostgreSQL a command works beside it, and would end this link.
    if store.on() == On::Sqlite {
        assert!(run(store.command(&["set-up-link", "--organization", &number])).code() == 6, "a server runs");
    }
    assert_eq!(opened(&server, &first_link).await.0, 404);
    let (status, page) = opened(&server, &link).await;
    assert!(status == 200 && page.contains("of Globex."), "{page}");
    server.stop();
}
