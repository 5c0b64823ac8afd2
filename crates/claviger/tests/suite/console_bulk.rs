//! What the console does with several accounts at once: all or nothing, counted, with an event each.

use serde_json::json;

use crate::answer::Answer;
use crate::browser::Browser;
use crate::console::is_page;
use crate::world::{World, on_both_stores};

const WORLD: &str = "
acme: ada owner, idle member, pia@ admin, mel@ member
  shop: exporter admin, reader analyst, writer consumer
    eu: reader consumer
  depot: reader analyst
globex: gil owner
  forge: miner admin
";

const LIST: &str = "/console/organizations/{acme}/service-accounts";
const DELETE: &str = "/console/organizations/{acme}/service-accounts/delete";
const GRANT: &str = "/console/organizations/{acme}/service-accounts/grant";
const REVOKE: &str = "/console/organizations/{acme}/service-accounts/revoke";

/// An address that names accounts.
fn with(path: &str, world: &World, names: &[&str]) -> String {
    let ids: Vec<String> = names.iter().map(|name| format!("id={}", world.id(name))).collect();
    format!("{path}?{}", ids.join("&"))
}

async fn there(world: &World) -> i64 {
    world.count("SELECT COUNT(*) FROM principals WHERE kind = 2 AND deleted_at IS NULL").await
}

async fn grants(world: &World) -> i64 {
    world.count("SELECT COUNT(*) FROM grants WHERE project_id IS NOT NULL").await
}

#[track_caller]
fn tells(answer: &Answer, status: u16, title: &str, sentence: &str) {
    is_page(answer, status, &format!("Error: {title} · acme"));
    assert_eq!(answer.text.matches(sentence).count(), 2, "{sentence}: {}", answer.text);
}

on_both_stores! {
    /// those that are ticked go together when their number is typed, each with an event; who was used lately is not ticked
    async fn several_are_deleted_as_one(world: World) {
        let world = world.with(WORLD).await;
        let (reader, writer) = (world.account("reader"), world.account("writer"));
        reader.get("me").await.ok();
        let browser = Browser::signs_in(&world, "pia").await;
        let list = browser.page(LIST, "Service Accounts · acme").await;
        for part in [format!("name=\"id\" value=\"{}\"", reader.id), format!("formaction=\"{}\"", world.path(GRANT)), format!("<a href=\"{}/{}\">reader</a>", world.path(LIST), reader.id)] {
            assert!(list.contains(&part), "{part}: {list}");
        }
        let page = browser.page(&with(DELETE, &world, &["writer", "reader", "exporter"]), "Delete service accounts · acme").await;
        for part in [
            "1 of these 3 was used in the last 7 days.",
            "Type 2 to delete 2 service accounts",
            &format!("value=\"{}\" aria-label", reader.id),
            &format!("value=\"{}\" checked aria-label", writer.id),
            &format!("claviger service-account delete {} {} --organization {}</code>", world.id("exporter"), writer.id, world.id("acme")),
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(page.find(&reader.username) < page.find(&writer.username), "in use comes first: {page}");
        let (all, before) = (browser.hidden("all"), there(&world).await);
        let (exporter, writers) = (world.id("exporter").to_string(), writer.id.to_string());
        for (typed, told) in [("", "That is not the number. Type 2."), ("3", "That is not the number. Type 2."), ("two", "That is not the number. Type 2.")] {
            let fields = [("all", &*all), ("id", &exporter), ("id", &writers), ("confirm", typed)];
            tells(&browser.submit(DELETE, &fields).await, 400, "Delete service accounts", told);
        }
        tells(&browser.submit(DELETE, &[("all", &*all), ("confirm", "0")]).await, 400, "Delete service accounts", "Tick at least one.");
        let readers = reader.id.to_string();
        let more = browser.submit(DELETE, &[("all", &*all), ("id", &exporter), ("id", &writers), ("id", &readers), ("confirm", "2")]).await;
        tells(&more, 400, "Delete service accounts", "That is not the number. Type 3.");
        assert!(more.text.contains("Type 3 to delete 3 service accounts"), "{}", more.text);
        assert_eq!(there(&world).await, before);
        let fields = [("all", &*all), ("id", &exporter), ("id", &writers), ("confirm", " 2 ")];
        let told = browser.submit_to(DELETE, &fields, "Service Accounts · acme").await;
        assert!(told.contains("2 service accounts were deleted.") && told.contains("Refused as of "), "{told}");
        assert_eq!(there(&world).await, before - 2);
        writer.get("me").await.refused(401, "not_authenticated");
        reader.get("me").await.ok();
        let events = world.account("ada").get("organizations/{acme}/audit-log?action=service_account.deleted").await.ok();
        let mut told: Vec<u64> = events.as_array().unwrap().iter().map(|event| event["target"]["id"].as_u64().unwrap()).collect();
        told.sort();
        assert_eq!(told, [world.id("exporter"), writer.id]);
        // Sent again: they are gone, and nothing else goes with them.
        let again = browser.submit(DELETE, &fields).await;
        tells(&again, 404, "Delete service accounts", "exporter was deleted meanwhile. Here are the others.");
        assert_eq!(there(&world).await, before - 2);
    }

    /// one that cannot be deleted keeps all; nothing of another organization is shown or touched
    async fn all_or_nothing(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        ada.patch("organizations/{acme}/service-accounts/{writer}", json!({ "protected": true })).await.ok();
        let browser = Browser::signs_in(&world, "pia").await;
        let page = browser.page(&with(DELETE, &world, &["writer", "exporter", "ada", "miner"]), "Delete service accounts · acme").await;
        assert!(page.contains("Protected") && !page.contains("miner"), "{page}");
        let row = page.split(&format!("value=\"{}\"", world.id("writer"))).nth(1).and_then(|rest| rest.split('>').next()).expect("its box");
        assert!(row.contains(" disabled") && !row.contains("checked"), "{row}");
        assert!(page.contains("Unprotect them on their pages first."), "{page}");
        let before = there(&world).await;
        let (all, id) = (browser.hidden("all"), |name: &str| world.id(name).to_string());
        let (writer, exporter, owner, miner) = (id("writer"), id("exporter"), id("ada"), id("miner"));
        for (other, all, status, told) in [
            (&writer, all.clone(), 409, "writer is protected. Unprotect it first."),
            (&owner, all.clone(), 403, "ada holds more than you do. Untick it."),
            (&miner, format!("{exporter},{miner}"), 404, "was deleted meanwhile. Here are the others."),
        ] {
            let fields = [("all", &*all), ("id", &exporter), ("id", other), ("confirm", "2")];
            tells(&browser.submit(DELETE, &fields).await, status, "Delete service accounts", told);
            assert_eq!(there(&world).await, before, "{told}");
        }
        for path in [DELETE, GRANT, REVOKE] {
            let empty = browser.get(path).await;
            assert_eq!(empty.status, 400);
            assert!(empty.text.contains("Tick some in the list first."), "{}", empty.text);
            assert_eq!(browser.get(&with(path, &world, &["miner"])).await.status, 400);
        }
    }

    /// all of a view are reviewed and go: the first are shown, the others counted, and the page stays small
    async fn a_whole_view_is_deleted(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for number in 0..60 {
            let made = ada.make("organizations/{acme}/service-accounts", json!({ "username": format!("idle-{number}") })).await;
            ada.patch(&format!("organizations/{{acme}}/service-accounts/{}", made.id), json!({ "disabled": true })).await.ok();
        }
        let browser = Browser::signs_in(&world, "pia").await;
        let list = browser.page(&format!("{LIST}?view=disabled"), "Service Accounts · acme").await;
        let review = format!("{}?view=disabled", world.path(DELETE));
        assert!(list.contains(&format!("<a class=\"btn s\" href=\"{review}\">Review all 60</a>")), "{list}");
        let page = browser.page(&review, "Delete service accounts · acme").await;
        assert!(page.len() < 50_000, "{}", page.len());
        for part in ["The first 50 are shown. The other 10 go with them.", "Type 60 to delete 60 service accounts"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let (all, before) = (browser.hidden("all"), there(&world).await);
        // Who comes to the view meanwhile was not counted, and stays.
        ada.patch("organizations/{acme}/service-accounts/{exporter}", json!({ "disabled": true })).await.ok();
        let shown: Vec<&str> = all.split(',').take(50).collect();
        let mut fields: Vec<(&str, &str)> = vec![("all", &all), ("confirm", "59")];
        fields.extend(shown[1..].iter().map(|id| ("id", *id)));
        let told = browser.submit_to(DELETE, &fields, "Service Accounts · acme").await;
        assert!(told.contains("59 service accounts were deleted."), "{told}");
        assert_eq!(there(&world).await, before - 59);
        ada.get(&format!("organizations/{{acme}}/service-accounts/{}", shown[0])).await.ok();
    }

    /// who was unticked stays, also where others are used meanwhile and come before him on the page
    async fn who_was_unticked_is_not_deleted_out_of_sight(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let mut made = Vec::new();
        for number in 0..60 {
            made.push(ada.make("organizations/{acme}/service-accounts", json!({ "username": format!("old-{number}") })).await);
        }
        let browser = Browser::signs_in(&world, "pia").await;
        let ids: Vec<String> = made.iter().map(|account| account.id.to_string()).collect();
        browser.page(&format!("{DELETE}?id={}", ids.join("&id=")), "Delete service accounts · acme").await;
        let (all, before) = (browser.hidden("all"), there(&world).await);
        assert_eq!(all, ids.join(","));
        // The last one that is shown is unticked, then two that are not shown are used.
        for used in &made[55..57] {
            used.get("me").await.ok();
        }
        let sends = async |all: &str, ticked: &[&str], number: &str| {
            let mut fields: Vec<(&str, &str)> = vec![("all", all), ("confirm", number)];
            fields.extend(ticked.iter().map(|id| ("id", *id)));
            browser.submit(DELETE, &fields).await
        };
        let ticked: Vec<&str> = ids[..49].iter().map(String::as_str).collect();
        let again = sends(&all, &ticked, "60").await;
        tells(&again, 400, "Delete service accounts", "That is not the number. Type 59.");
        let all = browser.hidden("all");
        assert!(all.starts_with(&format!("{},{},{},", ids[55], ids[56], ids[0])), "who was used comes first: {all}");
        assert!(!all.split(',').any(|id| id == ids[49]), "who was unticked: {all}");
        assert!(again.text.contains("Type 59 to delete 59 service accounts"), "{}", again.text);
        let ticked: Vec<&str> = all.split(',').take(50).collect();
        let done = sends(&all, &ticked, "59").await;
        assert_eq!(done.status, 303, "{}", done.text);
        assert_eq!(there(&world).await, before - 59);
        made[49].get("me").await.ok();
    }

    /// several get a role on a project together, up to the giver's own, and are taken off it together
    async fn several_are_given_access_and_lose_it(world: World) {
        let world = world.with(WORLD).await;
        let browser = Browser::signs_in(&world, "pia").await;
        let page = browser.page(&with(GRANT, &world, &["exporter", "writer"]), "Grant access · acme").await;
        assert!(page.contains("2 service accounts") && !page.contains("value=\"owner\"") && !page.contains("forge"), "{page}");
        let (all, before, id) = (browser.hidden("all"), grants(&world).await, |name: &str| world.id(name).to_string());
        let (depot, forge, shop) = (id("depot"), id("forge"), id("shop"));
        for (project, role, status, told) in [
            ("", "analyst", 400, "Choose a project."),
            (&*forge, "analyst", 400, "No project with this number in acme."),
            (&depot, "", 400, "Choose a role."),
            (&depot, "owner", 403, "You are Admin of depot, so you can give roles up to Admin there."),
            (&depot, "999999", 400, "depot has no such role. Choose one of its own."),
        ] {
            let answer = browser.submit(GRANT, &[("all", &all), ("project", project), ("role", role)]).await;
            // A list's own first entry says so as well.
            is_page(&answer, status, "Error: Grant access · acme");
            assert!(answer.text.matches(told).count() >= 2, "{told}: {}", answer.text);
        }
        let looked = browser.submit(GRANT, &[("all", &all), ("project", &depot), ("role", "admin"), ("look", "1")]).await;
        is_page(&looked, 200, "Grant access · acme");
        assert!(looked.text.contains("<option value=\"admin\" selected>"), "{}", looked.text);
        // The same for a script: one line for all of them, once it is known where and as what.
        let line = |ids: &str, acme: u64| format!("claviger service-account grant {ids} --organization {acme} --project {depot}:admin</pre>");
        assert!(looked.text.contains(&line(&all.replace(',', " "), world.id("acme"))), "{}", looked.text);
        assert!(!page.contains("claviger service-account grant"), "{page}");
        let bent = browser.submit(GRANT, &[("all", &all), ("project", &depot), ("role", "admin; id"), ("look", "1")]).await;
        assert!(!bent.text.contains("claviger service-account"), "what is no role is in no line to copy: {}", bent.text);
        let gone = format!("{all},{}", id("miner"));
        tells(&browser.submit(GRANT, &[("all", &gone), ("project", &depot), ("role", "analyst")]).await, 404, "Grant access", "was deleted meanwhile. Here are the others.");
        assert_eq!(grants(&world).await, before, "nothing was given so far");
        let told = browser.submit_to(GRANT, &[("all", &all), ("project", &depot), ("role", "analyst")], "Service Accounts · acme").await;
        assert!(told.contains("2 service accounts are Analyst of depot."), "{told}");
        assert_eq!(grants(&world).await, before + 2);
        let page = browser.page(&with(REVOKE, &world, &["reader", "writer", "exporter", "idle"]), "Revoke access · acme").await;
        assert!(page.contains("4 service accounts"), "{page}");
        let all = browser.hidden("all");
        // Before anything is taken, what each has there is named, once.
        let shown = browser.submit(REVOKE, &[("all", &all), ("project", &shop)]).await;
        is_page(&shown, 200, "Revoke access · acme");
        for part in ["3 of 4 service accounts lose what is named below.", "<li>reader <span class=\"mute\">Analyst, Consumer on workspace eu</span></li>", "<li>exporter <span class=\"mute\">Admin</span></li>", "<li>idle <span class=\"mute\">nothing granted to it there</span></li>"] {
            assert!(shown.text.contains(part), "{part}: {}", shown.text);
        }
        let line = format!("claviger service-account revoke {} --organization {} --project {shop}</pre>", all.replace(',', " "), world.id("acme"));
        assert!(shown.text.contains(&line), "{line}: {}", shown.text);
        assert_eq!(grants(&world).await, before + 2);
        let warned = browser.hidden("warned");
        let told = browser.submit_to(REVOKE, &[("all", &all), ("project", &shop), ("warned", &warned)], "Service Accounts · acme").await;
        assert!(told.contains("3 service accounts were taken off shop.") && told.contains("They keep their access elsewhere"), "{told}");
        // Three on the project, one on its workspace.
        assert_eq!(grants(&world).await, before - 2);
        let none = browser.submit(REVOKE, &[("all", &all), ("project", &shop), ("warned", &warned)]).await;
        tells(&none, 400, "Revoke access", "Nothing was granted to any of them in shop, so there is nothing to revoke.");
    }

    /// who would have less than now is counted and named, and only a press that was shown it lowers a role
    async fn a_role_is_lowered_by_who_was_told(world: World) {
        let world = world.with(WORLD).await;
        let browser = Browser::signs_in(&world, "pia").await;
        browser.page(&with(GRANT, &world, &["exporter", "reader", "writer"]), "Grant access · acme").await;
        let (all, before, shop) = (browser.hidden("all"), grants(&world).await, world.id("shop").to_string());
        let asks = async |role: &'static str, warned: &str| browser.submit(GRANT, &[("all", &*all), ("project", &shop), ("role", role), ("warned", warned)]).await;
        let shown = asks("analyst", "").await;
        is_page(&shown, 200, "Grant access · acme");
        for part in ["<strong>1 loses Admin.</strong> Analyst is less than that.", "<li>exporter <span class=\"mute\">Admin</span></li>", ">Grant access and lower 1</button><a", "data-focus"] {
            assert!(shown.text.contains(part), "{part}: {}", shown.text);
        }
        let warned = browser.hidden("warned");
        // What was shown for one role does not stand for another.
        let less = asks("consumer", &warned).await;
        is_page(&less, 200, "Grant access · acme");
        assert!(less.text.contains("<strong>1 loses Admin, 1 loses Analyst.</strong>"), "{}", less.text);
        assert_eq!(grants(&world).await, before);
        let told = browser.submit_to(GRANT, &[("all", &*all), ("project", &shop), ("role", "analyst"), ("warned", &warned)], "Service Accounts · acme").await;
        assert!(told.contains("3 service accounts are Analyst of shop."), "{told}");
        // Nobody loses anything by a higher one.
        let told = browser.submit_to(GRANT, &[("all", &*all), ("project", &shop), ("role", "admin")], "Service Accounts · acme").await;
        assert!(told.contains("3 service accounts are Admin of shop."), "{told}");
    }

    /// members have none of it
    async fn who_may_not_is_refused(world: World) {
        let world = world.with(WORLD).await;
        let mel = Browser::signs_in(&world, "mel").await;
        let (before, id) = (there(&world).await, world.id("exporter").to_string());
        for (path, title) in [(DELETE, "Delete service accounts"), (GRANT, "Grant access"), (REVOKE, "Revoke access")] {
            let page = mel.get(&with(path, &world, &["exporter"])).await;
            is_page(&page, 403, &format!("{title} · acme"));
            assert!(!page.text.contains("exporter"), "{}", page.text);
            let fields = [("all", &*id), ("id", &id), ("confirm", "1"), ("project", "1"), ("role", "consumer")];
            assert_eq!(mel.submit(path, &fields).await.status, 403);
        }
        assert_eq!(there(&world).await, before);
    }
}
