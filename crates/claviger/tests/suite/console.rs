//! The console as a browser meets it: its addresses, what every answer carries, and forms that are not its own.

use reqwest::{Method, RequestBuilder};

use crate::answer::Answer;
use crate::raw::exchange;
use crate::world::{World, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, mel@ member, ada2@ owner
  shop: exporter admin
";

pub(crate) const SIGN_IN: &str = "/console/sign-in";

/// What every answer of the console carries.
#[track_caller]
fn is_protected(answer: &Answer) {
    assert_eq!(
        answer.header("content-security-policy"),
        Some(
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    );
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"));
    assert_eq!(answer.header("strict-transport-security"), None, "there is no TLS");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert!(
        matches!(answer.header("referrer-policy"), Some("no-referrer" | "same-origin" | "strict-origin")),
        "{answer:?}"
    );
    assert!(answer.header("x-request-id").is_some_and(|id| id.len() == 32));
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
}

/// A page, not cached, without a script or a style of its own.
#[track_caller]
pub(crate) fn is_page(answer: &Answer, status: u16, title: &str) {
    is_protected(answer);
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (status, Some("text/html; charset=utf-8")),
        "{answer:?}"
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.text.contains(&format!("<title>{title} · Claviger</title>")), "{}", answer.text);
    assert_eq!(answer.text.matches("<h1").count(), 1);
    assert_eq!((answer.text.matches("<script").count(), answer.text.matches("<style").count()), (1, 0));
}

/// The cookie that an answer sets, with what it says of it.
pub(crate) fn set_cookie<'a>(answer: &'a Answer, name: &str) -> Option<(&'a str, &'a str)> {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().expect("text"));
    let value = cookies.filter_map(|cookie| cookie.strip_prefix(name)?.strip_prefix('=')).next();
    value.map(|value| value.split_once("; ").expect("attributes"))
}

/// What a browser has after it was shown the sign-in page.
pub(crate) struct Shown {
    cookie: String,
    token: String,
}

pub(crate) async fn shown(world: &World) -> Shown {
    let answer = send(world.request(Method::GET, SIGN_IN)).await;
    let (cookie, _) = set_cookie(&answer, "claviger-form").expect("a cookie");
    let token = answer.text.split("name=\"form_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    Shown { cookie: cookie.to_owned(), token: token.expect("a token").to_owned() }
}

/// The sign-in form, as the page sends it.
pub(crate) fn form(world: &World, shown: &Shown, email: &str, password: &str) -> RequestBuilder {
    let body = format!(
        "form_token={}&email={}&password={}",
        shown.token,
        email.replace('+', "%2B").replace('@', "%40"),
        password.replace(' ', "+")
    );
    world
        .request(Method::POST, SIGN_IN)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", format!("claviger-form={}", shown.cookie))
        .header("sec-fetch-site", "same-origin")
        .body(body)
}

on_both_stores! {
    /// who is not signed in is led to the sign-in page, from wherever he comes
    async fn addresses_lead_to_the_sign_in_page(world: World) {
        let world = world.with(WORLD).await;
        let back = "/console/sign-in?return_to=%2Fconsole%2Forganizations%2F1%2Fservice-accounts%3Fview%3Dexpired";
        let accounts = "/console/organizations/{acme}/service-accounts?view=expired";
        for (path, to) in [("/", SIGN_IN), ("/console", SIGN_IN), ("/console/", SIGN_IN), (accounts, back)] {
            let answer = send(world.request(Method::GET, path)).await;
            assert_eq!((answer.status, answer.header("location")), (303, Some(to)), "{path}");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            is_protected(&answer);
        }
        let page = send(world.request(Method::GET, SIGN_IN)).await;
        is_page(&page, 200, "Sign in");
        assert_eq!(page.header("referrer-policy"), Some("same-origin"), "its form is told by where it comes from");
        let (value, attributes) = set_cookie(&page, "claviger-form").expect("a cookie");
        assert!(value.len() == 32 && attributes == "Path=/; Max-Age=3600; HttpOnly; SameSite=Lax", "{attributes}");
        assert!(page.text.contains("type=\"password\" autocomplete=\"current-password\" required>"));
    }

    /// what is not there, and what an address is not for, is told by a page
    async fn other_addresses_are_pages_that_say_so(world: World) {
        let world = world.with(WORLD).await;
        for path in ["/console/nowhere", "/console/organizations", "/console/assets/0000000000000000.css", "/console/sign-in/x"] {
            let answer = send(world.request(Method::GET, path)).await;
            is_page(&answer, 404, "Not found");
            assert!(answer.text.contains("There is no page at this address."));
        }
        for (method, path, allow) in [
            (Method::GET, "/console/sign-out", "POST"),
            (Method::DELETE, SIGN_IN, "GET,HEAD,POST"),
            (Method::POST, "/console/organizations/{acme}/service-accounts/new", "GET,HEAD"),
        ] {
            let answer = send(world.request(method, path).header("sec-fetch-site", "same-origin")).await;
            is_page(&answer, 405, "Not for that");
            assert_eq!(answer.header("allow"), Some(allow), "{path}");
        }
        // The API's own answers stay as they are.
        send(world.request(Method::GET, "/nowhere")).await.refused(404, "not_found");
    }

    /// style, script and mark are kept for ever under names that change with them
    async fn assets_are_kept_for_ever(world: World) {
        let world = world.with(WORLD).await;
        let page = send(world.request(Method::GET, SIGN_IN)).await.text;
        for (extension, kind) in [("css", "text/css; charset=utf-8"), ("js", "text/javascript; charset=utf-8"), ("svg", "image/svg+xml")] {
            let named = page.split('"').find(|part| part.starts_with("/console/assets/") && part.ends_with(extension));
            let answer = send(world.request(Method::GET, named.expect("its name"))).await;
            is_protected(&answer);
            assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)));
            assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
            assert!(answer.text.len() > 400);
        }
    }

    /// a form that another site sends, or that does not say where it comes from, or has no token, does nothing
    async fn forms_of_others_are_refused(world: World) {
        let world = world.with(WORLD).await;
        let ours = shown(&world).await;
        let (here, password) = (format!("http://{}", world.address()), world.password_of("mel"));
        let bare = |cookie: bool| {
            let request = world.request(Method::POST, SIGN_IN).header("content-type", "application/x-www-form-urlencoded");
            let request = request.body(format!("form_token={}&email=mel%40example.com&password={}", ours.token, password.replace(' ', "+")));
            if cookie { request.header("cookie", format!("claviger-form={}", ours.cookie)) } else { request }
        };
        let foreign = "This form was sent by another site";
        let stale = "This form is no longer valid";
        for (request, said) in [
            (bare(true), foreign),
            (bare(true).header("sec-fetch-site", "cross-site"), foreign),
            (bare(true).header("sec-fetch-site", "same-site"), foreign),
            (bare(true).header("origin", "https://elsewhere.example"), foreign),
            (bare(true).header("origin", "null"), foreign),
            (bare(true).header("origin", &here).header("sec-fetch-site", "cross-site"), foreign),
            (bare(false).header("origin", &here), stale),
            (bare(false).header("origin", &here).header("cookie", "claviger-form=x"), stale),
            (bare(true).header("origin", &here).header("cookie", format!("claviger-form={}", ours.cookie)), stale),
            (bare(true).header("origin", &here).body("email=mel%40example.com"), stale),
            (bare(true).header("origin", &here).body(""), stale),
        ] {
            let answer = send(request).await;
            assert_eq!(answer.status, 403, "{}", answer.text);
            assert!(answer.text.contains(said), "{}", answer.text);
            is_protected(&answer);
        }
        // The same form from the page itself is read.
        let answer = send(bare(true).header("origin", &here)).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/console")), "{}", answer.text);
        world.remember_session(set_cookie(&answer, "claviger").expect("a session").0);
        let out = world.request(Method::POST, "/console/sign-out").header("sec-fetch-site", "cross-site");
        assert_eq!(send(out).await.status, 403);
    }

    /// what was typed as an address stands in the form again, as text, and a password never
    async fn a_wrong_password_is_told_and_not_shown(world: World) {
        let world = world.with(WORLD).await;
        let ours = shown(&world).await;
        let typed = "mel\"><script>alert(1)</script>@example.com";
        let answer = send(form(&world, &ours, typed, "another password of hers")).await;
        is_page(&answer, 403, "Error: Sign in");
        assert!(answer.text.contains("E-mail or password is wrong."));
        assert!(answer.text.contains("value=\"mel&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;@example.com\""), "{}", answer.text);
        assert!(!answer.text.contains("another password"), "{}", answer.text);
        assert_eq!(set_cookie(&answer, "claviger"), None);
        assert_eq!(answer.header("www-authenticate"), None, "a browser would ask for the API's credential");
    }

    /// so many tries a minute from one address, whatever they name
    async fn tries_are_limited(world: World) {
        let world = world.with(WORLD).await;
        let ours = shown(&world).await;
        let mut last = None;
        for number in 0..60 {
            let answer = send(form(&world, &ours, &format!("nobody{number}@example.com"), "short")).await;
            last = Some(answer);
            if last.as_ref().is_some_and(|answer| answer.status != 403) {
                assert!(number >= 20, "{number}");
                break;
            }
        }
        let answer = last.expect("an answer");
        is_page(&answer, 429, "Too many attempts");
        assert!(answer.text.contains("Too many attempts from your address. Try again in"), "{}", answer.text);
        assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok_and(|seconds| seconds >= 1)));
    }

    /// so many tries a minute under one e-mail address, however it is typed
    async fn tries_of_one_account_are_limited(world: World) {
        let world = world.with(WORLD).await;
        let ours = shown(&world).await;
        let spellings = ["mel@example.com", " mel@example.com", "MEL@example.com\u{a0}", "\nmel@Example.com\u{2003}\t"];
        let mut tries = 0;
        let answer = loop {
            let answer = send(form(&world, &ours, spellings[tries % 4], "short")).await;
            if answer.status != 403 {
                break answer;
            }
            tries += 1;
            assert!(tries < 20, "from one address are no more in any case");
        };
        is_page(&answer, 429, "Too many attempts");
        assert!(answer.text.contains("Too many attempts with this e-mail address. Try again in"), "{}", answer.text);
        assert!(tries >= 10, "{tries}");
    }

    /// a right credential of the API opens no page, and no cookie opens the API
    async fn credentials_of_the_api_open_no_page(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let path = "/console/organizations/{acme}/service-accounts";
        let sign_in = "/console/sign-in?return_to=%2Fconsole%2Forganizations%2F1%2Fservice-accounts";
        for header in [ada.header(), ada.plain(), format!("Bearer {}", ada.secret)] {
            let answer = send(world.request(Method::GET, path).header("authorization", header)).await;
            assert_eq!((answer.status, answer.header("location")), (303, Some(sign_in)));
        }
        for cookie in [ada.secret.clone(), format!("{}:{}", ada.username, ada.secret), "x".repeat(4_000)] {
            let answer = send(world.request(Method::GET, path).header("cookie", format!("claviger={cookie}"))).await;
            assert_eq!((answer.status, answer.header("location")), (303, Some(sign_in)));
            send(world.request(Method::GET, "me").header("cookie", format!("claviger={cookie}"))).await.refused(401, "not_authenticated");
        }
        // Who was not signed in is not afterwards either, and the cookie goes.
        let out = world.request(Method::POST, "/console/sign-out").header("sec-fetch-site", "same-origin").header("cookie", "claviger=x");
        let answer = send(out).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some(SIGN_IN)));
        assert_eq!(set_cookie(&answer, "claviger"), Some(("", "Path=/; Max-Age=0; HttpOnly; SameSite=Lax")));
    }

    /// `Host` that is neither the base URL's nor, on loopback, localhost (rebinding), or forged: 421
    async fn another_name_leads_to_no_page(world: World) {
        let world = world.with(WORLD).await;
        for (host, status) in [("localhost:8000", 200), ("127.0.0.1", 200), ("[::1]", 200), ("rebound.example", 421), ("10.0.0.1", 421), ("user@127.0.0.1", 421), ("rebound.example@localhost", 421)] {
            let request = format!("GET {SIGN_IN} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let exchange = exchange(world.address(), request.as_bytes(), 1).await;
            assert_eq!(exchange.statuses, [status], "{host}");
            assert!(status == 200 || exchange.text.contains("This server does not answer under this name."), "{exchange:?}");
        }
    }

    /// an address that may hold a token, whatever answers there: no other server learns it, and its forms say where from
    async fn addresses_of_links_go_nowhere(world: World) {
        let world = world.with(WORLD).await;
        for (method, path, status) in [
            (Method::GET, "/console/reset/cvr_1_x", 404),
            (Method::POST, "/console/reset/cvr_1_x", 403),
            (Method::GET, "/console/setup/cvo_1_x", 404),
            (Method::GET, "/console/invitations/cvi_1_x", 404),
            (Method::POST, "/console/invitations/cvi_1_x", 403),
            (Method::DELETE, "/console/invitations/cvi_1_x", 405),
            (Method::GET, "/console/invitations/cvi_1_x/", 404),
            (Method::GET, "/console/reset/%FF", 404),
        ] {
            let request = world.request(method, path).header("sec-fetch-site", "same-origin");
            let answer = send(request.header("content-type", "application/x-www-form-urlencoded")).await;
            assert_eq!((answer.status, answer.header("referrer-policy")), (status, Some("strict-origin")), "{path}: {}", answer.text);
        }
        let wrong_host = "GET /console/reset/cvr_1_x HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n";
        let exchange = exchange(world.address(), wrong_host.as_bytes(), 1).await;
        assert!(exchange.text.contains("referrer-policy: strict-origin"), "{exchange:?}");
    }

    /// bytes that are no text are refused, and never read as other text
    async fn only_text_is_read(world: World) {
        let world = world.with(WORLD).await;
        let ours = shown(&world).await;
        let forms = ["email=mel%FF%40example.com&password=a+long+enough+one", "email=mel%40example.com&password=a+long+enough+%E9", "other%C3=1", "%C3&%A9"];
        for form in forms {
            let request = world.request(Method::POST, SIGN_IN).header("cookie", format!("claviger-form={}", ours.cookie));
            let request = request.header("sec-fetch-site", "same-origin").header("content-type", "application/x-www-form-urlencoded");
            let answer = send(request.body(format!("form_token={}&{form}", ours.token))).await;
            is_page(&answer, 400, "Not a form of ours");
        }
        let session = crate::console_sessions::signs_in(&world, "ada2").await;
        let page = crate::console_sessions::get(&world, &session, "/console/organizations/{acme}/teams/new").await;
        let token = crate::console_sessions::form_token(&page);
        for (name, status) in [("Nacht%E9", 400), ("Nacht%C3%A9", 303)] {
            let request = world.request(Method::POST, "/console/organizations/{acme}/teams").header("cookie", format!("claviger={session}"));
            let request = request.header("sec-fetch-site", "same-origin").header("content-type", "Application/X-WWW-Form-URLencoded; charset=utf-8");
            assert_eq!(send(request.body(format!("form_token={token}&once={status:032}&name={name}"))).await.status, status, "{name}");
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM teams").await, 1);
    }

    /// another program's cookie on the same host does no harm, whatever it holds
    async fn cookies_of_others_are_passed_over(world: World) {
        let world = world.with(WORLD).await;
        let session = crate::console_sessions::signs_in(&world, "mel").await;
        for (before, after) in [(&b"other=\xfc; "[..], &b""[..]), (b"", b"; \xe9"), (b"\xff; ; =; ", b"; x=\xc3\xa9")] {
            let cookie = [before, format!("claviger={session}").as_bytes(), after].concat();
            let answer = send(world.request(Method::GET, "/console/profile").header("cookie", cookie)).await;
            is_page(&answer, 200, "Profile");
        }
    }

    /// without an image, pages say so
    async fn without_an_image_pages_say_so(world: World) {
        let world = world.with(WORLD).await;
        let ours = shown(&world).await;
        // The keeper brings the image back within half a second, which this must not meet.
        let mut unready = None;
        for number in 0..15 {
            world.node().cluster.drop_image();
            let page = send(world.request(Method::GET, "/").header("cookie", "claviger=x")).await;
            world.node().cluster.drop_image();
            let typed = form(&world, &ours, &format!("mel{number}@example.com"), "a long enough password");
            let entered = send(typed).await;
            if (page.status, entered.status) == (503, 503) {
                unready = Some([page, entered]);
                break;
            }
        }
        for answer in unready.expect("not ready without an image") {
            is_page(&answer, 503, "Not available");
            let request = format!("Request {}.", answer.header("x-request-id").expect("an id"));
            assert!(answer.text.contains(&request), "{}", answer.text);
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
        world.becomes_ready().await;
        is_page(&send(world.request(Method::GET, SIGN_IN)).await, 200, "Sign in");
    }
}
