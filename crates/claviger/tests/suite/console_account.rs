//! The console's page of a service account: what is seen there, each deed with its effect at once, and who may not.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::browser::Browser;
use crate::console::is_page;
use crate::world::{Account, World, on_both_stores};

const WORLD: &str = "
acme: ada owner, pia@ admin, mel@ member, bill@ billing_admin
  shop: exporter admin, reader analyst, anna@ analyst
    eu: reader consumer
  lab: exporter consumer
globex: gil owner, hans@ admin
  well: driller admin
";

const EXPORTER: &str = "/console/organizations/{acme}/service-accounts/{exporter}";
const READER: &str = "/console/organizations/{acme}/service-accounts/{reader}";
const LIST: &str = "/console/organizations/{acme}/service-accounts";

/// Every form of an account's page, with fields that would do something.
const DEEDS: [(&str, &[(&str, &str)]); 9] = [
    ("disable", &[]),
    ("protect", &[]),
    ("revoke", &[("grant", "{shop}")]),
    ("grant", &[("project", "{lab}"), ("workspace", ""), ("role", "admin")]),
    ("owner", &[("owner", "nobody")]),
    ("edit", &[("description", "changed"), ("labels", ""), ("role", "member"), ("role_was", "member")]),
    ("expiry", &[("expires", "7d")]),
    ("addresses", &[("addresses", "192.0.2.7")]),
    ("delete", &[("confirm", "exporter")]),
];

/// Sends the form of a deed.
async fn does(browser: &Browser<'_>, world: &World, account: &str, deed: &str, fields: &[(&str, &str)]) -> Answer {
    let fields = named(world, fields);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.submit(&format!("{account}/{deed}"), &fields).await
}

/// With ids in place of names.
fn named(world: &World, fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let value = |value: &str| {
        let named = value.starts_with('{');
        if named { world.path(&format!("/{value}"))[1..].to_owned() } else { value.to_owned() }
    };
    fields.iter().map(|(name, text)| ((*name).to_owned(), value(text))).collect()
}

/// It leads to its page, where it is told.
async fn tells(browser: &Browser<'_>, answer: &Answer, title: &str, told: &str) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let page = browser.page(answer.header("location").expect("a location"), title).await;
    assert!(page.contains("<div class=\"note ok\" role=\"status\"") && page.contains(told), "{told}: {page}");
    page
}

async fn is_in(account: &Account) -> u16 {
    account.get("me").await.status
}

async fn shown(world: &World, account: &str) -> Value {
    world.account("ada").get(&format!("organizations/{{acme}}/service-accounts/{{{account}}}")).await.ok()
}

/// The projects and workspaces that an account reaches, each with its role.
async fn reach(world: &World, name: &str) -> Vec<(String, String)> {
    let me = world.account(name).get("me").await.ok();
    let roles = ["projects", "workspaces"].iter().flat_map(|things| me[things].as_object().unwrap().clone());
    let mut roles: Vec<_> =
        roles.map(|(id, thing)| (id, thing["role"].as_str().unwrap_or("none").to_owned())).collect();
    roles.sort();
    roles
}

fn role_in(world: &World, reach: &[(String, String)], place: &str) -> Option<String> {
    let id = world.id(place).to_string();
    reach.iter().find(|(known, _)| *known == id).map(|(_, role)| role.clone())
}

async fn team(world: &World, name: &str, member: &str) {
    let ada = world.account("ada");
    let made = ada.post("organizations/{acme}/teams", json!({ "name": name })).await.created();
    world.name("team", made["id"].as_u64().unwrap());
    ada.post("organizations/{acme}/teams/{team}/add-members", json!({ "user_ids": [world.id(member)] })).await.ok();
}

on_both_stores! {
    /// everything that is known of an account is on one page, each grant with where it comes from
    async fn the_page_tells_what_there_is(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        team(&world, "Data platform", "reader").await;
        ada.put("projects/{shop}/teams/{team}", json!({ "role": "admin" })).await.ok();
        ada.put("projects/{lab}/default-access", json!({ "role": "consumer" })).await.ok();
        let about = json!({ "description": "nightly export", "labels": { "tier": "one" }, "owner": { "kind": "team", "id": world.id("team") } });
        ada.patch("organizations/{acme}/service-accounts/{reader}", about).await.ok();
        world.account("reader").get("me").await.ok();
        let pia = Browser::signs_in(&world, "pia").await;
        let page = pia.page(READER, "reader · acme").await;
        let username = world.account("reader").username;
        for told in [
            username.as_str(),
            "<dt>Last used</dt><dd><div>",
            "<span class=\"sub\">from 127.0.0.1</span>",
            "Team Data platform<span class=\"sub\"><a href=",
            "<span class=\"sub\">by ada</span>",
            "nightly export",
            "<li class=\"tag\">tier: one</li>",
            "<span class=\"tag hi\">Admin in effect</span>",
            "<span class=\"from me\">Granted to it</span><span class=\"sub\">by ada, ",
            "<span class=\"from\">Team Data platform</span>",
            "<span class=\"from\">Everyone in acme</span>",
            "Workspace eu",
            "None can be shown again.",
            "<code>service_account.updated</code>",
            "events in the audit log</a>",
            "Refused at once until somebody enables it again.",
            "claviger service-account rotate ",
        ] {
            assert!(page.contains(told), "{told} is not in {page}");
        }
        assert!(page.len() < 50_000, "{} bytes", page.len());
        let org = world.id("acme");
        assert!(page.contains(&format!("href=\"/console/organizations/{org}/audit-log?target=principal:{}\"", world.id("reader"))));
        assert_eq!(page.matches(">Revoke</button>").count(), 2, "only what it is granted itself is revoked here: {page}");
        // Who disabled and protected it is told from the log.
        ada.patch("organizations/{acme}/service-accounts/{reader}", json!({ "disabled": true, "protected": true })).await.ok();
        let page = pia.page(READER, "reader · acme").await;
        for told in ["Disabled by ada on ", "Every request is refused.", "Protected by ada. Unprotect it to delete it.", ">Disabled</span>", ">Protected</span>"] {
            assert!(page.contains(told), "{told} is not in {page}");
        }
        assert!(!page.contains("<h3>Delete reader</h3>"));
    }

    /// disabled, its requests are refused when the page answers; enabled, they are let in
    async fn it_is_disabled_and_enabled_at_once(world: World) {
        let world = world.with(WORLD).await;
        let (pia, exporter) = (Browser::signs_in(&world, "pia").await, world.account("exporter"));
        pia.page(EXPORTER, "exporter · acme").await;
        let answer = does(&pia, &world, EXPORTER, "disable", &[]).await;
        assert_eq!(is_in(&exporter).await, 401);
        let page = tells(&pia, &answer, "exporter · acme", "exporter was disabled.</strong> Refused as of ").await;
        assert!(page.contains("Disabled by pia of the world on "), "{page}");
        let answer = does(&pia, &world, EXPORTER, "enable", &[]).await;
        assert_eq!(is_in(&exporter).await, 200);
        let page = tells(&pia, &answer, "exporter · acme", "exporter was enabled.</strong> Let in as of ").await;
        assert!(!page.contains("Disabled by"), "{page}");
        let again = pia.page(EXPORTER, "exporter · acme").await;
        assert!(!again.contains("was enabled."), "it is told once");
    }

    /// what is protected is not deleted; the name is typed; deleted, it is refused when the page answers, however often the button is pressed
    async fn it_is_deleted_once_its_name_is_typed(world: World) {
        let world = world.with(WORLD).await;
        let (pia, exporter) = (Browser::signs_in(&world, "pia").await, world.account("exporter"));
        pia.page(EXPORTER, "exporter · acme").await;
        let answer = does(&pia, &world, EXPORTER, "protect", &[]).await;
        let page = tells(&pia, &answer, "exporter · acme", "exporter was protected.").await;
        assert!(page.contains("Protected by pia of the world.") && !page.contains("/delete\""), "{page}");
        is_page(&pia.get(&format!("{EXPORTER}/delete")).await, 409, "Delete exporter · acme");
        let refused = does(&pia, &world, EXPORTER, "delete", &[("confirm", "exporter")]).await;
        is_page(&refused, 409, "Delete exporter · acme");
        assert!(refused.text.contains("exporter is protected. Unprotect it to delete it."), "{}", refused.text);
        let answer = does(&pia, &world, EXPORTER, "unprotect", &[]).await;
        tells(&pia, &answer, "exporter · acme", "exporter was unprotected.").await;
        let page = pia.page(&format!("{EXPORTER}/delete"), "Delete exporter · acme").await;
        for told in ["Not used yet.", "<th role=\"rowheader\" scope=\"row\">shop</th><td role=\"cell\" data-l=\"Role\">Admin</td>", "Its secret ends.", "with exporter named as its creator", "claviger service-account delete "] {
            assert!(page.contains(told), "{told} is not in {page}");
        }
        assert_eq!(is_in(&exporter).await, 200);
        let page = pia.page(&format!("{EXPORTER}/delete"), "Delete exporter · acme").await;
        assert!(page.contains("<strong>It is in use.</strong> Last request ") && page.contains(" from 127.0.0.1."), "{page}");
        for wrong in ["", "reader", "Exporter", "exporter.<script>"] {
            let mistyped = does(&pia, &world, EXPORTER, "delete", &[("confirm", wrong)]).await;
            is_page(&mistyped, 400, "Error: Delete exporter · acme");
            assert!(mistyped.text.contains("That is not the name. Type exporter."), "{}", mistyped.text);
        }
        assert_eq!(is_in(&exporter).await, 200);
        let first = does(&pia, &world, EXPORTER, "delete", &[("confirm", "exporter")]).await;
        assert_eq!(is_in(&exporter).await, 401);
        let told = "exporter was deleted.</strong> Refused as of ";
        tells(&pia, &first, "Service Accounts · acme", told).await;
        let second = does(&pia, &world, EXPORTER, "delete", &[("confirm", "exporter")]).await;
        tells(&pia, &second, "Service Accounts · acme", told).await;
        let gone = pia.get(EXPORTER).await;
        is_page(&gone, 404, "Service account · acme");
        assert!(gone.text.contains("<strong>pia of the world deleted exporter "), "{}", gone.text);
        let events = world.account("ada").get("organizations/{acme}/audit-log?action=service_account.deleted").await.ok();
        assert_eq!(events.as_array().unwrap().len(), 1);
    }

    /// whoever comes too late is told who was first, and changes nothing
    async fn a_page_that_is_stale_says_so(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        pia.page(EXPORTER, "exporter · acme").await;
        world.account("ada").delete("organizations/{acme}/service-accounts/{exporter}").await.ok();
        let secret = world.id("exporter") + 1;
        for (deed, fields) in DEEDS.into_iter().chain([("enable", &[][..]), ("unprotect", &[]), (&*format!("secrets/{secret}/revoke"), &[])]) {
            let answer = does(&pia, &world, EXPORTER, deed, fields).await;
            is_page(&answer, 409, "Service account · acme");
            let (begin, end) = ("<strong>ada deleted exporter ", "</strong> Your change was not made.");
            assert!(answer.text.contains(begin) && answer.text.contains(end), "{deed}: {}", answer.text);
        }
        for page in ["", "/delete", "/edit", "/expiry", "/grant", "/owner"] {
            is_page(&pia.get(&format!("{EXPORTER}{page}")).await, 404, "Service account · acme");
        }
        // A grant that is gone, and a secret, leave the page as it is.
        pia.page(READER, "reader · acme").await;
        world.account("ada").delete("projects/{shop}/service-accounts/{reader}").await.ok();
        let answer = does(&pia, &world, READER, "revoke", &[("grant", "{shop}")]).await;
        let page = pia.page(answer.header("location").expect("a location"), "reader · acme").await;
        assert!(page.contains("<div class=\"note warn\" role=\"status\"") && page.contains("reader has no such grant any more."), "{page}");
        let answer = does(&pia, &world, READER, "secrets/999999/revoke", &[]).await;
        is_page(&answer, 404, "reader · acme");
        assert!(answer.text.contains("reader has no such secret any more."), "{}", answer.text);
    }

    /// what somebody may not do has no page and no route; another organization's account is not there
    async fn others_may_not(world: World) {
        let world = world.with(WORLD).await;
        let before = shown(&world, "exporter").await;
        for (who, standing) in [("mel", "a member"), ("bill", "a billing admin"), ("anna", "a member")] {
            let browser = Browser::signs_in(&world, who).await;
            browser.get("/console/organizations/{acme}/service-accounts").await;
            for page in ["", "/delete", "/edit", "/expiry", "/grant", "/owner", "/secrets/1/revoke", "/secrets/1/first-request"] {
                let answer = browser.get(&format!("{EXPORTER}{page}")).await;
                is_page(&answer, 403, "Service account · acme");
                let told = format!("Only owners and admins of acme see its service accounts.</strong> You are {standing}.");
                assert!(answer.text.contains(&told), "{who} {page}: {}", answer.text);
                assert!(!answer.text.contains("exporter") && !answer.text.contains("reader"), "{}", answer.text);
            }
            for (deed, fields) in DEEDS {
                let answer = does(&browser, &world, EXPORTER, deed, fields).await;
                assert_eq!(answer.status, 403, "{who} {deed}: {}", answer.text);
            }
        }
        let (pia, hans) = (Browser::signs_in(&world, "pia").await, Browser::signs_in(&world, "hans").await);
        pia.page(EXPORTER, "exporter · acme").await;
        hans.page("/console/organizations/{globex}/service-accounts", "Service Accounts · globex").await;
        let foreign = "/console/organizations/{acme}/service-accounts/{driller}";
        let unknown = "/console/organizations/{acme}/service-accounts/999999";
        for page in ["", "/delete", "/edit", "/expiry", "/grant", "/owner"] {
            let (theirs, nobodys) = (pia.get(&format!("{foreign}{page}")).await, pia.get(&format!("{unknown}{page}")).await);
            is_page(&theirs, 404, "Service account · acme");
            assert!(theirs.text.contains("No service account with this number in acme."), "{}", theirs.text);
            assert_eq!(theirs.text, nobodys.text);
        }
        let person = pia.get("/console/organizations/{acme}/service-accounts/{mel}").await;
        assert_eq!((person.status, person.text), (404, pia.get(unknown).await.text));
        for (deed, fields) in DEEDS {
            let theirs = does(&pia, &world, foreign, deed, fields).await;
            let nobodys = does(&pia, &world, unknown, deed, fields).await;
            assert_eq!((theirs.status, &theirs.text), (404, &nobodys.text), "{deed}");
            let answer = does(&hans, &world, EXPORTER, deed, fields).await;
            assert_eq!(answer.status, 404, "{deed}: {}", answer.text);
            assert!(!answer.text.contains("exporter") && !answer.text.contains("acme"), "{}", answer.text);
        }
        assert_eq!((is_in(&world.account("exporter")).await, is_in(&world.account("driller")).await), (200, 200));
        let after = shown(&world, "exporter").await;
        assert_eq!((&after["labels"], &after["owner"], &after["is_disabled"]), (&before["labels"], &before["owner"], &json!(false)));
    }

    /// a form without the token of its page does nothing
    async fn a_form_of_elsewhere_does_nothing(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        let before = reach(&world, "exporter").await;
        for (deed, fields) in DEEDS {
            let fields = named(&world, fields);
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            for token in ["", &"0".repeat(64)] {
                let answer = pia.submit_with(token, &format!("{EXPORTER}/{deed}"), &fields).await;
                assert_eq!(answer.status, 403, "{deed}");
                assert!(answer.text.contains("This form is no longer valid"), "{}", answer.text);
            }
            let answer = pia.get(&format!("{EXPORTER}/{deed}")).await;
            assert!(matches!(answer.status, 200 | 405), "nothing is done by opening an address: {}", answer.text);
        }
        assert_eq!(reach(&world, "exporter").await, before);
        let account = shown(&world, "exporter").await;
        assert_eq!((&account["is_disabled"], &account["is_protected"], &account["description"]), (&json!(false), &json!(false), &Value::Null));
    }

    /// one secret is refused while another goes on, until it is enabled
    async fn one_secret_is_disabled_and_enabled(world: World) {
        let world = world.with(WORLD).await;
        let (ada, pia) = (world.account("ada"), Browser::signs_in(&world, "pia").await);
        let made = ada.post("organizations/{acme}/service-accounts/{exporter}/secrets", json!({ "name": "laptop" })).await.created();
        let (second, laptop) = (made["id"].as_u64().unwrap(), world.remember_secret("exporter", &made));
        let exporter = world.account("exporter");
        pia.page(EXPORTER, "exporter · acme").await;
        for (deed, told, status, offered) in [("disable", "laptop of exporter was disabled.</strong> Refused as of ", 401, "enable"), ("enable", "laptop of exporter was enabled.</strong> Let in as of ", 200, "disable")] {
            let answer = does(&pia, &world, EXPORTER, &format!("secrets/{second}/{deed}"), &[]).await;
            assert_eq!((is_in(&laptop).await, is_in(&exporter).await), (status, 200), "{deed}");
            let page = tells(&pia, &answer, "exporter · acme", told).await;
            assert!(page.contains(&format!("/secrets/{second}/{offered}\"")) && !page.contains(&format!("/secrets/{second}/{deed}\"")), "{page}");
        }
        let mel = Browser::signs_in(&world, "mel").await;
        mel.page("/console/profile", "Profile").await;
        for deed in ["disable", "enable"] {
            let refused = does(&mel, &world, EXPORTER, &format!("secrets/{second}/{deed}"), &[]).await;
            assert_eq!((refused.status, is_in(&laptop).await), (403, 200), "{}", refused.text);
            let gone = does(&pia, &world, EXPORTER, &format!("secrets/999999/{deed}"), &[]).await;
            assert_eq!(gone.status, 404, "{}", gone.text);
        }
    }

    /// a secret that nobody misses is revoked at once; one in use, or the last one, once that was said
    async fn secrets_are_revoked(world: World) {
        let world = world.with(WORLD).await;
        let (ada, pia) = (world.account("ada"), Browser::signs_in(&world, "pia").await);
        let secrets = "organizations/{acme}/service-accounts/{exporter}/secrets";
        let first = ada.get(secrets).await.ok()[0]["id"].as_u64().unwrap();
        let made = ada.post(secrets, json!({ "name": "laptop" })).await.created();
        let (second, laptop) = (made["id"].as_u64().unwrap(), world.remember_secret("exporter", &made));
        let exporter = world.account("exporter");
        assert_eq!(is_in(&exporter).await, 200);
        let page = pia.page(EXPORTER, "exporter · acme").await;
        assert!(page.contains("laptop<span class=\"sub\">made ") && page.contains(&format!("Secret {first}")), "{page}");
        let (org, id) = (world.id("acme"), world.id("exporter"));
        let link = format!("<a class=\"btn s\" href=\"/console/organizations/{org}/service-accounts/{id}/secrets/{first}/revoke\">");
        assert!(page.contains(&link), "the one in use is asked about: {page}");
        // The button of the other does it.
        let answer = does(&pia, &world, EXPORTER, &format!("secrets/{second}/revoke"), &[]).await;
        assert_eq!((is_in(&laptop).await, is_in(&exporter).await), (401, 200));
        tells(&pia, &answer, "exporter · acme", "laptop of exporter was revoked.</strong> Refused as of ").await;
        // The one in use is asked about, and says that it is the last one.
        let asked = does(&pia, &world, EXPORTER, &format!("secrets/{first}/revoke"), &[]).await;
        assert_eq!((asked.status, is_in(&exporter).await), (303, 200), "{}", asked.text);
        let page = pia.page(asked.header("location").expect("a location"), &format!("Revoke Secret {first} of exporter · acme")).await;
        assert!(page.contains("<strong>It is in use.</strong> Last request ") && page.contains(" from 127.0.0.1. It is the only secret that counts."), "{page}");
        assert!(page.contains(&format!("claviger service-account secret revoke {first} --account {id} --organization {org}")), "{page}");
        let confirmed = pia.hidden("confirmed");
        let answer = does(&pia, &world, EXPORTER, &format!("secrets/{first}/revoke"), &[("confirmed", &confirmed)]).await;
        assert_eq!(is_in(&exporter).await, 401);
        let page = tells(&pia, &answer, "exporter · acme", "was revoked.").await;
        assert!(page.contains("It has no secret, so nothing can use it."), "{page}");
    }

    /// a grant is revoked where it was given to the account itself, and what still reaches is told
    async fn grants_are_revoked(world: World) {
        let world = world.with(WORLD).await;
        let (ada, pia) = (world.account("ada"), Browser::signs_in(&world, "pia").await);
        team(&world, "Data", "exporter").await;
        ada.put("projects/{shop}/teams/{team}", json!({ "role": "analyst" })).await.ok();
        pia.page(EXPORTER, "exporter · acme").await;
        let answer = does(&pia, &world, EXPORTER, "revoke", &[("grant", "{shop}")]).await;
        assert_eq!(role_in(&world, &reach(&world, "exporter").await, "shop").as_deref(), Some("analyst"));
        tells(&pia, &answer, "exporter · acme", "Admin in shop was revoked.</strong> exporter still reaches shop as Analyst, through team Data.").await;
        let answer = does(&pia, &world, EXPORTER, "revoke", &[("grant", "{lab}")]).await;
        assert_eq!(role_in(&world, &reach(&world, "exporter").await, "lab"), None);
        tells(&pia, &answer, "exporter · acme", "Consumer in lab was revoked.</strong> exporter does not reach lab as of ").await;
        // On one workspace alone: what reaches it through the project stays.
        pia.page(READER, "reader · acme").await;
        let at = format!("{}/{}", world.id("shop"), world.id("eu"));
        let answer = does(&pia, &world, READER, "revoke", &[("grant", &at)]).await;
        tells(&pia, &answer, "reader · acme", "Consumer in shop, eu was revoked.</strong> reader still reaches shop, eu as Analyst, granted to it.").await;
        let grants = ada.get("organizations/{acme}/service-accounts/{reader}/grants").await.ok();
        assert_eq!(grants.as_array().unwrap().iter().map(|grant| grant["scope"].as_str().unwrap()).collect::<Vec<_>>(), ["project"]);
        for unreadable in ["", "x", "0", "1/"] {
            assert_eq!(does(&pia, &world, READER, "revoke", &[("grant", unreadable)]).await.status, 400);
        }
    }

    /// a role is given, changed and given on a workspace, custom ones too, none above one's own
    async fn roles_are_granted(world: World) {
        let world = world.with(WORLD).await;
        let (ada, pia) = (world.account("ada"), Browser::signs_in(&world, "pia").await);
        let role = ada.post("projects/{lab}/custom-roles", json!({ "name": "Fraud reviewer", "permissions": ["reports:export"] })).await.created();
        let role = role["role_id"].as_str().unwrap().to_owned();
        let grant = format!("{READER}/grant");
        let page = pia.page(&grant, "Grant access to reader · acme").await;
        for project in ["shop", "lab"] {
            assert!(page.contains(&format!("/grant?project={}\">Choose", world.id(project))), "{page}");
        }
        let page = pia.page(&format!("{grant}?project={}", world.id("lab")), "Grant access to reader · acme").await;
        assert!(page.contains("Fraud reviewer<span class=\"sub\">1 permission</span>") && page.contains("Whole project"), "{page}");
        assert!(page.contains("value=\"admin\"") && !page.contains("value=\"owner\""), "she is admin: {page}");
        let fields = |role: &'static str| [("project", "{lab}"), ("workspace", ""), ("role", role)];
        let answer = does(&pia, &world, READER, "grant", &fields("consumer")).await;
        assert_eq!(role_in(&world, &reach(&world, "reader").await, "lab").as_deref(), Some("consumer"));
        tells(&pia, &answer, "reader · acme", "reader is Consumer in lab.</strong> In effect as of ").await;
        let page = pia.page(&format!("{grant}?project={}", world.id("lab")), "Grant access to reader · acme").await;
        assert!(page.contains("It is Consumer there now"), "{page}");
        let custom = [("project", "{lab}"), ("workspace", ""), ("role", role.as_str())];
        let answer = does(&pia, &world, READER, "grant", &custom).await;
        assert_eq!(role_in(&world, &reach(&world, "reader").await, "lab"), Some(role.clone()));
        tells(&pia, &answer, "reader · acme", "reader is Fraud reviewer in lab.").await;
        let workspace = [("project", "{lab}"), ("workspace", "{lab all}"), ("role", "analyst")];
        let answer = does(&pia, &world, READER, "grant", &workspace).await;
        assert_eq!(role_in(&world, &reach(&world, "reader").await, "lab all").as_deref(), Some("analyst"));
        tells(&pia, &answer, "reader · acme", "reader is Analyst in lab, ").await;
        let before = reach(&world, "reader").await;
        for (fields, status, told) in [
            (fields("owner"), 403, "You are Admin of lab, so you can give roles up to Admin there."),
            (fields(""), 400, "Choose a role."),
            (fields("king"), 400, "Choose a role."),
            (fields("999999"), 404, "lab has no such role. Choose one of its own."),
            ([("project", "{lab}"), ("workspace", "{eu}"), ("role", "analyst")], 404, "lab has no such workspace any more."),
            ([("project", "{lab}"), ("workspace", "x"), ("role", "analyst")], 400, "Choose one of the list."),
        ] {
            let answer = does(&pia, &world, READER, "grant", &fields).await;
            is_page(&answer, status, "Error: Grant access to reader · acme");
            assert!(answer.text.contains("Nothing was changed. One thing needs a change.") && answer.text.contains(told), "{told}: {}", answer.text);
        }
        for project in ["{well}", "999999", "x", ""] {
            let answer = does(&pia, &world, READER, "grant", &[("project", project), ("workspace", ""), ("role", "consumer")]).await;
            assert_eq!(answer.status, 404, "{project}: {}", answer.text);
        }
        assert_eq!(reach(&world, "reader").await, before);
    }

    /// above fifty projects they are found by name, and workspaces too
    async fn many_projects_are_found_by_name(world: World) {
        let world = world.with(WORLD).await;
        let (ada, pia) = (world.account("ada"), Browser::signs_in(&world, "pia").await);
        for number in 0..52 {
            ada.post("organizations/{acme}/projects", json!({ "name": format!("Region {number}") })).await.created();
            ada.post("projects/{shop}/workspaces", json!({ "name": format!("Branch {number}") })).await.created();
        }
        let grant = format!("{READER}/grant");
        let title = "Grant access to reader · acme";
        let page = pia.page(&grant, title).await;
        assert!(page.contains("name=\"find\"") && page.contains("5 more match."), "{page}");
        assert_eq!(page.matches(">Choose<").count(), 50);
        assert!(page.len() < 50_000, "{} bytes", page.len());
        let page = pia.page(&format!("{grant}?find=region+51"), title).await;
        assert_eq!(page.matches(">Choose<").count(), 1, "{page}");
        assert!(pia.page(&format!("{grant}?find=nowhere"), title).await.contains("No project matches “nowhere”"));
        let of_shop = format!("{grant}?project={}", world.id("shop"));
        assert!(pia.page(&of_shop, title).await.matches("<option").count() <= 50);
        assert!(pia.page(&format!("{of_shop}&find=branch+51"), title).await.contains(">Branch 51</option>"));
    }

    /// owner, description, labels, role and addresses are changed, and what is wrong is told in the form
    async fn what_is_said_about_it_is_changed(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        team(&world, "Data", "reader").await;
        let page = pia.page(&format!("{READER}/owner"), "Hand over reader · acme").await;
        assert!(page.contains("Team, 1 member") && page.contains("pia@example.com") && !page.contains("hans@example.com"), "{page}");
        let (data, person) = (format!("team-{}", world.id("team")), format!("person-{}", world.id("mel")));
        for (owner, told, kind) in [(data.as_str(), "Team Data looks after reader.", json!("team")), (&person, "mel of the world looks after reader.", json!("person")), ("nobody", "Nobody looks after reader.", Value::Null)] {
            let answer = does(&pia, &world, READER, "owner", &[("owner", owner)]).await;
            tells(&pia, &answer, "reader · acme", told).await;
            assert_eq!(shown(&world, "reader").await["owner"]["kind"], kind);
        }
        for wrong in ["", "king", &format!("person-{}", world.id("hans")), &format!("person-{}", world.id("exporter")), "team-999999"] {
            let answer = does(&pia, &world, READER, "owner", &[("owner", wrong)]).await;
            is_page(&answer, 400, "Error: Hand over reader · acme");
        }
        pia.page(&format!("{READER}/edit"), "Edit reader · acme").await;
        let fields = [("description", "first\r\nsecond"), ("labels", "team: data\r\ntier: 1:2\r\n"), ("role", "billing_admin"), ("role_was", "member")];
        let answer = does(&pia, &world, READER, "edit", &fields).await;
        let page = tells(&pia, &answer, "reader · acme", "reader was changed.").await;
        assert!(page.contains("<span class=\"tag hi\">Billing admin in effect</span>"), "{page}");
        let account = shown(&world, "reader").await;
        assert_eq!((&account["description"], &account["labels"]), (&json!("first\nsecond"), &json!({ "team": "data", "tier": "1:2" })));
        // A role that somebody else gave meanwhile is not undone by who changes a label.
        world.account("ada").patch("organizations/{acme}/service-accounts/{reader}", json!({ "organization_role": "member" })).await.ok();
        does(&pia, &world, READER, "edit", &[("description", ""), ("labels", ""), ("role", "billing_admin"), ("role_was", "billing_admin")]).await;
        assert_eq!(world.account("reader").get("me").await.ok()["organizations"][world.id("acme").to_string()]["role"], "member");
        assert_eq!(shown(&world, "reader").await["description"], Value::Null);
        for (field, value, told) in [
            ("labels", "team", "Write each label as a key, a colon and a value"),
            ("labels", "Team: x", "key has 1 to 63 small ASCII letters"),
            ("description", "a\u{202e}b", "The description contains the invisible character"),
            ("role", "king", "Choose a role."),
        ] {
            let mut fields = vec![("description", "kept"), ("labels", "kept: yes"), ("role", "member"), ("role_was", "member")];
            fields.retain(|(name, _)| *name != field);
            fields.push((field, value));
            let answer = does(&pia, &world, READER, "edit", &fields).await;
            is_page(&answer, 400, "Error: Edit reader · acme");
            assert!(answer.text.contains(told) && answer.text.contains("kept"), "{told}: {}", answer.text);
        }
        let above = does(&pia, &world, READER, "edit", &[("description", ""), ("labels", ""), ("role", "owner"), ("role_was", "member")]).await;
        is_page(&above, 403, "reader · acme");
        assert!(above.text.contains("You are Admin of acme, so you can give roles up to Admin there."), "{}", above.text);
        let reader = world.account("reader");
        let answer = does(&pia, &world, READER, "addresses", &[("addresses", "10.0.0.0/8, 192.0.2.7")]).await;
        assert_ne!(is_in(&reader).await, 200);
        let page = tells(&pia, &answer, "reader · acme", "reader may call from those addresses alone.").await;
        assert!(page.contains("<dt>May call from</dt><dd><code>10.0.0.0/8, 192.0.2.7/32</code>"), "{page}");
        let wrong = does(&pia, &world, READER, "addresses", &[("addresses", "everywhere")]).await;
        is_page(&wrong, 400, "Error: Edit reader · acme");
        let answer = does(&pia, &world, READER, "addresses", &[("addresses", "")]).await;
        assert_eq!(is_in(&reader).await, 200);
        tells(&pia, &answer, "reader · acme", "reader may call from everywhere.").await;
    }

    /// another end counts at once, and the rules of the organization bind it; an end that has come stays
    async fn its_end_is_changed(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        let title = "Expiry of reader · acme";
        let page = pia.page(&format!("{READER}/expiry"), title).await;
        assert!(page.contains("It never expires.") && page.contains("--expires-in 90d"), "{page}");
        assert!(!page.contains(" checked"), "whoever only presses changes nothing: {page}");
        let answer = does(&pia, &world, READER, "expiry", &[("expires", "7d")]).await;
        tells(&pia, &answer, "reader · acme", "The end of reader was changed.").await;
        let left = claviger::clock::now().plus_seconds(7 * 86_400).unwrap();
        assert!(world.node().cluster.directory().unwrap().principal(claviger_access::identity::PrincipalId::new(world.id("reader")).unwrap()).unwrap().expires().has_passed(left));
        for (fields, told) in [
            (vec![("expires", "")], "Choose when it ends."),
            (vec![("expires", "same")], "Choose when it ends."),
            (vec![("expires", "other"), ("date", "2020-01-01")], "That moment has passed."),
        ] {
            let wrong = does(&pia, &world, READER, "expiry", &fields).await;
            is_page(&wrong, 400, &format!("Error: {title}"));
            assert!(wrong.text.contains(told), "{told}: {}", wrong.text);
        }
        world.account("ada").patch("organizations/{acme}/policy", json!({ "expiry_required": true })).await.ok();
        let never = does(&pia, &world, READER, "expiry", &[("expires", "never")]).await;
        is_page(&never, 400, &format!("Error: {title}"));
        assert!(never.text.contains("The rules of acme ask for an end."), "{}", never.text);
        let brief = world.account("ada").make("organizations/{acme}/service-accounts", json!({ "username": "brief", "expires_in": 1 })).await;
        while is_in(&brief).await == 200 {
            tokio::task::yield_now().await;
        }
        let path = format!("/console/organizations/{{acme}}/service-accounts/{}", brief.id);
        let late = does(&pia, &world, &path, "expiry", &[("expires", "7d")]).await;
        is_page(&late, 409, "Expiry of brief · acme");
        assert!(late.text.contains("An end that has come does not go away."), "{}", late.text);
        assert_eq!(is_in(&brief).await, 401);
    }

    /// one sentence, and every grant that it rests on
    async fn it_explains_why(world: World) {
        let world = world.with(WORLD).await;
        let (ada, pia) = (world.account("ada"), Browser::signs_in(&world, "pia").await);
        team(&world, "Data", "reader").await;
        ada.put("projects/{shop}/teams/{team}", json!({ "role": "consumer" })).await.ok();
        ada.put("projects/{lab}/default-access", json!({ "role": "consumer" })).await.ok();
        let asked = async |at: &str, permission: &str| {
            let at = world.path(&format!("/{at}"))[1..].replace('/', "%2F");
            let permission = permission.replace(':', "%3A");
            pia.page(&format!("{READER}?where={at}&permission={permission}"), "reader · acme").await
        };
        let page = asked("{shop}", "data:write").await;
        for told in [
            "<strong>Yes. reader may data:write in shop.</strong>",
            "Analyst, granted to it by ada on ",
            ", has this permission.</li>",
            "Consumer, through team Data, does not have it.",
            "claviger explain ",
        ] {
            assert!(page.contains(told), "{told} is not in {page}");
        }
        let page = asked("{shop}", "data:read").await;
        assert!(page.contains("Consumer, through team Data, has it too. Revoking Analyst alone would change nothing here."), "{page}");
        let page = asked("{shop}/{eu}", "reports:export").await;
        assert!(page.contains("<strong>No. None of its 3 grants in shop, eu has reports:export. Admin would.</strong>"), "{page}");
        let page = asked("{lab}", "data:write").await;
        assert!(page.contains("<strong>No. Its one grant in lab does not have data:write. Analyst would.</strong>"), "{page}");
        assert!(page.contains("Consumer, as everyone in acme, does not have it."), "{page}");
        ada.delete("projects/{lab}/default-access").await.ok();
        ada.patch("organizations/{acme}/service-accounts/{reader}", json!({ "disabled": true })).await.ok();
        let page = asked("{lab}", "data:read").await;
        assert!(page.contains("<strong>No. reader has no grant in lab. Consumer would.</strong>"), "{page}");
        assert!(page.contains("It is disabled, so its requests are refused all the same."), "{page}");
        for (at, permission, told) in [
            ("{well}", "data:read", "acme has no such project or workspace."),
            ("{lab}/{eu}", "data:read", "acme has no such project or workspace."),
            ("x", "data:read", "acme has no such project or workspace."),
            ("{lab}", "<script>alert(1)</script>", "Name a permission"),
            ("{lab}", "", "Name a permission"),
        ] {
            let page = asked(at, permission).await;
            assert!(page.contains(told) && !page.contains("<script>alert"), "{told}: {page}");
        }
    }

    /// a secret that was pasted into a field of the account's forms comes back on no page
    async fn a_secret_that_was_pasted_does_not_come_back(world: World) {
        let world = world.with(WORLD).await;
        let (secret, pia) = (world.account("exporter").secret, Browser::signs_in(&world, "pia").await);
        pia.page(&format!("{READER}/edit"), "Edit reader · acme").await;
        for (deed, field) in [("edit", "description"), ("edit", "labels"), ("edit", "role"), ("addresses", "addresses")] {
            let wrong = does(&pia, &world, READER, deed, &[(field, &*secret)]).await;
            is_page(&wrong, 400, "Error: Edit reader · acme");
            assert!(!wrong.text.contains(&secret), "{field}: {}", wrong.text);
        }
        let wrong = does(&pia, &world, READER, "edit", &[("labels", &*format!("Our key: {secret}"))]).await;
        is_page(&wrong, 400, "Error: Edit reader · acme");
        assert!(!wrong.text.contains(&secret), "{}", wrong.text);
    }

    /// what would do is the role that allows least: built in, or the project's own
    async fn the_least_role_that_would_do_is_named(world: World) {
        let world = world.with(WORLD).await;
        let (ada, pia) = (world.account("ada"), Browser::signs_in(&world, "pia").await);
        let own: Vec<String> = (0..12).map(|number| format!("reports:export{number}")).collect();
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        for (project, name, permissions) in [
            ("lab", "Auditor", vec!["audit:read"]),
            ("lab", "Keeper", vec!["data:read", "data:write", "members:manage"]),
            ("lab", "Reporter", own),
            ("shop", "Writer", vec!["data:write"]),
        ] {
            let role = json!({ "name": name, "permissions": permissions });
            ada.post(&format!("projects/{{{project}}}/custom-roles"), role).await.created();
        }
        let at = world.id("lab");
        for (permission, would) in [
            ("audit:read", "Auditor would."),
            ("data:write", "Analyst would."),
            ("members:manage", "Keeper would."),
            ("reports:export7", "Reporter would."),
            ("reports:delete", "Admin would."),
            ("project:delete", "Owner would."),
            ("organization:update", "No role of a project has it."),
        ] {
            let answer = format!("<strong>No. reader has no grant in lab. {would}</strong>");
            let page = pia.page(&format!("{READER}?where={at}&permission={}", permission.replace(':', "%3A")), "reader · acme").await;
            assert!(page.contains(&answer), "{permission}: {answer} is not in {page}");
        }
    }

    /// who holds more is not changed by who holds less, and the page does not offer it
    async fn nobody_changes_who_holds_more(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        let ada = "/console/organizations/{acme}/service-accounts/{ada}";
        let page = pia.page(ada, "ada · acme").await;
        assert!(page.contains("<strong>You cannot change it.</strong> ada is Owner of acme, which is above your own role there."), "{page}");
        for offered in ["/delete\"", "/disable\"", "/protect\"", "/edit\"", "/expiry\"", "/owner\"", "/rotate\"", "/secrets/"] {
            assert!(!page.contains(offered), "{offered} is in {page}");
        }
        for form in ["/delete", "/edit", "/expiry", "/owner"] {
            is_page(&pia.get(&format!("{ada}{form}")).await, 403, "ada · acme");
        }
        for (deed, fields) in DEEDS {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, if *name == "confirm" { "ada" } else { *value })).collect();
            let answer = does(&pia, &world, ada, deed, &fields).await;
            // Giving a role that she may give herself is no change of what the other holds.
            if matches!(deed, "grant" | "revoke") {
                continue;
            }
            is_page(&answer, 403, if deed == "delete" { "Delete ada · acme" } else { "ada · acme" });
            assert!(answer.text.contains("Ask somebody who is Owner there."), "{deed}: {}", answer.text);
        }
        let account = shown(&world, "ada").await;
        assert_eq!((is_in(&world.account("ada")).await, &account["is_disabled"], &account["description"]), (200, &json!(false), &Value::Null));
    }

    /// every name is text, whatever it holds
    async fn names_are_text_whatever_they_hold(world: World) {
        let world = world.with(WORLD).await;
        let (ada, pia) = (world.account("ada"), Browser::signs_in(&world, "pia").await);
        let script = |what: &str| format!("{what} \"><script>alert('{what}')</script>");
        team(&world, &script("team"), "reader").await;
        ada.put("projects/{shop}/teams/{team}", json!({ "role": "consumer" })).await.ok();
        ada.patch("projects/{shop}", json!({ "name": script("project") })).await.ok();
        ada.patch("projects/{shop}/workspaces/{eu}", json!({ "name": script("workspace") })).await.ok();
        let role = ada.post("projects/{shop}/custom-roles", json!({ "name": script("role"), "permissions": [] })).await.created();
        ada.put("projects/{shop}/workspaces/{eu}/service-accounts/{reader}", json!({ "role": role["role_id"] })).await.ok();
        let about = json!({ "description": script("description"), "labels": { "team": script("label") }, "owner": { "kind": "team", "id": world.id("team") } });
        ada.patch("organizations/{acme}/service-accounts/{reader}", about).await.ok();
        let made = ada.post("organizations/{acme}/service-accounts/{reader}/secrets", json!({ "name": script("secret") })).await.created();
        world.remember_secret("reader", &made);
        let secret = made["id"].as_u64().unwrap();
        let (shop, eu) = (world.id("shop"), world.id("eu"));
        for (path, held) in [
            (String::new(), &["team", "project", "workspace", "description", "label", "role", "secret"][..]),
            (format!("?where={shop}%2F{eu}&permission=data%3Aread"), &["team", "project", "workspace"]),
            ("/delete".to_owned(), &["team", "project"]),
            ("/edit".to_owned(), &["description", "label"]),
            ("/grant".to_owned(), &["project"]),
            (format!("/grant?project={shop}&workspace={eu}"), &["project", "workspace", "role"]),
            ("/owner".to_owned(), &["team"]),
            (format!("/secrets/{secret}/revoke"), &["secret"]),
            ("/grant?find=%3Cscript%3Ealert('find')%3C/script%3E".to_owned(), &["find"]),
        ] {
            let answer = pia.get(&format!("{READER}{path}")).await;
            assert_eq!((answer.status, answer.text.matches("<script").count()), (200, 1), "{path}: {}", answer.text);
            for what in held {
                assert!(answer.text.contains(&format!("&#60;script&#62;alert(&#39;{what}&#39;)&#60;/script&#62;")), "{what} is not on {path}: {}", answer.text);
            }
        }
        let typed = [("description", "</textarea><script>alert(1)</script>"), ("labels", "<script>"), ("role", "\"><script>"), ("role_was", "member")];
        let answer = does(&pia, &world, READER, "edit", &typed).await;
        assert_eq!((answer.status, answer.text.matches("<script").count(), answer.text.matches("</textarea>").count()), (400, 1, 3), "{}", answer.text);
        assert_eq!(pia.get(LIST).await.status, 200);
    }
}
