//! The Roles page of a project, and the form of a role.

use serde_json::json;

use crate::browser::Browser;
use crate::console::is_page;
use crate::console_project_accounts::says;
use crate::world::on_both_stores;

const WORLD: &str = "
acme: ada owner, pia@ admin, oli@ owner
  shop: exporter admin, reader analyst, dan@ admin, ana@ analyst
    eu: visitor consumer
  lab: lea@ admin
globex: gil owner, gus@ admin
";

const ROLES: &str = "/console/projects/{shop}/roles";

const TITLE: &str = "Roles · shop";

/// The box of a permission: whether it is ticked, and whether it can be.
#[track_caller]
fn tick(page: &str, name: &str) -> (bool, bool) {
    let rest = page
        .split(&format!("name=\"permission\" value=\"{name}\""))
        .nth(1)
        .unwrap_or_else(|| panic!("no {name} in {page}"));
    let attributes = rest.split('>').next().expect("a tag");
    (attributes.contains("checked"), !attributes.contains("disabled"))
}

on_both_stores! {
    /// built-in roles say what they may do; a role is made, changed for its holders at once, and deleted with its name
    async fn a_role_is_made_changed_and_deleted(world: World) {
        let world = world.with(WORLD).await;
        let browser = Browser::signs_in(&world, "dan").await;
        let page = browser.page(ROLES, TITLE).await;
        says(&page, "No custom roles yet");
        says(&page, "<code>project:delete</code>");
        let form = browser.page(&format!("{ROLES}/new"), "New role · shop").await;
        assert_eq!((tick(&form, "data:read"), tick(&form, "project:delete")), ((false, true), (false, false)));
        says(&form, "You do not hold this, so you cannot give it");
        // Ticks of another role are copied into the form, and nothing is made.
        let copied = browser.submit(ROLES, &[("name", "Fraud reviewer"), ("copy", "owner"), ("do", "copy")]).await;
        is_page(&copied, 200, "New role · shop");
        assert_eq!((tick(&copied.text, "data:write"), tick(&copied.text, "project:delete")), ((true, true), (false, false)));
        says(&copied.text, "value=\"Fraud reviewer\"");
        let once = browser.hidden("once");
        for (own, said) in [
            ("export", "“export” is no permission."),
            ("audit:write", "Choose another noun than audit."),
            ("project:delete", "You do not hold project:delete, so you cannot give it."),
        ] {
            let fields = [("once", &*once), ("name", "Fraud reviewer"), ("permission", "data:read"), ("own", own), ("do", "save")];
            let wrong = browser.submit(ROLES, &fields).await;
            is_page(&wrong, 400, "Error: New role · shop");
            says(&wrong.text, said);
            assert_eq!(tick(&wrong.text, "data:read"), (true, true), "ticks are kept");
        }
        let fields = [("once", &*once), ("name", "Fraud reviewer"), ("permission", "data:read"), ("own", "reports:export\r\ncases:close"), ("do", "save")];
        let page = browser.submit_to(ROLES, &fields, TITLE).await;
        says(&page, "Fraud reviewer was created.");
        says(&page, "3 permissions");
        let made = world.account("exporter").get("projects/{shop}/custom-roles").await.ok();
        let role = made.as_array().unwrap().iter().find(|role| role["name"] == "Fraud reviewer").expect("it").clone();
        assert_eq!(role["permissions"], json!(["data:read", "cases:close", "reports:export"]));
        let id = role["role_id"].as_str().unwrap().to_owned();
        world.name("role", id.parse().unwrap());
        // Sent again it makes nothing.
        let again = browser.submit(ROLES, &fields).await;
        assert_eq!((again.status, again.header("location")), (303, Some(&*world.path("/console/projects/{shop}/roles/{role}"))));
        let ada = world.account("ada");
        ada.put("projects/{shop}/users/{ana}", json!({ "role": id })).await.ok();
        ada.put("projects/{shop}/workspaces/{eu}/service-accounts/{visitor}", json!({ "role": id })).await.ok();
        let path = format!("{ROLES}/{{role}}");
        let page = browser.page(&path, "Fraud reviewer · shop").await;
        says(&page, "<strong>2 hold this role.</strong> Saving changes what they may do at once: 1 person and 1 service account.");
        says(&page, ">cases:close\nreports:export</textarea>");
        says(&page, &format!("claviger role change {id} --project {} --permission data:read --permission cases:close", world.id("shop")));
        let stamp = browser.hidden("stamp");
        let fields = [("stamp", &*stamp), ("name", "Fraud reviewer"), ("permission", "data:read"), ("permission", "audit:read"), ("do", "save")];
        let page = browser.submit_to(&path, &fields, TITLE).await;
        says(&page, "Fraud reviewer was saved. </strong>".trim_end_matches(" </strong>"));
        says(&page, "2 hold it. Every request is decided so as of");
        let now = world.account("exporter").get("projects/{shop}/custom-roles/{role}").await.ok();
        assert_eq!(now["permissions"], json!(["data:read", "audit:read"]));
        let page = browser.page(&format!("{path}/delete"), "Delete Fraud reviewer · shop").await;
        says(&page, "Its 2 holders become Consumer of shop.");
        for holder in ["ana of the world", "visitor"] {
            says(&page, &format!("<li>{holder}</li>"));
        }
        is_page(&browser.submit(&format!("{path}/delete"), &[("typed", "fraud")]).await, 400, "Error: Delete Fraud reviewer · shop");
        let page = browser.submit_to(&format!("{path}/delete"), &[("typed", "Fraud reviewer")], TITLE).await;
        says(&page, "Fraud reviewer was deleted.");
        assert_eq!(world.account("visitor").get("projects/{shop}/workspaces/{eu}").await.ok()["role"], "consumer");
        assert_eq!(browser.get(&path).await.status, 404);
    }

    /// what somebody else changed meanwhile is not overwritten: the form says what it is now, and marks one's own ticks
    async fn a_stale_edit_changes_nothing(world: World) {
        let world = world.with(WORLD).await;
        let exporter = world.account("exporter");
        let made = exporter.post("projects/{shop}/custom-roles", json!({ "name": "Reviewer", "permissions": ["data:read"] })).await.created();
        world.name("role", made["role_id"].as_str().unwrap().parse().unwrap());
        let (dan, pia) = (Browser::signs_in(&world, "dan").await, Browser::signs_in(&world, "pia").await);
        let path = format!("{ROLES}/{{role}}");
        dan.page(&path, "Reviewer · shop").await;
        pia.page(&path, "Reviewer · shop").await;
        let (his, hers) = (dan.hidden("stamp"), pia.hidden("stamp"));
        pia.submit_to(&path, &[("stamp", &hers), ("name", "Reviewer"), ("permission", "audit:read"), ("do", "save")], TITLE).await;
        let fields = [("stamp", &*his), ("name", "Reader"), ("permission", "data:read"), ("permission", "data:write"), ("do", "save")];
        let stale = dan.submit(&path, &fields).await;
        is_page(&stale, 409, "Reviewer · shop");
        says(&stale.text, "pia of the world changed this role ");
        says(&stale.text, "Here is what it says now; your ticks are marked.");
        assert_eq!([tick(&stale.text, "audit:read"), tick(&stale.text, "data:write")], [(true, true), (false, true)]);
        assert_eq!((stale.text.matches("You had ticked this").count(), stale.text.matches("You had not ticked this").count()), (2, 1), "{}", stale.text);
        says(&stale.text, "You had called it “Reader”.");
        let now = exporter.get("projects/{shop}/custom-roles/{role}").await.ok();
        assert_eq!((&now["name"], &now["permissions"]), (&json!("Reviewer"), &json!(["audit:read"])));
        // With what it says now in view, it is saved.
        let seen = dan.hidden("stamp");
        dan.submit_to(&path, &[("stamp", &seen), ("name", "Reader"), ("permission", "data:read"), ("do", "save")], TITLE).await;
        assert_eq!(exporter.get("projects/{shop}/custom-roles/{role}").await.ok()["name"], "Reader");
        for stamp in ["", "x"] {
            assert_eq!(dan.submit(&path, &[("stamp", stamp), ("name", "Other"), ("do", "save")]).await.status, 409);
        }
    }

    /// a role that allows more than one holds is shown and not changed; others have no page; names are taken once
    async fn a_role_above_ones_own_is_not_changed(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let made = ada.post("projects/{shop}/custom-roles", json!({ "name": "Ender", "permissions": ["project:delete"] })).await.created();
        world.name("role", made["role_id"].as_str().unwrap().parse().unwrap());
        let path = format!("{ROLES}/{{role}}");
        let browser = Browser::signs_in(&world, "dan").await;
        let page = browser.page(&path, "Ender · shop").await;
        says(&page, "This role allows what you do not hold, so you cannot change it.");
        assert!(!page.contains("Save role") && !page.contains("Delete role"), "{page}");
        let stamp = browser.hidden("stamp");
        assert_eq!(browser.submit(&path, &[("stamp", &stamp), ("name", "Mine"), ("do", "save")]).await.status, 403);
        assert_eq!(browser.submit(&format!("{path}/delete"), &[("typed", "Ender")]).await.status, 403);
        browser.page(&format!("{ROLES}/new"), "New role · shop").await;
        for name in ["Ender", "Admin"] {
            let once = browser.hidden("once");
            let taken = browser.submit(ROLES, &[("once", &once), ("name", name), ("do", "save")]).await;
            is_page(&taken, 400, "Error: New role · shop");
            says(&taken.text, &format!("There is a role called {name} already."));
        }
        for (name, status) in [("ana", 403), ("lea", 403), ("gus", 404)] {
            let browser = Browser::signs_in(&world, name).await;
            let _ = browser.get(ROLES).await;
            for path in [ROLES, &path, &format!("{path}/delete")] {
                assert_eq!(browser.get(path).await.status, status, "{name} {path}");
            }
            let fields = [("once", "0123456789abcdef0123456789abcdef"), ("name", "Mine"), ("typed", "Ender"), ("do", "save")];
            for path in [ROLES, &path, &format!("{path}/delete")] {
                assert_eq!(browser.submit(path, &fields).await.status, status, "{name} {path}");
            }
        }
        // Another project's role is none of this one.
        let lea = Browser::signs_in(&world, "lea").await;
        lea.page("/console/projects/{lab}/roles", "Roles · lab").await;
        assert_eq!(lea.get("/console/projects/{lab}/roles/{role}").await.status, 404);
        assert_eq!(lea.submit("/console/projects/{lab}/roles/{role}/delete", &[("typed", "Ender")]).await.status, 404);
        let browser = Browser::signs_in(&world, "oli").await;
        says(&browser.page(&path, "Ender · shop").await, "Save role");
    }
}
