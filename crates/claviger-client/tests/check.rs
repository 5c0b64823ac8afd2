//! What a check sends, and what comes of each answer, against servers that say exactly what a test tells them to.

#![allow(clippy::expect_used, reason = "a test says what it expects")]

mod scripted;

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use claviger_client::{Caller, CheckOptions, Checker, Demand, NotPassed, Passage};
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use scripted::{CHALLENGED, PASSED, Scripted, answer, passed, refused};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn checker_with(url: &str, options: CheckOptions) -> Checker {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Checker::with_options(url, options).expect("a checker")
}

fn checker(url: &str) -> Checker {
    // Nothing here is about deadlines, but for the tests that say so.
    let (attempt, total) = (Duration::from_secs(30), Duration::from_secs(60));
    checker_with(url, CheckOptions { attempt, total, ..CheckOptions::default() })
}

fn caller() -> Caller {
    Caller::presenting(HeaderValue::from_static("Basic YTpodXNo"))
}

fn export() -> Demand {
    Demand::project(101).permission("reports:export")
}

/// What comes of these answers, and how often was asked.
async fn comes_of(answers: &[String]) -> (Result<Passage, NotPassed>, usize) {
    let server = Scripted::says(answers);
    let checked = checker(&server.url).check(&caller(), &export()).await;
    assert!(!format!("{checked:?}").contains("YTpodXNo"), "{checked:?}");
    (checked, server.asked().len())
}

#[tokio::test]
async fn a_check_asks_in_its_query_with_the_callers_own_credential() {
    let server = Scripted::says(&[passed()]);
    let passage = checker(&format!("{}/keys/", server.url)).check(&caller(), &export()).await.expect("a passage");
    assert_eq!((passage.principal, passage.project), (43, Some(101)));
    assert_eq!(passage.username, "export.b2f9ed.service-account");
    let request = server.asked().remove(0);
    let line = "GET /keys/auth/check?project=101&permission=reports%3Aexport HTTP/1.1\r\n";
    assert!(request.starts_with(line), "{request}");
    assert!(request.contains("authorization: Basic YTpodXNo\r\n"), "{request}");
    assert!(!request.contains("x-forwarded"), "{request}");
}

#[tokio::test]
async fn the_credential_is_read_and_sent_in_the_header_of_ones_own() {
    let server = Scripted::says(&[passed()]);
    let name = HeaderName::from_static("x-api-credential");
    let checker = checker_with(&server.url, CheckOptions { credential_header: name.clone(), ..Default::default() });
    let headers = [(name, "a:hush"), (reqwest::header::AUTHORIZATION, "Bearer other")];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value))).into_iter().collect();
    checker.check(&checker.caller(&headers).at([203, 0, 113, 9].into()), &export()).await.expect("a passage");
    let request = server.asked().remove(0);
    assert!(request.contains("x-api-credential: a:hush\r\n") && !request.contains("Bearer"), "{request}");
    assert!(request.contains("x-forwarded-for: 203.0.113.9\r\n"), "{request}");
}

#[tokio::test]
async fn by_a_route_table_the_request_is_named_as_it_came() {
    let least = answer("200 OK", "X-Claviger-Principal: 43\r\nX-Claviger-Username: a\r\n", "");
    let server = Scripted::says(&[least]);
    let checker = checker(&server.url);
    checker.check_request(&caller(), &Method::PUT, "/v1/%61?x=%0a").await.expect("a passage");
    let request = server.asked().remove(0);
    assert!(request.starts_with("GET /auth/check HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("x-forwarded-method: PUT\r\nx-forwarded-uri: /v1/%61?x=%0a\r\n"), "{request}");
    let broken = checker.check_request(&caller(), &Method::PUT, "/a\r\nx-forwarded-uri: /b").await;
    assert!(matches!(broken, Err(NotPassed::Forbidden { .. })), "{broken:?}");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn whether_there_is_a_table_is_told_by_how_a_query_is_refused() {
    for (said, expected) in [
        (refused("400 Bad Request", "", "check_invalid"), Some(true)),
        (refused("401 Unauthorized", CHALLENGED, "not_authenticated"), Some(false)),
        (passed(), None),
        (answer("404 Not Found", "", ""), None),
    ] {
        let server = Scripted::says(&[said]);
        assert_eq!(checker(&server.url).has_route_table().await.ok(), expected);
        assert!(!server.asked()[0].contains("authorization"));
    }
}

#[tokio::test]
async fn each_refusal_has_its_type_and_is_final() {
    let sentence = Some("the server's words".to_owned());
    let challenges = vec![HeaderValue::from_static("Basic realm=\"claviger\", charset=\"UTF-8\"")];
    for (status, headers, code, expected) in [
        (
            "401 Unauthorized",
            CHALLENGED,
            "not_authenticated",
            NotPassed::NotAuthenticated { challenges, sentence: sentence.clone() },
        ),
        (
            "403 Forbidden",
            "",
            "permission_missing",
            NotPassed::Forbidden { reason: Some("permission_missing".to_owned()), sentence: sentence.clone() },
        ),
        (
            "429 Too Many Requests",
            "Retry-After: 9\r\n",
            "too_many_attempts",
            NotPassed::TooManyAttempts { retry_after_s: Some(9), sentence: sentence.clone() },
        ),
        ("400 Bad Request", "", "check_invalid", NotPassed::Misconfigured { sentence: sentence.clone() }),
    ] {
        // Whoever asked again would be let through.
        let (checked, asked) = comes_of(&[refused(status, headers, code), passed()]).await;
        assert_eq!((checked, asked), (Err(expected), 1), "{status}");
    }
}

#[tokio::test]
async fn a_refusal_in_words_that_cannot_be_read_is_one_all_the_same() {
    let long = "x".repeat(1 << 20);
    for rest in [
        format!("Content-Length: {}\r\n\r\n{long}", long.len()),
        "Content-Length: 100\r\n\r\n{".to_owned(),
        "X-Claviger-Reason: <b>\r\nContent-Length: 0\r\n\r\n".to_owned(),
    ] {
        let (checked, asked) = comes_of(&[format!("HTTP/1.1 401 X\r\nConnection: close\r\n{rest}"), passed()]).await;
        let Err(NotPassed::NotAuthenticated { challenges, sentence: None }) = checked else { panic!("{checked:?}") };
        assert_eq!((challenges.len(), asked), (1, 1));
        let (checked, asked) = comes_of(&[format!("HTTP/1.1 403 X\r\nConnection: close\r\n{rest}"), passed()]).await;
        assert_eq!((checked, asked), (Err(NotPassed::Forbidden { reason: None, sentence: None }), 1));
    }
}

#[tokio::test]
async fn no_other_answer_lets_anybody_through() {
    let two = format!("{PASSED}X-Claviger-Principal: 43\r\n");
    let other = |from: &str, to: &str| answer("200 OK", &PASSED.replace(from, to), "");
    let nowhere = "X-Claviger-Principal: 43\r\nX-Claviger-Username: a\r\n";
    for said in [
        answer("200 OK", "", ""),
        answer("200 OK", "", "<html>Welcome</html>"),
        answer("200 OK", PASSED, "<html>Welcome</html>"),
        answer("200 OK", &two, ""),
        answer("200 OK", nowhere, ""),
        other("Principal: 43", "Principal: 43, 44"),
        other("Project: 101", "Project: 102"),
        other("Project: 101", "Project: 101\r\nX-Claviger-Workspace: 201"),
        other(",reports:export", ""),
        answer("201 Created", PASSED, ""),
        answer("202 Accepted", PASSED, ""),
        answer("206 Partial Content", PASSED, ""),
        "HTTP/1.1 204 No Content\r\nConnection: close\r\nX-Claviger-Principal: 43\r\nX-Claviger-Username: a\r\n\r\n"
            .to_owned(),
        answer("304 Not Modified", PASSED, ""),
        answer("404 Not Found", PASSED, ""),
        answer("418 Teapot", PASSED, ""),
        answer("500 Internal Server Error", PASSED, ""),
        answer("502 Bad Gateway", PASSED, ""),
        answer("999 X", PASSED, ""),
    ] {
        let (checked, asked) = comes_of(&[said.clone(), passed()]).await;
        assert!(matches!(checked, Err(NotPassed::Unexpected { .. })), "{said}: {checked:?}");
        assert_eq!(asked, 1, "{said}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Scripted::says(&[passed()]);
    for status in ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 X"] {
        let (checked, asked) = comes_of(&[answer(status, &format!("Location: {}/\r\n", elsewhere.url), "")]).await;
        assert!(matches!(checked, Err(NotPassed::Unexpected { .. })), "{checked:?}");
        assert_eq!((asked, elsewhere.asked().len()), (1, 0), "{status}");
    }
}

#[tokio::test]
async fn where_nothing_was_decided_it_is_asked_again_a_few_times() {
    let starting = answer("503 Service Unavailable", "Retry-After: 7\r\n", "");
    let half_a_head = "HTTP/1.1 200 OK\r\nX-Claviger-Principal: 43\r\nX-Clav".to_owned();
    let half_a_body = format!("HTTP/1.1 200 OK\r\n{PASSED}Content-Length: 9\r\n\r\n");
    for nothing in [starting.clone(), String::new(), half_a_head, half_a_body, "not HTTP\r\n\r\n".to_owned()] {
        let (checked, asked) = comes_of(&[nothing.clone(), nothing.clone(), passed()]).await;
        assert!(checked.is_ok(), "{nothing}: {checked:?}");
        assert_eq!(asked, 3, "{nothing}");
        let (checked, asked) = comes_of(&[nothing.clone(), nothing.clone(), nothing.clone(), passed()]).await;
        assert!(matches!(checked, Err(NotPassed::Unavailable { .. })), "{nothing}: {checked:?}");
        assert_eq!(asked, 3, "{nothing}");
        let no = refused("403 Forbidden", "", "role_too_low");
        let (checked, asked) = comes_of(&[nothing.clone(), no, passed()]).await;
        assert!(matches!(checked, Err(NotPassed::Forbidden { .. })), "{nothing}: {checked:?}");
        assert_eq!(asked, 2, "{nothing}");
    }
    let (checked, _) = comes_of(&[starting]).await;
    assert!(matches!(checked, Err(NotPassed::Unavailable { retry_after_s: Some(7), .. })), "{checked:?}");
}

#[tokio::test]
async fn nobody_at_the_address_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let checked = checker(&url).check(&caller(), &export()).await;
    let Err(NotPassed::Unavailable { server, why, .. }) = checked else { panic!("{checked:?}") };
    assert!(server == url && why.contains("refused"), "{server} {why}");
}

#[tokio::test]
async fn silence_ends_with_the_attempt_and_all_attempts_with_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let waiting = |attempt, total| {
        let (attempt, total) = (Duration::from_millis(attempt), Duration::from_millis(total));
        checker_with(&url, CheckOptions { attempt, total, retries: 255, ..CheckOptions::default() })
    };
    for (attempt, total) in [(60_000, 50), (10, 100)] {
        let (checker, caller, demand) = (waiting(attempt, total), caller(), export());
        let checked = tokio::time::timeout(Duration::from_secs(20), checker.check(&caller, &demand));
        let checked = checked.await.expect("the deadline counts");
        let Err(NotPassed::Unavailable { why, .. }) = checked else { panic!("{checked:?}") };
        assert_eq!(why, format!("no answer within {total} ms"));
    }
    let options = CheckOptions { attempt: Duration::from_millis(20), retries: 0, ..CheckOptions::default() };
    let checked = checker_with(&url, options).check(&caller(), &export()).await;
    let Err(NotPassed::Unavailable { why, .. }) = checked else { panic!("{checked:?}") };
    assert_eq!(why, "no answer within 20 ms");
}

#[tokio::test]
async fn what_is_for_nobody_or_from_two_is_not_asked_about() {
    let server = Scripted::says(&[passed()]);
    let checker = checker(&server.url);
    let checked = checker.check(&caller(), &Demand::nobody()).await;
    assert!(matches!(checked, Err(NotPassed::Forbidden { .. })), "{checked:?}");
    let twice = ["Basic YTpodXNo"; 2].map(|value| (reqwest::header::AUTHORIZATION, HeaderValue::from_static(value)));
    let mut headers = reqwest::header::HeaderMap::new();
    twice.into_iter().for_each(|(name, value)| _ = headers.append(name, value));
    let checked = checker.check(&checker.caller(&headers), &export()).await;
    assert!(matches!(checked, Err(NotPassed::NotAuthenticated { .. })), "{checked:?}");
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn many_checks_share_a_few_connections() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let opened = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&opened);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut request = Vec::new();
                while connection.read_buf(&mut request).await.is_ok_and(|read| read > 0) {
                    if request.ends_with(b"\r\n\r\n") {
                        request.clear();
                        let said = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{PASSED}\r\n");
                        connection.write_all(said.as_bytes()).await.expect("somebody who listens");
                    }
                }
            });
        }
    });
    let checker = checker(&url);
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let checker = checker.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    checker.check(&caller(), &export()).await.expect("a passage");
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("done");
    }
    let opened = opened.load(Ordering::SeqCst);
    assert!(opened <= 40, "{opened} connections for 400 checks");
}

#[test]
fn what_is_no_server_is_refused_without_quoting_it() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    for url in ["", "keys.example.com", "https://ada:hush@keys.example.com", "https://keys.example.com?hush"] {
        let error = Checker::new(url).expect_err(url).to_string();
        assert!(error.starts_with("the server's URL ") && !error.contains("hush"), "{error}");
    }
}
