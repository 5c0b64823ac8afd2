//! The projects of an organization in the console: each sees those that he reaches, and who may makes one.

use serde_json::json;

use crate::browser::Browser;
use crate::console::is_page;
use crate::world::on_both_stores;

const WORLD: &str = "
acme: ada owner, pia@ admin, mel@ member, ned@ member
  shop: exporter admin, mel@ analyst
  vault: exporter admin
    eu: mel@ consumer
  cellar: exporter admin
globex: gil owner, gia@ owner
";

const PROJECTS: &str = "/console/organizations/{acme}/projects";

on_both_stores! {
    /// owners and admins see all projects, others what they reach, and as what
    async fn each_sees_what_he_reaches(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        let page = pia.page(PROJECTS, "Projects · acme").await;
        for shown in ["acme main", "shop", "vault", "cellar", "1 to 4 of 4", "Create project", "nothing by default"] {
            assert!(page.contains(shown), "{shown} is not in {page}");
        }
        let found = pia.page(&format!("{PROJECTS}?search=VAU"), "Projects · acme").await;
        let table = found.split("<tbody").nth(1).unwrap();
        assert!(table.contains("vault") && !table.contains("cellar"), "{table}");
        let mel = Browser::signs_in(&world, "mel").await;
        let page = mel.page(PROJECTS, "Projects · acme").await;
        let table = page.split("<tbody").nth(1).unwrap();
        assert!(table.contains("shop") && table.contains("Analyst") && table.contains("on workspaces alone"), "{table}");
        assert!(!page.contains("cellar") && !page.contains("Create project"), "{page}");
        world.account("ada").put("projects/{cellar}/default-access", json!({ "role": "consumer" })).await.ok();
        assert!(mel.page(PROJECTS, "Projects · acme").await.contains("cellar"));
        world.account("ada").delete("projects/{cellar}/default-access").await.ok();
        let ned = Browser::signs_in(&world, "ned").await;
        assert!(ned.page(PROJECTS, "Projects · acme").await.contains("You reach no project yet"));
        let gia = Browser::signs_in(&world, "gia").await;
        assert_eq!(gia.get(PROJECTS).await.status, 404);
    }

    /// a project is made once, and leads to its Overview; what cannot be read is told in the form
    async fn a_project_is_made_once(world: World) {
        let world = world.with(WORLD).await;
        let pia = Browser::signs_in(&world, "pia").await;
        pia.page(&format!("{PROJECTS}/new"), "Create project · acme").await;
        let once = pia.hidden("once");
        let wrong = pia.submit(PROJECTS, &[("once", &once), ("name", ""), ("timezone", "Mars"), ("slug", "Web")]).await;
        is_page(&wrong, 400, "Error: Create project · acme");
        for told in ["Give it a name.", "This is no time zone", "The slug contains “W”", "value=\"Web\""] {
            assert!(wrong.text.contains(told), "{told} is not in {}", wrong.text);
        }
        world.account("gil").post("organizations/{globex}/projects", json!({ "name": "Secret well", "slug": "taken" })).await.created();
        let taken = [("once", once.as_str()), ("name", "Web shop"), ("timezone", "Europe/Berlin"), ("slug", "taken")];
        let taken = pia.submit(PROJECTS, &taken).await;
        is_page(&taken, 409, "Error: Create project · acme");
        for told in ["The slug taken is taken. Choose another.", "value=\"Web shop\"", "--timezone Europe/Berlin --slug taken</pre>"] {
            assert!(taken.text.contains(told), "{told} is not in {}", taken.text);
        }
        assert!(!taken.text.contains("Secret well"), "{}", taken.text);
        let fields = [("once", once.as_str()), ("name", "Web shop"), ("timezone", "Europe/Berlin"), ("slug", "web-shop")];
        let (first, second) = tokio::join!(pia.submit(PROJECTS, &fields), pia.submit(PROJECTS, &fields));
        assert_eq!((first.status, first.header("location")), (303, second.header("location")), "{}", first.text);
        let id = first.header("location").unwrap().split('/').nth(3).unwrap().parse().unwrap();
        world.name("made", id);
        assert_eq!(first.header("location"), Some(&*world.path("/console/projects/{made}/overview")));
        let made = world.account("ada").get("projects/{made}").await.ok();
        assert_eq!((&made["name"], &made["timezone"], &made["slug"]), (&json!("Web shop"), &json!("Europe/Berlin"), &json!("web-shop")));
        let found = pia.page(&format!("{PROJECTS}?search=B-SHO"), "Projects · acme").await;
        assert!(found.contains(">Web shop</a>"), "found by its slug");
        assert_eq!(world.count("SELECT COUNT(*) FROM projects WHERE name = 'Web shop'").await, 1);
        assert!(pia.page(PROJECTS, "Projects · acme").await.contains("Web shop"));
    }
}
