//! The log: a line a request, with nothing in it that a stranger wrote, a secret least of all, however much is asked for.

use crate::message::request;
use crate::process::wait_until;
use crate::scene::{Scene, Setting};
use crate::stage::Place;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_holds_neither_paths_nor_secrets() {
    let place = Place::own();
    let options = vec!["--log".to_owned(), "trace".to_owned()];
    let scene = Scene::set(Setting { place, options, ..Setting::default() }).await;
    let credential = scene.reader.credential.as_str();
    let target = scene.of_project("canary-path?canary-query");
    let headers = [("Authorization", credential), ("X-Canary", "canary-header"), ("Content-Length", "11")];
    let asked = format!("{}canary-body", request("POST", &target, &headers));
    assert_eq!(scene.sends(&asked).await.expect("an answer").status(), 200);
    for (method, target, headers) in [
        ("CANARY", "/internal/canary-path", [("Authorization", credential)]),
        ("GET", "/open/canary-path", [("Connection", "canary:header")]),
        ("GET", "canary-path", [("Authorization", "Basic canary-secret")]),
        ("GET", "/v1/me", [("X-A canary-name", "canary-header")]),
    ] {
        scene.sends(&request(method, target, &headers)).await.expect("an answer");
    }
    wait_until("the lines", || scene.log().matches(": carried ").count() >= 4);
    let log = scene.log();
    assert!(!log.to_lowercase().contains("canary"), "{log}");
    let encoded = &credential["Basic ".len()..];
    for secret in [encoded, &scene.reader.secret, &scene.owner.secret] {
        assert!(!log.contains(secret), "{log}");
    }
    assert!(!log.contains("pingora") && !log.contains(&place.api().to_string()), "{log}");
    let line = log.lines().find(|line| line.contains(": carried ")).expect("a line");
    for part in [
        "request=",
        "client=127.0.0.1",
        "method=\"POST\"",
        "route=/v1/projects/{project}/**",
        "status=200",
        "upstream=0",
        "micros=",
    ] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
}
