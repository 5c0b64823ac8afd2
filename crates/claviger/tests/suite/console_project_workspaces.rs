//! The Workspaces page of a project: listing, making, changing and deleting them.

use serde_json::json;

use crate::browser::Browser;
use crate::console::is_page;
use crate::console_project_accounts::{is_refused, longest_select, says};
use crate::world::on_both_stores;

const WORLD: &str = "
acme: ada owner, pia@ admin, mel@ member
  shop: exporter admin, dan@ admin, con@ consumer
    eu: visitor consumer, exporter owner, wes@ analyst
    us: con@ analyst
  lab: lea@ admin
globex: gil owner, gus@ admin
";

const LIST: &str = "/console/projects/{shop}/workspaces";

const TITLE: &str = "Workspaces · shop";

on_both_stores! {
    /// each sees the workspaces that he reaches; who manages them makes and changes them
    async fn a_workspace_is_made_and_changed(world: World) {
        let world = world.with(WORLD).await;
        let wes = Browser::signs_in(&world, "wes").await;
        let page = wes.page(LIST, TITLE).await;
        assert!(page.contains("<b>eu</b>") && !page.contains("<b>us</b>") && !page.contains("Create workspace"), "{page}");
        let browser = Browser::signs_in(&world, "dan").await;
        let page = browser.page(LIST, TITLE).await;
        says(&page, "Came with the project");
        says(&page, &format!("{}?workspace={}\">Service accounts", world.path("/console/projects/{shop}/service-accounts"), world.id("eu")));
        let once = browser.hidden("once");
        let wrong = browser.submit(LIST, &[("once", &once), ("name", ""), ("description", "Rain")]).await;
        is_page(&wrong, 400, "Error: Workspaces · shop");
        says(&wrong.text, "Give it a name.");
        says(&wrong.text, ">Rain</textarea>");
        let once = browser.hidden("once");
        let fields = [("once", &*once), ("name", "Staging"), ("description", "For\r\ntests")];
        says(&browser.submit_to(LIST, &fields, TITLE).await, "Staging was created.");
        says(&browser.submit_to(LIST, &fields, TITLE).await, "Staging was created already.");
        let told = world.account("exporter").get("projects/{shop}/workspaces?search=Staging").await.ok();
        assert_eq!((told.as_array().unwrap().len(), &told[0]["description"]), (1, &json!("For\ntests")));
        world.name("staging", told[0]["id"].as_u64().unwrap());
        let path = format!("{LIST}/{{staging}}");
        browser.page(&path, "Staging · shop").await;
        assert_eq!(browser.submit(&path, &[("name", " ")]).await.status, 400);
        says(&browser.submit_to(&path, &[("name", "Tests"), ("description", "")], TITLE).await, "Tests was saved.");
        let now = world.account("exporter").get("projects/{shop}/workspaces/{staging}").await.ok();
        assert_eq!((&now["name"], &now["description"]), (&json!("Tests"), &json!(null)));
    }

    /// deleting says who loses what, wants the name, and is done at once; the one that came with the project stays
    async fn a_workspace_is_deleted_and_the_first_stays(world: World) {
        let world = world.with(WORLD).await;
        let browser = Browser::signs_in(&world, "pia").await;
        let path = format!("{LIST}/{{eu}}");
        let page = browser.page(&format!("{path}/delete"), "Delete eu · shop").await;
        says(&page, "1 person loses the roles held on it.");
        says(&page, "2 service accounts lose their roles on it; 1 of them reaches nothing else.");
        assert!(page.contains("<li>visitor</li>") && !page.contains("<li>exporter</li>"), "{page}");
        says(&page, &format!("claviger workspace delete {}/{}</pre>", world.id("shop"), world.id("eu")));
        is_page(&browser.submit(&format!("{path}/delete"), &[("typed", "EU")]).await, 400, "Error: Delete eu · shop");
        says(&browser.submit_to(&format!("{path}/delete"), &[("typed", "eu")], TITLE).await, "eu was deleted.");
        assert_eq!(world.account("visitor").get("me").await.ok()["workspaces"], json!({}));
        assert_eq!(browser.get(&path).await.status, 404);
        let first = format!("{LIST}/{{shop all}}");
        let page = browser.page(&first, "All Project Data · shop").await;
        assert!(page.contains("It came with the project") && !page.contains("Delete workspace"), "{page}");
        for answer in [
            browser.get(&format!("{first}/delete")).await,
            browser.submit(&format!("{first}/delete"), &[("typed", "All Project Data")]).await,
        ] {
            is_refused(&answer, 409, "All Project Data came with shop, so it stays.");
        }
        world.account("exporter").get("projects/{shop}/workspaces/{shop all}").await.ok();
    }

    /// who may not has no route; another project's workspace is not there
    async fn others_change_no_workspace(world: World) {
        let world = world.with(WORLD).await;
        for (name, list, changes) in [("con", 200, 403), ("wes", 200, 403), ("lea", 403, 403), ("mel", 403, 403), ("gus", 404, 404)] {
            let browser = Browser::signs_in(&world, name).await;
            assert_eq!(browser.get(LIST).await.status, list, "{name}");
            let fields = [("once", "0123456789abcdef0123456789abcdef"), ("name", "Mine"), ("typed", "eu")];
            for path in [LIST, &format!("{LIST}/{{eu}}"), &format!("{LIST}/{{eu}}/delete")] {
                assert_eq!(browser.submit(path, &fields).await.status, changes, "{name} {path}");
            }
        }
        let lea = Browser::signs_in(&world, "lea").await;
        lea.page("/console/projects/{lab}/workspaces", "Workspaces · lab").await;
        for path in ["/console/projects/{lab}/workspaces/{eu}", "/console/projects/{lab}/workspaces/{eu}/delete"] {
            assert_eq!(lea.get(path).await.status, 404);
            assert_eq!(lea.submit(path, &[("name", "Mine"), ("typed", "eu")]).await.status, 404);
        }
        assert_eq!(world.account("exporter").get("projects/{shop}/workspaces/{eu}").await.ok()["name"], "eu");
    }

    /// with many workspaces pages stay small, and no select lists them
    async fn many_workspaces_stay_readable(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for number in 0..60 {
            let body = json!({ "name": format!("{number} {}", "&".repeat(150)), "description": "&".repeat(2_000) });
            ada.post("projects/{shop}/workspaces", body).await.created();
        }
        let browser = Browser::signs_in(&world, "pia").await;
        let (mut path, mut pages) = (LIST.to_owned(), 0);
        loop {
            let page = browser.page(&path, TITLE).await;
            assert!(page.len() < 50_000 && longest_select(&page) <= 50, "{} bytes", page.len());
            pages += 1;
            match page.split("\">Next 25</a>").next().filter(|before| before.len() < page.len()) {
                Some(before) => path = before.rsplit("href=\"").next().unwrap().replace("&#38;", "&"),
                None => break,
            }
        }
        assert_eq!(pages, 3);
        for path in ["service-accounts", "service-accounts?workspace={eu}", "service-accounts/add?search=exporter", "users", "users/add?search=mel"] {
            let page = browser.get(&format!("/console/projects/{{shop}}/{path}")).await;
            assert!(page.status == 200 && longest_select(&page.text) <= 50 && page.text.len() < 50_000, "{path}: {}", page.text);
        }
        let scoped = browser.page("/console/projects/{shop}/service-accounts?workspace={eu}", "Service Accounts · shop").await;
        says(&scoped, &format!("<input type=\"hidden\" name=\"workspace\" value=\"{}\">", world.id("eu")));
    }
}
