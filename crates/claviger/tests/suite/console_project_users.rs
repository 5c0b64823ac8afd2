//! The Project Users page: people and teams, their roles, adding and taking off.

use serde_json::json;

use crate::browser::Browser;
use crate::console_project_accounts::{has_row, is_refused, row, says};
use crate::world::{email, on_both_stores};

const WORLD: &str = "
acme: ada owner, pia@ admin, oli@ owner, mel@ member, nan@ member
  shop: exporter admin, dan@ admin, con@ consumer
    eu: wes@ analyst
  lab: lea@ admin
globex: gil owner, gus@ admin
";

const USERS: &str = "/console/projects/{shop}/users";

const TITLE: &str = "Project Users · shop";

on_both_stores! {
    /// people are listed with what gives them their role, and changed and taken off at once
    async fn people_change_and_go(world: World) {
        let world = world.with(WORLD).await;
        let browser = Browser::signs_in(&world, "dan").await;
        let page = browser.page(USERS, TITLE).await;
        for (name, role, through, may) in [
            ("oli", "Owner", "Organization role Owner", false),
            ("pia", "Admin", "Organization role Admin", false),
            ("con", "Consumer", "Granted directly", true),
            ("wes", "Analyst", "Workspace eu only", true),
        ] {
            let row = row(&page, world.id(name));
            says(row, &format!(">{role}</span>"));
            says(row, &format!("<span class=\"sub\">{through}</span>"));
            says(row, &email(name));
            assert_eq!((row.contains(">Remove<"), row.contains(">Change role<")), (may, may), "{name}: {row}");
        }
        assert!(!has_row(&page, world.id("mel")) && !has_row(&page, world.id("gus")), "{page}");
        says(row(&page, world.id("dan")), ">Leave<");
        let edited = browser.page(&format!("{USERS}?edit={{con}}"), TITLE).await;
        says(row(&edited, world.id("con")), "<option value=\"consumer\" selected>");
        assert!(!edited.contains("value=\"owner\""), "{edited}");
        let page = browser.submit_to(&format!("{USERS}/{{con}}/role"), &[("role", "analyst")], TITLE).await;
        says(&page, "con of the world is Analyst of shop now.");
        assert!(row(&page, world.id("con")).contains(">Analyst</span>"));
        is_refused(&browser.submit(&format!("{USERS}/{{con}}/role"), &[("role", "owner")]).await, 403, "You are Admin of shop, so you can give roles up to Admin there.");
        let page = browser.submit_to(&format!("{USERS}/{{con}}/remove"), &[], TITLE).await;
        says(&page, "con of the world no longer reaches shop.");
        assert!(!has_row(&page, world.id("con")));
        // What is not his own stays, and is told.
        world.account("ada").put("projects/{shop}/users/{pia}", json!({ "role": "analyst" })).await.ok();
        let page = browser.submit_to(&format!("{USERS}/{{pia}}/remove"), &[], TITLE).await;
        says(&page, "pia of the world still reaches it as Admin, by the organization role Admin.");
        // Who leaves is led to where he begins.
        let left = browser.submit(&format!("{USERS}/{{dan}}/remove"), &[]).await;
        assert_eq!((left.status, left.header("location")), (303, Some("/console")), "{}", left.text);
        assert_eq!(browser.get(USERS).await.status, 403);
    }

    /// members of the organization are found and added; who manages the project alone must know the address
    async fn members_are_added(world: World) {
        let world = world.with(WORLD).await;
        let title = "Add a member · shop";
        let pia = Browser::signs_in(&world, "pia").await;
        pia.page(USERS, TITLE).await;
        let page = pia.page(&format!("{USERS}/add?search=of+the+world"), title).await;
        assert!(page.matches("name=\"id\"").count() >= 6 && !page.contains(&email("gus")), "{page}");
        says(&page, "already Owner, by the organization role Owner");
        let dan = Browser::signs_in(&world, "dan").await;
        dan.page(USERS, TITLE).await;
        assert!(!dan.page(&format!("{USERS}/add?search=mel"), title).await.contains("name=\"id\""));
        let found = dan.page(&format!("{USERS}/add?search={}", email("mel")), title).await;
        assert_eq!(found.matches("name=\"id\"").count(), 1, "{found}");
        assert!(!dan.page(&format!("{USERS}/add?search={}", email("gus")), title).await.contains("name=\"id\""));
        let (mel, gus, eu) = (world.id("mel").to_string(), world.id("gus").to_string(), world.id("eu").to_string());
        let page = dan.submit_to(&format!("{USERS}/add"), &[("id", &mel), ("role", "consumer"), ("workspace", &eu)], "Project Users · shop").await;
        says(&page, "mel of the world is Consumer of eu of shop now.");
        let mels = Browser::signs_in(&world, "mel").await;
        says(&mels.page("/console/projects/{shop}/overview", "Overview · shop").await, "Workspace eu only");
        is_refused(&dan.submit(&format!("{USERS}/add"), &[("id", &gus), ("role", "consumer")]).await, 404, "No member with this number in acme.");
        assert_eq!(dan.submit(&format!("{USERS}/add"), &[("find", "mel")]).await.status, 400);
    }

    /// teams of the organization get roles and lose them, with all their members
    async fn teams_are_given_roles(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let teams = format!("{USERS}/teams");
        for name in ["Data platform", "Billing"] {
            let team = ada.post("organizations/{acme}/teams", json!({ "name": name })).await.created()["id"].as_u64().unwrap();
            world.name(name, team);
        }
        ada.post("organizations/{acme}/teams/{Data platform}/add-members", json!({ "user_ids": [world.id("nan")] })).await.ok();
        let foreign = world.account("gil").post("organizations/{globex}/teams", json!({ "name": "Foreign" })).await.created()["id"].as_u64().unwrap();
        let browser = Browser::signs_in(&world, "dan").await;
        says(&browser.page(&teams, TITLE).await, "No team holds a role in shop");
        assert!(!browser.page(&format!("{teams}/add?search=Data"), "Add a team · shop").await.contains("name=\"id\""));
        let found = browser.page(&format!("{teams}/add?search=Data+platform"), "Add a team · shop").await;
        assert!(found.matches("name=\"id\"").count() == 1 && !found.contains("Billing"), "{found}");
        let id = world.id("Data platform").to_string();
        let page = browser.submit_to(&format!("{teams}/add"), &[("id", &id), ("role", "analyst")], TITLE).await;
        says(&page, "Team Data platform is Analyst of shop now.");
        says(row(&page, world.id("Data platform")), "1 member");
        let nan = Browser::signs_in(&world, "nan").await;
        says(&nan.page("/console/projects/{shop}/overview", "Overview · shop").await, "Team Data platform");
        says(&browser.page(USERS, TITLE).await, "Team Data platform");
        let page = browser.submit_to(&format!("{teams}/{{Data platform}}/role"), &[("role", "consumer")], TITLE).await;
        says(row(&page, world.id("Data platform")), ">Consumer</span>");
        let page = browser.submit_to(&format!("{teams}/{{Data platform}}/remove"), &[], TITLE).await;
        says(&page, "Team Data platform holds no role in shop any more.");
        assert_eq!(nan.get("/console/projects/{shop}/overview").await.status, 403);
        for (path, fields) in [
            (format!("{teams}/{foreign}/role"), vec![("role", "consumer")]),
            (format!("{teams}/{foreign}/remove"), vec![]),
            (format!("{teams}/add"), vec![("id", "999999"), ("role", "consumer")]),
        ] {
            is_refused(&browser.submit(&path, &fields).await, 404, "No team with this number in acme.");
        }
    }

    /// who may not has no route
    async fn others_change_nobodys_role(world: World) {
        let world = world.with(WORLD).await;
        for (name, status) in [("con", 403), ("wes", 403), ("lea", 403), ("mel", 403), ("gus", 404)] {
            let browser = Browser::signs_in(&world, name).await;
            assert_eq!(browser.get(USERS).await.status, status, "{name}");
            for (path, fields) in [
                ("/{dan}/remove", vec![]),
                ("/{con}/role", vec![("role", "admin")]),
                ("/add", vec![("id", "1"), ("role", "consumer")]),
                ("/teams/add", vec![("id", "1"), ("role", "consumer")]),
                ("/teams/1/remove", vec![]),
                ("/teams/1/role", vec![("role", "admin")]),
            ] {
                assert_eq!(browser.submit(&format!("{USERS}{path}"), &fields).await.status, status, "{name} {path}");
            }
        }
        // Each may leave.
        let con = Browser::signs_in(&world, "con").await;
        con.get("/console/projects/{shop}/overview").await;
        let left = con.submit(&format!("{USERS}/{{con}}/remove"), &[]).await;
        assert_eq!((left.status, left.header("location")), (303, Some("/console")), "{}", left.text);
        assert_eq!(con.get("/console/projects/{shop}/overview").await.status, 403);
    }
}
