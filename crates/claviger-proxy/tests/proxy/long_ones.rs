//! Whoever is deleted while he is in use: from the answer to his deletion on, nothing of his goes through, whatever was
//! begun before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::every_gateway::{self, WEBSOCKET};
use crate::message::{Client, request};
use crate::process::wait_until;
use crate::scene::{On, Scene, Setting, on_both_stores};
use crate::servers::{Connection, Played};

on_both_stores![
    who_is_deleted_is_refused_from_the_answer_on,
    an_upload_ends_with_its_account,
    a_download_ends_with_its_account,
    an_answer_that_comes_after_the_deletion_is_not_told,
    a_websocket_opens_for_who_may,
    a_websocket_ends_with_its_account,
];

/// Where an API answers before the engine has looked, which a busy machine of few cores lets it, the engine may end a
/// WebSocket as it opens. A client opens it again, as after any break.
const TRIES_MAX: usize = 20;

/// A scene whose API is played by the test.
async fn played(on: On) -> (Scene, Played) {
    let setting = Setting { on, ..Setting::default() };
    let api = Played::listen(setting.place.api()).await;
    let upstreams = Some(format!("http://{}", setting.place.api()));
    (Scene::set(Setting { upstreams, ..setting }).await, api)
}

/// Several clients ask without a pause. Whoever asks after the deletion was answered is refused.
async fn who_is_deleted_is_refused_from_the_answer_on(on: On) {
    const CLIENTS: usize = 3;
    let scene = Scene::open_on(on).await;
    let is_deleted = Arc::new(AtomicBool::new(false));
    let (served, cut_off) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let asked = request("GET", &scene.of_project("orders"), &[("Authorization", &scene.reader.credential)]);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (is_deleted, asked) = (Arc::clone(&is_deleted), asked.clone());
            let (served, cut_off) = (Arc::clone(&served), Arc::clone(&cut_off));
            let proxy = scene.place.gateway();
            tokio::spawn(async move {
                let mut client = Client::connect(proxy).await;
                let mut refused = 0;
                while refused < 20 {
                    let after = is_deleted.load(Ordering::SeqCst);
                    // An answer that came back after the deletion is cut off, and its connection with it.
                    let Some(answer) = client.ask(&asked).await else {
                        assert!(!after, "refused without a word");
                        cut_off.fetch_add(1, Ordering::SeqCst);
                        client = Client::connect(proxy).await;
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
                    // Nor has one, refused in the middle, that was let through at first.
                    if answer.header("connection") == Some("close") {
                        assert!(!after, "{answer:?}");
                        cut_off.fetch_add(1, Ordering::SeqCst);
                        client = Client::connect(proxy).await;
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
    let at_the_api = scene.upstream.requests().len();
    let let_through = served.load(Ordering::SeqCst) + cut_off.load(Ordering::SeqCst);
    assert!(cut_off.load(Ordering::SeqCst) <= CLIENTS);
    assert!(at_the_api <= let_through, "the API got {at_the_api}, and {let_through} were let through");
}

async fn an_upload_ends_with_its_account(on: On) {
    let (scene, api) = played(on).await;
    let mut client = scene.client().await;
    let headers = [("Authorization", scene.reader.credential.as_str()), ("Content-Length", "1000000")];
    client.send(request("PUT", &scene.of_project("files/1"), &headers).as_bytes()).await;
    let (mut connection, _) = api.connection().await;
    client.send(b"before").await;
    assert_eq!(connection.piece().await.as_deref(), Some(&b"before"[..]));
    scene.delete(&scene.visitor).await;
    client.send(b"another one's deletion changes nothing").await;
    assert!(connection.piece().await.is_some());
    scene.delete(&scene.reader).await;
    client.send(b"after").await;
    assert_eq!(
        String::from_utf8_lossy(&connection.rest().await),
        "",
        "nothing comes after it, and the request breaks off"
    );
    let answer = client.answer("PUT").await.expect("an answer");
    assert_eq!((answer.status(), answer.header("x-claviger-reason")), (401, Some("not_authenticated")));
    wait_until("the log to tell it", || scene.log().contains("cut_off=\"not_authenticated\""));
}

async fn a_download_ends_with_its_account(on: On) {
    for head in ["Content-Length: 1000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n6\r\n"] {
        let (scene, api) = played(on).await;
        let mut client = scene.client().await;
        let headers = [("Authorization", scene.reader.credential.as_str())];
        client.send(request("GET", &scene.of_project("files/1"), &headers).as_bytes()).await;
        let (mut connection, _) = api.connection().await;
        connection.say(format!("HTTP/1.1 200 OK\r\n{head}before").as_bytes()).await;
        let is_chunked = head.contains("chunked");
        assert_eq!(client.head().await.expect("a head").status(), 200);
        let before = if is_chunked { "6\r\nbefore\r\n" } else { "before" };
        assert_eq!(client.bytes(before.len()).await.as_deref(), Some(before.as_bytes()));
        scene.delete(&scene.reader).await;
        connection.say(if is_chunked { b"\r\n5\r\nafter\r\n0\r\n\r\n".as_slice() } else { b"after" }).await;
        assert_eq!(client.bytes(1).await, None, "not a byte more, nor an end that looks like one");
        assert_eq!(String::from_utf8_lossy(&connection.rest().await), "", "the API is told that nobody reads on");
    }
}

/// Its head says enough by itself: where to go on, and what was made.
async fn an_answer_that_comes_after_the_deletion_is_not_told(on: On) {
    for head in ["302 Found\r\nLocation: /signed?by=us\r\nContent-Length: 0", "204 No Content\r\nX-Made: 7"] {
        let (scene, api) = played(on).await;
        let mut client = scene.client().await;
        let headers = [("Authorization", scene.reader.credential.as_str())];
        client.send(request("GET", &scene.of_project("orders"), &headers).as_bytes()).await;
        let (mut connection, _) = api.connection().await;
        scene.delete(&scene.reader).await;
        connection.say(format!("HTTP/1.1 {head}\r\n\r\n").as_bytes()).await;
        let answer = client.answer("GET").await.expect("an answer");
        assert_eq!((answer.status(), answer.header("x-claviger-reason")), (401, Some("not_authenticated")));
        assert_eq!((answer.header("location"), answer.header("x-made")), (None, None));
    }
}

async fn a_websocket_opens_for_who_may(on: On) {
    let scene = Scene::open_on(on).await;
    let target = scene.of_project("events");
    every_gateway::a_websocket_opens_for_nobody_else(&scene).await;
    let headers = [WEBSOCKET.as_slice(), &[("Authorization", &scene.reader.credential)]].concat();
    let mut is_open = false;
    for _ in 0..TRIES_MAX {
        let mut client = scene.client().await;
        let answer = client.ask(&request("GET", &target, &headers)).await.expect("an answer");
        assert_eq!((answer.status(), answer.header("upgrade")), (101, Some("websocket")));
        client.send(b"once").await;
        is_open = client.bytes(4).await.as_deref() == Some(b"once");
        if !is_open {
            continue;
        }
        for said in ["\x01\u{ff}\0 and again", "GET /internal/x HTTP/1.1\r\n\r\n"] {
            client.send(said.as_bytes()).await;
            assert_eq!(client.bytes(said.len()).await.as_deref(), Some(said.as_bytes()));
        }
        break;
    }
    assert!(is_open, "{}", scene.log());
    for came in scene.upstream.requests() {
        assert_eq!((came.target(), came.all("authorization").len()), (target.as_str(), 0));
        assert_eq!(came.header("sec-websocket-key"), Some("dGhlIHNhbXBsZSBub25jZQ=="));
        assert!(came.identity().contains(&format!("x-claviger-principal: {}", scene.reader.id)));
    }
}

/// Opens a WebSocket on which both sides have said something; none where the engine has ended it at once.
async fn opens(scene: &Scene, api: &Played) -> Option<(Client, Connection)> {
    let headers = [WEBSOCKET.as_slice(), &[("Authorization", &scene.reader.credential)]].concat();
    let mut client = scene.client().await;
    client.send(request("GET", &scene.of_project("events"), &headers).as_bytes()).await;
    let (mut connection, _) = api.connection().await;
    connection.say(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello").await;
    assert_eq!(client.answer("GET").await.expect("an answer").status(), 101);
    client.bytes(5).await.filter(|said| said == b"hello")?;
    client.send(b"hi").await;
    connection.piece().await.filter(|said| said == b"hi")?;
    Some((client, connection))
}

/// Nothing is said on it, and it ends all the same; a byte that was on its way goes nowhere.
async fn a_websocket_ends_with_its_account(on: On) {
    for is_idle in [true, false] {
        let (scene, api) = played(on).await;
        let mut opened = None;
        for _ in 0..TRIES_MAX {
            opened = opens(&scene, &api).await;
            if opened.is_some() {
                break;
            }
        }
        let (mut client, mut connection) = opened.unwrap_or_else(|| panic!("it opens: {}", scene.log()));
        scene.delete(&scene.reader).await;
        if !is_idle {
            client.send(b"after").await;
            connection.say(b"after").await;
        }
        assert_eq!(client.bytes(1).await, None);
        assert_eq!(String::from_utf8_lossy(&connection.rest().await), "");
        wait_until("the log to tell it", || scene.log().contains("cut_off=\"not_authenticated\""));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_other_protocol_is_spoken_past_the_check() {
    let scene = Scene::open().await;
    every_gateway::no_other_protocol_is_spoken_past_the_check(&scene).await;
    assert!(scene.upstream.requests().iter().all(|came| came.all("http2-settings").is_empty()));
}

/// Whoever asks again as soon as he has his answer is answered on the same connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_kept_whoever_hurries() {
    let scene = Scene::open().await;
    let asked = request("GET", &scene.of_project("orders"), &[("Authorization", &scene.reader.credential)]);
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let (asked, proxy) = (asked.clone(), scene.place.gateway());
            tokio::spawn(async move {
                let mut client = Client::connect(proxy).await;
                for at in 0..1_000 {
                    let answer = client.ask(&asked).await.unwrap_or_else(|| panic!("kept alive for {at}"));
                    assert_eq!(answer.status(), 200);
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap_or_else(|error| {
            let log = scene.log();
            let lines: Vec<&str> =
                log.lines().filter(|line| line.contains(": carried ") && !line.contains("status=200")).collect();
            panic!("{error}: {lines:#?}")
        });
    }
}
