//! Bodies: whole to the API where the request goes through, to nobody where it does not, and never to Claviger.

use super::message::request;
use super::program::Program;
use super::scene::Scene;
use super::through_each_gateway;

through_each_gateway![
    a_large_body_reaches_the_api_whole_and_claviger_never,
    a_body_in_chunks_reaches_the_api_whole,
    a_refused_upload_gets_its_refusal,
    who_waits_before_he_uploads_is_answered,
];

const LARGE: usize = 20 * 1024 * 1024;

/// Bytes that are not alike, so that a part that is missing or moved is seen.
fn body(length: usize) -> Vec<u8> {
    (0..length as u64).map(|at| (at.wrapping_mul(0x9E37_79B9) >> 13) as u8).collect()
}

async fn a_large_body_reaches_the_api_whole_and_claviger_never(program: Program) {
    let scene = Scene::tapped(program).await;
    let body = body(LARGE);
    let length = LARGE.to_string();
    let headers = [("Authorization", scene.reader.credential.as_str()), ("Content-Length", length.as_str())];
    let head = request("PUT", &scene.of_project("files/1"), &headers);
    let answer = scene.client().await.upload(&head, &body).await.expect("an answer");
    assert_eq!((answer.status(), answer.text()), (200, format!("{LARGE} bytes came")));
    assert!(scene.one_at_the_api().body == body, "as it was sent");
    let tap = scene.tap.as_ref().expect("tapped");
    assert_eq!(tap.checks().len(), 1);
    assert!(tap.bytes() < 4_096, "Claviger was sent {} bytes", tap.bytes());
    assert_eq!((tap.checks()[0].header("content-length"), tap.checks()[0].header("transfer-encoding")), (None, None));
}

async fn a_body_in_chunks_reaches_the_api_whole(program: Program) {
    let scene = Scene::tapped(program).await;
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
    let tap = scene.tap.as_ref().expect("tapped");
    assert_eq!(tap.checks().len(), 1);
    assert!(tap.bytes() < 4_096, "Claviger was sent {} bytes", tap.bytes());
}

async fn a_refused_upload_gets_its_refusal(program: Program) {
    let scene = Scene::tapped(program).await;
    let body = body(LARGE);
    let length = LARGE.to_string();
    for (who, status) in [(None, 401), (Some(&scene.visitor), 403)] {
        let mut headers = vec![("Content-Length", length.as_str())];
        headers.extend(who.iter().map(|account| ("Authorization", account.credential.as_str())));
        let head = request("PUT", &scene.of_project("files/1"), &headers);
        let answer = scene.client().await.upload(&head, &body).await.expect("an answer");
        assert_eq!(answer.status(), status);
    }
    assert_eq!(scene.upstream.requests().len(), 0);
    assert!(scene.tap.as_ref().expect("tapped").bytes() < 8_192);
}

/// nginx asks for the body of a request that it refuses, and drops it.
async fn who_waits_before_he_uploads_is_answered(program: Program) {
    let scene = Scene::open(program).await;
    let mut headers = vec![("Content-Length", "5"), ("Expect", "100-continue")];
    for (credential, status) in [(None, 401), (Some(scene.reader.credential.as_str()), 200)] {
        headers.extend(credential.map(|credential| ("Authorization", credential)));
        let mut client = scene.client().await;
        client.send(request("PUT", &scene.of_project("files/1"), &headers).as_bytes()).await;
        let first = client.head().await.expect("an answer").status();
        assert!(first == 100 || first == 401, "{first}");
        if first == 100 {
            client.send(b"hello").await;
            assert_eq!(client.answer("PUT").await.expect("an answer").status(), status);
        } else {
            assert_eq!(status, 401);
        }
    }
    assert_eq!(scene.one_at_the_api().body, b"hello");
}
