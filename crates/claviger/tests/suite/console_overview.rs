//! The console's Overview page of an organization.

use serde_json::json;

use crate::browser::Browser;
use crate::world::on_both_stores;

const WORLD: &str = "
acme: ada owner, pia@ admin, mel@ member
  shop: exporter admin, reader analyst
globex: gil owner
";

const OVERVIEW: &str = "/console/organizations/{acme}/overview";

on_both_stores! {
    /// what accounts asked for and were refused is on the page of their organization once it is flushed, and on no other
    async fn it_tells_what_came_to_the_accounts(world: World) {
        let world = world.with(WORLD).await;
        let browser = Browser::signs_in(&world, "pia").await;
        let page = browser.page(OVERVIEW, "Overview · acme").await;
        for shown in ["<h2 id=\"h-st\">3 service accounts</h2>", "?view=active\">3 active</a>", "No request so far.", "Nothing was refused."] {
            assert!(page.contains(shown), "{shown} is not in {page}");
        }
        for _ in 0..4 {
            world.account("reader").get("me").await.ok();
        }
        let wrong = format!("Basic {}:{}", world.account("exporter").username, "not the secret");
        world.get_with("me", &[wrong.as_bytes()]).await.refused(401, "not_authenticated");
        world.get_with("me", &[b"Basic nobody.000000.service-account:wrong"]).await.refused(401, "not_authenticated");
        world.account("reader").get("organizations/{acme}/service-accounts").await.refused(403, "permission_missing");
        let ada = world.account("ada");
        ada.patch("organizations/{acme}/service-accounts/{reader}", json!({ "disabled": true })).await.ok();
        world.get_with("me", &[world.account("reader").header().as_bytes()]).await.refused(401, "not_authenticated");
        world.restart().await;
        let page = browser.page(OVERVIEW, "Overview · acme").await;
        let to = |name: &str| world.path(&format!("/console/organizations/{{acme}}/service-accounts/{{{name}}}"));
        for shown in [
            "?view=active\">2 active</a>",
            "?view=disabled\">1 disabled</a>",
            " accepted, 3 refused</span>",
            "Counted since ",
            "role=\"img\" aria-label=\"Refused requests per day, ",
            &format!("Wrong secret<span class=\"sub\">1 for <a href=\"{}\">exporter</a>, from 127.0.0.1</span>", to("exporter")),
            &format!("Disabled account<span class=\"sub\">1 by <a href=\"{}\">reader</a>, from 127.0.0.1</span>", to("reader")),
            &format!("Not permitted<span class=\"sub\">1 by <a href=\"{}\">reader</a>, from 127.0.0.1</span>", to("reader")),
            "<b>3 accounts</b> have no owner.",
        ] {
            assert!(page.contains(shown), "{shown} is not in {page}");
        }
        assert!(!page.contains("Unknown username"), "a name of no account is nobody's: {page}");
    }

    /// an account that has expired and is still tried tells so in the list of accounts
    async fn a_list_tells_how_often_who_has_expired_was_refused(world: World) {
        let world = world.with(WORLD).await;
        let soon = world.account("ada").make("organizations/{acme}/service-accounts", json!({ "username": "soon", "expires_in": 1 })).await;
        while soon.get("me").await.status == 200 {
            tokio::task::yield_now().await;
        }
        for _ in 0..2 {
            soon.get("me").await.refused(401, "not_authenticated");
        }
        world.restart().await;
        let browser = Browser::signs_in(&world, "pia").await;
        let page = browser.page("/console/organizations/{acme}/service-accounts", "Service Accounts · acme").await;
        assert_eq!(page.matches("refused since").count(), 1, "{page}");
        assert!(page.contains("3 refused since"), "{page}");
    }

    /// it is for who may see service accounts, and for nobody of another organization
    async fn it_is_for_who_sees_service_accounts(world: World) {
        let world = world.with(WORLD).await;
        let browser = Browser::signs_in(&world, "mel").await;
        let answer = browser.get(OVERVIEW).await;
        assert_eq!(answer.status, 403);
        assert!(answer.text.contains("Only owners and admins of acme see its overview."), "{}", answer.text);
        assert!(!answer.text.contains("exporter"));
        for path in ["/console/organizations/{globex}/overview", "/console/organizations/999999/overview", "/console/organizations/x/overview"] {
            assert_eq!(browser.get(path).await.status, 404, "{path}");
        }
    }
}
