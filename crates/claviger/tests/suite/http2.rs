//! HTTP/2, which is spoken for checks alone, and what a peer may hold by it.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::envoy::{Asked, Gateway};
use crate::world::{World, on_both_stores, send};

const WORLD: &str = "
acme: ada owner
";

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// SETTINGS without any.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
/// HEADERS of stream 1 that neither end the head nor the stream.
const HALF_A_HEAD: &[u8] = &[0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82];

/// HEADERS of a call, to whose message no byte comes: a method, a scheme, an authority and a path that were never said before.
fn call_without_message() -> Vec<u8> {
    call_on(1)
}

/// The same on this stream.
fn call_on(stream: u32) -> Vec<u8> {
    let path = b"/envoy.service.auth.v3.Authorization/Check";
    let mut head = vec![0x83, 0x86, 0x41, 1, b'x', 0x44, path.len() as u8];
    head.extend_from_slice(path);
    let mut frame = vec![0, 0, head.len() as u8, 1, 4];
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.append(&mut head);
    frame
}

/// Sends, and waits until the server closes, which it must do soon.
async fn until_closed(world: &World, bytes: &[&[u8]]) -> Vec<u8> {
    let mut stream = TcpStream::connect(world.address()).await.expect("a connection");
    stream.write_all(&bytes.concat()).await.expect("sent");
    let mut read = Vec::new();
    let reading = stream.read_to_end(&mut read);
    // A reset is an end, too.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(20), reading).await.expect("it is closed");
    read
}

on_both_stores! {
    /// a connection that asks for nothing, or never to the end, is ended as one of HTTP/1.1 is
    async fn who_asks_for_nothing_is_told_to_go(world: World) {
        let some_of_it = [&PREFACE[..10]];
        let call = call_without_message();
        let with_call = [PREFACE, SETTINGS, &call];
        let (nothing, some, greeting, no_request, half, without_message) = tokio::join!(
            until_closed(&world, &[]),
            until_closed(&world, &some_of_it),
            until_closed(&world, &[PREFACE]),
            until_closed(&world, &[PREFACE, SETTINGS]),
            until_closed(&world, &[PREFACE, SETTINGS, HALF_A_HEAD]),
            until_closed(&world, &with_call),
        );
        assert!(nothing.is_empty() && some.is_empty(), "{nothing:?} {some:?}");
        assert!([greeting, no_request, half, without_message].iter().all(|read| read.get(3) == Some(&4)), "settings come first");
    }

    /// messages that never come take the places of their own address, and of no other
    async fn who_sends_no_messages_is_refused_further_calls(world: World) {
        let world = world.with(WORLD).await;
        let calls: Vec<u8> = (0..200_u32).flat_map(|number| call_on(2 * number + 1)).collect();
        let asked = Asked::of("GET", "/").by(&world, "ada").mapped();
        let (here, elsewhere) = (Gateway::connect(&world).await, Gateway::connect_from(&world, Some([127, 0, 0, 2].into())).await);
        let mut silent = Vec::new();
        // On a busy machine the first of them may be given up before the last ones are there.
        let refused = 'refused: loop {
            for _ in 0..6 {
                let mut stream = TcpStream::connect(world.address()).await.expect("a connection");
                stream.write_all(&[PREFACE, SETTINGS, &calls].concat()).await.expect("sent");
                silent.push(stream);
            }
            for _ in 0..50 {
                if let Err(status) = here.client().check(asked.clone()).await {
                    break 'refused status;
                }
            }
        };
        assert_eq!(refused.code(), tonic::Code::Unavailable, "{refused}");
        assert!(elsewhere.client().check(asked.clone()).await.is_ok());
        drop(silent);
        while here.client().check(asked.clone()).await.is_err() {
            tokio::task::yield_now().await;
        }
    }

    /// the API and the console are not answered over HTTP/2, nor gRPC over HTTP/1.1
    async fn http2_is_for_checks_alone(world: World) {
        let world = world.with(WORLD).await;
        let gateway = Gateway::connect(&world).await;
        for path in ["/api/app/me", "/console", "/healthz"] {
            let status = gateway.calls(path).await.expect_err("no check");
            assert_eq!(status.code(), tonic::Code::Unimplemented, "{path}");
        }
        let path = "/envoy.service.auth.v3.Authorization/Check";
        world.account("ada").post(path, json!({})).await.refused(404, "not_found");
        send(world.request(reqwest::Method::GET, "/auth/envoy")).await.refused(404, "not_found");
    }

    /// a server that stops finishes what it was asked, and lets go of connections that would go on for ever
    async fn an_open_connection_does_not_hold_up_the_end(world: World) {
        let world = world.with(WORLD).await;
        let gateway = Gateway::connect(&world).await;
        let message = Asked::of("GET", "/").by(&world, "ada").mapped();
        let (mut client, silent) = (gateway.client(), TcpStream::connect(world.address()).await.expect("a connection"));
        let (answered, mut answers) = tokio::sync::mpsc::unbounded_channel();
        let asking = tokio::spawn(async move {
            while client.check(message.clone()).await.is_ok() {
                answered.send(()).expect("somebody who counts");
            }
        });
        answers.recv().await.expect("an answer");
        let stopped = tokio::time::timeout(std::time::Duration::from_secs(10), world.restart());
        stopped.await.expect("it waits for nobody who goes on asking, or asks for nothing");
        asking.await.expect("that server is gone");
        drop(silent);
    }
}
