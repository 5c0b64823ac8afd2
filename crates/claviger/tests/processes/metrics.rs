//! `/metrics` of a running server, on an address of its own.

use std::fs;

use rustix::process::Signal;

use crate::process::wait_until;
use crate::server::{On, Server, Store};

fn client() -> reqwest::Client {
    // All tests but the first find the provider installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// Where the log says that metrics are.
pub(crate) fn page(server: &Server) -> String {
    page_told_in(|| server.err())
}

/// Where this log says that metrics are.
pub(crate) fn page_told_in(log: impl Fn() -> String) -> String {
    let told = || log().lines().find(|line| line.contains("metrics are at /metrics")).map(str::to_owned);
    wait_until("the log to say where metrics are", || told().is_some());
    let line = told().expect("a line");
    let address = line.split("address=").nth(1).expect("an address").split(' ').next().expect("one");
    format!("http://{address}/metrics")
}

/// What is at another address of that listener.
pub(crate) async fn json(address: &str) -> serde_json::Value {
    let answer = client().get(address).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    serde_json::from_str(&answer.text().await.expect("text")).expect("JSON")
}

pub(crate) async fn read(page: &str) -> String {
    let answer = client().get(page).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    answer.text().await.expect("text")
}

pub(crate) fn line(shown: &str, begins: &str) -> Option<String> {
    shown.lines().find_map(|line| line.strip_prefix(begins)).map(|rest| rest.trim().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_have_an_address_of_their_own_and_count_the_table_and_connections() {
    let store = Store::new(On::Sqlite);
    let founded = store.init();
    let file = store.home().join("routes.toml");
    fs::write(&file, "[[route]]\npath = \"/open\"\naccess = \"public\"\n").expect("written");
    let routes = file.to_str().expect("text");
    let server = store.serve_with(&["--routes", routes, "--metrics-listen", "127.0.0.1:0"]);
    let page = page(&server);
    let owner = founded.at(&server);
    owner.me().await.is(200);
    let shown = read(&page).await;
    assert!(line(&shown, "claviger_http_requests_total{surface=\"api\",status=\"200\"}").is_some(), "{shown}");
    assert_eq!(line(&shown, "claviger_build_info{version=\"0.1.0\"}"), Some("1".to_owned()), "{shown}");
    assert_eq!(line(&shown, "claviger_routes "), Some("1".to_owned()), "{shown}");
    let open: u64 = line(&shown, "claviger_connections ").expect("a number").parse().expect("one");
    assert!(open >= 1, "the owner's connection is kept: {shown}");

    fs::write(&file, "[[route]]\npath = \"/open\"\n").expect("written");
    server.signal(Signal::HUP);
    let read_anew = |shown: &str, outcome: &str| {
        line(shown, &format!("claviger_route_table_readings_total{{outcome=\"{outcome}\"}}"))
    };
    wait_until("the log to tell the mistake", || server.err().contains("the routes stay as they were"));
    assert_eq!(read_anew(&read(&page).await, "refused"), Some("1".to_owned()));

    drop(owner);
    // Nobody finds it where everybody is.
    for path in ["/metrics", "/api/app/metrics"] {
        let answer = client().get(format!("{}{path}", server.url())).send().await.expect("an answer");
        assert_eq!(answer.status(), 404, "{path}");
    }
    // And nothing else is there.
    let base = page.trim_end_matches("/metrics");
    for path in ["/", "/api/app/me", "/healthz", "/auth/check"] {
        assert_eq!(client().get(format!("{base}{path}")).send().await.expect("an answer").status(), 404, "{path}");
    }
    assert_eq!(server.stop().code(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_option_there_are_none_and_a_taken_address_ends_the_start() {
    let store = Store::new(On::Sqlite);
    store.init();
    let server = store.serve();
    assert!(!server.err().contains("metrics are at"), "{}", server.err());
    server.stop();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let ended = match Server::start(store.serving(&["--metrics-listen", &address])) {
        Ok(_) => panic!("it started on an address that is taken"),
        Err(ended) => ended,
    };
    assert!(ended.err.contains(&address), "{}", ended.err);
}
