//! Forgotten passwords: links by mail, links that an owner hands over, and what a link does.

use claviger_access::identity::PrincipalId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::console::{SIGN_IN, form, is_page, set_cookie, shown};
use crate::console_second_factor::{post, shows_password, turns_on};
use crate::console_sessions::{form_token, get, is_out, signs_in};
use crate::looked_through::logged;
use crate::smtp::{MailServer, Manner};
use crate::world::{World, email, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, own@ owner, pia@ admin, mel@ member
  shop: exporter admin
globex: gil owner, gus@ owner, mel@ member
";

const ACCOUNTS: &str = "/console/organizations/{acme}/service-accounts";
const FORGOTTEN: &str = "/console/forgotten";

/// A form's cookie and token, from a page outside a session.
async fn opened(world: &World, path: &str) -> (Answer, String, String) {
    let page = send(world.request(Method::GET, path)).await;
    let cookie = set_cookie(&page, "claviger-form").map(|(value, _)| format!("claviger-form={value}"));
    let token = if page.text.contains("form_token") { form_token(&page) } else { String::new() };
    (page, cookie.unwrap_or_default(), token)
}

async fn asks(world: &World, address: &str) -> Answer {
    let (page, cookie, token) = opened(world, FORGOTTEN).await;
    is_page(&page, 200, "Forgotten password");
    post(world, &cookie, FORGOTTEN, &[("form_token", &token), ("email", address)]).await
}

/// The link of the next letter. Nothing that was written may hold it.
async fn link(world: &World, server: &mut MailServer, name: &str) -> String {
    let letter = server.next().await;
    assert_eq!(letter.to, [format!("<{}>", email(name))]);
    let path = letter.path();
    world.keep_secret("reset link", path.strip_prefix("/console/reset/").expect("a token"));
    path
}

async fn chooses(world: &World, path: &str, password: &str, again: &str) -> Answer {
    let (page, cookie, token) = opened(world, path).await;
    if page.status != 200 {
        return page;
    }
    post(world, &cookie, path, &[("form_token", &token), ("password", password), ("again", again)]).await
}

/// A new password, which nothing that was written may hold.
fn new_password(world: &World, text: &str) -> String {
    let password = format!("another one: {text}");
    world.keep_secret("new password", &password);
    password
}

async fn signs_in_with(world: &World, name: &str, password: &str) -> Answer {
    let ours = shown(world).await;
    let answer = send(form(world, &ours, &email(name), &password.replace(':', "%3A"))).await;
    if let Some((token, _)) = set_cookie(&answer, "claviger") {
        world.remember_session(token);
    }
    answer
}

#[track_caller]
fn opens_nothing(answer: &Answer) {
    is_page(answer, 404, "Link not valid");
    assert!(answer.text.contains("This link opens nothing."), "{}", answer.text);
}

fn actions(events: &Value) -> Vec<String> {
    let told = |event: &Value| {
        format!("{} {}", event["action"].as_str().unwrap(), event["actor"]["name"].as_str().unwrap_or("-"))
    };
    events.as_array().unwrap().iter().map(told).collect()
}

on_both_stores! {
    /// a letter with a link, which opens once, ends all sessions, and is told to each organization
    async fn a_forgotten_password_is_chosen_anew(world: World) {
        let world = world.with(WORLD).await;
        let mut server = MailServer::start(Manner::Takes).await;
        world.restart_with(server.outside()).await;
        let sessions = [signs_in(&world, "mel").await, signs_in(&world, "mel").await];
        is_page(&asks(&world, "MEL@Example.com ").await, 200, "Check your mail");
        let path = link(&world, &mut server, "mel").await;
        for _ in 0..3 {
            // Mail scanners open links.
            let page = send(world.request(Method::GET, &path)).await;
            is_page(&page, 200, "Choose another password");
            assert_eq!(page.header("referrer-policy"), Some("strict-origin"), "its address goes nowhere");
        }
        assert_eq!(get(&world, &sessions[0], ACCOUNTS).await.status, 403, "nothing has changed yet");
        let password = new_password(&world, "mel");
        let done = chooses(&world, &path, &password, &password).await;
        is_page(&done, 200, "Your password is changed");
        assert_eq!(set_cookie(&done, "claviger"), Some(("", "Path=/; Max-Age=0; HttpOnly; SameSite=Lax")));
        for session in &sessions {
            is_out(&get(&world, session, ACCOUNTS).await);
        }
        opens_nothing(&chooses(&world, &path, &password, &password).await);
        is_page(&signs_in_with(&world, "mel", &world.password_of("mel")).await, 403, "Error: Sign in");
        assert_eq!(signs_in_with(&world, "mel", &password).await.header("location"), Some("/console"));
        for (account, organization) in [("ada", "acme"), ("gil", "globex")] {
            let events = world.account(account).get(&format!("organizations/{{{organization}}}/audit-log?action=password_reset.*")).await.ok();
            assert_eq!(actions(&events), ["password_reset.used mel of the world", "password_reset.link_made mel of the world"]);
            assert_eq!(events[0]["before"], json!([{ "name": "sessions", "value": "2" }]));
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM password_resets").await, 0);
    }

    /// the same answer whether somebody has the address, and a letter to nobody
    async fn an_address_that_nobody_has_is_answered_alike(world: World) {
        let world = world.with(WORLD).await;
        let mut server = MailServer::start(Manner::Takes).await;
        world.restart_with(server.outside()).await;
        let mut told = Vec::new();
        for address in ["nobody@example.com", "no address", "", "a@example.com\r\nBcc: b@example.com", &email("exporter"), &email("pia")] {
            let answer = asks(&world, address).await;
            is_page(&answer, 200, "Check your mail");
            told.push(answer.text);
        }
        assert!(told.iter().all(|text| *text == told[0]), "{told:?}");
        let letter = server.next().await;
        world.keep_secret("reset link", letter.path().strip_prefix("/console/reset/").expect("a token"));
        assert_eq!((letter.to, letter.from), (vec![format!("<{}>", email("pia"))], "<claviger@keys.example.com>".to_owned()));
        assert!(letter.text.contains("Subject: Choose another password") && !letter.text.contains("Bcc"), "{}", letter.text);
        assert_eq!(server.more(), 0);
        let events = world.account("ada").get("organizations/{acme}/audit-log?action=password_reset.*").await.ok();
        assert_eq!(events.as_array().unwrap().len(), 1);
    }

    /// a newer link takes the place of the one before, and an address gets three letters an hour
    async fn one_link_lives_and_letters_are_few(world: World) {
        let world = world.with(WORLD).await;
        let mut server = MailServer::start(Manner::Takes).await;
        world.restart_with(server.outside()).await;
        let mut links = Vec::new();
        for _ in 0..3 {
            asks(&world, &email("pia")).await;
            links.push(link(&world, &mut server, "pia").await);
        }
        is_page(&asks(&world, &email("pia")).await, 200, "Check your mail");
        asks(&world, &email("mel")).await;
        link(&world, &mut server, "mel").await;
        assert_eq!(server.more(), 0);
        for old in &links[..2] {
            opens_nothing(&send(world.request(Method::GET, old)).await);
        }
        world.restart().await;
        let password = new_password(&world, "pia");
        is_page(&chooses(&world, &links[2], &password, &password).await, 200, "Your password is changed");
        let made = world.account("ada").get("organizations/{acme}/audit-log?action=password_reset.link_made").await.ok();
        assert_eq!(made.as_array().unwrap().len(), 4);
    }

    /// whoever asks for a letter to somebody ends no link that she was handed, also after a start; and is answered alike
    async fn a_letter_ends_no_link_that_was_handed_over(world: World) {
        let world = world.with(WORLD).await;
        let mut server = MailServer::start(Manner::Takes).await;
        world.restart_with(server.outside()).await;
        let own = signs_in(&world, "own").await;
        let at = "/console/organizations/{acme}/users/{pia}/reset-link";
        let token = form_token(&get(&world, &own, at).await);
        let made = post(&world, &format!("claviger={own}"), at, &[("form_token", &token)]).await;
        let handed = made.text.split("id=\"link\">").nth(1).and_then(|rest| rest.split('<').next()).expect("a link");
        let handed = handed.strip_prefix("https://keys.example.com").expect("the operator's address").to_owned();
        world.keep_secret("reset link", handed.strip_prefix("/console/reset/").expect("a token"));
        let told = asks(&world, &email("pia")).await;
        world.restart_with(server.outside()).await;
        assert_eq!(asks(&world, &email("pia")).await.text, told.text);
        assert_eq!(asks(&world, "nobody@example.com").await.text, told.text);
        // Letters go out in their order: hers would have been before this one.
        asks(&world, &email("mel")).await;
        link(&world, &mut server, "mel").await;
        assert_eq!(server.more(), 0);
        let password = new_password(&world, "pia");
        is_page(&chooses(&world, &handed, &password, &password).await, 200, "Your password is changed");
        asks(&world, &email("pia")).await;
        link(&world, &mut server, "pia").await;
        let made = world.account("ada").get("organizations/{acme}/audit-log?action=password_reset.link_made").await.ok();
        assert_eq!(actions(&made), ["password_reset.link_made pia of the world", "password_reset.link_made mel of the world", "password_reset.link_made own of the world"]);
    }

    /// what cannot be sent is in the log without the link, and the answer is the same
    async fn a_mail_server_that_refuses_is_told_in_the_log_alone(world: World) {
        let world = world.with(WORLD).await;
        let mut server = MailServer::start(Manner::Refuses).await;
        world.restart_with(server.outside()).await;
        is_page(&asks(&world, &email("pia")).await, 200, "Check your mail");
        link(&world, &mut server, "pia").await;
        let gone = MailServer::start(Manner::HangsUp).await;
        world.restart_with(gone.outside()).await;
        is_page(&asks(&world, &email("mel")).await, 200, "Check your mail");
        let told = |what: &str| logged().contains(&format!("a letter was not sent why=\"the mail server {what}"));
        // The log is everybody's: what this world writes in the background must have come to its end as well.
        let mel = PrincipalId::new(world.id("mel")).unwrap();
        let is_made = || world.node().cluster.directory().is_ok_and(|held| held.password_reset(mel).is_some());
        while !(is_made() && told("answered 550") && told("hung up")) {
            tokio::task::yield_now().await;
        }
        assert!(!logged().contains("550 not this"));
    }

    /// where no mail is sent the page says whom to ask, and a form that comes all the same does nothing
    async fn without_mail_the_page_says_whom_to_ask(world: World) {
        let world = world.with(WORLD).await;
        let (page, ..) = opened(&world, FORGOTTEN).await;
        is_page(&page, 200, "Forgotten password");
        assert!(page.text.contains("Ask an owner of your organization") && !page.text.contains("<form"), "{}", page.text);
        let (_, cookie, token) = opened(&world, SIGN_IN).await;
        let answer = post(&world, &cookie, FORGOTTEN, &[("form_token", &token), ("email", &email("pia"))]).await;
        is_page(&answer, 200, "Forgotten password");
        assert_eq!(world.count("SELECT COUNT(*) FROM password_resets").await, 0);
        assert!(send(world.request(Method::GET, SIGN_IN)).await.text.contains("href=\"/console/forgotten\""));
    }

    /// an owner of all organizations of somebody hands a link over; nobody else does, and nobody for himself
    async fn an_owner_of_all_hands_a_link_over(world: World) {
        let world = world.with(WORLD).await;
        world.make_person("globex", "own", "member").await;
        let (own, pia) = (signs_in(&world, "own").await, signs_in(&world, "pia").await);
        let at = |id: &str| format!("/console/organizations/{{acme}}/users/{{{id}}}/reset-link");
        for (session, path, status, said) in [
            (&own, at("pia"), 200, "Whoever opens the link chooses the password"),
            (&own, at("mel"), 403, "whose owner you are not"),
            (&own, at("own"), 403, "Nobody makes such a link for themselves"),
            (&own, at("gus"), 404, "Nobody with this number"),
            (&own, at("ada"), 404, "Nobody with this number"),
            (&own, "/console/organizations/{acme}/users/x/reset-link".to_owned(), 404, "Not found"),
            (&own, "/console/organizations/{globex}/users/{mel}/reset-link".to_owned(), 403, "Only owners of globex"),
            (&pia, at("mel"), 403, "Only owners of acme"),
            (&pia, "/console/organizations/{globex}/users/{gus}/reset-link".to_owned(), 404, "No organization of yours"),
        ] {
            let page = get(&world, session, &path).await;
            assert!(page.status == status && page.text.contains(said), "{path}: {} {}", page.status, page.text);
            if status != 200 {
                // By a form of his own he gets no further.
                let token = form_token(&get(&world, session, "/console/profile/second-factor").await);
                let posted = post(&world, &format!("claviger={session}"), &path, &[("form_token", &token)]).await;
                assert_eq!(posted.status, status, "{path}: {}", posted.text);
            }
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM password_resets").await, 0);
        let cookie = format!("claviger={own}");
        assert_eq!(post(&world, &cookie, &at("pia"), &[("form_token", "")]).await.status, 403);
        let token = form_token(&get(&world, &own, &at("pia")).await);
        let made = post(&world, &cookie, &at("pia"), &[("form_token", &token)]).await;
        is_page(&made, 200, "Copy the link now · acme");
        let path = made.text.split("id=\"link\">").nth(1).and_then(|rest| rest.split('<').next()).expect("a link").to_owned();
        world.keep_secret("reset link", path.strip_prefix("/console/reset/").expect("a path alone, without a public address"));
        assert_eq!(get(&world, &pia, ACCOUNTS).await.status, 200, "she is signed in as before");
        let password = new_password(&world, "pia");
        is_page(&chooses(&world, &path, &password, &password).await, 200, "Your password is changed");
        assert_eq!(get(&world, &pia, ACCOUNTS).await.status, 303);
        let events = world.account("ada").get("organizations/{acme}/audit-log?action=password_reset.*").await.ok();
        assert_eq!(actions(&events), ["password_reset.used pia of the world", "password_reset.link_made own of the world"]);
        assert_eq!(events[1]["after"], json!([{ "name": "by", "value": "hand" }]));
    }

    /// what is no link, and no password, changes nothing
    async fn a_link_is_whole_or_nothing(world: World) {
        let world = world.with(WORLD).await;
        let mut server = MailServer::start(Manner::Takes).await;
        world.restart_with(server.outside()).await;
        asks(&world, &email("pia")).await;
        let path = link(&world, &mut server, "pia").await;
        let token = path.strip_prefix("/console/reset/").unwrap();
        let (_, digits) = token.rsplit_once('_').unwrap();
        let other = format!("cvr_{}_{digits}", world.id("mel"));
        for bent in [&*other, &token.replace("cvr_", "cvi_"), &token[..token.len() - 1], &token.to_uppercase(), "x", "cvr_1_", "%00", "%FF"] {
            let answer = send(world.request(Method::GET, &format!("/console/reset/{bent}"))).await;
            assert_eq!((answer.status, answer.text.matches("<h1").count()), (404, 1), "{bent}: {}", answer.text);
        }
        let long = "x".repeat(1_025);
        for (password, again) in [("short", "short"), ("", ""), ("a long enough one", "another long one"), (&long, &long)] {
            is_page(&chooses(&world, &path, password, again).await, 400, "Error: Choose another password");
        }
        let (_, cookie, _) = opened(&world, &path).await;
        for token in ["", "0"] {
            let foreign = post(&world, &cookie, &path, &[("form_token", token), ("password", "a long enough one"), ("again", "a long enough one")]).await;
            assert_eq!(foreign.status, 403);
        }
        signs_in(&world, "pia").await;
        let password = new_password(&world, "pia");
        is_page(&chooses(&world, &path, &password, &password).await, 200, "Your password is changed");
    }

    /// a second factor stays on, and who had shown the old password begins anew
    async fn a_second_factor_outlives_a_reset(world: World) {
        let world = world.with(WORLD).await;
        let mut server = MailServer::start(Manner::Takes).await;
        world.restart_with(server.outside()).await;
        turns_on(&world, "pia").await;
        let pending = shows_password(&world, "pia").await;
        asks(&world, &email("pia")).await;
        let path = link(&world, &mut server, "pia").await;
        let password = new_password(&world, "pia");
        is_page(&chooses(&world, &path, &password, &password).await, 200, "Your password is changed");
        let cookie = format!("claviger-code={pending}");
        let page = send(world.request(Method::GET, "/console/sign-in/code").header("cookie", cookie)).await;
        assert_eq!((page.status, page.header("location")), (303, Some(SIGN_IN)));
        let answer = signs_in_with(&world, "pia", &password).await;
        assert_eq!(answer.header("location"), Some("/console/sign-in/code"));
        world.remember_session(set_cookie(&answer, "claviger-code").expect("a cookie").0);
    }

    /// a Host that is not the operator's gets no page, and no link is ever made from one
    async fn a_forged_host_gets_nothing(world: World) {
        let world = world.with(WORLD).await;
        let mut server = MailServer::start(Manner::Takes).await;
        world.restart_with(server.outside()).await;
        let (_, cookie, token) = opened(&world, FORGOTTEN).await;
        for (host, status) in [("evil.example", 421), ("keys.example.com.evil.example", 421), ("keys.example.com:8443", 421), ("keys.example.com", 200), ("localhost", 200)] {
            let body = format!("form_token={token}&email={}", email("pia").replace('@', "%40"));
            let request = world.request(Method::POST, FORGOTTEN).header("host", host).header("cookie", &cookie);
            let request = request.header("x-forwarded-host", "evil.example").header("sec-fetch-site", "same-origin");
            let answer = send(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await;
            assert_eq!(answer.status, status, "{host}");
        }
        for _ in 0..2 {
            link(&world, &mut server, "pia").await;
        }
        assert_eq!(server.more(), 0);
    }
}
