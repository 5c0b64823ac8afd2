//! What a node counts for its operators.

use reqwest::Method;
use serde_json::json;

use crate::browser::Browser;
use crate::world::{World, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, pia@ admin
  shop: exporter admin, reader analyst
";

/// A check with an account's credential.
async fn check(world: &World, account: &str, query: &str) -> u16 {
    send(world.account(account).request(Method::GET, &format!("/auth/check{query}"))).await.status
}

on_both_stores! {
    /// each check is counted once, by what was answered, and beside that as an answer of its surface
    async fn checks_are_counted_by_answer(world: World) {
        let world = world.with(WORLD).await;
        // What an alert is about is there before it happens.
        for line in [
            "checks_total{answer=\"unavailable\"}",
            "attempts_slowed_total{by=\"username\"}",
            "credentials_refused_total{reason=\"secret_expired\"}",
        ] {
            assert!(world.metrics().contains(&format!("\nclaviger_{line} 0\n")), "{line} of {}", world.metrics());
        }
        for _ in 0..3 {
            assert_eq!(check(&world, "exporter", "?project={shop}").await, 200);
        }
        assert_eq!(check(&world, "reader", "?project={shop}&role=admin").await, 403);
        assert_eq!(check(&world, "reader", "?project=none-such").await, 403);
        assert_eq!(check(&world, "reader", "?projekt=shop").await, 400);
        assert_eq!(send(world.request(Method::GET, "/auth/check")).await.status, 401);
        for (answer, expected) in [
            ("passed", 3),
            ("role_too_low", 1),
            ("place_not_reached", 1),
            ("check_invalid", 1),
            ("not_authenticated", 1),
            ("permission_missing", 0),
        ] {
            let line = format!("claviger_checks_total{{answer=\"{answer}\"}}");
            assert_eq!(world.metric(&line), expected, "{line} of {}", world.metrics());
        }
        for (status, expected) in [(200, 3), (403, 2), (400, 1), (401, 1)] {
            let line = format!("claviger_http_requests_total{{surface=\"gateway\",status=\"{status}\"}}");
            assert_eq!(world.metric(&line), expected, "{line} of {}", world.metrics());
        }
        assert_eq!(world.metric("claviger_http_request_duration_seconds_count{surface=\"gateway\"}"), 7);
    }

    /// each surface's answers are its own, those of a path that leads nowhere and of a request without a Host too
    async fn answers_are_counted_by_surface_and_status(world: World) {
        let world = world.with(WORLD).await;
        let api = |status: u16| world.metric(&format!("claviger_http_requests_total{{surface=\"api\",status=\"{status}\"}}"));
        let before = [api(200), api(404)];
        world.account("exporter").get("me").await.ok();
        world.account("exporter").get("no/such/path").await.refused(404, "not_found");
        assert_eq!([api(200), api(404)], [before[0] + 1, before[1] + 1]);
        let pages = || world.metric("claviger_http_requests_total{surface=\"console\",status=\"200\"}");
        let pia = Browser::signs_in(&world, "pia").await;
        let seen = pages();
        pia.page("/console/organizations/{acme}/overview", "Overview · acme").await;
        assert_eq!(pages(), seen + 1);
    }

    /// refused credentials by why, slowed ones by which limit; whether there is such a name shows in the reason alone
    async fn refused_credentials_are_counted_by_why(world: World) {
        let world = world.with(WORLD).await;
        let refused = |reason: &str| world.metric(&format!("claviger_credentials_refused_total{{reason=\"{reason}\"}}"));
        let slowed = |by: &str| world.metric(&format!("claviger_attempts_slowed_total{{by=\"{by}\"}}"));
        let reader = world.account("reader");
        let wrong = format!("Basic {}:cvg_wrong", reader.username);
        for _ in 0..50 {
            world.get_with("me", &[wrong.as_bytes()]).await.refused(401, "not_authenticated");
        }
        assert_eq!((refused("wrong_secret"), refused("unknown_username"), slowed("username")), (50, 0, 0));
        world.get_with("me", &[wrong.as_bytes()]).await.refused(429, "too_many_attempts");
        assert_eq!((refused("wrong_secret"), slowed("username"), slowed("address")), (51, 1, 0));
        world.get_with("me", &[b"Basic nobody.aaaaaa.service-account:cvg_x"]).await.refused(401, "not_authenticated");
        assert_eq!(refused("unknown_username"), 1);
        let exporter = world.account("exporter");
        world.account("ada").delete(&format!("organizations/{{acme}}/service-accounts/{}", exporter.id)).await.ok();
        exporter.get("me").await.refused(401, "not_authenticated");
        assert_eq!(refused("account_deleted"), 1);
        assert_eq!(world.metric("claviger_http_requests_total{surface=\"api\",status=\"429\"}"), 1);
    }

    /// the page says what the node stands at, and has as many lines with fifty accounts more
    async fn the_page_does_not_grow_with_accounts(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let made = async |number: usize| {
            let body = json!({ "username": format!("metered-{number}") });
            let made = ada.post("organizations/{acme}/service-accounts", body).await.created();
            let account = world.remember_secret("reader", &made);
            let username = made["username"].as_str().unwrap();
            let credential = format!("Basic {username}:{}", account.secret);
            world.get_with("me", &[credential.as_bytes()]).await.ok();
            let wrong = format!("Basic {username}:cvg_wrong");
            world.get_with("me", &[wrong.as_bytes()]).await.refused(401, "not_authenticated");
        };
        made(0).await;
        let (lines, principals) = (world.metrics().lines().count(), world.metric("claviger_principals"));
        let revision = world.metric("claviger_revision");
        for number in 1..=50 {
            made(number).await;
        }
        let shown = world.metrics();
        assert_eq!(shown.lines().count(), lines, "{shown}");
        assert_eq!(world.metric("claviger_principals"), principals + 50);
        assert!(world.metric("claviger_revision") >= revision + 50);
        assert_eq!(world.metric("claviger_ready"), 1);
        assert!(world.metric("claviger_resident_memory_bytes") > 1 << 20, "{shown}");
        assert!(!shown.contains("metered"), "{shown}");
        assert!(shown.ends_with("# EOF\n"), "{shown}");
    }
}
