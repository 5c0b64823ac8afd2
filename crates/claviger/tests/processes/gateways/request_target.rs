//! What is judged is what the API acts on: the path goes on as it came, or not at all.

use std::collections::HashSet;

use super::message::{Message, request};
use super::program::Program;
use super::scene::Scene;
use super::stage::credential;
use super::{every_gateway, through_each_gateway};

through_each_gateway![
    a_path_goes_on_as_it_came,
    paths_that_are_read_in_two_ways_reach_nobody,
    very_long_paths_reach_nobody,
    the_caller_does_not_say_what_the_request_is,
    nothing_is_smuggled_past_the_check,
];

/// Each path at the API is one that Claviger was asked about, to the byte.
pub(super) fn was_judged(scene: &Scene) {
    let checks = scene.tap().checks();
    let judged: HashSet<&str> = checks.iter().filter_map(|check| check.header("x-forwarded-uri")).collect();
    for came in scene.upstream.requests() {
        assert!(judged.contains(came.target()), "{:?} was not judged: {judged:?}", came.target());
        assert!(!came.target().starts_with("/internal"), "{came:?}");
    }
}

async fn a_path_goes_on_as_it_came(program: Program) {
    let scene = Scene::tapped(program).await;
    every_gateway::a_path_goes_on_as_it_came(&scene, &[]).await;
    was_judged(&scene);
}

async fn paths_that_are_read_in_two_ways_reach_nobody(program: Program) {
    let scene = Scene::tapped(program).await;
    // The last two are Claviger's own.
    for target in every_gateway::READ_IN_TWO_WAYS.iter().chain(&["/claviger-check", "/auth/check"]) {
        for (method, who) in [("GET", None), ("GET", Some(&scene.reader)), ("OPTIONS", None)] {
            let answer = scene.sends(&request(method, target, &credential(who))).await;
            let status = answer.as_ref().map_or(400, Message::status);
            // Of a server as a whole the gateway may speak for itself.
            let of_itself = *target == "*" && answer.as_ref().is_some_and(|answer| answer.body.is_empty());
            assert!([400, 403, 404].contains(&status) || of_itself, "{method} {target}: {answer:?}");
        }
    }
    every_gateway::methods_in_lower_case_reach_nobody(&scene).await;
    let came = scene.upstream.requests();
    assert_eq!(came.len(), 0, "{came:#?}");
    // A gateway may write a path in another way, such as without its host, if the check sees what the API gets.
    for target in
        ["http://api.example/open/door?x=1", "/open/caf\u{e9}", "/open/<door>", "/open/\"door\"", "/open/{a}|b^c`"]
    {
        let answer = scene.sends(&request("GET", target, &[])).await.expect("an answer");
        assert!([200, 400, 403].contains(&answer.status()), "{answer:?}");
    }
    was_judged(&scene);
}

async fn very_long_paths_reach_nobody(program: Program) {
    let scene = Scene::tapped(program).await;
    for length in [5_000, 7_000, 15_000, 40_000, 1_000_000] {
        for target in [format!("/open/{}", "a".repeat(length)), format!("/open/{}", "a/../".repeat(length / 5))] {
            let answer = scene.sends(&request("GET", &target, &[])).await;
            let status = answer.as_ref().map_or(400, Message::status);
            assert!([400, 403, 414, 431].contains(&status), "{length}: {status}");
        }
    }
    assert_eq!(scene.upstream.requests().len(), 0);
    // A query is the API's affair.
    let long = format!("/open/door?{}", "q".repeat(6_000));
    assert_eq!(scene.asks(None, "GET", &long).await.status(), 200);
    assert_eq!(scene.one_at_the_api().target(), long);
    was_judged(&scene);
}

/// Nor by the check's own query.
async fn the_caller_does_not_say_what_the_request_is(program: Program) {
    let scene = Scene::tapped(program).await;
    let queries = ["", "?project={}", "?project={}&role=consumer", "?permission=data:read", "?x=1"];
    every_gateway::the_caller_does_not_say_what_the_request_is(&scene, &queries).await;
}

async fn nothing_is_smuggled_past_the_check(program: Program) {
    let scene = Scene::tapped(program).await;
    let heads = [every_gateway::heads_that_are_none(), every_gateway::heads_with_something_behind()].concat();
    every_gateway::what_is_hidden_is_not_run(&scene, &heads).await;
    was_judged(&scene);
}
