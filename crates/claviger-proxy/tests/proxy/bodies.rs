//! Bodies: whole and as they come to the API where the request goes through, to nobody where it does not.

use crate::every_gateway;
use crate::message::request;
use crate::scene::{Scene, Setting};
use crate::servers::Played;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_body_reaches_the_api_whole() {
    every_gateway::a_large_body_reaches_the_api_whole(&*Scene::open().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_in_chunks_reaches_the_api_whole() {
    every_gateway::a_body_in_chunks_reaches_the_api_whole(&*Scene::open().await).await;
}

/// Not one byte is waited for that the API could have by now, in either direction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_go_on_piece_by_piece() {
    let setting = Setting::default();
    let place = setting.place;
    let api = Played::listen(place.api()).await;
    let scene = Scene::set(Setting { upstreams: Some(format!("http://{}", place.api())), ..setting }).await;
    let mut client = scene.client().await;
    let headers = [("Authorization", scene.reader.credential.as_str()), ("Content-Length", "10000000000")];
    client.send(request("PUT", &scene.of_project("files/1"), &headers).as_bytes()).await;
    let (mut connection, _) = api.connection().await;
    for piece in ["one", "two", "three"] {
        client.send(piece.as_bytes()).await;
        assert_eq!(connection.piece().await.as_deref(), Some(piece.as_bytes()));
    }
    connection.say(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n").await;
    assert_eq!(client.head().await.expect("a head").status(), 200);
    for piece in ["four", "five", "six"] {
        connection.say(piece.as_bytes()).await;
        assert_eq!(client.bytes(piece.len()).await.as_deref(), Some(piece.as_bytes()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_upload_gets_its_refusal() {
    every_gateway::a_refused_upload_gets_its_refusal(&*Scene::open().await).await;
}

/// Nobody is asked for a body that is then dropped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_before_he_uploads_is_answered() {
    let first = every_gateway::who_waits_before_he_uploads_is_answered(&*Scene::open().await).await;
    assert_eq!(first, [401, 100]);
}
