//! What does not go through: with the status, the headers and the words of `/auth/check` to the client, and nothing to the
//! API.

use crate::every_gateway::{self, Refused};
use crate::message::Message;
use crate::scene::{On, Scene, ends, on_both_stores};

on_both_stores![refusals_are_those_of_the_check, wrong_attempts_are_slowed];

/// What both answers must have alike. Each has a request id of its own.
fn alike(answer: &Message) -> (u16, String, Vec<Option<&str>>) {
    let names = ["content-type", "www-authenticate", "x-claviger-reason", "cache-control", "x-content-type-options"];
    (answer.status(), answer.text(), names.map(|name| answer.header(name)).to_vec())
}

async fn refusals_are_those_of_the_check(on: On) {
    let scene = Scene::open_on(on).await;
    let mut refused = every_gateway::refusals_come_with_their_reasons(&scene).await;
    let (who, target) = (Some(&scene.reader), "/open/../internal".to_owned());
    let answer = scene.asks(who, "GET", &target).await;
    assert_eq!((answer.status(), answer.header("x-claviger-reason")), (403, Some("path_refused")));
    refused.push(Refused { who, method: "GET", target, answer });
    for Refused { who, method, target, answer } in refused {
        assert!(answer.header("x-request-id").is_some_and(|id| id.len() == 32), "{answer:?}");
        assert_eq!(answer.header("server"), None, "the engine is nobody's business");
        if method != "HEAD" {
            assert_eq!(alike(&answer), alike(&scene.auth_check(who, method, &target).await), "{method} {target}");
        }
    }
    assert_eq!(scene.upstream.requests().len(), 0);
    let metrics = scene.metrics().await;
    for line in [
        "claviger_checks_total{answer=\"route_denied\"} 11",
        "claviger_checks_total{answer=\"role_too_low\"} 11",
        "claviger_http_requests_total{surface=\"proxy\",status=\"401\"} 6",
        "claviger_http_requests_total{surface=\"proxy\",status=\"403\"} 31",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
}

async fn wrong_attempts_are_slowed(on: On) {
    every_gateway::wrong_attempts_are_slowed(&*Scene::open_on(on).await).await;
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
