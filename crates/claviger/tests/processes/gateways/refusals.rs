//! What does not go through: with its own status and headers to the client, and nothing to the API.

use std::time::Duration;

use super::guides::changed;
use super::message::{Client, request};
use super::program::{Program, document};
use super::scene::{Scene, Setting};
use super::stage::Place;
use super::upstream::Upstream;
use super::{every_gateway, stand_in, through_each_gateway};

through_each_gateway![
    refusals_come_with_their_reasons,
    wrong_attempts_are_slowed_through_the_gateway,
    nothing_goes_through_while_claviger_is_down,
    whatever_else_is_answered_lets_nothing_through,
    a_check_that_is_not_answered_lets_nothing_through,
];

async fn refusals_come_with_their_reasons(program: Program) {
    every_gateway::refusals_come_with_their_reasons(&*Scene::open(program).await).await;
}

async fn wrong_attempts_are_slowed_through_the_gateway(program: Program) {
    every_gateway::wrong_attempts_are_slowed(&*Scene::open(program).await).await;
}

async fn nothing_goes_through_while_claviger_is_down(program: Program) {
    let mut scene = Scene::open(program).await;
    let mut client = scene.client().await;
    let asked = request("GET", "/v1/me", &[("Authorization", scene.reader.credential.as_str())]);
    assert_eq!(client.ask(&asked).await.expect("an answer").status(), 200);
    scene.kill_claviger();
    assert_eq!(client.ask(&asked).await.expect("kept alive").status(), 503);
    for _ in 0..3 {
        assert_eq!(scene.asks(Some(&scene.reader), "GET", "/v1/me").await.status(), 503);
        assert_eq!(scene.asks(None, "GET", "/open/door").await.status(), 503, "nobody says that this is public");
    }
    assert_eq!(scene.upstream.requests().len(), 1);
    scene.start_claviger();
    let mut answered = Vec::new();
    while answered.last() != Some(&200) {
        assert!(answered.len() < 1_000, "it does not come back: {answered:?}");
        answered.push(scene.asks(Some(&scene.reader), "GET", "/v1/me").await.status());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(answered[..answered.len() - 1].iter().all(|status| *status == 503), "{answered:?}");
}

/// What Claviger says while it loads comes through; a redirect, an error, rubbish and nothing at all are no permission.
async fn whatever_else_is_answered_lets_nothing_through(program: Program) {
    let slow_down = "HTTP/1.1 429 Too Many Requests\r\nX-Claviger-Reason: too_many_attempts\r\nRetry-After: 7\r\n\
                     Connection: close\r\nContent-Length: 0\r\n\r\n";
    let not_yet = "HTTP/1.1 503 Service Unavailable\r\nX-Claviger-Reason: unavailable\r\nRetry-After: 7\r\n\
                   Connection: close\r\nContent-Length: 0\r\n\r\n";
    for (answer, status) in [
        (not_yet, 503),
        (slow_down, 429),
        ("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", 0),
        ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 0),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 0),
        ("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", 0),
        ("no HTTP at all\r\n\r\n", 0),
        ("HTTP/1.1 200 O", 0),
        ("\r\n", 0),
    ] {
        let place = Place::own();
        stand_in::listen(place.claviger(), answer).await;
        let upstream = Upstream::listen(place.api()).await;
        let _gateway = program.start(&document(program.configuration()), place);
        for target in ["/v1/me", "/open/door"] {
            let told =
                Client::connect(place.gateway()).await.ask(&request("GET", target, &[])).await.expect("an answer");
            assert!(told.status() >= 300, "{answer:?}: {told:?}");
            if status != 0 {
                assert_eq!((told.status(), told.header("retry-after")), (status, Some("7")), "{answer:?}");
            }
        }
        assert_eq!(upstream.requests().len(), 0, "{answer:?}");
    }
}

async fn a_check_that_is_not_answered_lets_nothing_through(program: Program) {
    let place = Place::own();
    stand_in::listen(place.claviger(), "").await;
    let upstream = Upstream::listen(place.api()).await;
    let gateway = program.start(&document(program.configuration()), place);
    let told = Client::connect(place.gateway()).await.ask(&request("GET", "/v1/me", &[])).await.expect("an answer");
    assert_eq!(told.status(), 503, "{}", gateway.log());
    assert_eq!(upstream.requests().len(), 0);
}

/// HAProxy goes on after an error in Lua code: it is the line after it that denies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_lua_code_haproxy_lets_nothing_through() {
    let program = Program::HaProxy;
    let asks = "http-request lua.claviger http://127.0.0.1:8001/auth/check Authorization";
    let configuration = changed(&document(program.configuration()), &[(asks.to_owned(), String::new())]);
    let scene = Scene::set(program, Setting { configuration: Some(configuration), ..Setting::default() }).await;
    assert_eq!(scene.asks(Some(&scene.reader), "GET", "/v1/me").await.status(), 503);
    assert_eq!(scene.upstream.requests().len(), 0);
}
