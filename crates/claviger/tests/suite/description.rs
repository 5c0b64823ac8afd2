//! The OpenAPI description and the reference that browses it.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use crate::world::{on_both_stores, send};

const WORLD: &str = "acme: ada owner";

on_both_stores! {
    async fn the_description_is_served_without_a_credential(world: World) {
        let world = world.with(WORLD).await;
        for path in ["/api/openapi.json", "/api/openapi.json/"] {
            let answer = send(world.request(Method::GET, path)).await.is(200);
            assert_eq!(answer.body["openapi"], "3.1.0");
            assert_eq!(answer.header("content-type"), Some("application/json"));
        }
    }

    /// every operation is named once, tells what it answers, and is there: an unknown one is not
    async fn every_described_route_is_there(world: World) {
        let world = world.with(WORLD).await;
        let description = send(world.request(Method::GET, "/api/openapi.json")).await.is(200).body;
        let mut names = BTreeSet::new();
        let mut count = 0;
        for (path, operations) in description["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                count += 1;
                assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
                assert!(operation["summary"].is_string(), "{method} {path}");
                let concrete: String = path.split('/').map(|part| if part.starts_with('{') { "/1" } else { part }).map(|part| format!("/{}", part.trim_start_matches('/'))).collect();
                let concrete = concrete.replacen("//", "/", 1);
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let answer = send(world.request(method.clone(), &concrete)).await;
                let expected = match path.as_str() {
                    "/healthz" | "/readyz" => 200,
                    // Whoever accepts has a token, and no credential yet.
                    "/api/app/invitations/accept" => 400,
                    _ => 401,
                };
                assert_eq!(answer.status, expected, "{method} {path} is reached, and asks who calls");
            }
        }
        assert_eq!(count, 95, "as many operations as the contract has so far");
    }

    /// the check is answered apart from all other routes, and described apart from its answer
    async fn the_check_tells_what_is_described(world: World) {
        let world = world.with("acme: ada owner\n  shop: exporter admin\n    eu: exporter admin").await;
        let description = send(world.request(Method::GET, "/api/openapi.json")).await.is(200).body;
        let described = description["paths"]["/auth/check"]["get"]["responses"]["200"]["headers"].as_object().unwrap();
        let described: BTreeSet<String> = described.keys().map(|name| name.to_lowercase()).collect();
        let asked = world.path("/auth/check?project={shop}&workspace={eu}");
        let credential = world.account("exporter").header();
        let answer = send(world.request(Method::GET, &asked).header("authorization", credential)).await.is(200);
        let told = answer.headers.keys().map(|name| name.as_str().to_owned()).filter(|name| name.starts_with("x-claviger-"));
        assert_eq!(told.collect::<BTreeSet<_>>(), described);
    }

    async fn every_reference_in_the_description_leads_somewhere(world: World) {
        let world = world.with(WORLD).await;
        let description = send(world.request(Method::GET, "/api/openapi.json")).await.is(200).body;
        let mut references = Vec::new();
        collect("$ref", &description, &mut references);
        assert!(references.len() > 50);
        for reference in references {
            let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
            assert!(description.pointer(pointer).is_some(), "{reference}");
        }
    }

    /// maps are keyed by ids, and keys of JSON are strings: a generated client must not look for integers
    async fn what_keys_a_map_is_described_as_a_string(world: World) {
        let world = world.with(WORLD).await;
        let description = send(world.request(Method::GET, "/api/openapi.json")).await.is(200).body;
        let mut keys = Vec::new();
        collect("propertyNames", &description, &mut keys);
        assert!(keys.len() >= 5, "the maps of me, and of the index with its entries: {keys:?}");
        assert!(keys.iter().all(|key| key["type"] == "string"), "{keys:?}");
    }

    /// the reference needs no internet: everything it names is served here, under a strict policy
    async fn the_reference_is_whole_and_asks_nobody_else(world: World) {
        let world = world.with(WORLD).await;
        assert_eq!(send(world.request(Method::GET, "/api/docs")).await.header("location"), Some("/api/docs/"));
        let page = send(world.request(Method::GET, "/api/docs/")).await.is(200);
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("script-src 'self';") && policy.contains("default-src 'none'"), "{policy}");
        let named: Vec<&str> = page.text.split(['"', '\'']).filter(|part| part.starts_with("./") || part.starts_with("http")).collect();
        assert!(named.len() >= 4, "{named:?}");
        for name in named {
            let path = name.strip_prefix("./").unwrap_or_else(|| panic!("{name} is elsewhere"));
            send(world.request(Method::GET, &format!("/api/docs/{path}"))).await.is(200);
        }
    }

    /// its files go compressed to who says that he reads that, and as they are to everybody else
    async fn the_reference_is_compressed_for_who_reads_that(world: World) {
        let world = world.with(WORLD).await;
        let style = |accepted: &str| send(world.request(Method::GET, "/api/docs/swagger-ui.css").header("accept-encoding", accepted));
        let plain = send(world.request(Method::GET, "/api/docs/swagger-ui.css")).await.is(200);
        assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("accept-encoding")));
        assert!(plain.text.starts_with(".swagger-ui{") && plain.text.len() > 100_000, "{}", plain.text.len());
        for accepted in ["br", "identity", "gzip;q=0", "x-gzip"] {
            assert_eq!(style(accepted).await.is(200).text, plain.text, "{accepted}");
        }
        for accepted in ["gzip", "br, GZIP", "gzip;q=0.5"] {
            let packed = style(accepted).await.is(200);
            assert_eq!(packed.header("content-encoding"), Some("gzip"), "{accepted}");
            let bytes: usize = packed.header("content-length").unwrap().parse().unwrap();
            assert!(bytes < plain.text.len() / 4, "{accepted}: {bytes}");
        }
    }
}

/// The values of all fields of this name, however deep.
fn collect<'a>(name: &str, value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get(name));
            fields.values().for_each(|field| collect(name, field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(name, item, found)),
        _ => {}
    }
}
