//! The rows of the security catalogue under "Around the server", for what exists. Each test quotes its row.

use reqwest::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::raw::{Trickle, exchange};
use crate::world::{World, on_both_stores, send};

const WORLD: &str = "
acme: ada owner
  shop: exporter admin
";

const ACCOUNTS: &str = "organizations/{acme}/service-accounts";

/// A head that names the account, up to the blank line.
fn head(world: &World, method: &str, path: &str, more: &str) -> String {
    let header = world.account("ada").header();
    format!("{method} {} HTTP/1.1\r\nHost: x\r\nAuthorization: {header}\r\n{more}", world.path(path))
}

/// A second request that must never be run: it would create an account.
fn smuggled(world: &World) -> String {
    let body = "{\"username\":\"smuggled\"}";
    format!("{}Content-Length: {}\r\n\r\n{body}", head(world, "POST", ACCOUNTS, ""), body.len())
}

async fn nothing_was_smuggled(world: &World) {
    assert_eq!(world.count("SELECT COUNT(*) FROM principals WHERE username LIKE 'smuggled%'").await, 0);
}

/// A refusal by the parser with all that every refusal has, and nothing after it.
fn is_refused_by_the_parser(text: &str, code: &str) {
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let header = |name: &str| {
        let mut values = head.split("\r\n").filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let value = values.next().unwrap_or_else(|| panic!("no {name}: {text}"));
        assert_eq!(values.next(), None, "{name} is there twice: {text}");
        value
    };
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("connection"), "close");
    assert!(header("date").ends_with(" GMT"), "{text}");
    assert_eq!(header("content-length"), body.len().to_string());
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((&body["status"], &body["code"]), (&json!("error"), &json!(code)), "{body}");
    assert!(body["error"].as_str().is_some_and(|sentence| sentence.len() > 20), "{body}");
    let id = header("x-request-id");
    assert_eq!(id.len(), 32);
    assert!(crate::looked_through::logged().contains(id), "the log carries the id as well");
}

on_both_stores! {
    /// every answer that depends on a credential: `Cache-Control: no-store`; no CORS headers: another site's script can
    /// neither read nor preflight
    async fn answers_are_not_cached_and_not_for_other_sites(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for answer in [ada.get("me").await, ada.get("nowhere").await, ada.get("projects/99999").await, world.get_with("me", &[]).await] {
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert!(answer.header("x-request-id").is_some_and(|id| id.len() == 32));
            assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
        }
        let preflight = world.request(Method::OPTIONS, "me").header("origin", "https://elsewhere.example").header("access-control-request-method", "GET");
        let answer = send(preflight).await.refused(405, "method_not_allowed");
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
        assert_eq!(answer.header("allow"), Some("GET,HEAD"));
    }

    /// bodies: size limits per route, JSON depth, duplicate keys, NaN, lone surrogates: 400; unknown content types 415
    async fn bodies_are_bounded_and_exact(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let post = |path: &'static str, body: String| {
            let request = ada.request(Method::POST, path).body(body);
            async move { send(request).await }
        };
        post("projects/{shop}/service-accounts", format!("{{\"username\": \"{}\"}}", "x".repeat(70_000))).await.refused(413, "body_too_large");
        post(ACCOUNTS, format!("{{\"username\": \"{}\"}}", "x".repeat(600_000))).await.refused(413, "body_too_large");
        post(ACCOUNTS, format!("{{\"username\": \"a\", \"x\": {}{}}}", "[".repeat(1_000), "]".repeat(1_000))).await.refused(400, "body_too_deep");
        post(ACCOUNTS, "{\"username\": \"a\", \"username\": \"b\"}".to_owned()).await.refused(400, "body_misfit");
        post(ACCOUNTS, "{\"username\": NaN}".to_owned()).await.refused(400, "body_not_json");
        post(ACCOUNTS, "{\"username\": \"\\ud800\"}".to_owned()).await.refused(400, "body_not_json");
        for body in ["", "[]", "\"x\"", "null", "1"] {
            post(ACCOUNTS, body.to_owned()).await.refused(400, "body_not_object");
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", "application/jsonx"] {
            let request = ada.request(Method::POST, ACCOUNTS).header("content-type", kind).body("{\"username\": \"a\"}");
            send(request).await.refused(415, "not_json_type");
        }
        for (number, kind) in ["application/json; charset=utf-8", "APPLICATION/JSON"].into_iter().enumerate() {
            let body = format!("{{\"username\": \"typed{number}\"}}");
            let made = send(ada.request(Method::POST, ACCOUNTS).header("content-type", kind).body(body)).await.created();
            world.remember_made(&format!("typed{number}"), &made);
        }
        // On a request without a body a content type means nothing, nor does what is acceptable.
        let request = ada.request(Method::GET, "me").header("content-type", "application/xml").header("accept", "image/png");
        send(request).await.ok();
        let request = ada.request(Method::DELETE, "organizations/{acme}/service-accounts/{typed0}").header("content-type", "text/plain");
        send(request).await.ok();
    }

    /// a chunked body is bounded as one with a length is
    async fn a_chunked_body_is_bounded_too(world: World) {
        let world = world.with(WORLD).await;
        let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000)).repeat(40);
        let request = format!("{}Transfer-Encoding: chunked\r\n\r\n{chunk}0\r\n\r\n", head(&world, "POST", ACCOUNTS, ""));
        assert_eq!(exchange(world.address(), request.as_bytes(), 1).await.statuses, [413]);
    }

    /// HTTP/1.1 smuggling shapes: refused, or answered once and the connection closed: what follows is never run as a
    /// second request
    async fn nothing_is_smuggled(world: World) {
        let world = world.with(WORLD).await;
        let second = smuggled(&world);
        let get = |more: &str, body: &str| format!("{}\r\n{body}", head(&world, "GET", "me", more));
        let shapes = [
            ("both lengths", get("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
            ("both lengths, the other way", get("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n")),
            ("two lengths", get("Content-Length: 0\r\nContent-Length: 4\r\n", "")),
            ("the same length twice", get("Content-Length: 0\r\nContent-Length: 0\r\n", "")),
            ("a list of lengths", get("Content-Length: 0, 0\r\n", "")),
            ("a signed length", get("Content-Length: +0\r\n", "")),
            ("chunked in disguise", get("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")),
            ("chunked not last", get("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")),
            ("identity, then chunked", get("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n")),
            ("chunked twice", get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
            ("a folded line", get("X-Folded: a\r\n b\r\n", "")),
            ("a blank before the colon", get("Content-Length : 0\r\n", "")),
            ("a bare carriage return", get("X-Bare: a\rb\r\n", "")),
            ("bare line feeds in the head", get("", "").replace("\r\n", "\n")),
            ("bare line feeds in chunks", get("Transfer-Encoding: chunked\r\n", "0\n\n")),
        ];
        for (name, first) in shapes {
            let exchange = exchange(world.address(), format!("{first}{second}").as_bytes(), 3).await;
            assert!(exchange.closed, "{name}: {exchange:?}");
            assert_eq!(exchange.statuses.len(), 1, "{name}: {exchange:?}");
            nothing_was_smuggled(&world).await;
        }
        // The same two requests in their right form are two: the test can tell.
        let exchange = exchange(world.address(), format!("{}{}", get("", ""), get("", "")).as_bytes(), 2).await;
        assert_eq!(exchange.statuses, [200, 200]);
    }

    /// no Host or two: refused
    async fn exactly_one_host_is_sent(world: World) {
        let world = world.with(WORLD).await;
        for hosts in ["", "Host: a\r\nHost: b\r\n", "Host: a\r\nHost: a\r\n"] {
            let request = format!("GET /api/app/me HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
            let exchange = exchange(world.address(), request.as_bytes(), 1).await;
            assert_eq!(exchange.statuses, [400], "{hosts:?}");
            assert!(exchange.text.contains("host_not_one"), "{exchange:?}");
        }
        let old = exchange(world.address(), b"GET /healthz HTTP/1.0\r\n\r\n", 1).await;
        assert!(old.text.contains("200 OK"), "{old:?}");
    }

    /// what the HTTP parser refuses by itself is answered as everything else is: in the envelope, with an id, not cached
    async fn what_is_no_request_is_answered_in_the_envelope(world: World) {
        let world = world.with(WORLD).await;
        let secret = world.account("ada").secret.clone();
        let long = format!("X-Long: {}\r\n\r\n", "x".repeat(25 * 1_024));
        let many = format!("{}\r\n", "X-Many: y\r\n".repeat(65));
        for (sent, status, code) in [
            (format!("GET /api/app/me HTTP/1.1\r\nHost: x\r\n{secret} : x\r\n\r\n"), 400, "not_http"),
            (format!("{secret}\r\n\r\n"), 400, "not_http"),
            (head(&world, "GET", "me", &long), 431, "head_too_large"),
            (head(&world, "GET", "me", &many), 431, "head_too_large"),
        ] {
            let exchange = exchange(world.address(), sent.as_bytes(), 2).await;
            assert!(exchange.closed, "{exchange:?}");
            assert_eq!(exchange.statuses, [status], "{exchange:?}");
            is_refused_by_the_parser(&exchange.text, code);
            assert!(!exchange.text.contains(&secret), "{exchange:?}");
        }
    }

    /// whoever is refused before all is sent gets the refusal: the connection is not reset under what still comes
    async fn what_is_still_sent_after_a_refusal_does_not_cost_the_answer(world: World) {
        let world = world.with(WORLD).await;
        let long = head(&world, "GET", "me", &format!("X-Long: {}", "x".repeat(25 * 1_024)));
        let body = format!("{{\"username\": \"{}", "x".repeat(2 * 1_024 * 1_024));
        let body = head(&world, "POST", ACCOUNTS, &format!("Content-Length: 90000000\r\n\r\n{body}"));
        let stranger = "POST /api/app/organizations/1/service-accounts HTTP/1.1\r\nHost: x\r\nContent-Length: 90000000\r\n\r\n{".to_owned();
        let unsent = stranger.replace("90000000", "60000");
        for (begun, status) in [(long, 431), (body, 413), (stranger, 401), (unsent, 401)] {
            let refused = Trickle::begin(world.address(), begun.as_bytes()).await;
            let refused = refused.goes_on_after_the_end(b"xxxxxxxxxxxxxxxx", 64).await;
            assert_eq!(refused.statuses, [status]);
            assert!(refused.text.contains("\r\nconnection: close\r\n"), "{refused:?}");
        }
    }

    /// an answer of ours stays as it is, whatever it looks like, and whatever comes after it
    async fn only_the_parsers_own_answers_are_replaced(world: World) {
        let world = world.with(WORLD).await;
        let good = format!("{}\r\n", head(&world, "GET", "me", ""));
        let wrong = "GET /api/app/me HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n";
        let no_body = format!("{}\r\n", head(&world, "HEAD", "me", ""));
        let large = "GET /api/docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n";
        for (first, status) in [(&*good, 200), (&*no_body, 200), (large, 200), (&*format!("{good}{good}"), 200)] {
            let alone = exchange(world.address(), format!("{first}{wrong}").as_bytes(), 9).await;
            let both = exchange(world.address(), format!("{first}no request\r\n\r\n").as_bytes(), 9).await;
            assert_eq!(both.statuses.first(), Some(&status), "{both:?}");
            assert_eq!(both.statuses.len(), alone.statuses.len(), "{both:?}");
            // The answers of routes are what they are before any other second request.
            let end = |text: &str| text.rfind("HTTP/1.1 400 Bad Request\r\n").expect("a refusal at the end");
            let (ours, refusal) = both.text.split_at(end(&both.text));
            let unmarked = |text: &str| -> Vec<String> {
                let kept = |line: &&str| !line.starts_with("x-request-id: ") && !line.starts_with("date: ");
                text.split("\r\n").filter(kept).map(str::to_owned).collect()
            };
            assert!(unmarked(ours) == unmarked(&alone.text[..end(&alone.text)]), "{first}");
            is_refused_by_the_parser(refusal, "not_http");
        }
        // A head and nothing else, with the status of the parser's.
        let bare = exchange(world.address(), wrong.replace("GET", "HEAD").as_bytes(), 9).await;
        assert_eq!(bare.statuses, [400], "{bare:?}");
        assert!(bare.text.ends_with("\r\n\r\n") && !bare.text.contains("content-length: 0\r\n"), "{bare:?}");
        let refused = exchange(world.address(), wrong.as_bytes(), 9).await;
        assert!(refused.text.contains("\"code\":\"host_not_one\""), "a 400 of a route is not the parser's: {refused:?}");
    }

    /// `Upgrade: h2c` is ignored
    async fn an_upgrade_is_ignored(world: World) {
        let world = world.with(WORLD).await;
        let request = head(&world, "GET", "me", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
        assert_eq!(exchange(world.address(), request.as_bytes(), 1).await.statuses, [200]);
        let preface = exchange(world.address(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 1).await;
        assert!(preface.closed && preface.statuses.first().is_none_or(|status| *status >= 400), "{preface:?}");
    }

    /// slow clients time out
    async fn slow_clients_are_cut(world: World) {
        let world = world.with(WORLD).await;
        for begun in ["", "GET /api/app/me HT", "GET /api/app/me HTTP/1.1\r\nHost: x\r\n"] {
            let exchange = exchange(world.address(), begun.as_bytes(), 1).await;
            assert!(exchange.closed && !exchange.statuses.contains(&200), "{begun:?}: {exchange:?}");
        }
    }

    /// a client that does not read its answers holds a connection for so long and no longer
    async fn slow_readers_are_cut(world: World) {
        let world = world.with(WORLD).await;
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        let mut stream = socket.connect(world.address()).await.unwrap();
        // More than any buffer between us holds.
        let large = "GET /api/docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20);
        stream.write_all(large.as_bytes()).await.unwrap();
        let mut waited = 0;
        while stream.write_all(b"\r\n").await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            waited += 1;
            assert!(waited < 200, "a client that does not read is served for ever");
        }
    }

    /// connections of one address are bounded, and others go on once some end
    async fn connections_of_one_address_are_bounded(world: World) {
        let world = world.with(WORLD).await;
        let mut held = Vec::new();
        for _ in 0..260 {
            held.push(tokio::net::TcpStream::connect(world.address()).await.unwrap());
        }
        let mut open = 0;
        for stream in &held {
            // A connection over the limit is closed at once: reading it ends. One within it has nothing to read.
            let mut byte = [0];
            match tokio::time::timeout(std::time::Duration::from_millis(20), stream.peek(&mut byte)).await {
                Err(_) => open += 1,
                Ok(read) => assert!(matches!(read, Ok(0) | Err(_))),
            }
        }
        assert!(open <= 200, "{open} connections are open");
        drop(held);
        world.account("ada").get("me").await.ok();
    }

    /// logs, metrics, errors, panics: no secret (searched after each test); X-Request-Id is ours, not the client's
    async fn the_request_id_is_made_here(world: World) {
        let world = world.with(WORLD).await;
        let request = world.account("ada").request(Method::GET, "me").header("x-request-id", "mine");
        let first = send(request).await;
        assert_ne!(first.header("x-request-id"), Some("mine"));
        assert_ne!(first.header("x-request-id"), world.account("ada").get("me").await.header("x-request-id"));
    }

    /// log lines made of what strangers sent: CR LF and escape sequences shown, not obeyed; no path and no query is
    /// logged, only the route
    async fn strangers_do_not_write_the_log(world: World) {
        let world = world.with(WORLD).await;
        send(world.request(Method::GET, "/api/app/%0d%0aforged-line%1b[31m?x=forged-query")).await.refused(404, "not_found");
        let logged = crate::looked_through::logged();
        assert!(!logged.contains("forged-line") && !logged.contains("forged-query"));
        world.account("ada").post(ACCOUNTS, json!({ "username": "forged\nname" })).await.is(400);
        assert!(!crate::looked_through::logged().contains("forged\nname"));
    }

    /// methods that a path does not have: 405 with Allow, in the envelope, with a slash too
    async fn a_wrong_method_is_told_the_right_ones(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for (method, path, allow) in [("PATCH", "me", "GET,HEAD"), ("PUT", "me/", "GET,HEAD"), ("PUT", ACCOUNTS, "GET,HEAD,POST"), ("TRACE", ACCOUNTS, "GET,HEAD,POST"), ("FORGED", ACCOUNTS, "GET,HEAD,POST"), ("POST", "projects/{shop}", "GET,HEAD,PATCH,DELETE")] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = send(ada.request(method.clone(), path)).await.refused(405, "method_not_allowed");
            let mut told: Vec<&str> = answer.header("allow").unwrap().split(',').collect();
            let mut allow: Vec<&str> = allow.split(',').collect();
            told.sort();
            allow.sort();
            assert_eq!(told, allow, "{method} {path}");
        }
        let answer = send(ada.request(Method::HEAD, "me")).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    }

    /// health: alive and ready without a credential, and neither says anything of the store
    async fn health_needs_no_credential(world: World) {
        let world = world.with(WORLD).await;
        for (path, text) in [("/healthz", "ok\n"), ("/healthz/", "ok\n"), ("/readyz", "ready\n")] {
            let answer = send(world.request(Method::GET, path)).await;
            assert_eq!((answer.status, answer.text.as_str()), (200, text));
        }
        // The keeper brings the image back within half a second, which this must not meet.
        let mut unready = None;
        for _ in 0..100 {
            world.node().cluster.drop_image();
            let answer = send(world.request(Method::GET, "/readyz")).await;
            world.node().cluster.drop_image();
            let me = world.account("ada").get("me").await;
            if (answer.status, me.status) == (503, 503) {
                unready = Some((answer, me));
                break;
            }
        }
        let (answer, me) = unready.expect("not ready without an image");
        assert_eq!(answer.refused(503, "unavailable").header("retry-after"), Some("1"));
        me.refused(503, "unavailable");
        send(world.request(Method::GET, "/healthz")).await.is(200);
        world.becomes_ready().await;
        world.account("ada").get("me").await.ok();
    }
}
