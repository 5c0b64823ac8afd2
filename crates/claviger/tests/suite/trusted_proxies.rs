//! Whose `X-Forwarded-For` counts. The suite's servers trust one address, [`PROXY`].

use std::net::IpAddr;

use serde_json::json;

use crate::world::{PROXY, World, on_both_stores, send};

const WORLD: &str = "
acme: ada owner
";

/// The address in the audit event of a write that came from `from` with these headers.
async fn recorded(world: &World, from: IpAddr, headers: &[(&str, &str)]) -> String {
    let client = reqwest::Client::builder().local_address(from).no_proxy().build().expect("a client");
    let ada = world.account("ada");
    let mut request = client.post(world.url("organizations/{acme}/teams")).header("authorization", ada.header());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let name = format!("from {from} {headers:?}");
    send(request.json(&json!({ "name": name }))).await.created();
    let newest = "SELECT address FROM audit_events WHERE action = 'team.created' ORDER BY id DESC LIMIT 1";
    sqlx::query_scalar(newest).fetch_one(&world.node().store.reads()).await.expect("an event")
}

on_both_stores! {
    /// `X-Forwarded-For`, `Forwarded` from a peer that is no configured gateway; from one that is, with the client's own
    /// entries in front: ignored; only the entry that the gateway added counts
    async fn only_a_trusted_proxy_says_where_a_request_comes_from(world: World) {
        let world = world.with(WORLD).await;
        let stranger: IpAddr = "127.0.0.1".parse().unwrap();
        let named = ("x-forwarded-for", "198.51.100.77");
        assert_eq!(recorded(&world, stranger, &[named, ("forwarded", "for=198.51.100.78")]).await, "127.0.0.1");
        assert_eq!(recorded(&world, PROXY, &[]).await, "127.0.0.3");
        assert_eq!(recorded(&world, PROXY, &[named]).await, "198.51.100.77");
        assert_eq!(recorded(&world, PROXY, &[("x-forwarded-for", "203.0.113.79, 198.51.100.77")]).await, "198.51.100.77");
        assert_eq!(recorded(&world, PROXY, &[("x-forwarded-for", "203.0.113.79"), named]).await, "198.51.100.77");
        assert_eq!(recorded(&world, PROXY, &[("forwarded", "for=198.51.100.78"), ("x-real-ip", "198.51.100.9")]).await, "127.0.0.3");
        let logged = crate::looked_through::logged();
        assert!(logged.contains("198.51.100.77") && !logged.contains("198.51.100.78") && !logged.contains("203.0.113.79"));
    }
}
