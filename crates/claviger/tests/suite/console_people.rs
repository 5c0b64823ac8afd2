//! The people of an organization in the console: who sees them, what is changed, and that it counts at once.

use serde_json::json;

use crate::answer::Answer;
use crate::browser::Browser;
use crate::console::is_page;
use crate::world::{World, email, on_both_stores};

const WORLD: &str = "
acme: ada owner, oda@ owner, pia@ admin, mel@ member
  shop: exporter admin, mel@ analyst
globex: gil owner, gia@ owner
";

const PEOPLE: &str = "/console/organizations/{acme}/users-teams";
const ODA: &str = "/console/organizations/{acme}/users/{oda}";
const MEL: &str = "/console/organizations/{acme}/users/{mel}";

/// A page that says no, and nothing of what it is about.
#[track_caller]
fn says(answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert!(answer.text.contains(words), "{words} is not in {}", answer.text);
    assert_eq!(answer.text.matches("<h1").count(), 1);
}

fn members(world: &World) -> String {
    world.path("organizations/{acme}/users/{oda}")
}

on_both_stores! {
    /// an admin finds people by name, address, team and role, with what each is and how he signs in
    async fn people_are_listed_with_what_they_are(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let team = ada.post("organizations/{acme}/teams", json!({ "name": "Night watch" })).await.created();
        world.name("team", team["id"].as_u64().unwrap());
        ada.post("organizations/{acme}/teams/{team}/add-members", json!({ "user_ids": [world.id("mel")] })).await.ok();
        let pia = Browser::signs_in(&world, "pia").await;
        let page = pia.page(PEOPLE, "Users and Teams · acme").await;
        for shown in ["oda of the world", "pia of the world", "mel of the world", "mel@example.com · Night watch", "Password only", "Users <span>3</span>", "1 person", "not known", "Invite people", "Create team"] {
            assert!(page.contains(shown), "{shown} is not in {page}");
        }
        assert!(page.len() < 50_000, "{}", page.len());
        for (query, found, hidden) in [
            ("search=MEL@ex", "mel of the world", "oda of the world"),
            ("search=night", "mel of the world", "oda of the world"),
            ("role=owner", "oda of the world", "mel of the world"),
        ] {
            let page = pia.page(&format!("{PEOPLE}?{query}"), "Users and Teams · acme").await;
            let table = page.split("<tbody").nth(1).unwrap();
            assert!(table.contains(found) && !table.contains(hidden), "{query}: {table}");
        }
        let page = pia.page(MEL, "mel of the world · acme").await;
        for shown in ["mel@example.com", "shop", "Analyst", "Granted to this user", "Change role", "Night watch", "claviger member show"] {
            assert!(page.contains(shown), "{shown} is not in {page}");
        }
    }

    /// raised, somebody may at his next request; lowered, he may not
    async fn a_role_that_is_changed_counts_at_once(world: World) {
        let world = world.with(WORLD).await;
        let (oda, mel) = (Browser::signs_in(&world, "oda").await, Browser::signs_in(&world, "mel").await);
        says(&mel.get(PEOPLE).await, 403, "Only owners and admins of acme see its users and teams.</strong> You are a member. Ask one of them: ");
        oda.page(MEL, "mel of the world · acme").await;
        let page = oda.submit_to(&format!("{MEL}/role"), &[("role", "admin")], "mel of the world · acme").await;
        assert!(page.contains("mel of the world is Admin now."), "{page}");
        mel.page(PEOPLE, "Users and Teams · acme").await;
        oda.submit_to(&format!("{MEL}/role"), &[("role", "member")], "mel of the world · acme").await;
        says(&mel.get(PEOPLE).await, 403, "Only owners and admins of acme");
        says(&oda.submit(&format!("{MEL}/role"), &[("role", "king")]).await, 400, "Choose one of the roles.");
        let events = world.account("ada").get("organizations/{acme}/audit-log?action=user.organization_role_changed").await.ok();
        let told: Vec<_> = events.as_array().unwrap().iter().map(|event| event["actor"]["name"].as_str().unwrap()).collect();
        assert_eq!(told, ["oda of the world", "oda of the world"]);
    }

    /// an admin has no button for an owner, no role above his own to give, and no route to either
    async fn an_admin_touches_no_owner(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        let above = "oda of the world is Owner of acme, which is above your own role there.";
        let page = pia.page(ODA, "oda of the world · acme").await;
        assert!(page.contains(above) && !page.contains("Change role") && !page.contains("/remove\""), "{page}");
        says(&pia.submit(&format!("{ODA}/role"), &[("role", "member")]).await, 403, above);
        says(&pia.get(&format!("{ODA}/remove")).await, 403, above);
        says(&pia.submit(&format!("{ODA}/remove"), &[("confirm", "oda@example.com")]).await, 403, above);
        let page = pia.page(MEL, "mel of the world · acme").await;
        assert!(page.contains("value=\"admin\"") && !page.contains("value=\"owner\""), "{page}");
        let answer = pia.submit(&format!("{MEL}/role"), &[("role", "owner")]).await;
        says(&answer, 403, "You are Admin of acme, so you can give roles up to Admin there.");
        let still = world.account("ada").get(&members(&world)).await.ok();
        assert_eq!(still["role"], "owner");
    }

    /// the last owner who is a person stays, by every way, and is told so before
    async fn the_last_owner_stays(world: World) {
        let world = world.with(WORLD).await;
        let oda = Browser::signs_in(&world, "oda").await;
        let why = "acme needs an owner who is a person. Make someone else owner first.";
        let page = oda.page(ODA, "oda of the world · acme").await;
        assert!(page.contains(why) && !page.contains("Change role") && !page.contains("/remove\""), "{page}");
        says(&oda.submit(&format!("{ODA}/role"), &[("role", "admin")]).await, 409, why);
        says(&oda.get(&format!("{ODA}/remove")).await, 409, why);
        says(&oda.submit(&format!("{ODA}/remove"), &[("confirm", "oda@example.com")]).await, 409, why);
        oda.submit_to(&format!("{MEL}/role"), &[("role", "owner")], "mel of the world · acme").await;
        // Now she may go, on the page of her own that says what that means for her.
        let leave = world.path("/console/profile/organizations/{acme}/leave");
        for led in [oda.get(&format!("{ODA}/remove")).await, oda.submit(&format!("{ODA}/remove"), &[("confirm", "oda@example.com")]).await] {
            assert_eq!((led.status, led.header("location")), (303, Some(&*leave)), "{}", led.text);
        }
        oda.page(&leave, "Leave acme · acme").await;
        is_page(&oda.submit(&leave, &[("confirm", "acme")]).await, 200, "You have left acme");
        let out = oda.get(PEOPLE).await;
        assert!(out.status == 303 && out.header("location").unwrap().starts_with("/console/sign-in"), "{out:?}");
    }

    /// who is taken out is told of first, then loses all at once; what he made stays
    async fn a_removal_says_what_it_ends(world: World) {
        let world = world.with(WORLD).await;
        let (oda, mel) = (Browser::signs_in(&world, "oda").await, Browser::signs_in(&world, "mel").await);
        let own = "/console/organizations/{acme}/projects";
        mel.page(own, "Projects · acme").await;
        let page = oda.page(&format!("{MEL}/remove"), "Remove mel of the world from acme · acme").await;
        for shown in ["shop</th>", "Analyst", "belongs nowhere else here", "created stay, and go on working", "Type mel@example.com to remove mel of the world", "claviger member remove"] {
            assert!(page.contains(shown), "{shown} is not in {page}");
        }
        let wrong = oda.submit(&format!("{MEL}/remove"), &[("confirm", "mel of the world")]).await;
        is_page(&wrong, 400, "Error: Remove mel of the world from acme · acme");
        says(&wrong, 400, "That is not the address. Type mel@example.com.");
        mel.page(own, "Projects · acme").await;
        let page = oda.submit_to(&format!("{MEL}/remove"), &[("confirm", " MEL@example.com ")], "Users and Teams · acme").await;
        assert!(page.contains("mel of the world does not belong to acme any more."), "{page}");
        let out = mel.get(own).await;
        assert!(out.status == 303 && out.header("location").unwrap().starts_with("/console/sign-in"), "{out:?}");
        says(&oda.get(MEL).await, 404, "There is no user");
        world.account("exporter").get("me").await.ok();
    }

    /// who is no owner or admin has no route, and another organization is not there, whatever is asked
    async fn others_have_no_route(world: World) {
        let world = world.with(WORLD).await;
        let (mel, gia) = (Browser::signs_in(&world, "mel").await, Browser::signs_in(&world, "gia").await);
        let team = world.account("ada").post("organizations/{acme}/teams", json!({ "name": "Crew" })).await.created();
        world.name("team", team["id"].as_u64().unwrap());
        let invited = world.account("ada").post("organizations/{acme}/invitations", json!({ "email": email("tim") })).await.created();
        world.remember_token(&invited);
        world.name("invitation", invited["id"].as_u64().unwrap());
        let own = "/console/organizations/{acme}";
        let shown = ["users-teams", "users/{mel}", "users/{mel}/remove", "invitations/new", "teams/new", "teams/{team}", "teams/{team}/delete", "projects/new", "access-security"];
        let done = ["users/{mel}/role", "users/{mel}/remove", "invitations", "invitations/{invitation}/resend", "invitations/{invitation}/withdraw", "teams", "teams/{team}/rename", "teams/{team}/add-members", "teams/{team}/remove-members", "teams/{team}/grant", "teams/{team}/revoke", "teams/{team}/delete", "projects", "access-security"];
        let before = world.count("SELECT COUNT(*) FROM changes").await;
        mel.page(&format!("{own}/projects"), "Projects · acme").await;
        gia.page("/console/organizations/{globex}/projects", "Projects · globex").await;
        for path in shown {
            says(&mel.get(&format!("{own}/{path}")).await, 403, "Only owners and admins of acme");
            let (theirs, unknown) = (gia.get(&format!("{own}/{path}")).await, gia.get(&format!("/console/organizations/999999/{path}")).await);
            says(&theirs, 404, "No organization of yours with this number.");
            assert_eq!(theirs.text, unknown.text, "{path}");
            assert!(!theirs.text.contains("acme"), "{}", theirs.text);
        }
        for path in done {
            let fields = [("role", "owner"), ("name", "x"), ("confirm", "mel@example.com"), ("once", "00000000000000000000000000000000"), ("member", "1"), ("place", "p1")];
            says(&mel.submit(&format!("{own}/{path}"), &fields).await, 403, "Only owners and admins of acme");
            let theirs = gia.submit(&format!("{own}/{path}"), &fields).await;
            says(&theirs, 404, "No organization of yours with this number.");
            assert!(!theirs.text.contains("acme"), "{}", theirs.text);
        }
        // Within his own organization, what is another's is told like what is not there.
        gia.page("/console/organizations/{globex}/users-teams", "Users and Teams · globex").await;
        let number = |text: &str, id: &str| text.replace(&world.path(id).replace("/api/app/", ""), "N").replace("999999", "N");
        for (path, id) in [("users", "{mel}"), ("teams", "{team}")] {
            let theirs = gia.get(&format!("/console/organizations/{{globex}}/{path}/{id}")).await;
            let unknown = gia.get(&format!("/console/organizations/{{globex}}/{path}/999999")).await;
            assert_eq!((theirs.status, unknown.status), (404, 404));
            assert_eq!(number(&theirs.text, id), number(&unknown.text, id), "{path}");
        }
        for path in ["users/{mel}/role", "users/{mel}/remove", "teams/{team}/rename", "teams/{team}/delete", "invitations/{invitation}/withdraw", "invitations/{invitation}/resend"] {
            let theirs = gia.submit(&format!("/console/organizations/{{globex}}/{path}"), &[("role", "member"), ("name", "x")]).await;
            assert_eq!(theirs.status, 404, "{path}: {}", theirs.text);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM changes").await, before, "nothing was changed");
    }

    /// whatever somebody calls himself, or a team is called, is text wherever it is shown
    async fn names_are_text(world: World) {
        let world = world.with("
acme: ada owner, oda@ owner
  shop: exporter admin
").await;
        let script = "<script>alert('x')</script>\"><blink>";
        let ada = world.account("ada");
        let invited = ada.post("organizations/{acme}/invitations", json!({ "email": email("xss"), "role": "member" })).await.created();
        let token = world.remember_token(&invited);
        let body = json!({ "token": token, "name": script, "password": world.password_of("xss") });
        world.name("xss", world.post("invitations/accept", body).await.created()["id"].as_u64().unwrap());
        let team = ada.post("organizations/{acme}/teams", json!({ "name": script })).await.created();
        world.name("team", team["id"].as_u64().unwrap());
        ada.post("organizations/{acme}/teams/{team}/add-members", json!({ "user_ids": [world.id("xss")] })).await.ok();
        let project = ada.post("organizations/{acme}/projects", json!({ "name": script })).await.created();
        world.name("named", project["id"].as_u64().unwrap());
        ada.put("projects/{named}/teams/{team}", json!({ "role": "analyst" })).await.ok();
        let oda = Browser::signs_in(&world, "oda").await;
        let own = "/console/organizations/{acme}";
        for path in ["users-teams", "users-teams?search=%3Cscript%3E", "users/{xss}", "users/{xss}/remove", "teams/{team}", "teams/{team}/delete", "invitations/new", "projects", "projects?search=%3Cscript%3E%22%3E", "access-security"] {
            let answer = oda.get(&format!("{own}/{path}")).await;
            assert_eq!((answer.status, answer.text.matches("<script").count()), (200, 1), "{path}: {}", answer.text);
            assert!(!answer.text.contains("<blink"), "{path}: {}", answer.text);
        }
    }

    /// somebody was here last when he last did something, whenever he signed in
    async fn who_is_here_was_seen_when_he_last_did_something(world: World) {
        let world = world.with(WORLD).await;
        let (pia, mel) = (Browser::signs_in(&world, "pia").await, Browser::signs_in(&world, "mel").await);
        pia.page("/console/profile", "Profile").await;
        mel.page("/console/profile", "Profile").await;
        world.restart().await;
        let an_hour = |sign: char| format!("UPDATE sessions SET begun_at = begun_at {sign} 5400");
        world.execute(&an_hour('-')).await;
        world.restart().await;
        let page = pia.page(MEL, "mel of the world · acme").await;
        assert!(page.contains("<dt>Last seen</dt><dd>") && !page.contains("not known") && !page.contains("hour ago"), "{page}");
        let list = pia.page(PEOPLE, "Users and Teams · acme").await;
        assert!(!list.contains("hour ago"), "{list}");
        // As it was decided, for whoever looks the world through.
        world.execute(&an_hour('+')).await;
        world.restart().await;
    }

    /// more people than a page holds follow on the next, each once
    async fn people_come_page_by_page(world: World) {
        let world = world.with("
acme: ada owner, oda@ owner
").await;
        for number in 0..27 {
            world.make_person("acme", &format!("u{number:02}"), "member").await;
        }
        let oda = Browser::signs_in(&world, "oda").await;
        let first = oda.page(PEOPLE, "Users and Teams · acme").await;
        assert!(first.contains("1 to 25 of 28") && first.contains("u23 of the world") && !first.contains("u24 of the world"), "{first}");
        assert!(first.len() < 50_000, "{}", first.len());
        let next = first.split("href=\"").find(|part| part.contains("cursor=after.")).and_then(|part| part.split('"').next()).unwrap();
        let second = oda.page(&next.replace("&#38;", "&"), "Users and Teams · acme").await;
        assert!(second.contains("26 to 28 of 28") && second.contains("u24 of the world") && second.contains("u26 of the world"), "{second}");
        assert!(second.contains("Previous 25") && !second.contains("Next 25"), "{second}");
    }
}
