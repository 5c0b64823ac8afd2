//! A project's overview: what it says, renaming, default access, deleting; and that every name on a project's pages is text.

use serde_json::json;

use crate::browser::Browser;
use crate::console::is_page;
use crate::console_project_accounts::{is_refused, longest_select, says};
use crate::world::on_both_stores;

const WORLD: &str = "
acme: ada owner, pia@ admin, oli@ owner, mel@ member
  shop: exporter admin, reader analyst, dan@ admin, con@ consumer
    eu: visitor consumer, wes@ consumer
  lab: exporter consumer, lea@ admin
globex: gil owner, gus@ admin
";

const OVERVIEW: &str = "/console/projects/{shop}/overview";

const TITLE: &str = "Overview · shop";

/// Whatever has a name may be called so.
const SCRIPT: &str = "<script>alert(1)</script>";

const SCRIPTED: &str = "
<script>alert(1)</script>: ada owner
  <script>alert(2)</script>: exporter admin
    <script>alert(3)</script>: exporter consumer
";

on_both_stores! {
    /// each sees what he is there and through what, and what he may look through and do
    async fn the_overview_says_what_each_may(world: World) {
        let world = world.with(WORLD).await;
        for (name, role, through, counts, does) in [
            ("oli", "Owner", "Organization role Owner", true, [true, true, true]),
            ("dan", "Admin", "Granted directly", true, [true, true, false]),
            ("con", "Consumer", "Granted directly", false, [false, false, false]),
            ("wes", "Consumer", "Workspace eu only", false, [false, false, false]),
        ] {
            let browser = Browser::signs_in(&world, name).await;
            let page = browser.page(OVERVIEW, TITLE).await;
            says(&page, &format!(">{role}</span>"));
            says(&page, &format!("<span class=\"sub\">{through}</span>"));
            for list in ["users", "service-accounts", "roles"] {
                let link = format!("<dd><a href=\"{}\">", world.path(&format!("/console/projects/{{shop}}/{list}")));
                assert_eq!(page.contains(&link), counts, "{name} {list}: {page}");
            }
            let offers = ["Give it to everyone", "Save project", "Delete project"].map(|button| page.contains(button));
            assert_eq!(offers, does, "{name}: {page}");
            says(&page, &format!("claviger project show {}</pre>", world.id("shop")));
        }
        let browser = Browser::signs_in(&world, "dan").await;
        let page = browser.page(OVERVIEW, TITLE).await;
        for (list, count) in [("users", 5), ("service-accounts", 4), ("workspaces", 2), ("roles", 4)] {
            says(&page, &format!("/{list}\">{count}<span"));
        }
    }

    /// name and time zone change at once; what cannot be is told at its field and kept
    async fn a_project_is_renamed(world: World) {
        let world = world.with(WORLD).await;
        let browser = Browser::signs_in(&world, "dan").await;
        browser.page(OVERVIEW, TITLE).await;
        let wrong = browser.submit(OVERVIEW, &[("name", " "), ("timezone", "Mars/Olympus")]).await;
        is_page(&wrong, 400, "Error: Overview · shop");
        says(&wrong.text, "Nothing was changed. Two things need a change.");
        says(&wrong.text, "value=\"Mars/Olympus\"");
        let page = browser.submit_to(OVERVIEW, &[("name", "Web shop"), ("timezone", "europe/berlin")], "Overview · Web shop").await;
        says(&page, "Web shop was saved.");
        let told = world.account("exporter").get("projects/{shop}").await.ok();
        assert_eq!((&told["name"], &told["timezone"]), (&json!("Web shop"), &json!("Europe/Berlin")));
    }

    /// a slug is set and taken away; one that another has, and what is none, is told at its field and kept
    async fn a_slug_is_given_to_a_project(world: World) {
        let world = world.with(WORLD).await;
        let well = json!({ "name": "Secret well", "slug": "elsewhere" });
        world.account("gil").post("organizations/{globex}/projects", well).await.created();
        let browser = Browser::signs_in(&world, "dan").await;
        browser.page(OVERVIEW, TITLE).await;
        let form = |slug| [("name", "shop"), ("name_was", "shop"), ("timezone", "UTC"), ("timezone_was", "UTC"), ("slug", slug), ("slug_was", "")];
        for (slug, status, told) in [
            ("Web", 400, "The slug contains “W”; use lower case ASCII letters, digits, - _ and . only."),
            ("17", 400, "The slug is a number, as ids are; put a letter into it."),
            ("elsewhere", 409, "The slug elsewhere is taken. Choose another."),
        ] {
            let wrong = browser.submit(OVERVIEW, &form(slug)).await;
            is_page(&wrong, status, "Error: Overview · shop");
            says(&wrong.text, "Nothing was changed. One thing needs a change.");
            says(&wrong.text, &format!("<a href=\"#slug\">{told}</a>"));
            says(&wrong.text, &format!("name=\"slug\" value=\"{slug}\""));
            assert!(!wrong.text.contains("Secret well") && !wrong.text.contains("globex"), "{}", wrong.text);
        }
        let page = browser.submit_to(OVERVIEW, &form(" web-shop "), TITLE).await;
        says(&page, "<dt>Slug</dt><dd><code>web-shop</code></dd>");
        says(&page, "name=\"slug_was\" value=\"web-shop\"");
        assert_eq!(world.account("exporter").get("projects/{shop}").await.ok()["slug"], "web-shop");
        // As a form that was open before there were slugs.
        browser.submit_to(OVERVIEW, &[("name", "shop"), ("timezone", "Asia/Tokyo")], TITLE).await;
        let told = world.account("exporter").get("projects/{shop}").await.ok();
        assert_eq!((&told["slug"], &told["timezone"]), (&json!("web-shop"), &json!("Asia/Tokyo")));
        let page = browser.submit_to(OVERVIEW, &[("name", "shop"), ("timezone", "Asia/Tokyo"), ("slug", ""), ("slug_was", "web-shop")], TITLE).await;
        assert!(!page.contains("web-shop"), "{page}");
        assert!(world.account("exporter").get("projects/{shop}").await.ok()["slug"].is_null());
    }

    /// default access is given and taken for everyone at once, up to one's own role
    async fn default_access_is_given_and_taken(world: World) {
        let world = world.with(WORLD).await;
        let (reader, path) = (world.account("reader"), "/console/projects/{lab}/default-access");
        let browser = Browser::signs_in(&world, "lea").await;
        let page = browser.page("/console/projects/{lab}/overview", "Overview · lab").await;
        says(&page, "Nobody reaches lab only by belonging to acme.");
        assert!(!page.contains("value=\"owner\""), "{page}");
        assert_eq!(browser.submit(path, &[]).await.status, 400);
        assert_eq!(browser.submit(path, &[("role", "owner")]).await.status, 403);
        let page = browser.submit_to(path, &[("role", "analyst")], "Overview · lab").await;
        says(&page, "Everyone in acme is Analyst of lab now.");
        assert_eq!(reader.get("projects/{lab}").await.ok()["role"], "analyst");
        let page = browser.submit_to(path, &[("role", "analyst"), ("clear", "1")], "Overview · lab").await;
        says(&page, "Nobody reaches lab by default any more.");
        reader.get("projects/{lab}").await.refused(403, "permission_missing");
    }

    /// a secret that was pasted where a name goes comes back on no page
    async fn a_pasted_secret_does_not_come_back(world: World) {
        let world = world.with(WORLD).await;
        let secret = world.account("reader").secret;
        let oli = Browser::signs_in(&world, "oli").await;
        for (page, form, title, others) in [
            (OVERVIEW, OVERVIEW, "Overview · shop", vec![("timezone", "UTC")]),
            ("/console/projects/{shop}/workspaces", "/console/projects/{shop}/workspaces", "Workspaces · shop", vec![]),
            ("/console/projects/{shop}/workspaces/{eu}", "/console/projects/{shop}/workspaces/{eu}", "eu · shop", vec![]),
            ("/console/projects/{shop}/roles/new", "/console/projects/{shop}/roles", "New role · shop", vec![("permissions", "data:read")]),
            ("/console/projects/{shop}/service-accounts/new", "/console/projects/{shop}/service-accounts", "Create service account · shop", vec![("expires", "never")]),
            ("/console/organizations/{acme}/service-accounts/new", "/console/organizations/{acme}/service-accounts", "Create a service account · acme", vec![("expires", "never")]),
            ("/console/organizations/{acme}/projects/new", "/console/organizations/{acme}/projects", "Create project · acme", vec![("timezone", "UTC")]),
            ("/console/organizations/{acme}/teams/new", "/console/organizations/{acme}/teams", "Create team · acme", vec![]),
        ] {
            let text = oli.page(page, title).await;
            let once = oli.carries("once").filter(|_| text.contains("name=\"once\"")).unwrap_or_default();
            let mut fields = vec![("name", &*secret), ("slug", &*secret), ("once", &*once)];
            fields.extend(others);
            let answer = oli.submit(form, &fields).await;
            assert_eq!(answer.status, 400, "{form}: {}", answer.text);
            assert!(answer.text.contains("secret"), "it says why: {}", answer.text);
            assert!(!answer.text.contains(&secret), "{form}: {}", answer.text);
        }
    }

    /// whoever owns the organization has something left when its only project goes
    async fn an_owner_does_not_lose_the_last_access(world: World) {
        let world = world.with("
acme: ada owner, oli@ owner
  shop: reader analyst
    eu: ada consumer, reader consumer
").await;
        let ada = world.account("ada");
        let me = ada.get("me").await.ok();
        // The one that came with the organization.
        for other in me["projects"].as_object().expect("projects").keys().filter(|id| **id != world.id("shop").to_string()) {
            ada.delete(&format!("projects/{other}")).await.ok();
        }
        let browser = Browser::signs_in(&world, "oli").await;
        for path in ["/console/projects/{shop}/delete", "/console/projects/{shop}/workspaces/{eu}/delete"] {
            let page = browser.get(path).await.text;
            assert!(!page.contains("<li>ada</li>"), "{path}: {page}");
        }
        let page = browser.page("/console/projects/{shop}/delete", "Delete shop").await;
        says(&page, "1 of 2 service accounts that reach it");
        says(&page, "<li>reader</li>");
    }

    /// deleting says who loses the last access, wants the name, and is done at once
    async fn a_project_is_deleted_by_its_owners(world: World) {
        let world = world.with(WORLD).await;
        let path = "/console/projects/{shop}/delete";
        let browser = Browser::signs_in(&world, "oli").await;
        let page = browser.page(path, "Delete shop").await;
        says(&page, "2 of 4 service accounts that reach it reach nothing else.");
        for name in ["reader", "visitor"] {
            says(&page, &format!("<li>{name}</li>"));
        }
        assert!(!page.contains("<li>exporter</li>") && !page.contains("<li>ada</li>"), "{page}");
        says(&page, "2 workspaces are deleted with it.");
        says(&page, "3 people lose the roles held here.");
        says(&page, &format!("claviger project delete {}</pre>", world.id("shop")));
        let wrong = browser.submit(path, &[("typed", "Shop")]).await;
        is_page(&wrong, 400, "Error: Delete shop");
        says(&wrong.text, "That is not the name. Type shop.");
        world.account("reader").get("projects/{shop}").await.ok();
        let done = browser.submit(path, &[("typed", "shop")]).await;
        assert_eq!((done.status, done.header("location")), (303, Some(&*world.path("/console/organizations/{acme}/projects"))));
        world.account("reader").get("projects/{shop}").await.refused(404, "project_not_found");
        assert_eq!(browser.get(OVERVIEW).await.status, 404);
    }

    /// who may not has no route; another organization's project is not there
    async fn others_change_nothing_of_a_project(world: World) {
        let world = world.with(WORLD).await;
        for (name, overview, changes, deletes) in [
            ("con", 200, 403, 403), ("wes", 200, 403, 403), ("lea", 403, 403, 403), ("mel", 403, 403, 403), ("gus", 404, 404, 404),
        ] {
            let browser = Browser::signs_in(&world, name).await;
            let page = browser.get(OVERVIEW).await;
            assert_eq!(page.status, overview, "{name}: {}", page.text);
            assert_eq!(browser.submit(OVERVIEW, &[("name", "Mine"), ("timezone", "UTC")]).await.status, changes, "{name}");
            assert_eq!(browser.submit("/console/projects/{shop}/default-access", &[("role", "consumer")]).await.status, changes, "{name}");
            assert_eq!(browser.get("/console/projects/{shop}/delete").await.status, deletes, "{name}");
            assert_eq!(browser.submit("/console/projects/{shop}/delete", &[("typed", "shop")]).await.status, deletes, "{name}");
            for list in ["users", "users/teams", "users/add", "users/teams/add", "roles", "roles/new", "workspaces/{eu}", "workspaces/{eu}/delete"] {
                assert_eq!(browser.get(&format!("/console/projects/{{shop}}/{list}")).await.status, changes, "{name} {list}");
            }
        }
        // An admin of the project does not delete it.
        let browser = Browser::signs_in(&world, "dan").await;
        browser.page(OVERVIEW, TITLE).await;
        is_refused(&browser.submit("/console/projects/{shop}/delete", &[("typed", "shop")]).await, 403, "Only owners of shop delete it.");
        for path in ["/console/projects/999999/overview", "/console/projects/x/overview", "/console/projects/0/users"] {
            assert_eq!(browser.get(path).await.status, 404, "{path}");
        }
        for path in ["/console/projects/{shop}/default-access", "/console/projects/{shop}/users/{con}/remove"] {
            is_page(&browser.get(path).await, 405, "Not for that");
        }
        assert_eq!(world.account("exporter").get("projects/{shop}").await.ok()["name"], "shop");
    }

    /// every name on every page of a project is text, whatever it holds
    async fn every_name_is_text(world: World) {
        let world = world.with(SCRIPTED).await;
        let ada = world.account("ada");
        let project = world.id("<script>alert(2)</script>");
        world.name("p", project);
        world.name("o", world.id(SCRIPT));
        world.name("w", world.id("<script>alert(3)</script>"));
        let invited = ada.post("organizations/{o}/invitations", json!({ "email": "pia@example.com", "role": "owner" })).await.created();
        let token = world.remember_token(&invited);
        let person = json!({ "token": token, "name": SCRIPT, "password": world.password_of("pia") });
        world.name("pia", world.post("invitations/accept", person).await.created()["id"].as_u64().unwrap());
        let team = ada.post("organizations/{o}/teams", json!({ "name": SCRIPT })).await.created()["id"].as_u64().unwrap();
        world.name("team", team);
        let role = json!({ "name": SCRIPT, "description": SCRIPT, "permissions": ["data:read", "reports:export"] });
        let role = ada.post("projects/{p}/custom-roles", role).await.created()["role_id"].as_str().unwrap().parse::<u64>().unwrap();
        world.name("role", role);
        ada.put("projects/{p}/teams/{team}", json!({ "role": role.to_string() })).await.ok();
        ada.put("projects/{p}/users/{pia}", json!({ "role": role.to_string() })).await.ok();
        ada.put("projects/{p}/default-access", json!({ "role": role.to_string() })).await.ok();
        ada.patch("projects/{p}/workspaces/{w}", json!({ "description": SCRIPT })).await.ok();
        let browser = Browser::signs_in(&world, "pia").await;
        let searched = "search=%3Cscript%3E";
        for page in [
            "overview", "delete", "service-accounts", "service-accounts?workspace={w}", "service-accounts?edit={exporter}",
            &format!("service-accounts?{searched}"), &format!("service-accounts/add?{searched}"), "service-accounts/add?search=exporter",
            "service-accounts/new", "users", "users?edit={pia}", &format!("users?{searched}"), "users?workspace={w}", &format!("users/add?{searched}"),
            "users/teams", "users/teams?edit={team}", &format!("users/teams/add?{searched}"), "workspaces", &format!("workspaces?{searched}"),
            "workspaces/{w}", "workspaces/{w}/delete", "roles", "roles/new", "roles/{role}", "roles/{role}/delete",
        ] {
            let answer = browser.get(&format!("/console/projects/{{p}}/{page}")).await;
            assert_eq!(answer.status, 200, "{page}: {}", answer.text);
            assert_eq!(answer.text.matches("<script").count(), 1, "{page}: {}", answer.text);
            assert!(answer.text.contains("&#60;script&#62;alert(") && answer.text.len() < 50_000, "{page}: {}", answer.text);
            assert!(longest_select(&answer.text) <= 50, "{page}");
            assert!(!answer.text.contains("style=") && answer.text.matches("<h1").count() == 1, "{page}");
        }
        for (path, fields) in [
            ("overview", vec![("name", ""), ("timezone", SCRIPT), ("slug", SCRIPT)]),
            ("delete", vec![("typed", SCRIPT)]),
            ("roles/{role}", vec![("name", ""), ("description", SCRIPT), ("permission", SCRIPT), ("own", SCRIPT)]),
            ("roles/{role}/delete", vec![("typed", "x")]),
            ("workspaces/{w}", vec![("name", ""), ("description", SCRIPT)]),
            ("workspaces/{w}/delete", vec![("typed", "x")]),
            ("service-accounts/add", vec![("find", SCRIPT)]),
            ("users/add", vec![("find", SCRIPT)]),
        ] {
            let answer = browser.submit(&format!("/console/projects/{{p}}/{path}"), &fields).await;
            assert_eq!((answer.status, answer.text.matches("<script").count()), (400, 1), "{path}: {}", answer.text);
        }
    }
}
