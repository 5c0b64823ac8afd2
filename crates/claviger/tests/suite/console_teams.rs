//! Teams in the console: made, filled, granted, renamed and deleted, and that each counts at once.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::browser::Browser;
use crate::console::is_page;
use crate::world::{World, on_both_stores};

const WORLD: &str = "
acme: ada owner, oda@ owner, pia@ admin, mel@ member
  shop: exporter admin
    eu: reader consumer
globex: gil owner, gia@ owner
  mart: trader admin
";

const TEAMS: &str = "/console/organizations/{acme}/teams";
const TEAM: &str = "/console/organizations/{acme}/teams/{team}";
const LIST: &str = "/console/organizations/{acme}/users-teams?view=teams";

#[track_caller]
fn says(answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert!(answer.text.contains(words), "{words} is not in {}", answer.text);
}

/// Makes a team by the API, and gives its id a name.
async fn has_team(world: &World, name: &str) {
    let made = world.account("ada").post("organizations/{acme}/teams", json!({ "name": name })).await.created();
    world.name("team", made["id"].as_u64().unwrap());
}

/// Makes a team on its page, and gives its id a name.
async fn creates(world: &World, browser: &Browser<'_>, name: &str) {
    browser.page(&format!("{TEAMS}/new"), "Create team · acme").await;
    let once = browser.hidden("once");
    let made = browser.submit(TEAMS, &[("name", name), ("once", &once)]).await;
    assert_eq!(made.status, 303, "{}", made.text);
    let id = made.header("location").unwrap().rsplit('/').next().unwrap().parse().unwrap();
    world.name("team", id);
    // The second press makes nothing, and leads to the same.
    let again = browser.submit(TEAMS, &[("name", name), ("once", &once)]).await;
    assert_eq!((again.status, again.header("location")), (303, made.header("location")));
    let page = browser.page(TEAM, &format!("{name} · acme")).await;
    assert!(page.contains("This team was created already."), "{page}");
}

/// Whether an account reaches the shop, and as what.
async fn role_of(world: &World, account: &str) -> Value {
    let me = world.account(account).get("me").await.ok();
    me["projects"][world.id("shop").to_string()]["role"].clone()
}

/// The most that is chosen from at once.
fn longest_choice(page: &str) -> usize {
    let selects = page.split("<select").skip(1).map(|rest| rest.split("</select>").next().unwrap());
    selects.map(|select| select.matches("<option").count()).max().unwrap_or(0)
}

on_both_stores! {
    /// a team is made once, gets members and access, loses both, and each counts at the next request
    async fn a_team_carries_access_as_long_as_somebody_is_in_it(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        creates(&world, &pia, "Exporters").await;
        assert_eq!(role_of(&world, "reader").await, Value::Null);
        let found = pia.page(&format!("{TEAM}?find=reader"), "Exporters · acme").await;
        let (reader, mel) = (world.id("reader").to_string(), world.id("mel").to_string());
        assert!(found.contains(&format!("name=\"member\" value=\"{reader}\"")) && !found.contains("trader"), "{found}");
        let page = pia.submit_to(&format!("{TEAM}/add-members"), &[("member", &reader), ("member", &mel)], "Exporters · acme").await;
        assert!(page.contains("2 members are in Exporters now.") && page.contains("1 person, 1 service account"), "{page}");
        let shop = format!("p{}", world.id("shop"));
        let page = pia.submit_to(&format!("{TEAM}/grant"), &[("place", &shop), ("role", "analyst")], "Exporters · acme").await;
        assert!(page.contains("Exporters is Analyst of shop now."), "{page}");
        assert_eq!(role_of(&world, "reader").await, "analyst");
        pia.submit_to(&format!("{TEAM}/grant"), &[("place", &shop), ("role", "admin")], "Exporters · acme").await;
        assert_eq!(role_of(&world, "reader").await, "admin");
        let eu = format!("w{}", world.id("eu"));
        let page = pia.submit_to(&format!("{TEAM}/grant"), &[("place", &eu), ("role", "consumer")], "Exporters · acme").await;
        assert!(page.contains("shop, workspace eu"), "{page}");
        let page = pia.submit_to(&format!("{TEAM}/remove-members"), &[("member", &reader)], "Exporters · acme").await;
        assert!(page.contains("left Exporters."), "{page}");
        assert_eq!(role_of(&world, "reader").await, Value::Null);
        pia.submit_to(&format!("{TEAM}/add-members"), &[("member", &reader)], "Exporters · acme").await;
        let page = pia.submit_to(&format!("{TEAM}/revoke"), &[("place", &shop)], "Exporters · acme").await;
        assert!(page.contains("Exporters holds nothing on shop any more.") && page.contains("Nothing is granted yet."), "{page}");
        assert_eq!(role_of(&world, "reader").await, Value::Null);
        assert_eq!(world.count("SELECT COUNT(*) FROM teams").await, 1);
    }

    /// a name that is none, or is taken, is told in the form, which keeps what was typed
    async fn a_name_that_is_none_is_told_in_the_form(world: World) {
        let world = world.with(WORLD).await;
        has_team(&world, "Crew").await;
        let pia = Browser::signs_in(&world, "pia").await;
        pia.page(&format!("{TEAMS}/new"), "Create team · acme").await;
        let once = pia.hidden("once");
        for (name, status, said) in [("  ", 400, "Give it a name."), ("a\u{202e}b", 400, "The name contains the invisible character"), ("Crew", 409, "acme has a team called Crew. Choose another name.")] {
            let answer = pia.submit(TEAMS, &[("name", name), ("once", &once)]).await;
            is_page(&answer, status, "Error: Create team · acme");
            says(&answer, status, said);
            assert!(answer.text.contains("Nothing was created. One thing needs a change."), "{}", answer.text);
        }
        let answer = pia.submit(TEAMS, &[("name", "Crew"), ("once", &once)]).await;
        assert!(answer.text.contains("value=\"Crew\""), "{}", answer.text);
        says(&pia.submit(TEAMS, &[("name", "Other"), ("once", "x")]).await, 400, "This form cannot be read");
        // A new name.
        let page = pia.page(TEAM, "Crew · acme").await;
        assert!(page.contains("Rename team"), "{page}");
        says(&pia.submit(&format!("{TEAM}/rename"), &[("name", "")]).await, 400, "Give it a name.");
        let page = pia.submit_to(&format!("{TEAM}/rename"), &[("name", "Night watch")], "Night watch · acme").await;
        assert!(page.contains("Crew is called Night watch now."), "{page}");
        assert_eq!(world.count("SELECT COUNT(*) FROM teams").await, 1);
    }

    /// a team that holds more than an admin does is shown to him, without a button, and stays as it is
    async fn a_team_above_ones_own_is_not_touched(world: World) {
        let world = world.with(WORLD).await;
        has_team(&world, "Crew").await;
        let (shop, mel) = (format!("p{}", world.id("shop")), world.id("mel").to_string());
        let (oda, pia) = (Browser::signs_in(&world, "oda").await, Browser::signs_in(&world, "pia").await);
        pia.page(TEAM, "Crew · acme").await;
        let answer = pia.submit(&format!("{TEAM}/grant"), &[("place", &shop), ("role", "owner")]).await;
        says(&answer, 403, "You are Admin of shop, so you can give roles up to Admin there.");
        oda.page(TEAM, "Crew · acme").await;
        oda.submit_to(&format!("{TEAM}/grant"), &[("place", &shop), ("role", "owner")], "Crew · acme").await;
        let above = "Crew is Owner of shop, which is above your own role there.";
        let page = pia.page(TEAM, "Crew · acme").await;
        assert!(page.contains(above) && !page.contains(&world.path(&format!("{TEAM}/"))), "{page}");
        for (path, fields) in [
            ("add-members", [("member", mel.as_str()), ("", "")]),
            ("revoke", [("place", &shop), ("", "")]),
            ("grant", [("place", &shop), ("role", "consumer")]),
            ("rename", [("name", "Mine"), ("", "")]),
            ("delete", [("confirm", "Crew"), ("", "")]),
        ] {
            says(&pia.submit(&format!("{TEAM}/{path}"), &fields).await, 403, above);
        }
        says(&pia.get(&format!("{TEAM}/delete")).await, 403, above);
        assert_eq!(world.count("SELECT COUNT(*) FROM team_members").await, 0);
    }

    /// what is another organization's is no place to grant and nobody to add, and nothing is changed by it
    async fn what_is_anothers_is_not_there(world: World) {
        let world = world.with(WORLD).await;
        has_team(&world, "Crew").await;
        let pia = Browser::signs_in(&world, "pia").await;
        pia.page(TEAM, "Crew · acme").await;
        let (mart, trader) = (format!("p{}", world.id("mart")), world.id("trader").to_string());
        let workspace = format!("w{}", world.id("mart all"));
        for place in [mart.as_str(), &workspace, "p999999", "w999999", "x", "p"] {
            says(&pia.submit(&format!("{TEAM}/grant"), &[("place", place), ("role", "analyst")]).await, 404, "No project or workspace with this number in acme.");
        }
        says(&pia.submit(&format!("{TEAM}/add-members"), &[("member", &trader)]).await, 404, "No person or service account with this number in acme.");
        says(&pia.submit(&format!("{TEAM}/add-members"), &[]).await, 400, "Tick somebody first.");
        says(&pia.submit(&format!("{TEAM}/grant"), &[("role", "analyst")]).await, 400, "Choose a project or a workspace.");
        let shop = format!("p{}", world.id("shop"));
        says(&pia.submit(&format!("{TEAM}/grant"), &[("place", &shop), ("role", "king")]).await, 400, "Choose a role.");
        assert_eq!(world.count("SELECT COUNT(*) FROM team_members").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM grants WHERE team_id IS NOT NULL").await, 0);
    }

    /// before a team is deleted it is told who loses what; a mistyped name deletes nothing
    async fn a_deletion_says_what_it_ends(world: World) {
        let world = world.with(WORLD).await;
        has_team(&world, "Crew").await;
        let ada = world.account("ada");
        ada.post("organizations/{acme}/teams/{team}/add-members", json!({ "user_ids": [world.id("reader")] })).await.ok();
        ada.put("projects/{shop}/teams/{team}", json!({ "role": "analyst" })).await.ok();
        let pia = Browser::signs_in(&world, "pia").await;
        let page = pia.page(&format!("{TEAM}/delete"), "Delete Crew · acme").await;
        for shown in ["shop</th>", "Analyst", "1 service account", "Type Crew to delete it", "Keep Crew", "claviger team delete"] {
            assert!(page.contains(shown), "{shown} is not in {page}");
        }
        let wrong = pia.submit(&format!("{TEAM}/delete"), &[("confirm", "crew")]).await;
        is_page(&wrong, 400, "Error: Delete Crew · acme");
        says(&wrong, 400, "That is not the name. Type Crew.");
        assert_eq!(role_of(&world, "reader").await, "analyst");
        let page = pia.submit_to(&format!("{TEAM}/delete"), &[("confirm", "Crew")], "Users and Teams · acme").await;
        assert!(page.contains("The team Crew was deleted."), "{page}");
        assert_eq!(role_of(&world, "reader").await, Value::Null);
        says(&pia.get(TEAM).await, 404, "No team with this number in acme.");
        says(&pia.submit(&format!("{TEAM}/delete"), &[("confirm", "Crew")]).await, 404, "No team with this number in acme.");
    }

    /// with hundreds of teams and projects every page stays small, and nothing is chosen from a long list
    async fn hundreds_stay_small(world: World) {
        let world = world.with("
acme: ada owner, oda@ owner
").await;
        let ada = world.account("ada");
        for number in 0..120 {
            ada.post("organizations/{acme}/teams", json!({ "name": format!("Team {number:03}") })).await.created();
        }
        for number in 0..60 {
            ada.post("organizations/{acme}/projects", json!({ "name": format!("Project {number:03}") })).await.created();
        }
        has_team(&world, "Crew").await;
        let oda = Browser::signs_in(&world, "oda").await;
        let mut seen = 0;
        let mut path = LIST.to_owned();
        loop {
            let page = oda.page(&path, "Users and Teams · acme").await;
            assert!(page.len() < 50_000, "{}", page.len());
            seen += page.matches("/teams/").count() - page.matches("/teams/new").count();
            let next = page.split("href=\"").find(|part| part.contains("cursor=after.")).and_then(|part| part.split('"').next());
            let Some(next) = next else { break };
            path = next.replace("&#38;", "&");
        }
        assert_eq!(seen, 121);
        let all = oda.page("/console/organizations/{acme}/users-teams", "Users and Teams · acme").await;
        assert!(all.contains("All 121 teams") && all.len() < 50_000, "{all}");
        let page = oda.page(TEAM, "Crew · acme").await;
        assert!(page.contains("Find a place to grant") && longest_choice(&page) <= 50, "{page}");
        let found = oda.page(&format!("{TEAM}?find_place=Project+05"), "Crew · acme").await;
        assert_eq!(found.matches("type=\"radio\" name=\"place\"").count(), 20, "ten projects, each with a workspace");
        assert!(longest_choice(&found) <= 50 && found.len() < 50_000);
        oda.page("/console/organizations/{acme}/invitations/new", "Invite people · acme").await;
        let once = oda.hidden("once");
        let looked = oda.submit("/console/organizations/{acme}/invitations", &[("once", &once), ("email", "x@example.com"), ("role", "admin"), ("find", "Project 05"), ("look", "1")]).await;
        is_page(&looked, 200, "Invite people · acme");
        assert_eq!(looked.text.matches("type=\"checkbox\" name=\"project\"").count(), 10, "{}", looked.text);
        assert!(looked.text.contains("value=\"x@example.com\"") && looked.text.contains("value=\"admin\" checked"), "{}", looked.text);
        assert_eq!(world.count("SELECT COUNT(*) FROM invitations").await, 0);
    }
}
