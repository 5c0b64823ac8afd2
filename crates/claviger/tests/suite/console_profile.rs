//! A person's own pages: who he is, another password, his sessions.

use reqwest::Method;
use serde_json::json;

use crate::answer::Answer;
use crate::browser::Browser;
use crate::console::{form, is_page, set_cookie, shown};
use crate::console_sessions::{ACCOUNTS, form_token, get, is_out, signs_in};
use crate::world::{World, email, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, pia@ admin, mel@ member
globex: gil owner, pia@ member
";

const LEAVING: &str = "
acme: ada owner, oda@ owner, mel@ member
  shop: exporter admin, mel@ analyst
globex: gil owner, oda@ member
";

const PROFILE: &str = "/console/profile";
const PASSWORD: &str = "/console/profile/password";
const SESSIONS: &str = "/console/profile/sessions";

async fn post(world: &World, session: &str, path: &str, fields: &str) -> Answer {
    let token = form_token(&get(world, session, PROFILE).await);
    let request = world.request(Method::POST, path).header("cookie", format!("claviger={session}"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    send(request.header("sec-fetch-site", "same-origin").body(format!("form_token={token}{fields}"))).await
}

async fn changes(world: &World, session: &str, current: &str, new: &str) -> Answer {
    post(world, session, PASSWORD, &format!("&current={}&new={}", current.replace(' ', "+"), new.replace(' ', "+")))
        .await
}

/// The number of a session, which its token names.
fn id(session: &str) -> &str {
    session.split('_').nth(1).expect("an id")
}

#[track_caller]
fn leads_to<'a>(answer: &'a Answer, path: &str) -> &'a Answer {
    assert_eq!((answer.status, answer.header("location")), (303, Some(path)), "{}", answer.text);
    answer
}

/// The page that an answer leads to, with what it tells there once.
async fn told(world: &World, session: &str, answer: &Answer, path: &str) -> String {
    let notice = set_cookie(answer, "claviger-notice").expect("a notice").0;
    let page = get(world, &format!("{session}; claviger-notice={notice}"), path).await;
    assert_eq!(page.status, 200, "{}", page.text);
    page.text
}

on_both_stores! {
    /// name, address, organizations and roles; nobody else sees it
    async fn the_profile_says_who_one_is(world: World) {
        let world = world.with(WORLD).await;
        let session = signs_in(&world, "pia").await;
        let page = get(&world, &session, PROFILE).await;
        is_page(&page, 200, "Profile");
        for told in ["pia of the world", "pia@example.com", "acme", "Admin", "globex", "Member", "Change password"] {
            assert!(page.text.contains(told), "{told}: {}", page.text);
        }
        assert!(!page.text.contains("mel of the world"));
        for path in [PROFILE, PASSWORD, SESSIONS] {
            is_out(&send(world.request(Method::GET, path)).await);
            is_page(&get(&world, &session, path).await, 200, match path { PROFILE => "Profile", PASSWORD => "Change password", _ => "Sessions" });
        }
        for path in [PASSWORD, "/console/profile/sessions/end-others", "/console/profile/sessions/1/end"] {
            is_out(&send(world.request(Method::POST, path).header("sec-fetch-site", "same-origin")).await);
            let without_token = world.request(Method::POST, path).header("sec-fetch-site", "same-origin").header("cookie", format!("claviger={session}"));
            let without_token = without_token.header("content-type", "application/x-www-form-urlencoded").body("current=x&new=y");
            is_page(&send(without_token).await, 403, "Form no longer valid");
        }
    }

    /// the new password counts from the answer on, and all sessions but the one that changed it are over
    async fn a_new_password_ends_all_other_sessions(world: World) {
        let world = world.with(WORLD).await;
        let (session, stolen, mel) = (signs_in(&world, "pia").await, signs_in(&world, "pia").await, signs_in(&world, "mel").await);
        let (old, new) = (world.password_of("pia"), "pia has chosen another one now");
        let changed = changes(&world, &session, &old, new).await;
        let (token, attributes) = set_cookie(leads_to(&changed, PROFILE), "claviger").expect("a session");
        assert_eq!(attributes, "Path=/; Max-Age=129600; HttpOnly; SameSite=Lax");
        world.remember_session(token);
        for ended in [&session, &stolen] {
            is_out(&get(&world, ended, PROFILE).await);
        }
        let page = told(&world, token, &changed, PROFILE).await;
        assert!(page.contains("<strong>Your password is changed.</strong> Your other sessions are ended."), "{page}");
        is_page(&get(&world, &mel, PROFILE).await, 200, "Profile");
        world.restart().await;
        is_page(&get(&world, token, ACCOUNTS).await, 200, "Service Accounts · acme");
        is_out(&get(&world, &stolen, PROFILE).await);
        let ours = shown(&world).await;
        assert_eq!(send(form(&world, &ours, &email("pia"), &old)).await.status, 403);
        let again = send(form(&world, &ours, &email("pia"), new)).await;
        world.remember_session(set_cookie(&again, "claviger").expect("a session").0);
        for (owner, organization) in [("ada", "acme"), ("gil", "globex")] {
            let log = format!("organizations/{{{organization}}}/audit-log?action=user.password_changed");
            let events = world.account(owner).get(&log).await.ok();
            assert_eq!(events.as_array().unwrap().len(), 1, "{events}");
            assert_eq!((&events[0]["target"]["id"], &events[0]["before"][1]), (&json!(world.id("pia")), &json!({ "name": "sessions", "value": id(&stolen) })), "{events}");
        }
    }

    /// told at its field; no password comes back, none is changed, and guessing is limited and told
    async fn a_wrong_password_changes_nothing(world: World) {
        let world = world.with(WORLD).await;
        let session = signs_in(&world, "pia").await;
        let old = world.password_of("pia");
        let wrong = changes(&world, &session, "this is not the one", "another good password").await;
        is_page(&wrong, 403, "Error: Change password");
        assert!(wrong.text.contains("This is not your password.") && !wrong.text.contains("another good") && !wrong.text.contains("not the one"), "{}", wrong.text);
        assert!(set_cookie(&wrong, "claviger").is_none());
        let twice = changes(&world, &session, "neither is this one", "neither is this one").await;
        is_page(&twice, 403, "Error: Change password");
        assert!(twice.text.contains("This is not your password.") && !twice.text.contains("This is the one that you have."), "{}", twice.text);
        for (current, new, told) in [
            (old.as_str(), "elevenchars", "Use at least 12 characters"),
            (old.as_str(), old.as_str(), "This is the one that you have."),
            (old.as_str(), "", "Use at least 12 characters"),
        ] {
            let refused = changes(&world, &session, current, new).await;
            is_page(&refused, 400, "Error: Change password");
            assert!(refused.text.contains(told), "{told}: {}", refused.text);
        }
        let failed = world.account("ada").events_of("organizations/{acme}/audit-log?action=user.password_change_failed", 2).await;
        assert_eq!(failed[0]["target"]["id"], json!(world.id("pia")));
        // One for signing in, two that were wrong, one for the same again: six are left.
        for _ in 0..6 {
            assert_eq!(changes(&world, &session, "short", "another good password").await.status, 403);
        }
        assert_eq!(changes(&world, &session, &old, "another good password").await.status, 429, "also the right one");
        is_page(&get(&world, &session, PROFILE).await, 200, "Profile");
        assert_eq!(world.count("SELECT COUNT(*) FROM sessions").await, 1);
    }

    /// as long as it may be, in letters that take most room
    async fn a_password_may_be_long(world: World) {
        let world = world.with(WORLD).await;
        let session = signs_in(&world, "mel").await;
        let long = |last: &str| format!("{}{last}", "𝒳".repeat(1_023));
        let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let old = world.password_of("mel");
        let first = post(&world, &session, PASSWORD, &format!("&current={}&new={}", encoded(&old), encoded(&long("a")))).await;
        let token = set_cookie(leads_to(&first, PROFILE), "claviger").expect("a session").0;
        world.remember_session(token);
        let second = post(&world, token, PASSWORD, &format!("&current={}&new={}", encoded(&long("a")), encoded(&long("b")))).await;
        world.remember_session(set_cookie(leads_to(&second, PROFILE), "claviger").expect("a session").0);
    }

    /// each session is listed with where it was begun, and ends alone or with all others
    async fn sessions_are_listed_and_ended(world: World) {
        let world = world.with(WORLD).await;
        let session = signs_in(&world, "pia").await;
        let ours = shown(&world).await;
        let firefox = form(&world, &ours, &email("pia"), &world.password_of("pia"));
        let firefox = firefox.header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 <script>alert(1)</script>");
        let firefox = send(firefox).await;
        let firefox = set_cookie(&firefox, "claviger").expect("a session").0.to_owned();
        world.remember_session(&firefox);
        let (third, mel) = (signs_in(&world, "pia").await, signs_in(&world, "mel").await);
        world.restart().await;
        let page = get(&world, &session, SESSIONS).await;
        is_page(&page, 200, "Sessions");
        assert_eq!(page.text.matches("<tr role=\"row\">").count(), 4, "the heading and three: {}", page.text);
        assert_eq!(page.text.matches("This session").count(), 1);
        assert!(page.text.contains("Firefox on Linux<span class=\"sub\">from 127.0.0.1</span>") && !page.text.contains("alert(1)"), "{}", page.text);
        assert!(page.text.contains("after 2 hours without use, and after 12 hours in any case"), "{}", page.text);

        let end = |session: &str| format!("/console/profile/sessions/{}/end", id(session));
        leads_to(&post(&world, &session, &end(&firefox), "").await, SESSIONS);
        is_out(&get(&world, &firefox, PROFILE).await);
        let again = post(&world, &session, &end(&firefox), "").await;
        let page = told(&world, &session, leads_to(&again, SESSIONS), SESSIONS).await;
        assert!(page.contains("That session had ended already."), "{page}");
        // What is none of hers is told the same.
        leads_to(&post(&world, &session, &end(&mel), "").await, SESSIONS);
        is_page(&get(&world, &mel, PROFILE).await, 200, "Profile");
        for path in ["/console/profile/sessions/x/end", "/console/profile/sessions/0/end", "/console/profile/sessions/%FF/end"] {
            is_page(&post(&world, &session, path, "").await, 404, "Not found");
        }

        leads_to(&post(&world, &session, "/console/profile/sessions/end-others", "").await, SESSIONS);
        is_out(&get(&world, &third, PROFILE).await);
        leads_to(&post(&world, &session, "/console/profile/sessions/end-others", "").await, SESSIONS);
        let own = post(&world, &session, &end(&session), "").await;
        is_out(&own);
        assert_eq!(set_cookie(&own, "claviger").expect("deleted").0, "");
        is_out(&get(&world, &session, PROFILE).await);
        is_page(&get(&world, &mel, PROFILE).await, 200, "Profile");
    }

    /// a member leaves on a page that says what that ends: he is signed out, and nobody signs in with his address
    async fn a_member_leaves_by_himself(world: World) {
        let world = world.with(LEAVING).await;
        let leave = world.path("/console/profile/organizations/{acme}/leave");
        let ada = world.account("ada");
        let crew = ada.post("organizations/{acme}/teams", json!({ "name": "Crew" })).await.created();
        let crew = format!("organizations/{{acme}}/teams/{}", crew["id"]);
        ada.post(&format!("{crew}/add-members"), json!({ "user_ids": [world.id("mel")] })).await.ok();
        let (mel, elsewhere) = (Browser::signs_in(&world, "mel").await, Browser::signs_in(&world, "mel").await);
        let profile = mel.page(PROFILE, "Profile").await;
        assert!(profile.contains(&format!("href=\"{leave}\"")), "{profile}");
        let page = mel.page(&leave, "Leave acme · acme").await;
        for shown in ["shop</th>", "Analyst", "You leave the team Crew.", "the only organization you belong to", "created stay, and go on working", "Type acme to leave it"] {
            assert!(page.contains(shown), "{shown} is not in {page}");
        }
        assert!(!page.contains("claviger member remove"), "{page}");
        let wrong = mel.submit(&leave, &[("confirm", "globex")]).await;
        is_page(&wrong, 400, "Error: Leave acme · acme");
        assert!(wrong.text.contains("That is not the name. Type acme."), "{}", wrong.text);
        mel.page(PROFILE, "Profile").await;
        let left = mel.submit(&leave, &[("confirm", " acme ")]).await;
        is_page(&left, 200, "You have left acme");
        assert!(left.text.contains("so you are signed out everywhere") && mel.session().is_empty(), "{}", left.text);
        is_out(&elsewhere.get(PROFILE).await);
        let ours = shown(&world).await;
        is_page(&send(form(&world, &ours, &email("mel"), &world.password_of("mel"))).await, 403, "Error: Sign in");
        let events = world.account("ada").get("organizations/{acme}/audit-log?action=organization.user_removed").await.ok();
        let (id, by) = (json!(world.id("mel")), &events[0]["actor"]["id"]);
        assert_eq!((events.as_array().unwrap().len(), &events[0]["target"]["id"], by), (1, &id, &id), "{events}");
        assert!(!ada.get(&crew).await.ok().to_string().contains("mel of the world"));
        world.account("exporter").get("me").await.ok();
    }

    /// the last owner stays and is told so; of two organizations the other stays, and one that is not his is not there
    async fn leaving_one_of_two_and_staying_as_the_last_owner(world: World) {
        let world = world.with(LEAVING).await;
        let oda = Browser::signs_in(&world, "oda").await;
        let (acme, globex) = ("/console/profile/organizations/{acme}/leave", "/console/profile/organizations/{globex}/leave");
        let why = "acme needs an owner who is a person. Make someone else owner first.";
        let profile = oda.page(PROFILE, "Profile").await;
        assert!(profile.contains(why) && !profile.contains(&world.path(acme)) && profile.contains(&world.path(globex)), "{profile}");
        for refused in [oda.get(acme).await, oda.submit(acme, &[("confirm", "acme")]).await] {
            is_page(&refused, 409, "Leave acme");
            assert!(refused.text.contains(why) && refused.text.contains("Open Users &#38; Teams"), "{}", refused.text);
        }
        let page = oda.page(globex, "Leave globex · globex").await;
        assert!(page.contains("What you were granted in other organizations stays.") && !page.contains("only organization"), "{page}");
        let profile = oda.submit_to(globex, &[("confirm", "globex")], "Profile").await;
        assert!(profile.contains("You have left globex.") && !profile.contains(&world.path(globex)), "{profile}");
        let mel = Browser::signs_in(&world, "mel").await;
        mel.page(PROFILE, "Profile").await;
        for browser in [&oda, &mel] {
            let unknown = browser.get("/console/profile/organizations/999999/leave").await;
            is_page(&unknown, 404, "Not found");
            for theirs in [browser.get(globex).await, browser.submit(globex, &[("confirm", "globex")]).await] {
                assert_eq!((theirs.status, &theirs.text), (404, &unknown.text));
            }
        }
    }
}
