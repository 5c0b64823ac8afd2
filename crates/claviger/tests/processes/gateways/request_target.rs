//! What is judged is what the API acts on: the path goes on as it came, or not at all.

use std::collections::HashSet;

use super::message::request;
use super::program::Program;
use super::scene::Scene;
use super::through_each_gateway;

through_each_gateway![
    a_path_goes_on_as_it_came,
    paths_that_are_read_in_two_ways_reach_nobody,
    very_long_paths_reach_nobody,
    the_caller_does_not_say_what_the_request_is,
    nothing_is_smuggled_past_the_check,
];

/// Each path at the API is one that Claviger was asked about, to the byte.
pub(super) fn was_judged(scene: &Scene) {
    let checks = scene.tap.as_ref().expect("tapped").checks();
    let judged: HashSet<&str> = checks.iter().filter_map(|check| check.header("x-forwarded-uri")).collect();
    for came in scene.upstream.requests() {
        assert!(judged.contains(came.target()), "{:?} was not judged: {judged:?}", came.target());
        assert!(!came.target().starts_with("/internal"), "{came:?}");
    }
}

async fn a_path_goes_on_as_it_came(program: Program) {
    let scene = Scene::tapped(program).await;
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
    ] {
        let target = scene.of_project(rest);
        let answer = client.ask(&request("GET", &target, &credential)).await.expect("an answer");
        assert_eq!(answer.status(), 200, "{target}: {answer:?}");
        sent.push(target);
    }
    let requests = scene.upstream.requests();
    let came: Vec<&str> = requests.iter().map(|came| came.target()).collect();
    assert_eq!(came, sent);
    was_judged(&scene);
}

async fn paths_that_are_read_in_two_ways_reach_nobody(program: Program) {
    let scene = Scene::tapped(program).await;
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
        "/open/%zz",
        "/open/door#/../../internal/metrics",
        "/internal/metrics#/open/door",
        "/internal/metrics?/open/door",
        "/%69nternal/metrics",
        "http://api.example/internal/metrics",
        "http://api.example/open/../internal/metrics",
        "http://internal/open/../internal/metrics",
        "*",
        "open/door",
        "/claviger-check",
        "/auth/check",
    ] {
        for (method, who) in [("GET", None), ("GET", Some(&scene.reader)), ("OPTIONS", None)] {
            let credential: Vec<(&str, &str)> =
                who.iter().map(|account| ("Authorization", account.credential.as_str())).collect();
            let answer = scene.sends(&request(method, target, &credential)).await;
            let status = answer.as_ref().map_or(400, super::message::Message::status);
            // Of a server as a whole the gateway may speak for itself.
            let of_itself = target == "*" && answer.as_ref().is_some_and(|answer| answer.body.is_empty());
            assert!([400, 403, 404].contains(&status) || of_itself, "{method} {target}: {answer:?}");
        }
    }
    let came = scene.upstream.requests();
    assert_eq!(came.len(), 0, "{came:#?}");
    // A gateway may write a path in another way, such as without its host, if the check sees what the API gets.
    for target in
        ["http://api.example/open/door?x=1", "/open/caf\u{e9}", "/open/<door>", "/open/\"door\"", "/open/{a}|b^c`"]
    {
        let answer = scene.sends(&request("GET", target, &[])).await.expect("an answer");
        assert!([200, 400, 403].contains(&answer.status()), "{answer:?}");
    }
    was_judged(&scene);
}

async fn very_long_paths_reach_nobody(program: Program) {
    let scene = Scene::tapped(program).await;
    for length in [5_000, 7_000, 15_000, 40_000, 1_000_000] {
        for target in [format!("/open/{}", "a".repeat(length)), format!("/open/{}", "a/../".repeat(length / 5))] {
            let answer = scene.sends(&request("GET", &target, &[])).await;
            let status = answer.as_ref().map_or(400, super::message::Message::status);
            assert!([400, 403, 414, 431].contains(&status), "{length}: {status}");
        }
    }
    assert_eq!(scene.upstream.requests().len(), 0);
    // A query is the API's affair.
    let long = format!("/open/door?{}", "q".repeat(6_000));
    assert_eq!(scene.asks(None, "GET", &long).await.status(), 200);
    assert_eq!(scene.one_at_the_api().target(), long);
    was_judged(&scene);
}

/// In neither family of headers, however often, nor by the check's own query; and what would say it to the API does not
/// get there.
async fn the_caller_does_not_say_what_the_request_is(program: Program) {
    let scene = Scene::tapped(program).await;
    let open = "/open/door";
    let own_query = format!("/auth/check?project={}", scene.founded.project);
    let forged: Vec<Vec<(&str, &str)>> = vec![
        vec![("X-Forwarded-Uri", open), ("X-Forwarded-Method", "GET")],
        vec![("X-Forwarded-Uri", open), ("X-Forwarded-Uri", open)],
        vec![("x_forwarded_uri", open), ("X_Forwarded_Method", "GET")],
        vec![("X-Original-URI", open), ("X-Original-Method", "GET")],
        vec![("X-Original-URL", open), ("X-Rewrite-URL", open)],
        vec![("X-HTTP-Method-Override", "PUT"), ("X-HTTP-Method", "PUT"), ("X-Method-Override", "PUT")],
        vec![("Connection", "X-Forwarded-Uri, X-Forwarded-Method")],
        vec![("Connection", "close, X-Forwarded-Uri, X-Forwarded-Method, Authorization")],
        vec![("X-Forwarded-Uri", &own_query), ("X-Forwarded-Prefix", open)],
    ];
    let credential = ("Authorization", scene.reader.credential.as_str());
    let queries = ["", "?project={}", "?project={}&role=consumer", "?permission=data:read", "?x=1"];
    for headers in &forged {
        for query in queries {
            let query = query.replace("{}", &scene.founded.project.to_string());
            let with = [headers.as_slice(), &[credential]].concat();
            let denied = scene.sends(&request("GET", &format!("/internal/x{query}"), &with)).await.expect("an answer");
            assert_eq!(
                (denied.status(), denied.header("x-claviger-reason")),
                (403, Some("route_denied")),
                "{with:?}{query}"
            );
        }
    }
    assert_eq!(scene.upstream.requests().len(), 0);
    for headers in &forged {
        let with = [headers.as_slice(), &[credential]].concat();
        let told = scene.sends(&request("GET", &scene.of_project("orders?project=1"), &with)).await.expect("an answer");
        assert_eq!(told.status(), 200, "{with:?}: {told:?}");
    }
    for came in scene.upstream.requests() {
        assert_eq!(came.start, format!("GET {} HTTP/1.1", scene.of_project("orders?project=1")));
        let names: Vec<String> = came.headers.iter().map(|(name, _)| name.to_lowercase().replace('_', "-")).collect();
        for gone in [
            "x-forwarded-uri",
            "x-forwarded-method",
            "x-original-uri",
            "x-original-method",
            "x-original-url",
            "x-rewrite-url",
            "x-http-method",
            "x-http-method-override",
            "x-method-override",
        ] {
            assert!(!names.iter().any(|name| name == gone), "{came:?}");
        }
    }
}

/// Heads that are no heads, and lengths that are read in two ways: what follows is never a request of its own that
/// nobody judged, and no header comes to be that says who somebody is.
async fn nothing_is_smuggled_past_the_check(program: Program) {
    let scene = Scene::tapped(program).await;
    let hidden = "GET /internal/metrics HTTP/1.1\r\nHost: x\r\nX-Claviger-Role: owner\r\n\r\n";
    let length = hidden.len();
    let post = "POST /open/door HTTP/1.1\r\nHost: api.example\r\n";
    for bytes in [
        format!("{post}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("{post}Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n\r\n0\r\n\r\n{hidden}"),
        format!("{post}Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!("{post}Content-Length: {length}\r\nContent-Length: 0\r\n\r\n{hidden}"),
        format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}"),
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
        format!("{post}Expect: 100-continue\r\nContent-Length: 0\r\n\r\n{hidden}"),
        "GET /open/door HTTP/1.1\r\nHost: x\r\nHost: y\r\nX-Claviger-Role: owner\r\n\r\n".to_owned(),
        "GET /open/door HTTP/1.1\nHost: x\nX-Claviger-Role: owner\n\n".to_owned(),
        "GET /open/door\r\n\r\n".to_owned(),
        "GET /open/door HTTP/1.0\r\nX-Claviger-Role: owner\r\n\r\n".to_owned(),
        "GET /open/door HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "GET /open/door x HTTP/1.1\r\nHost: x\r\nX-Claviger-Role: owner\r\n\r\n".to_owned(),
        format!("CONNECT /open/door HTTP/1.1\r\nHost: api.example\r\n\r\n{hidden}"),
        format!("CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n\r\n{hidden}"),
        format!("TRACE /open/door HTTP/1.1\r\nHost: api.example\r\n\r\n{hidden}"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
    ] {
        let mut client = scene.client().await;
        client.send(bytes.as_bytes()).await;
        // A second request shows that whatever was hidden has been run or dropped by then.
        client.send(request("GET", "/open/last", &[("Connection", "close")]).as_bytes()).await;
        client.ends_sending().await;
        while let Some(answer) = client.answer("GET").await {
            assert!(answer.status() != 101, "{bytes:?}");
        }
        for came in scene.upstream.requests() {
            assert!(came.target().starts_with("/open/"), "{bytes:?}: {came:?}");
            assert_eq!(came.identity(), [""; 0], "{bytes:?}");
        }
    }
    was_judged(&scene);
}
