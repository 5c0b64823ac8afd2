//! Who comes, as the API is told: by the decision alone, and without the credential.

use crate::every_gateway;
use crate::message::request;
use crate::process::wait_until;
use crate::scene::{On, Scene, Setting, on_both_stores};

on_both_stores![who_may_goes_through_as_himself, callers_on_one_connection_are_told_apart];

async fn who_may_goes_through_as_himself(on: On) {
    let scene = Scene::open_on(on).await;
    let more = [("X-Forwarded-For", "192.0.2.7"), ("X-Forwarded-Proto", "https"), ("X-Real-IP", "192.0.2.7")];
    let came = every_gateway::who_may_goes_through_as_himself(&scene, &more).await;
    assert_eq!((came.header("x-forwarded-for"), came.header("x-forwarded-proto")), (Some("127.0.0.1"), Some("http")));
    assert_eq!((came.header("x-forwarded-host"), came.header("x-real-ip")), (Some("api.example"), None));
}

async fn callers_on_one_connection_are_told_apart(on: On) {
    let scene = Scene::open_on(on).await;
    every_gateway::callers_on_one_connection_are_told_apart(&scene).await;
    assert!(scene.upstream.connections() <= 4, "connections to the API are kept, too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_trusted_proxy_says_of_the_client_goes_on() {
    let scene = Scene::set(Setting::with(&["--trusted-proxy", "127.0.0.0/8"])).await;
    let headers = [
        ("Authorization", scene.reader.credential.as_str()),
        ("X-Forwarded-For", "203.0.113.9, 192.0.2.7"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "shop.example"),
    ];
    let answer = scene.sends(&request("GET", "/v1/me", &headers)).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let came = scene.one_at_the_api();
    assert_eq!(came.header("x-forwarded-for"), Some("203.0.113.9, 192.0.2.7, 127.0.0.1"));
    assert_eq!(
        (came.header("x-forwarded-proto"), came.header("x-forwarded-host")),
        (Some("https"), Some("shop.example"))
    );
    wait_until("its line in the log", || scene.log().contains("client=192.0.2.7"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn identity_headers_of_the_caller_reach_nobody() {
    let scene = Scene::open().await;
    every_gateway::identity_headers_of_the_caller_reach_nobody(&scene).await;
    assert!(scene.upstream.requests().iter().all(|came| came.all("trailer").is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_credential_may_come_in_another_header() {
    let scene = Scene::set(Setting::with(&["--check-credential-header", "x-api-credential"])).await;
    every_gateway::the_credential_may_come_in_another_header(&scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_credentials_are_nobodys() {
    let scene = Scene::open().await;
    let (reader, visitor) = (scene.reader.credential.as_str(), scene.visitor.credential.as_str());
    for both in [[reader, visitor], [visitor, reader], [reader, "Basic x"], ["Basic x", reader], [reader, reader]] {
        let headers = both.map(|credential| ("Authorization", credential));
        let answer = scene.sends(&request("GET", &scene.of_project("orders"), &headers)).await.expect("an answer");
        assert_eq!(answer.status(), 401);
    }
    // Nor does one go on that nobody asked for.
    let headers = [("Authorization", reader), ("Proxy-Authorization", reader)];
    assert_eq!(scene.sends(&request("GET", "/open/door", &headers)).await.expect("an answer").status(), 200);
    let came = scene.one_at_the_api();
    assert_eq!((came.all("authorization").len(), came.all("proxy-authorization").len()), (0, 0));
}
