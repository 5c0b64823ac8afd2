//! Where somebody goes on who has just signed in, and what goes with him: a page by a link, and what was typed from this
//! browser's own pages alone.

use reqwest::Method;

use crate::answer::Answer;
use crate::browser::{Browser, value_of};
use crate::console::{SIGN_IN, is_page, set_cookie};
use crate::console_second_factor::{post, turns_on};
use crate::console_sessions::form_token;
use crate::world::{World, email, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, pia@ admin
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
}
