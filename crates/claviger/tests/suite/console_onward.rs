//! Where somebody goes on who has just signed in, and what goes with him: a page by a link, and what was typed from this
//! browser's own pages alone.

use reqwest::Method;
use serde_json::json;

use crate::answer::Answer;
use crate::browser::{Browser, value_of};
use crate::console::{SIGN_IN, is_page, set_cookie};
use crate::console_second_factor::{post, turns_on};
use crate::console_sessions::form_token;
use crate::world::{World, email, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, pia@ admin, mel@ admin
";

const TEAMS: &str = "/console/organizations/{acme}/teams";
const NEW: &str = "/console/organizations/{acme}/teams/new";
const CODE: &str = "/console/sign-in/code";

/// What a stranger would like somebody to send.
const FOREIGN: &str = "name=of+a+stranger";

/// What a form's hidden field holds, as it was written.
fn field(page: &Answer, name: &str) -> String {
    value_of(&page.text, name).unwrap_or_else(|| panic!("no {name} on {}", page.text)).replace("&#38;", "&")
}

/// A cookie that an answer sets, as it is sent back. Nothing that was written may hold what it holds of a session.
fn cookie(world: &World, answer: &Answer, name: &str) -> String {
    let (value, _) = set_cookie(answer, name).unwrap_or_else(|| panic!("no {name} of {}", answer.text));
    if name != "claviger-form" {
        world.remember_session(value);
    }
    format!("{name}={value}")
}

/// Somebody signs out while a form is open, and sends it: the page that keeps what he typed, and its cookie.
async fn keeps(world: &World, session: &str) -> (Answer, String) {
    let session = format!("claviger={session}");
    let page = send(world.request(Method::GET, NEW).header("cookie", &session)).await;
    let token = form_token(&page);
    assert_eq!(post(world, &session, "/console/sign-out", &[("form_token", &token)]).await.status, 303);
    let kept = post(world, &session, TEAMS, &[("form_token", &token), ("name", "typed before")]).await;
    is_page(&kept, 403, "Sign in");
    let cookie = cookie(world, &kept, "claviger-form");
    (kept, cookie)
}

const PROFILE: &str = "/console/profile";

/// Somebody with a form open in one tab gets another role, and asks for a page in another tab: the token of the form, which is
/// of the session before. The session goes on under a token of its own.
async fn goes_on(world: &World, browser: &Browser<'_>, role: &str) -> String {
    browser.page(PROFILE, "Profile").await;
    let (before, session) = (browser.hidden("form_token"), browser.session());
    world.account("ada").patch("organizations/{acme}/users/{pia}", json!({ "role": role })).await.ok();
    browser.page(PROFILE, "Profile").await;
    assert!(before != browser.hidden("form_token") && session != browser.session());
    before
}

/// The hidden fields of a page, one of them with another value.
fn hidden(page: &Answer, changed: (&str, &str)) -> Vec<(&'static str, String)> {
    let value = |name| if name == changed.0 { changed.1.to_owned() } else { field(page, name) };
    ["form_token", "return_to", "kept", "kept_seal"].map(|name| (name, value(name))).to_vec()
}

async fn sends(world: &World, cookie: &str, path: &str, hidden: &[(&str, String)], more: &[(&str, &str)]) -> Answer {
    let hidden = hidden.iter().map(|(name, value)| (*name, value.as_str()));
    post(world, cookie, path, &hidden.chain(more.iter().copied()).collect::<Vec<_>>()).await
}

on_both_stores! {
    /// a link brings a page, and never a form that somebody else has filled in
    async fn a_link_brings_no_form(world: World) {
        let world = world.with(WORLD).await;
        let to = world.path(TEAMS);
        let query = format!("?return_to={}&kept={}&kept_seal=0", to.replace('/', "%2F"), FOREIGN.replace('=', "%3D"));
        let page = send(world.request(Method::GET, &format!("{SIGN_IN}{query}"))).await;
        assert_eq!(field(&page, "return_to"), to);
        assert!(!page.text.contains("stranger") && !page.text.contains("name=\"kept"), "{}", page.text);
        turns_on(&world, "pia").await;
        let password = world.password_of("pia");
        let fields = [("form_token", &*form_token(&page)), ("email", &email("pia")), ("password", &password)];
        let answer = post(&world, &cookie(&world, &page, "claviger-form"), SIGN_IN, &fields).await;
        let cookie = cookie(&world, &answer, "claviger-code");
        for with in ["", "&with=recovery-code"] {
            let page = send(world.request(Method::GET, &format!("{CODE}{query}{with}")).header("cookie", &cookie)).await;
            assert_eq!((page.status, field(&page, "return_to")), (200, to.clone()));
            assert!(!page.text.contains("stranger") && !page.text.contains("name=\"kept"), "{}", page.text);
        }
    }

    /// what no page of this browser has sealed, or has sealed for another address, is dropped: he goes on to the page alone
    async fn what_was_typed_is_sealed(world: World) {
        let world = world.with(WORLD).await;
        let (kept, browser) = keeps(&world, &Browser::signs_in(&world, "pia").await.session()).await;
        let (other, _) = keeps(&world, &Browser::signs_in(&world, "pia").await.session()).await;
        let password = world.password_of("pia");
        for changed in [
            ("kept", FOREIGN),
            ("kept_seal", ""),
            ("kept_seal", &*field(&other, "kept_seal")),
            ("return_to", &*world.path("/console/organizations/{acme}/projects")),
        ] {
            let hidden = hidden(&kept, changed);
            let answer = sends(&world, &browser, SIGN_IN, &hidden, &[("email", &email("pia")), ("password", &password)]).await;
            assert_eq!((answer.status, answer.header("location")), (303, Some(&*hidden[1].1)), "{changed:?}: {}", answer.text);
            cookie(&world, &answer, "claviger");
        }
        let fields = [("email", &*email("pia")), ("password", &*password)];
        let answer = sends(&world, &browser, SIGN_IN, &hidden(&kept, ("", "")), &fields).await;
        is_page(&answer, 200, "Send it again");
        cookie(&world, &answer, "claviger");
        for shown in ["value=\"typed before\"".to_owned(), format!("It goes to <code>{}</code>.", world.path(TEAMS))] {
            assert!(answer.text.contains(&shown), "{shown}: {}", answer.text);
        }
    }

    /// through a wrong password and a second factor, what was typed goes on, sealed for each page anew
    async fn what_was_typed_goes_through_both_steps(world: World) {
        let world = world.with(WORLD).await;
        let pia = turns_on(&world, "pia").await;
        let (kept, browser) = keeps(&world, &pia.session).await;
        let (email, password, as_it_is) = (email("pia"), world.password_of("pia"), ("", ""));
        let wrong = [("email", &*email), ("password", "not the one that she has")];
        let wrong = sends(&world, &browser, SIGN_IN, &hidden(&kept, as_it_is), &wrong).await;
        is_page(&wrong, 403, "Error: Sign in");
        let right = [("email", &*email), ("password", &*password)];
        let asked = sends(&world, &browser, SIGN_IN, &hidden(&wrong, as_it_is), &right).await;
        is_page(&asked, 200, "Code from your app");
        let browser = cookie(&world, &asked, "claviger-code");
        let wrong = sends(&world, &browser, CODE, &hidden(&asked, as_it_is), &[("recovery_code", "abcd")]).await;
        is_page(&wrong, 403, "Error: Recovery code");
        let (foreign, recovery) = (hidden(&wrong, ("kept", FOREIGN)), [("recovery_code", &*pia.recovery[0])]);
        let answer = sends(&world, &browser, CODE, &foreign, &recovery).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some(&*world.path(TEAMS))), "{}", answer.text);
        cookie(&world, &answer, "claviger");
        let (kept, browser) = keeps(&world, set_cookie(&answer, "claviger").expect("a session").0).await;
        let asked = sends(&world, &browser, SIGN_IN, &hidden(&kept, as_it_is), &right).await;
        let browser = cookie(&world, &asked, "claviger-code");
        let again = sends(&world, &browser, CODE, &hidden(&asked, as_it_is), &[("recovery_code", &pia.recovery[1])]).await;
        is_page(&again, 200, "Send it again");
        assert!(again.text.contains("value=\"typed before\""), "{}", again.text);
        cookie(&world, &again, "claviger");
    }

    /// a form of another tab, from before the session went on under another token, is shown once more and sent then
    async fn a_form_of_another_tab_is_shown_again(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        let first = goes_on(&world, &pia, "member").await;
        let second = goes_on(&world, &pia, "admin").await;
        let once = "0".repeat(32);
        for (before, name) in [(&first, "Day shift"), (&second, "Night shift")] {
            let fields = [("once", &*once), ("name", name), ("password", "not to be kept")];
            let again = pia.submit_with(before, TEAMS, &fields).await;
            is_page(&again, 403, "Send it again");
            for shown in ["Your role or your password has changed since this form was opened.", &*format!("<dd>{name}</dd>")] {
                assert!(again.text.contains(shown), "{shown}: {}", again.text);
            }
            assert!(again.text.contains(&format!("It goes to <code>{}</code>.", world.path(TEAMS))), "{}", again.text);
            assert!(!again.text.contains("not to be kept") && !again.text.contains(before), "{}", again.text);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM teams").await, 0, "nothing was done");
        let done = pia.submit(TEAMS, &[("once", &once), ("name", "Night shift")]).await;
        assert_eq!(done.status, 303, "{}", done.text);
        assert_eq!(world.count("SELECT COUNT(*) FROM teams").await, 1);
        // Where nothing was typed that could be kept, it is said.
        let refused = pia.submit_with(&second, "/console/profile/sessions/end-others", &[]).await;
        is_page(&refused, 403, "Form opened earlier");
        // While the role has changed once more, and while the session is over.
        world.account("ada").patch("organizations/{acme}/users/{pia}", json!({ "role": "owner" })).await.ok();
        let again = pia.submit_with(&second, TEAMS, &[("name", "Late shift")]).await;
        is_page(&again, 403, "Send it again");
        assert!(again.text.contains("Your role has changed since you signed in."), "{}", again.text);
        let elsewhere = Browser::signs_in(&world, "pia").await;
        elsewhere.page("/console/profile/sessions", "Sessions").await;
        assert_eq!(elsewhere.submit("/console/profile/sessions/end-others", &[]).await.status, 303);
        let kept = pia.submit_with(&second, TEAMS, &[("name", "Late shift")]).await;
        is_page(&kept, 403, "Sign in");
        assert_eq!(field(&kept, "kept"), "name=Late+shift");
    }

    /// a token of a form that this session never showed, or that another site sends, brings nothing before anybody
    async fn a_form_of_no_session_of_this_browser_is_refused(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        let before = goes_on(&world, &pia, "member").await;
        let known = pia.value("claviger-earlier");
        let elsewhere = Browser::signs_in(&world, "pia").await;
        elsewhere.page(PROFILE, "Profile").await;
        let fields = [("name", "of a stranger")];
        for token in ["0".repeat(64), elsewhere.hidden("form_token"), known.split('.').next().unwrap().to_owned(), String::new()] {
            let refused = pia.submit_with(&token, TEAMS, &fields).await;
            is_page(&refused, 403, "Form no longer valid");
            assert!(!refused.text.contains("of a stranger"), "{}", refused.text);
        }
        // What one session's browser keeps is worth nothing with another session, of whomever.
        let mel = Browser::signs_in(&world, "mel").await;
        for session in [elsewhere.session(), mel.session()] {
            let cookie = format!("claviger={session}; claviger-earlier={known}");
            let refused = post(&world, &cookie, TEAMS, &[("form_token", &before), fields[0]]).await;
            is_page(&refused, 403, "Form no longer valid");
            assert!(!refused.text.contains("of a stranger"), "{}", refused.text);
        }
        let cookie = format!("claviger={}; claviger-earlier={known}", pia.session());
        let foreign = world.request(Method::POST, TEAMS).header("cookie", &cookie).header("sec-fetch-site", "cross-site");
        let refused = send(foreign.form(&[("form_token", &*before), fields[0]])).await;
        is_page(&refused, 403, "Not sent from here");
        assert!(!refused.text.contains("of a stranger"), "{}", refused.text);
        let without = post(&world, &format!("claviger={}", pia.session()), TEAMS, &[("form_token", &before), fields[0]]).await;
        is_page(&without, 403, "Form no longer valid");
        is_page(&pia.submit_with(&before, TEAMS, &fields).await, 403, "Send it again");
    }

    /// after a change of the password a form of another tab is shown once more, and signing out there signs out
    async fn a_new_password_keeps_what_another_tab_holds(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        pia.page("/console/profile/password", "Change password").await;
        let before = pia.hidden("form_token");
        let fields = [("current", &*world.password_of("pia")), ("new", "another one, and long enough")];
        pia.submit_to("/console/profile/password", &fields, "Profile").await;
        is_page(&pia.submit_with(&before, TEAMS, &[("name", "Night shift")]).await, 403, "Send it again");
        let out = pia.submit_with(&before, "/console/sign-out", &[]).await;
        assert_eq!((out.status, out.header("location")), (303, Some(SIGN_IN)), "{}", out.text);
        assert_eq!((pia.session(), pia.value("claviger-earlier")), (String::new(), String::new()));
        assert_eq!(world.count("SELECT COUNT(*) FROM sessions").await, 0);
    }
}
