//! Signing in to the console, what is seen there, and what ends a session.

use reqwest::Method;
use serde_json::json;

use crate::answer::Answer;
use crate::console::{SIGN_IN, form, is_page, set_cookie, shown};
use crate::world::{World, email, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, pia@ admin, mel@ member
  shop: exporter admin, reader analyst
    eu: reader consumer
globex: gil owner
";

pub(crate) const ACCOUNTS: &str = "/console/organizations/{acme}/service-accounts";

/// Signs somebody in, and answers the value of his session's cookie.
pub(crate) async fn signs_in(world: &World, name: &str) -> String {
    let ours = shown(world).await;
    let answer = send(form(world, &ours, &email(name), &world.password_of(name))).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/console")), "{}", answer.text);
    let (token, attributes) = set_cookie(&answer, "claviger").expect("a session");
    assert_eq!(attributes, "Path=/; Max-Age=129600; HttpOnly; SameSite=Lax", "a day longer than the session");
    world.remember_session(token);
    token.to_owned()
}

pub(crate) async fn get(world: &World, session: &str, path: &str) -> Answer {
    send(world.request(Method::GET, path).header("cookie", format!("claviger={session}"))).await
}

async fn signs_out(world: &World, session: &str, token: &str) -> Answer {
    let request = world.request(Method::POST, "/console/sign-out").header("cookie", format!("claviger={session}"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    send(request.header("sec-fetch-site", "same-origin").body(format!("form_token={token}"))).await
}

pub(crate) fn form_token(page: &Answer) -> String {
    let token = page.text.split("name=\"form_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    token.expect("a token").to_owned()
}

/// A page led to itself with a new cookie, since its person has another role: the cookie's value.
pub(crate) async fn renewed(world: &World, session: &str, path: &str) -> String {
    let answer = get(world, session, path).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some(&*world.path(path))), "{}", answer.text);
    let (token, attributes) = set_cookie(&answer, "claviger").expect("a session");
    assert_eq!(attributes, "Path=/; Max-Age=129600; HttpOnly; SameSite=Lax");
    world.remember_session(token);
    token.to_owned()
}

#[track_caller]
pub(crate) fn is_out(answer: &Answer) {
    let leads = answer.header("location").is_some_and(|to| to.starts_with(SIGN_IN));
    assert!(answer.status == 303 && leads, "{answer:?}");
}

on_both_stores! {
    /// an admin signs in, sees the accounts, and signs out: from then on the cookie opens nothing, also after a start
    async fn a_session_lasts_until_it_is_ended(world: World) {
        let world = world.with(WORLD).await;
        let session = signs_in(&world, "pia").await;
        let home = get(&world, &session, "/console").await;
        assert_eq!((home.status, home.header("location")), (303, Some(&*world.path("/console/organizations/{acme}/overview"))));
        let page = get(&world, &session, ACCOUNTS).await;
        is_page(&page, 200, "Service Accounts · acme");
        for shown in ["exporter", "reader", "shop", "Sign out"] {
            assert!(page.text.contains(shown), "{shown}: {}", page.text);
        }
        assert!(page.text.len() < 50_000, "{}", page.text.len());
        world.restart().await;
        is_page(&get(&world, &session, ACCOUNTS).await, 200, "Service Accounts · acme");
        // The form of the page alone signs out.
        let refused = signs_out(&world, &session, "0".repeat(64).as_str()).await;
        assert_eq!(refused.status, 403);
        is_page(&get(&world, &session, ACCOUNTS).await, 200, "Service Accounts · acme");
        let out = signs_out(&world, &session, &form_token(&page)).await;
        is_out(&out);
        assert_eq!(set_cookie(&out, "claviger"), Some(("", "Path=/; Max-Age=0; HttpOnly; SameSite=Lax")));
        is_out(&get(&world, &session, ACCOUNTS).await);
        world.restart().await;
        is_out(&get(&world, &session, ACCOUNTS).await);
        let events = world.account("ada").get("organizations/{acme}/audit-log?action=session.*").await.ok();
        let told: Vec<_> = events.as_array().unwrap().iter().map(|event| (event["action"].as_str().unwrap(), event["actor"]["name"].as_str().unwrap())).collect();
        assert_eq!(told, [("session.logged_out", "pia of the world"), ("session.logged_in", "pia of the world")]);
    }

    /// a wrong password is told like an unknown address, and is in the log of the person's organization
    async fn a_wrong_password_is_in_the_log(world: World) {
        let world = world.with(WORLD).await;
        let ours = shown(&world).await;
        let wrong = send(form(&world, &ours, &email("pia"), "not the one that she has")).await;
        let unknown = send(form(&world, &ours, "nobody@example.com", "not the one that she has")).await;
        is_page(&wrong, 403, "Error: Sign in");
        let told = |answer: &Answer, address: &str| answer.text.replace(address, "");
        assert_eq!(told(&wrong, &email("pia")), told(&unknown, "nobody@example.com"));
        let failed = world.account("ada").events_of("organizations/{acme}/audit-log?action=session.login_failed", 1).await;
        assert_eq!((&failed[0]["target"]["id"], &failed[0]["actor"]["kind"]), (&json!(world.id("pia")), &json!("stranger")));
        assert_eq!(world.account("gil").get("organizations/{globex}/audit-log?action=session.*").await.ok(), json!([]));
    }

    /// what a person may not see is a page that says so, another organization is not there
    async fn each_sees_what_he_may(world: World) {
        let world = world.with(WORLD).await;
        let session = signs_in(&world, "mel").await;
        let page = get(&world, &session, ACCOUNTS).await;
        assert_eq!(page.status, 403);
        assert!(page.text.contains("Only owners and admins of acme see its service accounts."), "{}", page.text);
        assert!(!page.text.contains("exporter"));
        for path in ["/console/organizations/{globex}/service-accounts", "/console/organizations/999999/service-accounts", "/console/organizations/x/service-accounts"] {
            let answer = get(&world, &session, path).await;
            assert_eq!(answer.status, 404, "{path}");
            assert!(!answer.text.contains("globex") && !answer.text.contains("gil"), "{}", answer.text);
        }
    }

    /// the session's cookie opens no route of the API, and a token that is bent opens nothing
    async fn a_session_is_the_consoles_alone(world: World) {
        let world = world.with(WORLD).await;
        let session = signs_in(&world, "pia").await;
        let other = signs_in(&world, "mel").await;
        for path in ["me", "organizations/{acme}/service-accounts"] {
            get(&world, &session, path).await.refused(401, "not_authenticated");
            let bearer = world.request(Method::GET, path).header("authorization", format!("Bearer {session}"));
            send(bearer).await.refused(401, "not_authenticated");
        }
        let swapped = format!("{}_{}", session.rsplit_once('_').unwrap().0, other.rsplit_once('_').unwrap().1);
        for bent in [swapped, session.replace("cvs_", "cvi_"), session[..session.len() - 1].to_owned(), format!("{session}; claviger={session}")] {
            is_out(&get(&world, &bent, ACCOUNTS).await);
        }
        is_page(&get(&world, &session, ACCOUNTS).await, 200, "Service Accounts · acme");
    }

    /// lowered, a person sees it at the next request; taken out, his sessions are over
    async fn what_a_person_loses_he_loses_at_once(world: World) {
        let world = world.with(WORLD).await;
        let session = signs_in(&world, "pia").await;
        let ada = world.account("ada");
        ada.patch("organizations/{acme}/users/{pia}", json!({ "role": "member" })).await.ok();
        let session = renewed(&world, &session, ACCOUNTS).await;
        assert_eq!(get(&world, &session, ACCOUNTS).await.status, 403);
        ada.delete("organizations/{acme}/users/{pia}").await.ok();
        is_out(&get(&world, &session, ACCOUNTS).await);
        assert_eq!(world.count("SELECT COUNT(*) FROM sessions").await, 0);
        let ours = shown(&world).await;
        let again = send(form(&world, &ours, &email("pia"), &world.password_of("pia"))).await;
        is_page(&again, 403, "Error: Sign in");
    }

    /// with another role a session goes on under another token, once, and the one before opens nothing
    async fn a_session_is_renewed_where_its_person_has_another_role(world: World) {
        let world = world.with(WORLD).await;
        let (session, other) = (signs_in(&world, "mel").await, signs_in(&world, "pia").await);
        let page = "/console/profile?x=y";
        is_page(&get(&world, &session, page).await, 200, "Profile");
        // Begun long ago, and used just now.
        world.restart().await;
        let id = session.split('_').nth(1).unwrap();
        world.execute(&format!("UPDATE sessions SET begun_at = begun_at - 10800 WHERE id = {id}")).await;
        world.restart().await;
        world.account("ada").patch("organizations/{acme}/users/{mel}", json!({ "role": "admin" })).await.ok();
        let again = renewed(&world, &session, page).await;
        is_out(&get(&world, &session, page).await);
        is_page(&get(&world, &again, page).await, 200, "Profile");
        is_page(&get(&world, &again, ACCOUNTS).await, 200, "Service Accounts · acme");
        is_page(&get(&world, &other, page).await, 200, "Profile");
        world.restart().await;
        is_page(&get(&world, &again, page).await, 200, "Profile");
        let events = world.account("ada").get("organizations/{acme}/audit-log?action=session.renewed").await.ok();
        assert_eq!(events.as_array().unwrap().len(), 1, "{events}");
        assert_eq!(world.count("SELECT COUNT(*) FROM sessions").await, 2);
    }

    /// not used for two hours, a session is over; when it was used is known after a start
    async fn a_session_that_lies_idle_is_over(world: World) {
        let world = world.with(WORLD).await;
        let (idle, used, ending) = (signs_in(&world, "pia").await, signs_in(&world, "mel").await, signs_in(&world, "mel").await);
        is_page(&get(&world, &used, "/console/profile").await, 200, "Profile");
        world.restart().await;
        assert_eq!(world.count("SELECT COUNT(*) FROM sessions WHERE seen_at IS NOT NULL").await, 1, "that of the one that was used");
        // Begun so long ago that a second more is too much, and less than twelve hours.
        world.execute("UPDATE sessions SET begun_at = begun_at - 7200").await;
        let id = ending.split('_').nth(1).unwrap();
        world.execute(&format!("UPDATE sessions SET seen_at = begun_at + 1 WHERE id = {id}")).await;
        world.restart().await;
        is_out(&get(&world, &idle, "/console/profile").await);
        is_page(&get(&world, &used, "/console/profile").await, 200, "Profile");
        world.execute(&format!("UPDATE sessions SET seen_at = seen_at - 1 WHERE id = {id}")).await;
        world.restart().await;
        is_out(&get(&world, &ending, "/console/profile").await);
        is_out(&get(&world, &idle, "/console/profile").await);
        let page = get(&world, &used, "/console/profile/sessions").await;
        assert_eq!(page.text.matches("<tr role=\"row\">").count(), 2, "the heading and the one that lasts: {}", page.text);
        // As it was decided, for whoever looks the world through.
        world.execute("UPDATE sessions SET begun_at = begun_at + 7200").await;
        world.restart().await;
    }

    /// from elsewhere than the organization allows, its pages are closed to people too
    async fn an_organizations_addresses_bind_people_as_well(world: World) {
        let world = world.with(WORLD).await;
        let session = signs_in(&world, "pia").await;
        world.account("ada").patch("organizations/{acme}/policy", json!({ "allowed_addresses": ["127.0.0.1/32"] })).await.ok();
        is_page(&get(&world, &session, ACCOUNTS).await, 200, "Service Accounts · acme");
        let client = reqwest::Client::builder().local_address("127.0.0.2".parse::<std::net::IpAddr>().unwrap()).no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let by = async |session: &str, path: &str| send(client.get(world.url(path)).header("cookie", format!("claviger={session}"))).await;
        let from_elsewhere = async |path: &str| by(&session, path).await;
        assert_eq!(from_elsewhere(ACCOUNTS).await.status, 403);
        // The entrance says so as well, and leads to the first organization that lets her in.
        for path in ["/", "/console", "/console/"] {
            let refused = from_elsewhere(path).await;
            is_page(&refused, 403, "Not from here");
            assert!(refused.text.contains("This organization lets nobody in from your address."), "{}", refused.text);
            assert!(refused.text.contains("Sign out"), "{}", refused.text);
        }
        world.make_person("globex", "pia", "member").await;
        let session = renewed(&world, &session, "/console/profile").await;
        let open = by(&session, "/console").await;
        assert_eq!((open.status, open.header("location")), (303, Some(&*world.path("/console/organizations/{globex}/projects"))));
        let profile = by(&session, "/console/profile").await;
        assert!(profile.text.contains(&format!("href=\"{}\"", world.path("/console/organizations/{acme}/projects"))), "{}", profile.text);
    }

    /// a form that comes by a token from before another role is not done: it is shown again under a new token, and sent then
    async fn a_form_from_before_another_role_is_not_done(world: World) {
        let world = world.with(WORLD).await;
        let old = signs_in(&world, "mel").await;
        let token = form_token(&get(&world, &old, "/console/profile").await);
        world.account("ada").patch("organizations/{acme}/users/{mel}", json!({ "role": "admin" })).await.ok();
        let teams = "/console/organizations/{acme}/teams";
        let once = "0".repeat(32);
        let form = |session: &str, token: &str, path: &str| {
            let fields = [("form_token", token), ("once", &once), ("name", "Night shift"), ("password", "not to be kept")];
            let request = world.request(Method::POST, path).header("cookie", format!("claviger={session}"));
            request.header("sec-fetch-site", "same-origin").form(&fields)
        };
        // A form of another page, or with another token, brings nobody another session.
        assert_eq!(send(form(&old, &"0".repeat(64), teams)).await.status, 403);
        for path in ["/console/profile/sessions/end-others", "/console/profile/password", "/console/organizations/{acme}/users/{pia}/reset-link"] {
            let answer = send(form(&old, &token, path)).await;
            is_page(&answer, 403, "Your role has changed");
            assert_eq!(set_cookie(&answer, "claviger"), None);
        }
        let again = send(form(&old, &token, teams)).await;
        is_page(&again, 403, "Send it again");
        assert!(again.text.contains("Your role has changed since you signed in.") && again.text.contains("Night shift"), "{}", again.text);
        assert!(!again.text.contains("not to be kept"), "{}", again.text);
        assert_eq!(world.count("SELECT COUNT(*) FROM teams").await, 0);
        let new = set_cookie(&again, "claviger").expect("a session").0.to_owned();
        world.remember_session(&new);
        is_out(&get(&world, &old, "/console/profile").await);
        assert_eq!(send(form(&old, &token, teams)).await.status, 403, "its session is over");
        assert_eq!(world.count("SELECT COUNT(*) FROM teams").await, 0);
        let done = send(form(&new, &form_token(&again), teams)).await;
        assert_eq!(done.status, 303, "{}", done.text);
        assert_eq!(world.count("SELECT COUNT(*) FROM teams").await, 1);
    }

    /// who leaves may leave by a token from before another role
    async fn signing_out_needs_no_new_token(world: World) {
        let world = world.with(WORLD).await;
        let session = signs_in(&world, "mel").await;
        let token = form_token(&get(&world, &session, "/console/profile").await);
        world.account("ada").patch("organizations/{acme}/users/{mel}", json!({ "role": "admin" })).await.ok();
        is_out(&signs_out(&world, &session, &token).await);
        assert_eq!(world.count("SELECT COUNT(*) FROM sessions").await, 0);
    }
}
