//! Connections that stay: many requests on one, an account that is deleted meanwhile, and protocols other than HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::every_gateway::WEBSOCKET;
use super::message::{Client, request};
use super::program::Program;
use super::scene::Scene;
use super::{every_gateway, through_each_gateway};
use crate::process::wait_until;

through_each_gateway![
    who_is_deleted_is_refused_from_the_answer_on,
    connections_are_kept,
    a_websocket_opens_for_who_may,
    no_other_protocol_is_spoken_past_the_check,
];

/// Several clients ask without a pause. Whoever asks after the deletion was answered is refused.
async fn who_is_deleted_is_refused_from_the_answer_on(program: Program) {
    const CLIENTS: usize = 3;
    let scene = Scene::open(program).await;
    let (is_deleted, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let asked = request("GET", &scene.of_project("orders"), &[("Authorization", &scene.reader.credential)]);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (is_deleted, served, asked) = (Arc::clone(&is_deleted), Arc::clone(&served), asked.clone());
            let gateway = scene.place.gateway();
            tokio::spawn(async move {
                let mut client = Client::connect(gateway).await;
                let mut refused = 0;
                // nginx closes after a 429.
                while refused < 20 {
                    let after = is_deleted.load(Ordering::SeqCst);
                    let Some(answer) = client.ask(&asked).await else {
                        client = Client::connect(gateway).await;
                        continue;
                    };
                    match answer.status() {
                        200 => {
                            assert!(!after, "let through after the deletion was answered");
                            served.fetch_add(1, Ordering::SeqCst);
                        }
                        // Who goes on with a credential that counts no more is slowed in the end.
                        401 | 429 => refused += usize::from(after),
                        _ => panic!("{answer:?}"),
                    }
                }
            })
        })
        .collect();
    wait_until("the account to be in use", || served.load(Ordering::SeqCst) >= 60);
    scene.delete(&scene.reader).await;
    is_deleted.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.expect("refused in time");
    }
    assert_eq!(
        scene.upstream.requests().len(),
        served.load(Ordering::SeqCst),
        "the API got no more than was let through"
    );
}

async fn connections_are_kept(program: Program) {
    let scene = Scene::tapped(program).await;
    let mut client = scene.client().await;
    let asked = request("GET", "/v1/me", &[("Authorization", &scene.reader.credential)]);
    for _ in 0..50 {
        assert_eq!(client.ask(&asked).await.expect("kept alive").status(), 200);
    }
    let tap = scene.tap();
    assert_eq!((tap.checks().len(), scene.upstream.requests().len()), (50, 50));
    assert!(tap.connections() <= 4, "{} connections to Claviger", tap.connections());
    assert!(scene.upstream.connections() <= 4, "{} connections to the API", scene.upstream.connections());
}

async fn a_websocket_opens_for_who_may(program: Program) {
    let scene = Scene::tapped(program).await;
    let target = scene.of_project("events");
    every_gateway::a_websocket_opens_for_nobody_else(&scene).await;
    let mut client = scene.client().await;
    let headers = [WEBSOCKET.as_slice(), &[("Authorization", &scene.reader.credential)]].concat();
    let answer = client.ask(&request("GET", &target, &headers)).await.expect("an answer");
    assert_eq!((answer.status(), answer.header("upgrade")), (101, Some("websocket")));
    for said in ["once", "\x01\u{ff}\0 and again", "GET /internal/x HTTP/1.1\r\n\r\n"] {
        client.send(said.as_bytes()).await;
        assert_eq!(client.bytes(said.len()).await.as_deref(), Some(said.as_bytes()));
    }
    let came = scene.one_at_the_api();
    assert_eq!((came.target(), came.all("authorization").len()), (target.as_str(), 0));
    assert_eq!(came.header("sec-websocket-key"), Some("dGhlIHNhbXBsZSBub25jZQ=="));
    assert!(came.identity().contains(&format!("x-claviger-principal: {}", scene.reader.id)));
    let checks = scene.tap().checks();
    assert!(checks.iter().all(|check| check.header("upgrade").is_none()), "Claviger is asked for no WebSocket");
}

async fn no_other_protocol_is_spoken_past_the_check(program: Program) {
    every_gateway::no_other_protocol_is_spoken_past_the_check(&*Scene::open(program).await).await;
}
