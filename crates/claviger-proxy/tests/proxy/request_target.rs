//! What is judged is what the API acts on: the path goes on as it came, or not at all.

use crate::every_gateway;
use crate::message::request;
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_goes_on_as_it_came() {
    let more = ["orders?filter={a:[1,2]}&b=a|b^c~d\\", "a[1]/{b}|c"];
    every_gateway::a_path_goes_on_as_it_came(&*Scene::open().await, &more).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_that_are_read_in_two_ways_reach_nobody() {
    let scene = Scene::open().await;
    // What the engine would drop, or write in another way, is refused as well.
    let more = [
        "/open/#/door",
        "/open/door?a#b",
        "/open/door#",
        "/open/<door>",
        "/open/`door`",
        "/open/door?\"a\"",
        "/open/door?<script>",
        "http://api.example/open/door",
    ];
    for target in every_gateway::READ_IN_TWO_WAYS.iter().chain(&more) {
        let answer = scene.sends(&request("GET", target, &[])).await.expect("an answer");
        assert!([400, 403].contains(&answer.status()), "{target}: {answer:?}");
    }
    every_gateway::methods_in_lower_case_reach_nobody(&scene).await;
    assert_eq!(scene.upstream.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_paths_and_heads_reach_nobody() {
    let scene = Scene::open().await;
    for length in [5_000, 15_000, 40_000, 1_000_000] {
        for target in [format!("/open/{}", "a".repeat(length)), format!("/open/{}", "a/../".repeat(length / 5))] {
            let status = scene.sends(&request("GET", &target, &[])).await.map(|answer| answer.status());
            let expected: &[Option<u16>] = if length > 24 * 1024 { &[Some(431), None] } else { &[Some(403)] };
            assert!(expected.contains(&status), "{length}: {status:?}");
        }
    }
    let long = "x".repeat(30 * 1024);
    let answer = scene.sends(&request("GET", "/open/door", &[("X-Long", &long)])).await.expect("an answer");
    assert_eq!(answer.status(), 431);
    assert!(answer.text().contains("head_too_large"), "{answer:?}");
    let many: Vec<(String, &str)> = (0..80).map(|at| (format!("X-{at}"), "y")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(scene.sends(&request("GET", "/open/door", &many)).await.expect("an answer").status(), 431);
    assert_eq!(scene.upstream.requests().len(), 0);
    // A query is the API's affair.
    let query = format!("/open/door?{}", "q".repeat(6_000));
    assert_eq!(scene.asks(None, "GET", &query).await.status(), 200);
    assert_eq!(scene.one_at_the_api().target(), query);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_caller_does_not_say_what_the_request_is() {
    let scene = Scene::open().await;
    every_gateway::the_caller_does_not_say_what_the_request_is(&scene, &["?project={}"]).await;
    // Nor does another header of these families go on.
    let headers = [
        ("Authorization", scene.reader.credential.as_str()),
        ("Forwarded", "for=192.0.2.7;host=x"),
        ("X-Original-Host", "x"),
        ("X_Rewrite_Path", "/internal"),
        ("X-HTTP-Method-Name", "PUT"),
    ];
    let answer = scene.sends(&request("GET", &scene.of_project("orders"), &headers)).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let ours = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"];
    for came in scene.upstream.requests() {
        for beginning in ["x-forwarded", "x-original", "x-rewrite", "x-http-method", "x-method", "forwarded"] {
            let names = every_gateway::names(&came);
            let mut left = names.iter().filter(|name| !ours.contains(&name.as_str()));
            assert!(!left.any(|name| name.starts_with(beginning)), "{came:?}");
        }
    }
}

/// Each is refused, and what follows is never a request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_smuggled_past_the_check() {
    let scene = Scene::open().await;
    let post = "POST /open/door HTTP/1.1\r\nHost: api.example\r\n";
    let more = [
        format!("{post}Content-Length: 0\r\nContent-Length: 0\r\n\r\n"),
        format!("{post}Content-Length: 0, 7\r\n\r\nhidden!"),
        format!("{post}Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n"),
        "GET /open/door HTTP/1.1\r\nX-Claviger-Role: owner\r\n\r\n".to_owned(),
    ];
    for bytes in every_gateway::heads_that_are_none().iter().chain(&more) {
        let mut client = scene.client().await;
        client.send(bytes.as_bytes()).await;
        client.send(request("GET", "/open/last", &[("Connection", "close")]).as_bytes()).await;
        let answer = client.answer("GET").await.expect("an answer");
        assert_eq!(answer.status(), 400, "{bytes:?}");
        assert!(answer.text().contains("not_http") && answer.header("x-request-id").is_some(), "{answer:?}");
        assert_eq!(client.answer("GET").await.map(|answer| answer.start), None, "{bytes:?}: nothing follows");
    }
    assert_eq!(scene.upstream.requests().len(), 0);
    // What is answered, and what follows is judged by itself, or not run.
    let mut heads = every_gateway::heads_with_something_behind();
    heads.extend(["2;x=y\r\nhi\r\n0\r\n\r\n", "2\nhi\n0\n\n"].map(|chunks| {
        format!("{post}Transfer-Encoding: chunked\r\n\r\n{chunks}GET /internal/metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    }));
    every_gateway::what_is_hidden_is_not_run(&scene, &heads).await;
    for came in scene.upstream.requests() {
        assert!(came.all("content-length").len() + came.all("transfer-encoding").len() <= 1, "{came:?}");
    }
}
