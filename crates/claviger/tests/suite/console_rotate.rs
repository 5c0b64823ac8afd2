//! A new secret in place of another, in the console: the one before goes on for as long as was chosen.

use serde_json::json;

use crate::answer::Answer;
use crate::browser::Browser;
use crate::console::is_page;
use crate::console_create::{led_to, shown_secret};
use crate::world::{World, on_both_stores};

const WORLD: &str = "
acme: ada owner, pia@ admin, mel@ member, boss@ owner
  shop: exporter admin
globex: gil owner
  forge: miner admin
";

const ROTATE: &str = "/console/organizations/{acme}/service-accounts/{exporter}/rotate";

async fn rotates(browser: &Browser<'_>, grace: &str) -> Answer {
    browser.page(ROTATE, "Rotate exporter · acme").await;
    let once = browser.hidden("once");
    let fields = [("once", &*once), ("name", "next"), ("expires", "same"), ("grace", grace)];
    browser.submit(ROTATE, &fields).await
}

async fn secrets(world: &World) -> i64 {
    world.count("SELECT COUNT(*) FROM secrets").await
}

on_both_stores! {
    /// both secrets count while the grace lasts; sent again the form makes no third, and shows none
    async fn a_second_secret_is_shown_once(world: World) {
        let world = world.with(WORLD).await;
        let first = world.account("exporter");
        let browser = Browser::signs_in(&world, "pia").await;
        let page = browser.page(ROTATE, "Rotate exporter · acme").await;
        for part in ["name=\"grace\" value=\"24h\" checked", "name=\"expires\" value=\"same\" checked", &format!("claviger service-account rotate {} --organization {} --grace 24h<", world.id("exporter"), world.id("acme"))] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(page.contains("The secret that it has now never expires. It goes on beside the new one for that long"), "{page}");
        let once = browser.hidden("once");
        let fields = [("once", &*once), ("name", "next"), ("expires", "30d"), ("grace", "24h")];
        let answer = browser.submit(ROTATE, &fields).await;
        let second = shown_secret(&world, &answer, "exporter", led_to(&answer));
        assert!(answer.text.contains("exporter has a second secret") && answer.text.contains("The one before goes on until "), "{}", answer.text);
        let asked = answer.text.split("data-first=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("where it asks");
        assert_eq!(browser.get(asked).await.text, "null");
        for secret in [&first, &second] {
            secret.get("me").await.ok();
        }
        let told = browser.get(asked).await.text;
        assert!(told.starts_with("\"First request: ") && told.ends_with(" UTC from 127.0.0.1, accepted.\""), "{told}");
        let mel = Browser::signs_in(&world, "mel").await;
        assert_eq!(mel.get(asked).await.status, 403);
        let before = secrets(&world).await;
        let again = browser.submit(ROTATE, &fields).await;
        assert_eq!((again.status, again.header("location")), (303, Some(&*world.path("/console/organizations/{acme}/service-accounts/{exporter}"))));
        assert_eq!(secrets(&world).await, before);
        let told = browser.page("/console/organizations/{acme}/service-accounts", "Service Accounts · acme").await;
        assert!(told.contains("exporter got this secret already.") && !told.contains(&second.secret), "{told}");
        let listed = world.account("ada").get("organizations/{acme}/service-accounts/{exporter}/secrets").await.ok();
        assert_eq!(listed[1]["name"], json!("next"), "{listed}");
    }

    /// at the limit there is no form, and the pages say what to do first; where one is all, it ends at once and makes room
    async fn the_limit_is_told(world: World) {
        let world = world.with(WORLD).await;
        let browser = Browser::signs_in(&world, "pia").await;
        browser.page(ROTATE, "Rotate exporter · acme").await;
        let late = browser.hidden("once");
        let answer = rotates(&browser, "24h").await;
        let second = shown_secret(&world, &answer, "exporter", led_to(&answer));
        let before = secrets(&world).await;
        let told = "It holds 2 secrets, as many as acme allows. Revoke one first.";
        // Also for who has had the form open since before.
        let fields = [("once", &*late), ("name", "next"), ("expires", "same"), ("grace", "24h")];
        for full in [browser.get(ROTATE).await, browser.submit(ROTATE, &fields).await] {
            is_page(&full, 409, "Rotate exporter · acme");
            assert!(full.text.contains(told) && !full.text.contains("name=\"grace\""), "{}", full.text);
        }
        let page = browser.page("/console/organizations/{acme}/service-accounts/{exporter}", "exporter · acme").await;
        assert!(page.contains(told) && !page.contains(">Rotate</a>"), "{page}");
        assert_eq!(secrets(&world).await, before);
        world.account("ada").patch("organizations/{acme}/policy", json!({ "secrets_max": 3 })).await.ok();
        let page = browser.page(ROTATE, "Rotate exporter · acme").await;
        assert!(page.contains("“next” is replaced. It never expires."), "{page}");
        world.account("ada").patch("organizations/{acme}/policy", json!({ "secrets_max": 1 })).await.ok();
        let listed = world.account("ada").get("organizations/{acme}/service-accounts/{exporter}/secrets").await.ok();
        world.account("ada").delete(&format!("organizations/{{acme}}/service-accounts/{{exporter}}/secrets/{}", listed[0]["id"])).await.ok();
        assert!(browser.page(ROTATE, "Rotate exporter · acme").await.contains("name=\"grace\" value=\"0\" checked"));
        let answer = rotates(&browser, "0").await;
        let third = shown_secret(&world, &answer, "exporter", led_to(&answer));
        assert!(answer.text.contains("exporter has a new secret") && answer.text.contains("The one before is refused from now on."), "{}", answer.text);
        third.get("me").await.ok();
        second.get("me").await.refused(401, "not_authenticated");
    }

    /// each field tells its mistake, and the organization's rules hold
    async fn each_mistake_is_told_at_its_field(world: World) {
        let world = world.with(WORLD).await;
        world.account("ada").patch("organizations/{acme}/policy", json!({ "secret_lifetime_max": 30 * 86_400 })).await.ok();
        let browser = Browser::signs_in(&world, "pia").await;
        let page = browser.page(ROTATE, "Rotate exporter · acme").await;
        assert!(page.contains("The rules of acme allow at most 30 days.") && !page.contains("value=\"90d\""), "{page}");
        let once = browser.hidden("once");
        let before = secrets(&world).await;
        for (name, expires, grace, told) in [
            ("next", "90d", "24h", "The rules of acme allow at most 30 days. The latest date is "),
            ("next", "7d", "1y", "Choose how long the one before goes on."),
            ("a\u{202e}b", "7d", "0", "The name contains the invisible character U+202E; remove it."),
        ] {
            let answer = browser.submit(ROTATE, &[("once", &once), ("name", name), ("expires", expires), ("grace", grace)]).await;
            is_page(&answer, 400, "Error: Rotate exporter · acme");
            assert_eq!(answer.text.matches(told).count(), 2, "{told}: {}", answer.text);
        }
        assert_eq!(secrets(&world).await, before);
    }

    /// an account that somebody else deleted meanwhile: who it was, and that nothing was made
    async fn of_a_deleted_account_it_is_told_who_deleted_it(world: World) {
        let world = world.with(WORLD).await;
        let browser = Browser::signs_in(&world, "pia").await;
        browser.page(ROTATE, "Rotate exporter · acme").await;
        let once = browser.hidden("once");
        world.account("ada").delete("organizations/{acme}/service-accounts/{exporter}").await.ok();
        let late = browser.submit(ROTATE, &[("once", &once), ("name", ""), ("expires", "same"), ("grace", "24h")]).await;
        is_page(&late, 409, "Service account · acme");
        for told in ["ada deleted exporter ", "Your change was not made."] {
            assert!(late.text.contains(told), "{told}: {}", late.text);
        }
        is_page(&browser.get(ROTATE).await, 404, "Service account · acme");
    }

    /// not for members, not for accounts above one's own, and accounts elsewhere are not there
    async fn who_may_not_rotate_is_refused(world: World) {
        let world = world.with(WORLD).await;
        let before = secrets(&world).await;
        let mel = Browser::signs_in(&world, "mel").await;
        is_page(&mel.get(ROTATE).await, 403, "Rotate · acme");
        let pia = Browser::signs_in(&world, "pia").await;
        for path in ["/console/organizations/{acme}/service-accounts/{miner}/rotate", "/console/organizations/{acme}/service-accounts/{pia}/rotate", "/console/organizations/{acme}/service-accounts/999999/rotate"] {
            let answer = pia.get(path).await;
            is_page(&answer, 404, "Service account · acme");
            assert!(answer.text.contains("No service account with this number in acme."), "{}", answer.text);
        }
        pia.page("/console/organizations/{acme}/service-accounts/{ada}/rotate", "Rotate ada · acme").await;
        let once = pia.hidden("once");
        let fields = [("once", &*once), ("name", ""), ("expires", "same"), ("grace", "24h")];
        let refused = pia.submit("/console/organizations/{acme}/service-accounts/{ada}/rotate", &fields).await;
        assert_eq!(refused.status, 403, "{}", refused.text);
        assert!(!refused.text.contains("cvg_"), "{}", refused.text);
        assert_eq!(secrets(&world).await, before);
    }
}
