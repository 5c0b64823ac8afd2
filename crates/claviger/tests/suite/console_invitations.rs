//! Invitations in the console: sent, sent again and withdrawn on a page, and accepted by the link, once.

use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::browser::{Browser, value_of};
use crate::console::{is_page, set_cookie};
use crate::world::{World, email, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, oda@ owner, pia@ admin, mel@ member
  shop: exporter admin
globex: gil owner, gia@ owner
";

const SEND: &str = "/console/organizations/{acme}/invitations";
const LIST: &str = "/console/organizations/{acme}/users-teams?view=invitations";

/// Fills the form in and sends it.
async fn invites(browser: &Browser<'_>, fields: &[(&str, &str)]) -> Answer {
    browser.page(&format!("{SEND}/new"), "Invite people · acme").await;
    let once = browser.hidden("once");
    let fields: Vec<_> = [("once", once.as_str())].into_iter().chain(fields.iter().copied()).collect();
    browser.submit(SEND, &fields).await
}

/// The path of the link that a page shows once. Nothing that is written may hold its token.
#[track_caller]
fn link(world: &World, answer: &Answer) -> String {
    is_page(answer, 200, "Copy the link now · acme");
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let shown = answer.text.split("id=\"s\">").nth(1).and_then(|rest| rest.split('<').next()).expect("a link");
    let path = shown.strip_prefix(&format!("http://{}", world.address())).expect("the address that the browser used");
    world.remember_token(&json!({ "token": path.rsplit('/').next() }));
    assert_eq!(answer.text.matches(path).count(), 1, "in one place");
    path.to_owned()
}

/// Opens a link as whoever was invited: the cookie and the token of its form.
async fn opens(world: &World, path: &str) -> (Answer, String, String) {
    let answer = send(world.request(Method::GET, path)).await;
    let (cookie, _) = set_cookie(&answer, "claviger-form").expect("a cookie");
    let (cookie, token) = (cookie.to_owned(), value_of(&answer.text, "form_token").expect("a form"));
    (answer, cookie, token)
}

/// Sends the form of that page.
async fn joins(world: &World, path: &str, (cookie, token): (&str, &str), fields: &[(&str, &str)]) -> Answer {
    let fields: Vec<_> = [("form_token", token)].into_iter().chain(fields.iter().copied()).collect();
    let request = world.request(Method::POST, path).header("cookie", format!("claviger-form={cookie}"));
    let answer = send(request.header("sec-fetch-site", "same-origin").form(&fields)).await;
    if let Some((session, _)) = set_cookie(&answer, "claviger") {
        world.remember_session(session);
    }
    answer
}

/// Opens a link and joins by it.
async fn accepts(world: &World, path: &str, name: &str, password: &str) -> Answer {
    let (_, cookie, token) = opens(world, path).await;
    joins(world, path, (&cookie, &token), &[("name", name), ("password", password)]).await
}

#[track_caller]
fn opens_nothing(answer: &Answer) {
    is_page(answer, 404, "Invitation");
    assert!(answer.text.contains("This link opens no invitation."), "{}", answer.text);
    assert_eq!(set_cookie(answer, "claviger"), None);
}

on_both_stores! {
    /// an admin invites, hands the link over, and who is invited joins and is signed in with what was promised
    async fn whoever_is_invited_joins_by_the_link(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        let shop = world.id("shop").to_string();
        let sent = invites(&pia, &[("email", "Tim@example.com"), ("role", "member"), ("project", &shop), ("project_role", "analyst")]).await;
        let path = link(&world, &sent);
        assert!(sent.text.contains("is invited</h1>") && sent.text.contains("Copy the link now. It will not be shown again."), "{}", sent.text);
        let listed = pia.page(LIST, "Users and Teams · acme").await;
        assert!(listed.contains("invited by pia of the world") && !listed.contains(path.rsplit('/').next().unwrap()), "{listed}");
        let (page, cookie, token) = opens(&world, &path).await;
        is_page(&page, 200, "Join acme");
        assert_eq!(page.header("referrer-policy"), Some("strict-origin"), "no server is told the link");
        assert!(!page.text.contains(path.rsplit('/').next().unwrap()), "the token is in the address alone");
        assert!(page.text.contains("pia of the world invites") && page.text.contains("Choose a password"), "{}", page.text);
        let wrong = joins(&world, &path, (&cookie, &token), &[("name", ""), ("password", "short")]).await;
        is_page(&wrong, 400, "Error: Join acme");
        for said in ["Two things need a change.", "Say what you are called.", "The password has fewer than 12 characters"] {
            assert!(wrong.text.contains(said), "{said} is not in {}", wrong.text);
        }
        let password = world.password_of("tim");
        let joined = joins(&world, &path, (&cookie, &token), &[("name", "Tim"), ("password", &password)]).await;
        assert_eq!((joined.status, joined.header("location")), (303, Some("/console")), "{}", joined.text);
        let (session, attributes) = set_cookie(&joined, "claviger").expect("a session");
        assert!(attributes.contains("HttpOnly; SameSite=Lax"), "{attributes}");
        let projects = world.request(Method::GET, "/console/organizations/{acme}/projects").header("cookie", format!("claviger={session}"));
        let page = send(projects).await;
        is_page(&page, 200, "Projects · acme");
        assert!(page.text.contains("shop") && page.text.contains("Analyst"), "{}", page.text);
        assert_eq!(world.count("SELECT COUNT(*) FROM invitations").await, 0);
        Browser::signs_in(&world, "tim").await;
    }

    /// opening the link, as scanners of mails do, uses nothing up and changes nothing
    async fn looking_uses_nothing_up(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        let path = link(&world, &invites(&pia, &[("email", &email("tim")), ("role", "member")]).await);
        let before = world.count("SELECT COUNT(*) FROM changes").await;
        for method in [Method::GET, Method::HEAD, Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT] {
            let answer = send(world.request(method.clone(), &path).header("sec-fetch-site", "none")).await;
            let expected = if matches!(method, Method::GET | Method::HEAD) { 200 } else { 405 };
            assert_eq!(answer.status, expected, "{method}");
        }
        // Nor does a form that no page of ours has sent.
        let (_, cookie, _) = opens(&world, &path).await;
        let typed = [("name", "Tim"), ("password", "a long enough password")];
        assert_eq!(joins(&world, &path, (&cookie, "0"), &typed).await.status, 403);
        let foreign = world.request(Method::POST, &path).header("sec-fetch-site", "cross-site").form(&typed);
        assert_eq!(send(foreign).await.status, 403);
        assert_eq!(world.count("SELECT COUNT(*) FROM changes").await, before);
        assert_eq!(accepts(&world, &path, "Tim", &world.password_of("tim")).await.status, 303);
    }

    /// used, it opens nothing; of two who use it at once, one joins
    async fn a_link_opens_once(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        let path = link(&world, &invites(&pia, &[("email", &email("tim")), ("role", "member")]).await);
        let (_, cookie, token) = opens(&world, &path).await;
        let (first, second) = (world.password_of("tim"), world.password_of("tom"));
        let fields = |name: &'static str, password: &str| [("name".to_owned(), name.to_owned()), ("password".to_owned(), password.to_owned())];
        let join = async |fields: [(String, String); 2]| {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            joins(&world, &path, (&cookie, &token), &fields).await
        };
        let (one, other) = tokio::join!(join(fields("Tim", &first)), join(fields("Tom", &second)));
        let (joined, late) = if one.status == 303 { (one, other) } else { (other, one) };
        assert_eq!((joined.status, joined.header("location")), (303, Some("/console")), "{}", joined.text);
        opens_nothing(&late);
        opens_nothing(&send(world.request(Method::GET, &path)).await);
        opens_nothing(&joins(&world, &path, (&cookie, &token), &[("name", "Tim"), ("password", &first)]).await);
        let people = world.account("ada").get("organizations/{acme}/users?search=tim@example.com").await.ok();
        assert_eq!(people.as_array().map(Vec::len), Some(1));
    }

    /// sent again, the link before opens nothing; withdrawn, none does; nonsense is told the same
    async fn only_the_last_link_opens(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        let first = link(&world, &invites(&pia, &[("email", &email("tim")), ("role", "member")]).await);
        let list = pia.page(LIST, "Users and Teams · acme").await;
        let id = list.split("/resend\"").next().and_then(|rest| rest.rsplit('/').next()).expect("a button").parse().expect("an id");
        world.name("invitation", id);
        let again = pia.submit(&format!("{SEND}/{{invitation}}/resend"), &[]).await;
        let second = link(&world, &again);
        assert!(again.text.contains("The link before opens nothing any more."), "{}", again.text);
        opens_nothing(&send(world.request(Method::GET, &first)).await);
        is_page(&send(world.request(Method::GET, &second)).await, 200, "Join acme");
        let (_, cookie, token) = opens(&world, &second).await;
        let page = pia.submit_to(&format!("{SEND}/{{invitation}}/withdraw"), &[], "Users and Teams · acme").await;
        assert!(page.contains("The invitation of tim@example.com was withdrawn."), "{page}");
        for gone in [first.as_str(), &second, "/console/invitations/x", "/console/invitations/cvi_1_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            opens_nothing(&send(world.request(Method::GET, gone)).await);
        }
        opens_nothing(&joins(&world, &second, (&cookie, &token), &[("name", "Tim"), ("password", "a long enough password")]).await);
        let gone = pia.submit(&format!("{SEND}/{{invitation}}/withdraw"), &[]).await;
        assert_eq!(gone.status, 404, "{}", gone.text);
        assert_eq!(pia.submit(&format!("{SEND}/{{invitation}}/resend"), &[]).await.status, 404);
    }

    /// who has an account here already shows that it is his; a wrong password uses nothing up, and is in the log
    async fn who_is_known_gives_his_password(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        let sent = invites(&pia, &[("email", &email("gia")), ("role", "admin")]).await;
        let path = link(&world, &sent);
        let unknown = invites(&pia, &[("email", &email("new")), ("role", "admin")]).await;
        let other = link(&world, &unknown);
        // Whether somebody has the address is not told to who invites.
        let plain = |text: &str, path: &str, who: &str| {
            let token = text.split("name=\"form_token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
            text.replace(path, "LINK").replace(&email(who), "WHO").replace(token, "TOKEN")
        };
        let until = |text: String| text.split(", until ").next().unwrap().to_owned();
        assert_eq!(until(plain(&sent.text, &path, "gia")), until(plain(&unknown.text, &other, "new")));
        let (page, cookie, token) = opens(&world, &path).await;
        assert!(page.text.contains("Your password") && !page.text.contains("name=\"name\""), "{}", page.text);
        let form = (cookie.as_str(), token.as_str());
        let wrong = joins(&world, &path, form, &[("password", "not the one that she has")]).await;
        is_page(&wrong, 403, "Error: Join acme");
        assert!(wrong.text.contains("This is not the password of this address. The invitation stays open."), "{}", wrong.text);
        assert!(!wrong.text.contains("not the one that she has"));
        let failed = world.account("ada").events_of("organizations/{acme}/audit-log?action=invitation.acceptance_failed", 1).await;
        assert_eq!(failed[0]["actor"]["kind"], "stranger");
        let joined = joins(&world, &path, form, &[("password", &world.password_of("gia"))]).await;
        assert_eq!((joined.status, joined.header("location")), (303, Some("/console")), "{}", joined.text);
        let gia = Browser::signs_in(&world, "gia").await;
        gia.page("/console/organizations/{acme}/users-teams", "Users and Teams · acme").await;
        gia.page("/console/organizations/{globex}/users-teams", "Users and Teams · globex").await;
    }

    /// two presses send one invitation; what cannot be sent is told in the form, which keeps what was typed
    async fn an_invitation_is_sent_once(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        pia.page(&format!("{SEND}/new"), "Invite people · acme").await;
        let once = pia.hidden("once");
        let fields = [("once", once.as_str()), ("email", "tim@example.com"), ("role", "member")];
        link(&world, &pia.submit(SEND, &fields).await);
        let page = pia.submit_to(SEND, &fields, "Users and Teams · acme").await;
        assert!(page.contains("This invitation was sent already.") && page.contains("Its link was shown once"), "{page}");
        assert_eq!(world.count("SELECT COUNT(*) FROM invitations").await, 1);
        let mart = world.id("globex main").to_string();
        for (fields, status, said) in [
            (vec![("email", "tim"), ("role", "member")], 400, "The address is no e-mail address"),
            (vec![("email", "x@example.com"), ("role", "king")], 400, "Choose a role."),
            (vec![("email", "tim@example.com"), ("role", "member")], 409, "tim@example.com is invited already."),
            (vec![("email", "mel@example.com"), ("role", "member")], 409, "mel@example.com belongs to acme already."),
            (vec![("email", "x@example.com"), ("role", "owner")], 403, "You are Admin of acme, so you can give roles up to Admin there."),
            (vec![("email", "x@example.com"), ("role", "member"), ("project", &mart), ("project_role", "analyst")], 404, "One of these projects is not in acme any more."),
            (vec![("email", "x@example.com"), ("role", "member"), ("project", "999999"), ("project_role", "analyst")], 404, "One of these projects is not in acme any more."),
        ] {
            let answer = invites(&pia, &fields).await;
            is_page(&answer, status, "Error: Invite people · acme");
            assert!(answer.text.contains(said) && answer.text.contains("Nobody was invited."), "{said}: {}", answer.text);
            assert!(answer.text.contains(&format!("value=\"{}\"", fields[0].1)), "{}", answer.text);
            assert!(!answer.text.contains("globex"), "{}", answer.text);
        }
        let form = pia.page(&format!("{SEND}/new"), "Invite people · acme").await;
        assert!(form.contains("name=\"role\" value=\"admin\"") && !form.contains("name=\"role\" value=\"owner\""), "{form}");
        assert_eq!(world.count("SELECT COUNT(*) FROM invitations").await, 1);
    }

    /// an invitation to be owner is no admin's to take or send again; and opens nothing once its inviter is lowered
    async fn whoever_invites_answers_for_it(world: World) {
        let world = world.with(WORLD).await;
        let (oda, pia) = (Browser::signs_in(&world, "oda").await, Browser::signs_in(&world, "pia").await);
        let path = link(&world, &invites(&oda, &[("email", &email("tim")), ("role", "owner")]).await);
        let list = pia.page(LIST, "Users and Teams · acme").await;
        assert!(list.contains("tim@example.com") && !list.contains("/withdraw\"") && !list.contains("/resend\""), "{list}");
        let invited = world.account("ada").get("organizations/{acme}/invitations").await.ok();
        world.name("invitation", invited[0]["id"].as_u64().unwrap());
        for deed in ["withdraw", "resend"] {
            let answer = pia.submit(&format!("{SEND}/{{invitation}}/{deed}"), &[]).await;
            assert_eq!(answer.status, 403, "{deed}: {}", answer.text);
        }
        let ada = world.account("ada");
        ada.patch("organizations/{acme}/users/{pia}", json!({ "role": "owner" })).await.ok();
        ada.patch("organizations/{acme}/users/{oda}", json!({ "role": "admin" })).await.ok();
        let void = send(world.request(Method::GET, &path)).await;
        is_page(&void, 409, "Invitation");
        assert!(void.text.contains("Whoever invited you may not give any more what this invitation promises."), "{}", void.text);
        assert_eq!(ada.get("organizations/{acme}/users?search=tim@").await.ok(), Value::Array(Vec::new()));
    }

    /// so many tries a minute, of links that open nothing as of one that does
    async fn tries_are_limited(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        let path = link(&world, &invites(&pia, &[("email", &email("gia")), ("role", "member")]).await);
        let (_, cookie, token) = opens(&world, &path).await;
        let form = (cookie.as_str(), token.as_str());
        let mut tries = 0;
        let answer = loop {
            let nothing = format!("/console/invitations/cvi_{tries}_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
            let answer = joins(&world, &nothing, form, &[("password", "not the one that she has")]).await;
            if answer.status != 404 {
                break answer;
            }
            tries += 1;
            assert!(tries < 60, "{tries}");
        };
        is_page(&answer, 429, "Too many attempts");
        // One was used to sign in.
        assert!(tries >= 15, "{tries}");
        assert_eq!(joins(&world, &path, form, &[("password", &world.password_of("gia"))]).await.status, 429);
    }
}
