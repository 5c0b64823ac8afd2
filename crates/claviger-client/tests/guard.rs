//! A guarded service: what reaches it, what it sees, and what is answered in its place.

#![allow(clippy::expect_used, reason = "a test says what it expects")]

mod scripted;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use claviger_client::{CheckOptions, Checker, Demand, GuardLayer, Passage};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response};
use scripted::{CHALLENGED, Scripted, answer, passed, refused};
use tower::{Layer, Service, ServiceExt};

/// Keeps what reached it. A clone is not ready before it was asked whether it is.
#[derive(Default)]
struct Inner {
    reached: Arc<Mutex<Vec<Request<&'static str>>>>,
    is_ready: bool,
}

impl Clone for Inner {
    fn clone(&self) -> Self {
        Self { reached: Arc::clone(&self.reached), is_ready: false }
    }
}

impl Service<Request<&'static str>> for Inner {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<&'static str>) -> Self::Future {
        assert!(self.is_ready, "called before it was ready");
        self.is_ready = false;
        self.reached.lock().expect("kept").push(request);
        ready(Ok(Response::new("done".to_owned())))
    }
}

fn checker(server: &Scripted) -> Checker {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Checker::new(&server.url).expect("a checker")
}

fn export() -> Demand {
    Demand::project("shop").permission("reports:export")
}

fn request() -> Request<&'static str> {
    let request = Request::put("/v1/projects/shop/export?x=1").header("authorization", "Basic YTpodXNo");
    request.body("the body").expect("a request")
}

/// What is answered, and what reached the service.
async fn sent(layer: &GuardLayer, request: Request<&'static str>) -> (Response<String>, Vec<Request<&'static str>>) {
    let inner = Inner::default();
    let reached = Arc::clone(&inner.reached);
    let answer = layer.layer(inner).oneshot(request).await.expect("an answer");
    let reached = std::mem::take(&mut *reached.lock().expect("kept"));
    (answer, reached)
}

fn header<'a>(answer: &'a Response<String>, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

#[tokio::test]
async fn what_passes_reaches_the_service_whole_with_its_passage() {
    let server = Scripted::says(&[passed()]);
    let (answer, mut reached) = sent(&GuardLayer::new(checker(&server), export()), request()).await;
    assert_eq!((answer.status().as_u16(), answer.body().as_str()), (200, "done"));
    let request = reached.remove(0);
    assert_eq!((request.method().as_str(), *request.body()), ("PUT", "the body"));
    assert_eq!(request.uri(), "/v1/projects/shop/export?x=1");
    assert_eq!(request.extensions().get::<Passage>().expect("a passage").principal, 43);
    assert!(!request.headers().contains_key("authorization"), "the credential goes no further");
    let (_, mut reached) = sent(&GuardLayer::new(checker(&server), export()).keep_credential(), self::request()).await;
    assert_eq!(reached.remove(0).headers()["authorization"], "Basic YTpodXNo");
}

#[tokio::test]
async fn the_service_sees_nothing_that_looks_told_by_a_server() {
    let server = Scripted::says(&[passed()]);
    let layer = GuardLayer::new(checker(&server), export());
    let mut request = request();
    for name in ["x-claviger-principal", "x-claviger-admin", "x_claviger_role", "x-claviger_role", "x_claviger-x"] {
        request.headers_mut().append(HeaderName::from_static(name), HeaderValue::from_static("1"));
        request.headers_mut().append(HeaderName::from_static(name), HeaderValue::from_static("2"));
    }
    request.headers_mut().insert("x-clavigerrole", HeaderValue::from_static("mine"));
    let (_, mut reached) = sent(&layer, request).await;
    let request = reached.remove(0);
    assert_eq!(request.headers().keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-clavigerrole"]);
    let asked = server.asked().remove(0).to_lowercase();
    assert!(!asked.contains("claviger-admin") && !asked.contains("x_claviger"), "{asked}");
}

#[tokio::test]
async fn refusals_are_answered_like_the_servers_and_the_service_is_not_called() {
    let wait = "Retry-After: 9\r\n";
    for (said, status, code, extra) in [
        (refused("401 X", CHALLENGED, "not_authenticated"), 401, "not_authenticated", ("www-authenticate", "Basic ")),
        (answer("401 X", "", ""), 401, "not_authenticated", ("www-authenticate", "Basic ")),
        (refused("403 X", "", "role_too_low"), 403, "role_too_low", ("content-type", "application/json")),
        (answer("403 X", "", ""), 403, "forbidden", ("content-type", "application/json")),
        (refused("429 X", wait, "too_many_attempts"), 429, "too_many_attempts", ("retry-after", "9")),
        (refused("503 X", wait, "unavailable"), 503, "unavailable", ("retry-after", "9")),
        (refused("400 X", "", "check_invalid"), 503, "unavailable", ("retry-after", "1")),
        (answer("200 OK", "", ""), 503, "unavailable", ("retry-after", "1")),
        (answer("302 Found", "Location: /\r\n", ""), 503, "unavailable", ("retry-after", "1")),
        (String::new(), 503, "unavailable", ("retry-after", "1")),
    ] {
        let server = Scripted::says(std::slice::from_ref(&said));
        let told = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&told);
        let layer = GuardLayer::new(checker(&server), export());
        let layer = layer.on_refusal(move |why| kept.lock().expect("kept").push(why.to_string()));
        let (answer, reached) = sent(&layer, request()).await;
        assert_eq!((answer.status().as_u16(), reached.len()), (status, 0), "{said}");
        assert!(header(&answer, extra.0).starts_with(extra.1), "{said}: {answer:?}");
        assert_eq!(header(&answer, "x-claviger-reason"), code, "{said}");
        assert_eq!(header(&answer, "cache-control"), "no-store");
        let body: serde_json::Value = serde_json::from_str(answer.body()).expect("JSON");
        assert_eq!((&body["status"], &body["code"]), (&"error".into(), &code.into()), "{said}");
        let is_servers = body["error"] == "the server's words";
        assert_eq!(is_servers, said.contains("words") && status != 503, "{said}: {body}");
        assert_eq!(told.lock().expect("kept").len(), 1, "{said}");
        assert!(!format!("{answer:?} {told:?} {layer:?}").contains("YTpodXNo"));
    }
}

#[tokio::test]
async fn what_is_demanded_may_come_of_the_request() {
    let server = Scripted::says(&[passed()]);
    let layer = GuardLayer::by_request(checker(&server), |parts: &Parts| {
        match parts.uri.path().strip_prefix("/v1/projects/").and_then(|rest| rest.strip_suffix("/export")) {
            Some(project) => Demand::project(project).permission("reports:export"),
            None => Demand::nobody(),
        }
    });
    let layer = layer.client_address(|parts| parts.extensions.get().copied());
    let mut first = request();
    first.extensions_mut().insert(std::net::IpAddr::from([203, 0, 113, 9]));
    first.headers_mut().insert("x-forwarded-for", HeaderValue::from_static("10.0.0.1"));
    assert_eq!(sent(&layer, first).await.1.len(), 1);
    let asked = server.asked();
    assert!(asked[0].starts_with("GET /auth/check?project=shop&permission=reports%3Aexport HTTP/1.1\r\n"), "{asked:?}");
    assert!(asked[0].contains("x-forwarded-for: 203.0.113.9\r\n") && !asked[0].contains("10.0.0.1"), "{asked:?}");
    let (answer, reached) = sent(&layer, Request::get("/v1/else").body("").expect("a request")).await;
    assert_eq!((answer.status().as_u16(), reached.len(), server.asked().len()), (403, 0, 1));
    assert_eq!(header(&answer, "x-claviger-reason"), "route_denied");
}

#[tokio::test]
async fn by_a_route_table_the_server_is_told_the_request_alone() {
    let server = Scripted::says(&[passed()]);
    let layer = GuardLayer::by_route_table(checker(&server));
    let mut request = request();
    request.headers_mut().insert("x-forwarded-uri", HeaderValue::from_static("/public"));
    request.headers_mut().insert("x-original-uri", HeaderValue::from_static("/public"));
    assert_eq!(sent(&layer, request).await.1.len(), 1);
    let asked = server.asked().remove(0);
    assert!(asked.starts_with("GET /auth/check HTTP/1.1\r\n") && !asked.contains("/public"), "{asked}");
    assert!(asked.contains("x-forwarded-method: PUT\r\nx-forwarded-uri: /v1/projects/shop/export?x=1\r\n"), "{asked}");
}

#[tokio::test]
async fn the_one_that_is_ready_is_called_and_none_before() {
    let server = Scripted::says(&[passed()]);
    let mut guarded = GuardLayer::new(checker(&server), export()).layer(Inner::default());
    for _ in 0..2 {
        guarded.ready().await.expect("ready").call(request()).await.expect("an answer");
    }
    // Whoever may take only so many says so before a check is made.
    let limited = tower::limit::ConcurrencyLimit::new(Inner::default(), 1);
    let mut guarded = GuardLayer::new(checker(&server), export()).layer(limited);
    let first = guarded.ready().await.expect("ready").call(request());
    let second = readiness(&mut guarded);
    assert!(second.is_pending(), "there is room for one");
    first.await.expect("an answer");
    let second = readiness(&mut guarded);
    assert!(second.is_ready());
}

fn readiness<S: Service<Request<&'static str>>>(service: &mut S) -> Poll<bool> {
    service.poll_ready(&mut Context::from_waker(std::task::Waker::noop())).map(|ready| ready.is_ok())
}

#[tokio::test]
async fn credentials_stay_out_of_a_header_of_ones_own() {
    let server = Scripted::says(&[passed()]);
    let name = HeaderName::from_static("x-api-credential");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = CheckOptions { credential_header: name.clone(), ..CheckOptions::default() };
    let checker = Checker::with_options(&server.url, options).expect("a checker");
    let mut request = request();
    request.headers_mut().insert(name, HeaderValue::from_static("a:hush"));
    let (_, mut reached) = sent(&GuardLayer::new(checker, export()), request).await;
    let headers = reached.remove(0).headers().clone();
    assert!(headers.contains_key("authorization") && !headers.contains_key("x-api-credential"), "{headers:?}");
    assert!(!server.asked()[0].contains("authorization"));
}
