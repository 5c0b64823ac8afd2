//! What is refused on the pages of projects and teams: the title names the thing, the sentence says what to do, and there is
//! a way back.

use serde_json::json;

use crate::answer::Answer;
use crate::browser::Browser;
use crate::console::is_page;
use crate::world::{World, on_both_stores};

const WORLD: &str = "
acme: ada owner, pia@ admin, mel@ member
  shop: exporter admin, dan@ admin, con@ consumer
    eu: reader consumer
globex: gil owner, gus@ owner
  mart: trader admin
";

const SHOP: &str = "/console/projects/{shop}";
const TEAM: &str = "/console/organizations/{acme}/teams/{crew}";

/// A page of this status and title that says all of this.
#[track_caller]
fn says(answer: &Answer, status: u16, title: &str, told: &[&str]) {
    is_page(answer, status, title);
    for told in told {
        assert!(answer.text.contains(told), "{told} is not in {}", answer.text);
    }
}

async fn has_team(world: &World) {
    let made = world.account("ada").post("organizations/{acme}/teams", json!({ "name": "Crew" })).await.created();
    world.name("crew", made["id"].as_u64().unwrap());
}

on_both_stores! {
    /// on a project's pages: which project, what is missing, and back to the list; to who is no member it has no name
    async fn a_project_is_named_with_what_to_do(world: World) {
        let world = world.with(WORLD).await;
        has_team(&world).await;
        let dan = Browser::signs_in(&world, "dan").await;
        dan.page(&format!("{SHOP}/users"), "Project Users · shop").await;
        for (who, back) in [("users/{con}", "users"), ("users/teams/{crew}", "users"), ("service-accounts/{exporter}", "service-accounts")] {
            let back = format!("<a class=\"btn\" href=\"{}\">Back to", world.path(&format!("{SHOP}/{back}")));
            let role = dan.submit(&format!("{SHOP}/{who}/role"), &[("role", "root")]).await;
            says(&role, 400, "Give a role in shop · acme", &["Choose a role.", "Nothing was changed.", &back]);
            for fields in [[("role", "admin"), ("workspace", "x")], [("role", "admin"), ("on", "0")]] {
                let place = dan.submit(&format!("{SHOP}/{who}/role"), &fields).await;
                says(&place, 404, "Give a role in shop · acme", &["No workspace with this number in shop.", "It may have been deleted.", &back]);
            }
            let place = dan.submit(&format!("{SHOP}/{who}/remove"), &[("workspace", "x")]).await;
            says(&place, 404, "Remove from shop · acme", &["No workspace with this number in shop.", &back]);
        }
        let above = dan.submit(&format!("{SHOP}/users/{{con}}/role"), &[("role", "owner")]).await;
        says(&above, 403, "Give a role in shop · acme", &["You are Admin of shop, so you can give roles up to Admin there."]);
        let gone = dan.get(&format!("{SHOP}/workspaces/999999")).await;
        says(&gone, 404, "Change the workspaces of shop · acme", &["No workspace with this number in shop."]);
        let con = Browser::signs_in(&world, "con").await;
        con.page(&format!("{SHOP}/overview"), "Overview · shop").await;
        for (path, title, deed) in [
            ("users", "Users of shop · acme", "see its users"),
            ("service-accounts", "Service Accounts of shop · acme", "see its service accounts"),
            ("service-accounts/new", "Create a service account in shop · acme", "create service accounts in it"),
            ("roles", "Roles of shop · acme", "see its roles"),
        ] {
            says(&con.get(&format!("{SHOP}/{path}")).await, 403, title, &[&format!("of shop {deed}."), "You are a consumer."]);
        }
        let gus = Browser::signs_in(&world, "gus").await;
        gus.page("/console/projects/{mart}/users", "Project Users · mart").await;
        for (who, deed, fields) in [("users/{con}", "role", ("role", "root")), ("users/{con}", "remove", ("workspace", "x")), ("service-accounts/{exporter}", "role", ("workspace", "x"))] {
            let theirs = gus.submit(&format!("{SHOP}/{who}/{deed}"), &[fields]).await;
            says(&theirs, 404, "Not found", &["No project of yours with this number."]);
            assert!(!theirs.text.contains("shop") && !theirs.text.contains("acme"), "{}", theirs.text);
        }
    }

    /// as many custom roles as a project may have: it is said how many, and what to do
    async fn a_project_that_is_full_says_so(world: World) {
        let world = world.with(WORLD).await;
        for number in 0..5 {
            let role = json!({ "name": format!("Role {number}"), "permissions": ["data:read"] });
            world.account("exporter").post("projects/{shop}/custom-roles", role).await.created();
        }
        let dan = Browser::signs_in(&world, "dan").await;
        dan.page(&format!("{SHOP}/roles/new"), "New role · shop").await;
        let once = dan.hidden("once");
        let full = dan.submit(&format!("{SHOP}/roles"), &[("once", &once), ("name", "Sixth"), ("permission", "data:read"), ("do", "save")]).await;
        says(&full, 409, "Change the roles of shop · acme", &["shop has 5 custom roles, as many as fit.", "Delete one first.", "Back to Roles"]);
    }

    /// on a team's pages: which team, what is missing, and back to it; whoever manages no teams is not told its name
    async fn a_team_is_named_with_what_to_do(world: World) {
        let world = world.with(WORLD).await;
        has_team(&world).await;
        let pia = Browser::signs_in(&world, "pia").await;
        pia.page(TEAM, "Crew · acme").await;
        let back = format!("<a class=\"btn\" href=\"{}\">Back to Crew</a>", world.path(TEAM));
        let (shop, trader) = (format!("p{}", world.id("shop")), world.id("trader").to_string());
        let many: Vec<String> = (1..=51).map(|id| id.to_string()).collect();
        let grant = "Grant Crew access · acme";
        for (path, fields, status, title, told) in [
            ("grant", vec![("role", "analyst")], 400, grant, "Choose a project or a workspace."),
            ("grant", vec![("place", &*shop), ("role", "king")], 400, grant, "Choose a role."),
            ("grant", vec![("place", &*shop), ("role", "owner")], 403, grant, "You are Admin of shop, so you can give roles up to Admin there."),
            ("grant", vec![("place", "p999999"), ("role", "analyst")], 404, grant, "No project or workspace with this number in acme."),
            ("revoke", vec![("place", "x")], 404, "Revoke access of Crew · acme", "No project or workspace with this number in acme."),
            ("add-members", vec![], 400, "Add members to Crew · acme", "Tick somebody first."),
            ("add-members", vec![("member", "x")], 400, "Add members to Crew · acme", "What was ticked is no number of anybody."),
            ("add-members", many.iter().map(|id| ("member", id.as_str())).collect(), 400, "Add members to Crew · acme", "Tick at most 50 at a time."),
            ("add-members", vec![("member", &*trader)], 404, "Add members to Crew · acme", "No person or service account with this number in acme."),
            ("remove-members", vec![("member", &*trader)], 404, "Remove members from Crew · acme", "No person or service account with this number in acme."),
        ] {
            says(&pia.submit(&format!("{TEAM}/{path}"), &fields).await, status, title, &[told, &back]);
        }
        let teams = "/console/organizations/{acme}/teams/999999";
        let list = format!("href=\"{}?view=teams\">Back to Users &#38; Teams</a>", world.path("/console/organizations/{acme}/users-teams"));
        says(&pia.get(teams).await, 404, "Team · acme", &["No team with this number in acme.", "It may have been deleted.", &list]);
        says(&pia.submit(&format!("{teams}/rename"), &[("name", "Mine")]).await, 404, "Rename a team · acme", &["No team with this number in acme.", &list]);
        let mel = Browser::signs_in(&world, "mel").await;
        mel.page("/console/organizations/{acme}/projects", "Projects · acme").await;
        let refused = mel.submit(&format!("{TEAM}/rename"), &[("name", "Mine")]).await;
        says(&refused, 403, "Rename a team · acme", &["Only owners and admins of acme rename teams.", "You are a member. Ask one of them: pia of the world."]);
        assert!(!refused.text.contains("Crew"), "{}", refused.text);
        assert_eq!(world.count("SELECT COUNT(*) FROM team_members").await, 0);
    }
}
