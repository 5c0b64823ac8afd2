//! What is judged is what the API acts on: the path goes on as it came, or not at all.

use crate::message::{Message, request};
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_goes_on_as_it_came() {
    let scene = Scene::open().await;
    let mut client = scene.client().await;
    let credential = [("Authorization", scene.reader.credential.as_str())];
    let mut sent = Vec::new();
    for rest in [
        "orders",
        "orders/",
        "orders?",
        "orders?next=%2e%2e%2f%2f..//;x&y=%00",
        "orders?a=1?b=2",
        "caf%C3%A9/a%20b%3Fc/%7e%41.b",
        "100%25/...:@,=+!$&'()*",
        "orders?project=1&role=owner",
        "orders?filter={a:[1,2]}&b=a|b^c~d\\",
        "a[1]/{b}|c",
    ] {
        let target = scene.of_project(rest);
        let answer = client.ask(&request("GET", &target, &credential)).await.expect("an answer");
        assert_eq!(answer.status(), 200, "{target}: {answer:?}");
        sent.push(target);
    }
    let requests = scene.upstream().requests();
    let came: Vec<&str> = requests.iter().map(Message::target).collect();
    assert_eq!(came, sent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_that_are_read_in_two_ways_reach_nobody() {
    let scene = Scene::open().await;
    for target in [
        "/open/../internal/metrics",
        "/open/%2e%2e/internal/metrics",
        "/open/.%2E/internal/metrics",
        "/./open/door",
        "//open/door",
        "//internal/metrics",
        "/open//door",
        "/open%2fdoor",
        "/open/..%2finternal/metrics",
        "/open/..;/internal/metrics",
        "/open;x=y/door",
        "/open/door%3bx",
        "/open/..\\internal\\metrics",
        "/open/%5c..%5cinternal",
        "/open/door%00",
        "/open/door%0d%0aX-Claviger-Role:%20owner",
        "/open/%252e%252e/internal/metrics",
        "/open/door%252f",
        "/open/%c3",
        "/open/%",
        "/open/#/door",
        "/open/door?a#b",
        "/open/door#",
        "/open/<door>",
        "/open/`door`",
        "/open/door?\"a\"",
        "/open/door?<script>",
        "http://api.example/open/door",
        "http://api.example/internal/metrics",
        "*",
        "open/door",
    ] {
        let answer = scene.sends(&request("GET", target, &[])).await.expect("an answer");
        assert!([400, 403].contains(&answer.status()), "{target}: {answer:?}");
    }
    assert_eq!(scene.upstream().requests().len(), 0);
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
    assert_eq!(scene.upstream().requests().len(), 0);
    // A query is the API's affair.
    let query = format!("/open/door?{}", "q".repeat(6_000));
    assert_eq!(scene.asks(None, "GET", &query).await.status(), 200);
    assert_eq!(scene.one_at_the_api().target(), query);
}

/// In neither family of headers, however often; and what would say it to the API does not get there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_caller_does_not_say_what_the_request_is() {
    let scene = Scene::open().await;
    let open = "/open/door";
    let forged: Vec<Vec<(&str, &str)>> = vec![
        vec![("X-Forwarded-Uri", open), ("X-Forwarded-Method", "GET")],
        vec![("X-Forwarded-Uri", open), ("X-Forwarded-Uri", open), ("X-Original-URI", open)],
        vec![("x_forwarded_uri", open), ("X_Forwarded_Method", "GET")],
        vec![("X-Original-URL", open), ("X-Rewrite-URL", open), ("X_Rewrite_Url", open)],
        vec![("X-HTTP-Method-Override", "PUT"), ("X-HTTP-Method", "PUT"), ("X-Method-Override", "PUT")],
        vec![("Connection", "X-Forwarded-Uri, X-Forwarded-Method")],
        vec![("Connection", "close, X-Forwarded-Uri, X-Forwarded-Method, Authorization")],
        vec![("X-Forwarded-Prefix", open), ("Forwarded", "for=192.0.2.7;host=x")],
    ];
    let credential = ("Authorization", scene.reader.credential.as_str());
    for headers in &forged {
        let with = [headers.as_slice(), &[credential]].concat();
        let denied = scene.sends(&request("GET", "/internal/x?project=1", &with)).await.expect("an answer");
        let reason = denied.header("x-claviger-reason");
        assert_eq!((denied.status(), reason), (403, Some("route_denied")), "{with:?}");
    }
    assert_eq!(scene.upstream().requests().len(), 0);
    for headers in &forged {
        let with = [headers.as_slice(), &[credential]].concat();
        let told = scene.sends(&request("GET", &scene.of_project("orders?project=1"), &with)).await.expect("an answer");
        assert_eq!(told.status(), 200, "{with:?}: {told:?}");
    }
    for came in scene.upstream().requests() {
        assert_eq!(came.start, format!("GET {} HTTP/1.1", scene.of_project("orders?project=1")));
        let names: Vec<String> = came.headers.iter().map(|(name, _)| name.to_lowercase().replace('_', "-")).collect();
        let ours = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"];
        for beginning in ["x-forwarded", "x-original", "x-rewrite", "x-http-method", "x-method", "forwarded"] {
            let left = names.iter().filter(|name| !ours.contains(&name.as_str()));
            assert!(!left.into_iter().any(|name| name.starts_with(beginning)), "{came:?}");
        }
    }
}

/// Heads that are no heads, and lengths that are read in two ways: each is refused, and what follows is never a request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_smuggled_past_the_check() {
    let scene = Scene::open().await;
    let hidden = "GET /internal/metrics HTTP/1.1\r\nHost: x\r\nX-Claviger-Role: owner\r\n\r\n";
    let length = hidden.len();
    let post = "POST /open/door HTTP/1.1\r\nHost: api.example\r\n";
    for bytes in [
        format!("{post}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("{post}Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n\r\n0\r\n\r\n{hidden}"),
        format!("{post}Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!("{post}Content-Length: {length}\r\nContent-Length: 0\r\n\r\n{hidden}"),
        format!("{post}Content-Length: 0\r\nContent-Length: 0\r\n\r\n{hidden}"),
        format!("{post}Content-Length: 0, {length}\r\n\r\n{hidden}"),
        format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("{post}Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("{post}Transfer-Encoding : chunked\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!("{post}Transfer-Encoding:\x0bchunked\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!("{post}Content-Length: +0\r\n\r\n{hidden}"),
        format!("{post}X-A: b\r\n X-Claviger-Role: owner\r\n\r\n"),
        format!("{post}X-A: b\rX-Claviger-Role: owner\r\n\r\n"),
        format!("{post}X-A: b\nX-Claviger-Role: owner\r\n\r\n"),
        format!("{post}X-A: b\0X-Claviger-Role: owner\r\n\r\n"),
        format!("{post}X-Claviger-Role : owner\r\n\r\n"),
        format!("{post}X-Claviger-Role\t: owner\r\n\r\n"),
        format!("{post} X-Claviger-Role: owner\r\n\r\n"),
        format!("{post}: x\r\nX-Claviger-Role: owner\r\n\r\n"),
        "GET /open/door HTTP/1.1\r\nHost: x\r\nHost: y\r\nX-Claviger-Role: owner\r\n\r\n".to_owned(),
        "GET /open/door HTTP/1.1\r\nX-Claviger-Role: owner\r\n\r\n".to_owned(),
        "GET /open/door HTTP/1.1\nHost: x\nX-Claviger-Role: owner\n\n".to_owned(),
        "GET /open/door\r\n\r\n".to_owned(),
        "GET /open/door HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "GET /open/door x HTTP/1.1\r\nHost: x\r\nX-Claviger-Role: owner\r\n\r\n".to_owned(),
        format!("CONNECT /open/door HTTP/1.1\r\nHost: api.example\r\n\r\n{hidden}"),
        format!("CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n\r\n{hidden}"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
    ] {
        let mut client = scene.client().await;
        client.send(bytes.as_bytes()).await;
        client.send(request("GET", "/open/last", &[("Connection", "close")]).as_bytes()).await;
        let answer = client.answer("GET").await.expect("an answer");
        assert_eq!(answer.status(), 400, "{bytes:?}");
        assert!(answer.text().contains("not_http") && answer.header("x-request-id").is_some(), "{answer:?}");
        assert_eq!(client.answer("GET").await.map(|answer| answer.start), None, "{bytes:?}: nothing follows");
    }
    assert_eq!(scene.upstream().requests().len(), 0);
    // What is answered, and what follows is judged by itself, or not run.
    for bytes in [
        format!("{post}Expect: 100-continue\r\nContent-Length: 0\r\n\r\n{hidden}"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nhi\r\n0\r\n\r\n{hidden}"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n2\nhi\n0\n\n{hidden}"),
        format!("TRACE /open/door HTTP/1.1\r\nHost: api.example\r\n\r\n{hidden}"),
        "GET /open/door HTTP/1.0\r\nX-Claviger-Role: owner\r\n\r\n".to_owned(),
    ] {
        let mut client = scene.client().await;
        client.send(bytes.as_bytes()).await;
        client.send(request("GET", "/open/last", &[("Connection", "close")]).as_bytes()).await;
        client.ends_sending().await;
        while let Some(answer) = client.answer("GET").await {
            assert!(answer.status() != 101, "{bytes:?}");
        }
        for came in scene.upstream().requests() {
            assert!(came.target().starts_with("/open/"), "{bytes:?}: {came:?}");
            assert_eq!(came.identity(), [""; 0], "{bytes:?}");
            assert!(came.all("content-length").len() + came.all("transfer-encoding").len() <= 1, "{came:?}");
        }
    }
}
