//! The end: what runs is finished, and nothing begins.

use crate::message::{Client, request};
use crate::process::wait_until;
use crate::scene::{Scene, Setting};
use crate::servers::Played;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn running_requests_are_finished() {
    let setting = Setting::default();
    let place = setting.place;
    let api = Played::listen(place.api()).await;
    let mut scene = Scene::set(Setting { upstreams: Some(format!("http://{}", place.api())), ..setting }).await;
    let mut idle = scene.client().await;
    assert_eq!(idle.ask(&request("GET", "/internal/x", &[])).await.expect("an answer").status(), 403);
    let mut client = scene.client().await;
    let headers = [("Authorization", scene.reader.credential.as_str())];
    client.send(request("GET", &scene.of_project("files/1"), &headers).as_bytes()).await;
    let (mut connection, _) = api.connection().await;
    connection.say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\none").await;
    assert_eq!(client.head().await.expect("a head").status(), 200);
    scene.ask_to_stop();
    assert_eq!(idle.bytes(1).await, None, "who idles is closed");
    wait_until("nobody to be let in", || std::net::TcpStream::connect(place.gateway()).is_err());
    connection.say(b"twothr").await;
    assert_eq!(client.bytes(9).await.as_deref(), Some(&b"onetwothr"[..]));
    let ended = scene.ended();
    assert_eq!(ended.code(), 0, "{}", ended.err);
    assert!(ended.err.contains("stopped") && !ended.err.contains("grace period"), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_head_is_not_waited_for_without_end() {
    let scene = Scene::set(Setting::with(&["--idle-seconds", "1"])).await;
    let mut client = Client::connect(scene.place.gateway()).await;
    client.send(b"GET /open/door HTTP/1.1\r\nHost: x\r\nX-A: ").await;
    assert_eq!(client.bytes(1).await, None);
    let mut client = scene.client().await;
    assert_eq!(client.ask(&request("GET", "/open/door", &[])).await.expect("an answer").status(), 200);
    assert_eq!(client.bytes(1).await, None, "nor is a connection kept on which nothing is asked");
}
