//! What does not go through: with the status, the headers and the words of `/auth/check` to the client, and nothing to the
//! API.

use crate::message::{Message, request};
use crate::scene::{Scene, Setting, ends};

/// What both answers must have alike. Each has a request id of its own.
fn alike(answer: &Message) -> (u16, String, Vec<Option<&str>>) {
    let names = ["content-type", "www-authenticate", "x-claviger-reason", "cache-control", "x-content-type-options"];
    (answer.status(), answer.text(), names.map(|name| answer.header(name)).to_vec())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_those_of_the_check() {
    let scene = Scene::set(Setting { options: Vec::new(), ..Setting::default() }).await;
    let (reader, visitor) = (Some(&scene.reader), Some(&scene.visitor));
    let (orders, settings) = (scene.of_project("orders"), scene.of_project("settings"));
    for method in ["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PROPFIND"] {
        let mut client = scene.client().await;
        for (who, target, status, reason) in [
            (None, orders.as_str(), 401, "not_authenticated"),
            (visitor, orders.as_str(), 403, "place_not_reached"),
            (reader, settings.as_str(), 403, "role_too_low"),
            (reader, "/internal/metrics", 403, "route_denied"),
            (reader, "/elsewhere", 403, "route_not_found"),
            (reader, "/", 403, "route_not_found"),
            (reader, "/open/../internal", 403, "path_refused"),
        ] {
            let credential: Vec<(&str, &str)> =
                who.iter().map(|account| ("Authorization", account.credential.as_str())).collect();
            let answer = client.ask(&request(method, target, &credential)).await.expect("kept alive");
            assert_eq!(answer.status(), status, "{method} {target}: {answer:?}");
            assert_eq!(answer.header("x-claviger-reason"), Some(reason), "{method} {target}");
            assert!(answer.header("x-request-id").is_some_and(|id| id.len() == 32), "{answer:?}");
            assert_eq!(answer.header("server"), None, "the engine is nobody's business");
            if method != "HEAD" {
                let checked = scene.auth_check(who, method, target).await;
                assert_eq!(alike(&answer), alike(&checked), "{method} {target}");
            }
        }
    }
    assert_eq!(scene.upstream().requests().len(), 0);
    let metrics = scene.metrics().await;
    for line in [
        "claviger_checks_total{answer=\"route_denied\"} 11",
        "claviger_checks_total{answer=\"role_too_low\"} 11",
        "claviger_http_requests_total{surface=\"proxy\",status=\"401\"} 6",
        "claviger_http_requests_total{surface=\"proxy\",status=\"403\"} 36",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_attempts_are_slowed() {
    let scene = Scene::open().await;
    let mut client = scene.client().await;
    let wrong = request("GET", "/v1/me", &[("Authorization", "Basic nobody.000000.service-account:wrong")]);
    let mut slowed = None;
    for _ in 0..200 {
        let answer = client.ask(&wrong).await.expect("an answer");
        match answer.status() {
            401 => {}
            429 => slowed = Some(answer),
            _ => panic!("{answer:?}"),
        }
        if slowed.is_some() {
            break;
        }
    }
    let slowed = slowed.expect("slowed");
    assert!(slowed.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{slowed:?}");
    assert_eq!(slowed.header("x-claviger-reason"), Some("too_many_attempts"));
    assert_eq!(scene.asks(Some(&scene.reader), "GET", "/v1/me").await.status(), 200, "a right one always passes");
    assert_eq!(scene.upstream().requests().len(), 1);
}

#[test]
fn there_is_no_proxy_without_a_table_or_an_upstream() {
    let ended = ends(&["--upstream", "http://127.0.0.1:9", "--proxy-listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"]);
    assert!(ended.refused(2).contains("--routes FILE"));
    let ended = ends(&["--routes", "x.toml"]);
    assert_eq!(ended.code(), 2);
    assert!(ended.err.contains("--upstream"), "{}", ended.err);
    for (upstream, why) in [("127.0.0.1:9", "http:// or https://"), ("http://127.0.0.1/v1", "server alone")] {
        let ended = ends(&["--upstream", upstream, "--routes", "x.toml"]);
        assert_eq!(ended.code(), 2);
        assert!(ended.err.contains(why), "{}", ended.err);
    }
}
