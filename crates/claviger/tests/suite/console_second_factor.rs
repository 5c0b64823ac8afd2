//! Second factors: set up, asked for after the password, used once, and turned off.

use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::console::{SIGN_IN, form, is_page, set_cookie, shown};
use crate::console_sessions::{form_token, get, is_out, signs_in};
use crate::totp::{code_at, step};
use crate::world::{World, email, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, pia@ admin, mel@ member
  shop: exporter admin
globex: gil owner
";

const ACCOUNTS: &str = "/console/organizations/{acme}/service-accounts";
const FACTOR: &str = "/console/profile/second-factor";
const CODE: &str = "/console/sign-in/code";

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    text.split(before).nth(1).and_then(|rest| rest.split(after).next()).unwrap_or_else(|| panic!("{before}: {text}"))
}

/// A form, as a page of ours sends it with this cookie.
pub(crate) async fn post(world: &World, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    let encoded = |text: &str| -> String {
        text.bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect()
    };
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let request = world.request(Method::POST, path).header("cookie", cookie).header("sec-fetch-site", "same-origin");
    send(request.header("content-type", "application/x-www-form-urlencoded").body(body.join("&"))).await
}

/// Somebody whose second factor is on.
pub(crate) struct Protected {
    pub(crate) session: String,
    secret: String,
    pub(crate) recovery: Vec<String>,
    /// Codes of this step and of earlier ones were used.
    used: u64,
}

/// The page that shows a new secret: its form's token, what waits in it, and the secret.
async fn begins(world: &World, session: &str) -> (String, String, String) {
    let page = get(world, session, FACTOR).await;
    let cookie = format!("claviger={session}");
    let page = post(world, &cookie, FACTOR, &[("form_token", &form_token(&page))]).await;
    is_page(&page, 200, "Set up a second factor");
    let secret = between(&page.text, "<code id=\"s\">", "</code>").to_owned();
    for kept in [secret.clone(), secret.replace(' ', "")] {
        world.keep_secret("second factor", &kept);
    }
    (form_token(&page), between(&page.text, "name=\"sealed\" value=\"", "\"").to_owned(), secret)
}

fn codes_of(world: &World, page: &Answer) -> Vec<String> {
    let codes: Vec<String> = between(&page.text, "<pre id=\"codes\">", "</pre>").lines().map(str::to_owned).collect();
    assert_eq!((codes.len(), codes[0].len()), (10, 29), "{codes:?}");
    for code in &codes {
        world.keep_secret("recovery code", code);
        world.keep_secret("recovery code", &code.replace('-', ""));
    }
    codes
}

pub(crate) async fn turns_on(world: &World, name: &str) -> Protected {
    let session = signs_in(world, name).await;
    let (token, sealed, secret) = begins(world, &session).await;
    let used = step();
    let (code, password) = (code_at(&secret, used), world.password_of(name));
    let fields = [("form_token", &*token), ("sealed", &sealed), ("code", &code), ("password", &password)];
    let page = post(world, &format!("claviger={session}"), &format!("{FACTOR}/confirm"), &fields).await;
    is_page(&page, 200, "Your second factor is on");
    Protected { recovery: codes_of(world, &page), session, secret, used }
}

/// Shows the password: the cookie of who is asked for a code.
pub(crate) async fn shows_password(world: &World, name: &str) -> String {
    let ours = shown(world).await;
    let answer = send(form(world, &ours, &email(name), &world.password_of(name))).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some(CODE)), "{}", answer.text);
    assert_eq!(set_cookie(&answer, "claviger"), None, "nothing is signed in yet");
    let (token, attributes) = set_cookie(&answer, "claviger-code").expect("a cookie");
    assert_eq!(attributes, "Path=/; Max-Age=300; HttpOnly; SameSite=Lax");
    world.remember_session(token);
    token.to_owned()
}

async fn code_page(world: &World, token: &str) -> Answer {
    send(world.request(Method::GET, CODE).header("cookie", format!("claviger-code={token}"))).await
}

async fn sends(world: &World, token: &str, field: &str, code: &str) -> Answer {
    let cookie = format!("claviger-code={token}");
    let page = code_page(world, token).await;
    if page.status != 200 {
        return page;
    }
    post(world, &cookie, CODE, &[("form_token", &form_token(&page)), (field, code)]).await
}

/// The session that an answer begins.
#[track_caller]
fn is_in(world: &World, answer: &Answer) -> String {
    assert_eq!((answer.status, answer.header("location")), (303, Some("/console")), "{}", answer.text);
    assert_eq!(set_cookie(answer, "claviger-code"), Some(("", "Path=/; Max-Age=0; HttpOnly; SameSite=Lax")));
    let (session, _) = set_cookie(answer, "claviger").expect("a session");
    world.remember_session(session);
    session.to_owned()
}

#[track_caller]
fn is_anew(answer: &Answer) {
    assert_eq!((answer.status, answer.header("location")), (303, Some(SIGN_IN)), "{}", answer.text);
    assert_eq!(set_cookie(answer, "claviger"), None);
}

fn actions(events: &Value) -> Vec<&str> {
    events.as_array().unwrap().iter().map(|event| event["action"].as_str().unwrap()).collect()
}

on_both_stores! {
    /// password first, then the code; before it is right nothing is signed in, and each step is in the log
    async fn a_code_is_asked_for_after_the_password(world: World) {
        let world = world.with(WORLD).await;
        let pia = turns_on(&world, "pia").await;
        is_page(&get(&world, &pia.session, FACTOR).await, 200, "Second factor");
        world.restart().await;
        let token = shows_password(&world, "pia").await;
        let page = code_page(&world, &token).await;
        is_page(&page, 200, "Code from your app");
        for cookie in ["claviger", "claviger-form", "claviger-code"] {
            let answer = send(world.request(Method::GET, ACCOUNTS).header("cookie", format!("{cookie}={token}"))).await;
            is_out(&answer);
        }
        let wrong = sends(&world, &token, "code", "000000").await;
        let wrong = if wrong.status == 303 { panic!("one of a million codes") } else { wrong };
        is_page(&wrong, 403, "Error: Code from your app");
        let ada = world.account("ada");
        let failed = ada.events_of("organizations/{acme}/audit-log?action=session.login_failed", 1).await;
        assert_eq!(failed[0]["after"], json!([{ "name": "reason", "value": "wrong_code" }]));
        let session = is_in(&world, &sends(&world, &token, "code", &code_at(&pia.secret, pia.used + 1)).await);
        is_page(&get(&world, &session, ACCOUNTS).await, 200, "Service Accounts · acme");
        let events = ada.get("organizations/{acme}/audit-log?action=second_factor.*").await.ok();
        assert_eq!(actions(&events), ["second_factor.enabled"]);
        assert_eq!((&events[0]["target"]["id"], &events[0]["actor"]["id"]), (&json!(world.id("pia")), &json!(world.id("pia"))));
        let logged = ada.get("organizations/{acme}/audit-log?action=session.logged_in").await.ok();
        assert_eq!(logged.as_array().unwrap().len(), 2, "before it was on, and with the code");
        assert_eq!(world.account("gil").get("organizations/{globex}/audit-log?action=second_factor.*").await.ok(), json!([]));
    }

    /// a code counts once, and so does the token of who has shown his password
    async fn a_code_works_once(world: World) {
        let world = world.with(WORLD).await;
        let pia = turns_on(&world, "pia").await;
        let (first, second) = (shows_password(&world, "pia").await, shows_password(&world, "pia").await);
        is_page(&sends(&world, &first, "code", &code_at(&pia.secret, pia.used)).await, 403, "Error: Code from your app");
        let next = code_at(&pia.secret, pia.used + 1);
        is_in(&world, &sends(&world, &first, "code", &next).await);
        // Both tokens are over: a code was used since they were made.
        for token in [&first, &second] {
            is_anew(&sends(&world, token, "recovery_code", &pia.recovery[0]).await);
        }
        let third = shows_password(&world, "pia").await;
        is_page(&sends(&world, &third, "code", &next).await, 403, "Error: Code from your app");
        world.restart().await;
        is_page(&sends(&world, &third, "code", &next).await, 403, "Error: Code from your app");
    }

    /// of many at once that send one code, one is in
    async fn one_code_of_many_at_once_begins_one_session(world: World) {
        let world = world.with(WORLD).await;
        let pia = turns_on(&world, "pia").await;
        let token = shows_password(&world, "pia").await;
        let code = code_at(&pia.secret, pia.used + 1);
        let page = code_page(&world, &token).await;
        let (cookie, form) = (format!("claviger-code={token}"), form_token(&page));
        let one = || async { post(&world, &cookie, CODE, &[("form_token", &form), ("code", &code)]).await };
        let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
        let mut begun = [a, b, c, d].into_iter().filter(|answer| set_cookie(answer, "claviger").is_some()).collect::<Vec<_>>();
        assert_eq!(begun.len(), 1);
        is_in(&world, &begun.remove(0));
    }

    /// five tries a minute, and a right one above them is none
    async fn codes_cannot_be_guessed(world: World) {
        let world = world.with(WORLD).await;
        let pia = turns_on(&world, "pia").await;
        let token = shows_password(&world, "pia").await;
        for code in ["", "00000", "0000000", "١٢٣٤٥٦", "-00000"] {
            is_page(&sends(&world, &token, "code", code).await, 403, "Error: Code from your app");
        }
        let right = sends(&world, &token, "code", &code_at(&pia.secret, pia.used + 1)).await;
        is_page(&right, 429, "Too many attempts");
        assert!(right.header("retry-after").is_some());
        let recovery = sends(&world, &token, "recovery_code", &pia.recovery[0]).await;
        assert_eq!(recovery.status, 429, "nor another kind of code");
    }

    /// a recovery code lets in once; new ones take the place of all before
    async fn a_recovery_code_works_once(world: World) {
        let world = world.with(WORLD).await;
        let pia = turns_on(&world, "pia").await;
        let token = shows_password(&world, "pia").await;
        let page = send(world.request(Method::GET, &format!("{CODE}?with=recovery-code")).header("cookie", format!("claviger-code={token}"))).await;
        is_page(&page, 200, "Recovery code");
        let typed = pia.recovery[3].to_uppercase().replace('-', " ");
        let session = is_in(&world, &sends(&world, &token, "recovery_code", &typed).await);
        let again = shows_password(&world, "pia").await;
        is_page(&sends(&world, &again, "recovery_code", &pia.recovery[3]).await, 403, "Error: Recovery code");
        let page = get(&world, &session, FACTOR).await;
        assert!(page.text.contains("9 recovery codes are left"), "{}", page.text);
        let (cookie, token) = (format!("claviger={session}"), form_token(&page));
        let path = format!("{FACTOR}/recovery-codes");
        let wrong = post(&world, &cookie, &path, &[("form_token", &token), ("password", "not the one that she has")]).await;
        is_page(&wrong, 403, "Error: Second factor");
        let made = post(&world, &cookie, &path, &[("form_token", &token), ("password", &world.password_of("pia"))]).await;
        is_page(&made, 200, "You have new recovery codes");
        let codes = codes_of(&world, &made);
        let again = shows_password(&world, "pia").await;
        is_page(&sends(&world, &again, "recovery_code", &pia.recovery[0]).await, 403, "Error: Recovery code");
        is_in(&world, &sends(&world, &again, "recovery_code", &codes[0]).await);
        let events = world.account("ada").get("organizations/{acme}/audit-log?action=second_factor.*").await.ok();
        assert_eq!(actions(&events), ["second_factor.recovery_code_used", "second_factor.recovery_codes_made", "second_factor.recovery_code_used", "second_factor.enabled"]);
    }

    /// whether somebody has a second factor is told to nobody who does not know the password
    async fn a_second_factor_is_no_oracle(world: World) {
        let world = world.with(WORLD).await;
        turns_on(&world, "pia").await;
        let ours = shown(&world).await;
        let mut told = Vec::new();
        for name in ["pia", "mel", "nobody"] {
            let wrong = send(form(&world, &ours, &email(name), "not the one that they have")).await;
            is_page(&wrong, 403, "Error: Sign in");
            let cookies: Vec<_> = wrong.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned()).collect();
            told.push((wrong.text.replace(&email(name), ""), cookies));
        }
        assert!(told[0] == told[1] && told[1] == told[2], "{told:?}");
        is_anew(&code_page(&world, "1.2.3").await);
    }

    /// turning it off asks for the password; from then on the password alone lets in
    async fn turning_it_off_asks_for_the_password(world: World) {
        let world = world.with(WORLD).await;
        let pia = turns_on(&world, "pia").await;
        let pending = shows_password(&world, "pia").await;
        let (cookie, path) = (format!("claviger={}", pia.session), format!("{FACTOR}/remove"));
        let token = form_token(&get(&world, &pia.session, FACTOR).await);
        for password in ["", "short", "not the one that she has"] {
            let wrong = post(&world, &cookie, &path, &[("form_token", &token), ("password", password)]).await;
            is_page(&wrong, 403, "Error: Second factor");
        }
        world.account("ada").events_of("organizations/{acme}/audit-log?action=session.login_failed", 1).await;
        let password = world.password_of("pia");
        let foreign = post(&world, &cookie, &path, &[("form_token", &"0".repeat(64)), ("password", &password)]).await;
        assert_eq!(foreign.status, 403);
        is_page(&code_page(&world, &pending).await, 200, "Code from your app");
        let off = post(&world, &cookie, &path, &[("form_token", &token), ("password", &password)]).await;
        is_page(&off, 200, "Second factor");
        assert!(off.text.contains("Set up a second factor"), "{}", off.text);
        is_anew(&code_page(&world, &pending).await);
        signs_in(&world, "pia").await;
        let again = post(&world, &cookie, &path, &[("form_token", &token), ("password", &password)]).await;
        is_page(&again, 409, "Error: Second factor");
        assert_eq!(world.count("SELECT COUNT(*) FROM second_factors").await + world.count("SELECT COUNT(*) FROM recovery_codes").await, 0);
        let events = world.account("ada").get("organizations/{acme}/audit-log?action=second_factor.removed").await.ok();
        assert_eq!(events.as_array().unwrap().len(), 1);
    }

    /// nothing is on before a code and the password were right, and a secret waits for who was shown it alone
    async fn nothing_is_on_before_a_code_was_right(world: World) {
        let world = world.with(WORLD).await;
        let (session, other) = (signs_in(&world, "pia").await, signs_in(&world, "mel").await);
        let (token, sealed, secret) = begins(&world, &session).await;
        let (other_token, _, _) = begins(&world, &other).await;
        let (cookie, path, code) = (format!("claviger={session}"), format!("{FACTOR}/confirm"), code_at(&secret, step()));
        let (pias, mels) = (world.password_of("pia"), world.password_of("mel"));
        for (code, password) in [("000000", &*pias), (&code, "not the one that she has"), ("", &*pias), (&code, "")] {
            let fields = [("form_token", &*token), ("sealed", &sealed), ("code", code), ("password", password)];
            let wrong = post(&world, &cookie, &path, &fields).await;
            is_page(&wrong, 403, "Error: Set up a second factor");
            assert!(wrong.text.contains(&secret), "one may try again with the same");
        }
        // In somebody else's form, bent, and by who comes without a form of ours.
        let bent = format!("{}{}", &sealed[..sealed.len() - 1], if sealed.ends_with('0') { "1" } else { "0" });
        for (cookie, token, sealed, password) in [
            (&*format!("claviger={other}"), &*other_token, &*sealed, &*mels),
            (&*cookie, &*token, &*bent, &*pias),
            (&*cookie, &*token, "", &*pias),
            (&*cookie, "", &*sealed, &*pias),
        ] {
            let fields = [("form_token", token), ("sealed", sealed), ("code", &*code), ("password", password)];
            assert_eq!(post(&world, cookie, &path, &fields).await.status, 403);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM second_factors").await, 0);
        signs_in(&world, "pia").await;
        signs_in(&world, "mel").await;
        let on = turns_on(&world, "mel").await;
        let answer = post(&world, &format!("claviger={}", on.session), FACTOR, &[("form_token", &form_token(&get(&world, &on.session, FACTOR).await))]).await;
        is_page(&answer, 409, "Error: Second factor");
    }

    /// the token of who has shown his password is his alone, and cannot be bent
    async fn a_shown_password_is_bound_to_its_person(world: World) {
        let world = world.with(WORLD).await;
        turns_on(&world, "pia").await;
        turns_on(&world, "mel").await;
        let (pias, mels) = (shows_password(&world, "pia").await, shows_password(&world, "mel").await);
        let (_, sealed) = pias.split_once('.').unwrap();
        let as_mel = format!("{}.{sealed}", world.id("mel"));
        let longer = format!("{pias}00");
        for bent in [&*as_mel, sealed, &pias[..pias.len() - 2], &longer, &pias.to_uppercase(), "a.b.c", "."] {
            is_anew(&code_page(&world, bent).await);
        }
        let twice = format!("claviger-code={pias}; claviger-code={mels}");
        is_anew(&send(world.request(Method::GET, CODE).header("cookie", twice)).await);
        is_page(&code_page(&world, &pias).await, 200, "Code from your app");
        is_anew(&send(world.request(Method::GET, CODE)).await);
    }
}
