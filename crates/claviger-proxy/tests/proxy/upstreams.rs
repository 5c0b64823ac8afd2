//! The API behind the proxy: not there, silent, not well, and several servers of it.

use crate::message::request;
use crate::process::wait_until;
use crate::scene::{Scene, Setting};
use crate::servers::{saying, well};
use crate::stage::Place;

/// The answer is ours, and tells nothing of where the API is.
async fn is_answered(scene: &Scene, status: u16, code: &str) {
    let answer = scene.asks(Some(&scene.reader), "GET", "/v1/me").await;
    assert_eq!(answer.status(), status, "{answer:?}");
    assert!(answer.text().contains(code), "{answer:?}");
    assert!(
        answer.header("x-request-id").is_some() && answer.header("cache-control") == Some("no-store"),
        "{answer:?}"
    );
    let told = format!("{answer:?}");
    assert!(!told.contains("127.") && !told.contains("8080") && !told.to_lowercase().contains("pingora"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_that_is_not_there_is_answered_for() {
    let place = Place::own();
    let scene = Scene::set(Setting::before(place, &[place.api()])).await;
    wait_until("the proxy to notice", || scene.log().contains("an upstream is not well"));
    is_answered(&scene, 503, "upstream_unavailable").await;
    // Whoever may not come learns nothing of it.
    assert_eq!(scene.asks(None, "GET", "/v1/me").await.status(), 401);
    let _api = saying(place.api(), &well("back")).await;
    wait_until("the proxy to notice", || scene.log().contains("an upstream is well again"));
    assert_eq!(scene.asks(Some(&scene.reader), "GET", "/v1/me").await.text(), "back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_answer_is_answered_for() {
    for answer in [
        "no HTTP at all\r\n\r\n",
        "HTTP/1.1 200 O",
        "\r\n",
        "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ] {
        let place = Place::own();
        let options = vec!["--upstream-idle-seconds".to_owned(), "1".to_owned()];
        let _api = saying(place.api(), answer).await;
        let scene = Scene::set(Setting { options, ..Setting::before(place, &[place.api()]) }).await;
        let answered = scene.asks(Some(&scene.reader), "GET", "/v1/me").await;
        assert!([502, 504].contains(&answered.status()), "{answer:?}: {answered:?}");
        assert!(answered.text().contains("\"code\":\"upstream_"), "{answered:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_api_is_given_up() {
    let place = Place::own();
    let options = vec!["--upstream-idle-seconds".to_owned(), "1".to_owned()];
    let _api = saying(place.api(), "").await;
    let scene = Scene::set(Setting { options, ..Setting::before(place, &[place.api()]) }).await;
    is_answered(&scene, 504, "upstream_timed_out").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_go_to_the_servers_that_are_well() {
    let place = Place::own();
    let (first, second) = (place.api(), place.at(8082));
    let one = saying(first, &well("one")).await;
    let two = saying(second, &well("two")).await;
    let options = vec!["--health-seconds".to_owned(), "1".to_owned()];
    let scene = Scene::set(Setting { options, ..Setting::before(place, &[first, second]) }).await;
    for _ in 0..20 {
        assert_eq!(scene.asks(Some(&scene.reader), "GET", "/v1/me").await.status(), 200);
    }
    assert_eq!((one.answered(), two.answered()), (10, 10));
    drop(two);
    // Also before the proxy has noticed, and whatever is asked: nothing of it had been said.
    for method in ["GET", "POST", "DELETE"].repeat(6) {
        let headers = [("Authorization", scene.reader.credential.as_str()), ("Content-Length", "2")];
        let asked = format!("{}hi", request(method, &scene.of_project("orders"), &headers));
        let answer = scene.sends(&asked).await.expect("an answer");
        assert_eq!((answer.status(), answer.text().as_str()), (200, "one"), "{method}");
    }
    assert_eq!(one.answered(), 28);
    wait_until("the proxy to notice", || scene.log().contains("an upstream is not well"));
    let two = saying(second, &well("two again")).await;
    wait_until("the proxy to notice", || scene.log().contains("an upstream is well again"));
    for _ in 0..10 {
        assert_eq!(scene.asks(Some(&scene.reader), "GET", "/v1/me").await.status(), 200);
    }
    assert_eq!((one.answered(), two.answered()), (33, 5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_well_that_answers_so_at_its_path() {
    let place = Place::own();
    let (first, second) = (place.api(), place.at(8082));
    let _ill = saying(first, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n").await;
    let two = saying(second, &well("two")).await;
    let options = vec!["--health-path".to_owned(), "/well".to_owned()];
    let scene = Scene::set(Setting { options, ..Setting::before(place, &[first, second]) }).await;
    wait_until("the proxy to notice", || scene.log().contains("an upstream is not well"));
    for _ in 0..6 {
        assert_eq!(scene.asks(Some(&scene.reader), "GET", "/v1/me").await.text(), "two");
    }
    assert_eq!(two.answered(), 6);
}

/// A request that was sent is not sent to another server: it may have been done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_once_is_not_sent_again() {
    let place = Place::own();
    let (first, second) = (place.api(), place.at(8082));
    let one = saying(first, "rubbish and close\r\n\r\n").await;
    let two = saying(second, "rubbish and close\r\n\r\n").await;
    let scene = Scene::set(Setting::before(place, &[first, second])).await;
    for method in ["GET", "POST"] {
        let before = one.answered() + two.answered();
        let headers = [("Authorization", scene.reader.credential.as_str()), ("Content-Length", "2")];
        let asked = format!("{}hi", request(method, &scene.of_project("orders"), &headers));
        assert_eq!(scene.sends(&asked).await.expect("an answer").status(), 502);
        assert_eq!(one.answered() + two.answered(), before + 1, "{method}");
    }
}
