//! Bodies: whole and as they come to the API where the request goes through, to nobody where it does not.

use crate::message::request;
use crate::scene::{Scene, Setting};
use crate::servers::Played;

const LARGE: usize = 20 * 1024 * 1024;

/// Bytes that are not alike, so that a part that is missing or moved is seen.
fn body(length: usize) -> Vec<u8> {
    (0..length as u64).map(|at| (at.wrapping_mul(0x9E37_79B9) >> 13) as u8).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_body_reaches_the_api_whole() {
    let scene = Scene::open().await;
    let body = body(LARGE);
    let length = LARGE.to_string();
    let headers = [("Authorization", scene.reader.credential.as_str()), ("Content-Length", length.as_str())];
    let head = request("PUT", &scene.of_project("files/1"), &headers);
    let answer = scene.client().await.upload(&head, &body).await.expect("an answer");
    assert_eq!((answer.status(), answer.text()), (200, format!("{LARGE} bytes came")));
    assert!(scene.one_at_the_api().body == body, "as it was sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_in_chunks_reaches_the_api_whole() {
    let scene = Scene::open().await;
    let body = body(2 * 1024 * 1024);
    let mut chunked = Vec::new();
    for part in body.chunks(60_000) {
        chunked.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
        chunked.extend_from_slice(part);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let headers = [("Authorization", scene.reader.credential.as_str()), ("Transfer-Encoding", "chunked")];
    let head = request("POST", &scene.of_project("files"), &headers);
    let answer = scene.client().await.upload(&head, &chunked).await.expect("an answer");
    assert_eq!((answer.status(), answer.text()), (200, format!("{} bytes came", body.len())));
    assert!(scene.one_at_the_api().body == body, "as it was sent");
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
    let scene = Scene::open().await;
    let body = body(LARGE);
    let length = LARGE.to_string();
    for (who, status) in [(None, 401), (Some(&scene.visitor), 403)] {
        let mut headers = vec![("Content-Length", length.as_str())];
        headers.extend(who.iter().map(|account| ("Authorization", account.credential.as_str())));
        let head = request("PUT", &scene.of_project("files/1"), &headers);
        let answer = scene.client().await.upload(&head, &body).await.expect("an answer");
        assert_eq!(answer.status(), status);
    }
    assert_eq!(scene.upstream().requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_before_he_uploads_is_answered() {
    let scene = Scene::open().await;
    let mut headers = vec![("Content-Length", "5"), ("Expect", "100-continue")];
    let mut client = scene.client().await;
    client.send(request("PUT", &scene.of_project("files/1"), &headers).as_bytes()).await;
    assert_eq!(client.head().await.expect("an answer").status(), 401);
    headers.push(("Authorization", scene.reader.credential.as_str()));
    let mut client = scene.client().await;
    client.send(request("PUT", &scene.of_project("files/1"), &headers).as_bytes()).await;
    assert_eq!(client.head().await.expect("an answer").status(), 100);
    client.send(b"hello").await;
    assert_eq!(client.answer("PUT").await.expect("an answer").status(), 200);
    assert_eq!(scene.one_at_the_api().body, b"hello");
}
