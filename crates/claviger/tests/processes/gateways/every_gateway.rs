//! What every gateway is held to, other people's and our own: what is special about one stands in its own tests.
//!
//! `claviger-proxy`'s tests include this file, so nothing here names a program.

use super::message::{Message, request};
use super::stage::{Account, Stage, credential};

pub(crate) const LARGE: usize = 20 * 1024 * 1024;

/// The headers that say who comes.
pub(crate) const IDENTITY: [&str; 7] = [
    "X-Claviger-Principal",
    "X-Claviger-Username",
    "X-Claviger-Organization",
    "X-Claviger-Project",
    "X-Claviger-Workspace",
    "X-Claviger-Role",
    "X-Claviger-Permissions",
];

pub(crate) const WEBSOCKET: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

// --- Who comes -------------------------------------------------------------------------------------------------------

/// What the API got of it, for what else is to be said of a request with these headers, too.
pub(crate) async fn who_may_goes_through_as_himself(stage: &Stage, more: &[(&str, &str)]) -> Message {
    let target = stage.of_project("orders?page=2");
    let own = [("Authorization", stage.reader.credential.as_str()), ("X-Mine", "kept")];
    let answer = stage.sends(&request("GET", &target, &[&own, more].concat())).await.expect("an answer");
    assert_eq!((answer.status(), answer.header("x-api"), answer.text().as_str()), (200, Some("here"), "0 bytes came"));
    assert_eq!(answer.identity(), [""; 0], "who it is, is for the API");
    let came = stage.one_at_the_api();
    assert_eq!(came.start, format!("GET {target} HTTP/1.1"));
    assert_eq!(came.identity(), stage.the_reader());
    assert_eq!(came.all("authorization"), [""; 0], "the credential is nobody else's");
    assert!(!format!("{came:?}").contains(&stage.reader.credential["Basic ".len()..]));
    assert_eq!((came.header("x-mine"), came.header("host")), (Some("kept"), Some("api.example")));
    came
}

/// As they are, with underscores, in other cases, several times, and named by `Connection` so that the next one drops
/// what the gateway has set.
pub(crate) async fn identity_headers_of_the_caller_reach_nobody(stage: &Stage) {
    let in_many_ways: Vec<String> = IDENTITY
        .iter()
        .chain([&"X-Claviger-Reason"])
        .flat_map(|name| {
            let (own, low, folded) = ((*name).to_owned(), name.to_lowercase(), name.replace('-', "_"));
            let dotted = name.replace('-', ".");
            [own, low.clone(), name.to_uppercase(), low.replace('-', "_"), folded, name.replacen('-', "_", 1), dotted]
        })
        .collect();
    let all: Vec<(&str, &str)> = in_many_ways.iter().map(|name| (name.as_str(), "owner")).collect();
    let dropped = IDENTITY.join(", ");
    let mut asked = 0;
    for forged in [all.as_slice(), &[("Connection", &dropped)], &[("Connection", &format!("close, {dropped}"))]] {
        for part in forged.chunks(24) {
            for (who, target, told) in [
                (Some(&stage.reader), stage.of_project("orders"), stage.the_reader()),
                (Some(&stage.visitor), "/v1/me".to_owned(), stage.who(&stage.visitor)),
                (None, "/open/door".to_owned(), Vec::new()),
            ] {
                let headers = [part, &credential(who)].concat();
                let answer = stage.sends(&request("GET", &target, &headers)).await.expect("an answer");
                assert_eq!(answer.status(), 200, "{answer:?}");
                asked += 1;
                let requests = stage.upstream.requests();
                assert_eq!(requests.len(), asked);
                assert_eq!(requests[asked - 1].identity(), told, "{target} with {part:?}");
                let named = requests[asked - 1].all("connection").join(",").to_lowercase();
                assert!(!named.contains("claviger"), "{named} would be dropped by the next one");
            }
        }
    }
    // After a body they are no headers.
    let coded = [("Transfer-Encoding", "chunked"), ("TE", "trailers"), ("Trailer", "X-Claviger-Role")];
    let headers = [credential(Some(&stage.reader)).as_slice(), &coded].concat();
    let chunks = "2\r\nhi\r\n0\r\nX-Claviger-Role: owner\r\nX-Claviger-Workspace: 1\r\n\r\n";
    let answer = stage.sends(&format!("{}{chunks}", request("POST", &stage.of_project("orders"), &headers))).await;
    assert!(answer.is_some_and(|answer| [200, 400].contains(&answer.status())));
    let last = stage.upstream.requests().pop().expect("a request");
    assert_eq!(last.identity(), stage.the_reader());
    // Nor does a refusal say them back.
    let headers = [("X-Claviger-Role", "owner"), ("X-Claviger-Reason", "none")];
    let refused = stage.sends(&request("GET", "/internal/x", &headers)).await.expect("an answer");
    assert_eq!(refused.identity(), ["x-claviger-reason: route_denied"]);
}

/// Nothing of one is left for the next, nor does the gateway answer for him.
pub(crate) async fn callers_on_one_connection_are_told_apart(stage: &Stage) {
    let mut client = stage.client().await;
    let (reader, visitor) = (&stage.reader, &stage.visitor);
    for round in 0..5 {
        for (who, target, status) in [
            (Some(reader), "/v1/me", 200),
            (None, "/v1/me", 401),
            (Some(visitor), "/v1/me", 200),
            (None, "/open/door", 200),
            (Some(reader), "/internal/x", 403),
            (None, "/v1/me", 401),
        ] {
            let answer = client.ask(&request("GET", target, &credential(who))).await.expect("kept alive");
            assert_eq!(answer.status(), status, "{round}: {who:?} {target}");
        }
    }
    let told: Vec<Vec<String>> = stage.upstream.requests().iter().map(Message::identity).collect();
    let one_round = [stage.who(reader), stage.who(visitor), Vec::new()];
    let five: Vec<Vec<String>> = one_round.iter().cycle().take(15).cloned().collect();
    assert_eq!(told, five);
}

/// Where the API needs `Authorization` for itself, and the credential comes in `X-Api-Credential`.
pub(crate) async fn the_credential_may_come_in_another_header(stage: &Stage) {
    let target = stage.of_project("orders");
    assert_eq!(stage.asks(Some(&stage.reader), "GET", &target).await.status(), 401);
    assert_eq!(stage.upstream.requests().len(), 0);
    let reader = stage.reader.credential.as_str();
    let headers = [("Authorization", "Bearer the-apis-own"), ("X-Api-Credential", reader)];
    assert_eq!(stage.sends(&request("GET", &target, &headers)).await.expect("an answer").status(), 200);
    let came = stage.one_at_the_api();
    assert_eq!(came.header("authorization"), Some("Bearer the-apis-own"));
    assert_eq!(came.all("x-api-credential"), [""; 0]);
    assert!(!format!("{came:?}").contains(&reader["Basic ".len()..]));
    assert_eq!(came.identity(), stage.the_reader());
}

// --- What does not go through ----------------------------------------------------------------------------------------

/// A request that was refused as it should be.
#[allow(dead_code, reason = "claviger-proxy's tests say more of it")]
pub(crate) struct Refused<'s> {
    pub(crate) who: Option<&'s Account>,
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) answer: Message,
}

/// All that were refused, for what else is to be said of their answers.
pub(crate) async fn refusals_come_with_their_reasons(stage: &Stage) -> Vec<Refused<'_>> {
    let (reader, visitor) = (Some(&stage.reader), Some(&stage.visitor));
    let mut all = Vec::new();
    for method in ["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PROPFIND"] {
        let mut client = stage.client().await;
        for (who, target, status, reason) in [
            (None, stage.of_project("orders"), 401, "not_authenticated"),
            (visitor, stage.of_project("orders"), 403, "place_not_reached"),
            (reader, stage.of_project("settings"), 403, "role_too_low"),
            (reader, "/internal/metrics".to_owned(), 403, "route_denied"),
            (reader, "/elsewhere".to_owned(), 403, "route_not_found"),
            (reader, "/".to_owned(), 403, "route_not_found"),
        ] {
            let answer = client.ask(&request(method, &target, &credential(who))).await.expect("kept alive");
            assert_eq!(answer.status(), status, "{method} {target}: {answer:?}");
            assert_eq!(answer.header("x-claviger-reason"), Some(reason), "{method} {target}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{method} {target}");
            let challenge = (status == 401).then_some("Basic realm=\"claviger\", charset=\"UTF-8\"");
            assert_eq!(answer.header("www-authenticate"), challenge, "{method} {target}");
            if method != "HEAD" {
                let said = answer.text().replace(": ", ":");
                assert!(said.contains(&format!("\"code\":\"{reason}\"")), "{answer:?}");
                let kind = answer.header("content-type");
                assert!(kind.is_some_and(|kind| kind.starts_with("application/json")), "{answer:?}");
            }
            all.push(Refused { who, method, target, answer });
        }
    }
    assert_eq!(stage.upstream.requests().len(), 0);
    all
}

pub(crate) async fn wrong_attempts_are_slowed(stage: &Stage) {
    let mut client = stage.client().await;
    let wrong = request("GET", "/v1/me", &[("Authorization", "Basic nobody.000000.service-account:wrong")]);
    let mut slowed = None;
    for _ in 0..200 {
        let answer = client.ask(&wrong).await.expect("an answer");
        match answer.status() {
            401 => {}
            429 => slowed = Some(answer),
            _ => panic!("{answer:?}"),
        }
        if slowed.is_some() {
            break;
        }
    }
    let slowed = slowed.expect("slowed");
    assert!(slowed.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{slowed:?}");
    assert_eq!(slowed.header("x-claviger-reason"), Some("too_many_attempts"));
    assert_eq!(stage.asks(Some(&stage.reader), "GET", "/v1/me").await.status(), 200, "a right one always passes");
    assert_eq!(stage.upstream.requests().len(), 1);
}

// --- Bodies ----------------------------------------------------------------------------------------------------------

/// Bytes that are not alike, so that a part that is missing or moved is seen.
fn body(length: usize) -> Vec<u8> {
    (0..length as u64).map(|at| (at.wrapping_mul(0x9E37_79B9) >> 13) as u8).collect()
}

pub(crate) async fn a_large_body_reaches_the_api_whole(stage: &Stage) {
    let body = body(LARGE);
    let length = LARGE.to_string();
    let headers = [("Authorization", stage.reader.credential.as_str()), ("Content-Length", length.as_str())];
    let head = request("PUT", &stage.of_project("files/1"), &headers);
    let answer = stage.client().await.upload(&head, &body).await.expect("an answer");
    assert_eq!((answer.status(), answer.text()), (200, format!("{LARGE} bytes came")));
    assert!(stage.one_at_the_api().body == body, "as it was sent");
}

pub(crate) async fn a_body_in_chunks_reaches_the_api_whole(stage: &Stage) {
    let body = body(2 * 1024 * 1024);
    let mut chunked = Vec::new();
    for part in body.chunks(60_000) {
        chunked.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
        chunked.extend_from_slice(part);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let headers = [("Authorization", stage.reader.credential.as_str()), ("Transfer-Encoding", "chunked")];
    let head = request("POST", &stage.of_project("files"), &headers);
    let answer = stage.client().await.upload(&head, &chunked).await.expect("an answer");
    assert_eq!((answer.status(), answer.text()), (200, format!("{} bytes came", body.len())));
    assert!(stage.one_at_the_api().body == body, "as it was sent");
}

pub(crate) async fn a_refused_upload_gets_its_refusal(stage: &Stage) {
    let body = body(LARGE);
    let length = LARGE.to_string();
    for (who, status) in [(None, 401), (Some(&stage.visitor), 403)] {
        let headers = [[("Content-Length", length.as_str())].as_slice(), &credential(who)].concat();
        let head = request("PUT", &stage.of_project("files/1"), &headers);
        let answer = stage.client().await.upload(&head, &body).await.expect("an answer");
        assert_eq!(answer.status(), status);
    }
    assert_eq!(stage.upstream.requests().len(), 0);
}

/// What a stranger and the reader are answered before they send a body: nginx asks for that of a request that it refuses,
/// and drops it.
pub(crate) async fn who_waits_before_he_uploads_is_answered(stage: &Stage) -> [u16; 2] {
    let mut first = [0; 2];
    for (at, (who, status)) in [(None, 401), (Some(&stage.reader), 200)].into_iter().enumerate() {
        let headers = [[("Content-Length", "5"), ("Expect", "100-continue")].as_slice(), &credential(who)].concat();
        let mut client = stage.client().await;
        client.send(request("PUT", &stage.of_project("files/1"), &headers).as_bytes()).await;
        first[at] = client.head().await.expect("an answer").status();
        if first[at] == 100 {
            client.send(b"hello").await;
            assert_eq!(client.answer("PUT").await.expect("an answer").status(), status);
        } else {
            assert_eq!((first[at], status), (401, 401));
        }
    }
    assert_eq!(stage.one_at_the_api().body, b"hello");
    first
}

// --- What is asked for -----------------------------------------------------------------------------------------------

/// Ends of paths of the project, and queries, that go on to the byte.
pub(crate) async fn a_path_goes_on_as_it_came(stage: &Stage, more: &[&str]) {
    let mut client = stage.client().await;
    let mut sent = Vec::new();
    let ends = [
        "orders",
        "orders/",
        "orders?",
        "orders?next=%2e%2e%2f%2f..//;x&y=%00",
        "orders?a=1?b=2",
        "caf%C3%A9/a%20b%3Fc/%7e%41.b",
        "100%25/...:@,=+!$&'()*",
        "orders?project=1&role=owner",
    ];
    for end in ends.iter().chain(more) {
        let target = stage.of_project(end);
        let answer = client.ask(&request("GET", &target, &credential(Some(&stage.reader)))).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 200, "{target}: {answer:?}");
        sent.push(target);
    }
    let requests = stage.upstream.requests();
    let came: Vec<&str> = requests.iter().map(Message::target).collect();
    assert_eq!(came, sent);
}

/// What one reads as a path of its own, and the next as another one, or as none.
pub(crate) const READ_IN_TWO_WAYS: [&str; 30] = [
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
];

/// In neither family of headers, however often; and what would say it to the API does not get there.
pub(crate) async fn the_caller_does_not_say_what_the_request_is(stage: &Stage, queries: &[&str]) {
    let open = "/open/door";
    let own_query = format!("/auth/check?project={}", stage.project);
    let forged: Vec<Vec<(&str, &str)>> = vec![
        vec![("X-Forwarded-Uri", open), ("X-Forwarded-Method", "GET")],
        vec![("X-Forwarded-Uri", open), ("X-Forwarded-Uri", open)],
        vec![("x_forwarded_uri", open), ("X_Forwarded_Method", "GET")],
        vec![("X-Original-URI", open), ("X-Original-Method", "GET")],
        vec![("X-Original-URL", open), ("X-Rewrite-URL", open), ("X_Rewrite_Url", open)],
        vec![("X-HTTP-Method-Override", "PUT"), ("X-HTTP-Method", "PUT"), ("X-Method-Override", "PUT")],
        vec![("Connection", "X-Forwarded-Uri, X-Forwarded-Method")],
        vec![("Connection", "close, X-Forwarded-Uri, X-Forwarded-Method, Authorization")],
        vec![("X-Forwarded-Uri", &own_query), ("X-Forwarded-Prefix", open)],
    ];
    let reader = credential(Some(&stage.reader));
    for headers in &forged {
        for query in queries {
            let query = query.replace("{}", &stage.project.to_string());
            let with = [headers.as_slice(), &reader].concat();
            let denied = stage.sends(&request("GET", &format!("/internal/x{query}"), &with)).await.expect("an answer");
            let reason = denied.header("x-claviger-reason");
            assert_eq!((denied.status(), reason), (403, Some("route_denied")), "{with:?}{query}");
        }
    }
    assert_eq!(stage.upstream.requests().len(), 0);
    for headers in &forged {
        let with = [headers.as_slice(), &reader].concat();
        let told = stage.sends(&request("GET", &stage.of_project("orders?project=1"), &with)).await.expect("an answer");
        assert_eq!(told.status(), 200, "{with:?}: {told:?}");
    }
    for came in stage.upstream.requests() {
        assert_eq!(came.start, format!("GET {} HTTP/1.1", stage.of_project("orders?project=1")));
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
            assert!(!names(&came).iter().any(|name| name == gone), "{came:?}");
        }
    }
}

/// The names of its headers, as they are read by whoever reads `_` as `-`.
pub(crate) fn names(of: &Message) -> Vec<String> {
    of.headers.iter().map(|(name, _)| name.to_lowercase().replace('_', "-")).collect()
}

/// A request that nobody judges, in what comes with another one.
const HIDDEN: &str = "GET /internal/metrics HTTP/1.1\r\nHost: x\r\nX-Claviger-Role: owner\r\n\r\n";

const POST: &str = "POST /open/door HTTP/1.1\r\nHost: api.example\r\n";

/// Heads that are none, and lengths that are read in two ways, with what is hidden behind.
pub(crate) fn heads_that_are_none() -> Vec<String> {
    let length = HIDDEN.len();
    vec![
        format!("{POST}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"),
        format!("{POST}Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n\r\n0\r\n\r\n{HIDDEN}"),
        format!("{POST}Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"),
        format!("{POST}Content-Length: {length}\r\nContent-Length: 0\r\n\r\n{HIDDEN}"),
        format!("{POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{HIDDEN}"),
        format!("{POST}Transfer-Encoding : chunked\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"),
        format!("{POST}Transfer-Encoding:\x0bchunked\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"),
        format!("{POST}Content-Length: +0\r\n\r\n{HIDDEN}"),
        format!("{POST}X-A: b\r\n X-Claviger-Role: owner\r\n\r\n"),
        format!("{POST}X-A: b\rX-Claviger-Role: owner\r\n\r\n"),
        format!("{POST}X-A: b\nX-Claviger-Role: owner\r\n\r\n"),
        format!("{POST}X-A: b\0X-Claviger-Role: owner\r\n\r\n"),
        format!("{POST}X-Claviger-Role : owner\r\n\r\n"),
        format!("{POST}X-Claviger-Role\t: owner\r\n\r\n"),
        format!("{POST} X-Claviger-Role: owner\r\n\r\n"),
        format!("{POST}: x\r\nX-Claviger-Role: owner\r\n\r\n"),
        "GET /open/door HTTP/1.1\r\nHost: x\r\nHost: y\r\nX-Claviger-Role: owner\r\n\r\n".to_owned(),
        "GET /open/door HTTP/1.1\nHost: x\nX-Claviger-Role: owner\n\n".to_owned(),
        "GET /open/door\r\n\r\n".to_owned(),
        "GET /open/door HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "GET /open/door x HTTP/1.1\r\nHost: x\r\nX-Claviger-Role: owner\r\n\r\n".to_owned(),
        format!("CONNECT /open/door HTTP/1.1\r\nHost: api.example\r\n\r\n{HIDDEN}"),
        format!("CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n\r\n{HIDDEN}"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
    ]
}

/// Requests that may be answered, with what is hidden behind.
pub(crate) fn heads_with_something_behind() -> Vec<String> {
    vec![
        format!("{POST}Expect: 100-continue\r\nContent-Length: 0\r\n\r\n{HIDDEN}"),
        format!("TRACE /open/door HTTP/1.1\r\nHost: api.example\r\n\r\n{HIDDEN}"),
        "GET /open/door HTTP/1.0\r\nX-Claviger-Role: owner\r\n\r\n".to_owned(),
    ]
}

/// What is hidden is never a request of its own that nobody judged, and no header comes to be that says who somebody is.
pub(crate) async fn what_is_hidden_is_not_run(stage: &Stage, heads: &[String]) {
    for bytes in heads {
        let mut client = stage.client().await;
        client.send(bytes.as_bytes()).await;
        // A second request shows that whatever was hidden has been run or dropped by then.
        client.send(request("GET", "/open/last", &[("Connection", "close")]).as_bytes()).await;
        client.ends_sending().await;
        while let Some(answer) = client.answer("GET").await {
            assert!(answer.status() != 101, "{bytes:?}");
        }
        for came in stage.upstream.requests() {
            assert!(came.target().starts_with("/open/"), "{bytes:?}: {came:?}");
            assert_eq!(came.identity(), [""; 0], "{bytes:?}");
        }
    }
}

// --- Other protocols -------------------------------------------------------------------------------------------------

/// Over h2c a client would send requests that nobody checks.
pub(crate) async fn no_other_protocol_is_spoken_past_the_check(stage: &Stage) {
    let settings = ("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA");
    let both = "Upgrade, HTTP2-Settings";
    for headers in [
        vec![("Connection", both), ("Upgrade", "h2c"), settings],
        vec![("Connection", "upgrade"), ("Upgrade", "H2C"), settings],
        vec![("Connection", both), ("Upgrade", "websocket, h2c"), settings],
        vec![("Connection", both), ("Upgrade", "h2c, websocket"), settings],
        vec![("Connection", both), ("Upgrade", "websocket"), ("Upgrade", "h2c"), settings],
        vec![("Connection", both), ("Upgrade", "h2c"), ("Upgrade", "websocket"), settings],
        vec![("Connection", "Upgrade"), ("Upgrade", "TLS/1.3")],
        vec![("Connection", "Upgrade"), ("Upgrade", "anything")],
    ] {
        let answer = stage.sends(&request("GET", "/open/door", &headers)).await;
        let protocol = answer.as_ref().filter(|answer| answer.status() == 101).and_then(|it| it.header("upgrade"));
        assert!(protocol.is_none_or(|protocol| protocol == "websocket"), "{headers:?}: {answer:?}");
        for came in stage.upstream.requests() {
            assert!(came.all("upgrade").iter().all(|protocol| *protocol == "websocket"), "{headers:?}: {came:?}");
        }
    }
}

/// Nobody else's WebSocket opens, not even at the API.
pub(crate) async fn a_websocket_opens_for_nobody_else(stage: &Stage) {
    for (who, status) in [(None, 401), (Some(&stage.visitor), 403)] {
        let headers = [WEBSOCKET.as_slice(), &credential(who)].concat();
        let answer = stage.sends(&request("GET", &stage.of_project("events"), &headers)).await.expect("an answer");
        assert_eq!(answer.status(), status);
    }
    assert_eq!(stage.upstream.requests().len(), 0);
}

/// There are frameworks that run `delete` as DELETE, which the table may have another route for.
pub(crate) async fn methods_in_lower_case_reach_nobody(stage: &Stage) {
    for method in ["get", "Get", "delete"] {
        let answer = stage.sends(&request(method, "/open/door", &[])).await.expect("an answer");
        assert!([400, 403, 405, 501].contains(&answer.status()), "{method}: {answer:?}");
    }
    assert_eq!(stage.upstream.requests().len(), 0);
}
