//! `/auth/check` with a route table, and what gateways and their clients say of the request.

use claviger::gateway::forward_auth::OriginalRequest;
use reqwest::Method;

use crate::answer::Answer;
use crate::world::{Checks, World, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, mel member
  shop: exporter admin, reader analyst
    eu: visitor consumer
";

/// However a gateway asks, by this table.
pub(crate) const TABLE: &str = r#"
[[route]]
path = "/health"
access = "public"

[[route]]
methods = ["GET"]
path = "/v1/projects/{project}/orders/**"
project = "{project}"
permission = "data:read"

[[route]]
path = "/v1/projects/{project}/orders/*"
project = "{project}"
role = "admin"

[[route]]
path = "/v1/workspaces/{workspace}"
workspace = "{workspace}"

[[route]]
path = "/v1/me"
access = "authenticated"

[[route]]
path = "/internal/**"
access = "denied"
"#;

impl World {
    async fn routed(self, original: OriginalRequest) -> Self {
        let mut checks = Checks { routes: Some(TABLE.to_owned()), ..Checks::default() };
        checks.asking.original = original;
        self.restart_checking(checks).await;
        self
    }
}

/// What a check answers where the gateway says this with its headers; the account may be nobody.
async fn check(world: &World, account: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = match account {
        "" => world.request(Method::GET, "/auth/check"),
        account => world.account(account).request(Method::GET, "/auth/check"),
    };
    for (name, value) in headers {
        let value = if value.contains('{') { world.path(value) } else { (*value).to_owned() };
        request = request.header(*name, value);
    }
    send(request).await
}

async fn forwarded(world: &World, account: &str, method: &str, uri: &str) -> Answer {
    check(world, account, &[("x-forwarded-method", method), ("x-forwarded-uri", uri)]).await
}

fn outcome(answer: &Answer) -> String {
    match answer.status {
        200 => answer
            .header("x-claviger-role")
            .or(answer.header("x-claviger-username").map(|_| "ok"))
            .unwrap_or("open")
            .to_owned(),
        _ => answer.body["code"].as_str().unwrap_or_default().to_owned(),
    }
}

on_both_stores! {
    /// the first route that matches decides; what none matches is denied
    async fn the_table_decides(world: World) {
        let world = world.with(WORLD).await.routed(OriginalRequest::XForwarded).await;
        let called = serde_json::json!({ "slug": "web-shop" });
        world.account("ada").patch("projects/{shop}", called).await.is(200);
        for (account, method, uri, expected) in [
            ("reader", "GET", "/v1/projects/web-shop/orders/7", "analyst"),
            ("mel", "GET", "/v1/projects/web-shop/orders/7", "place_not_reached"),
            ("", "GET", "/health", "open"),
            ("reader", "GET", "/health?x=1", "open"),
            ("reader", "GET", "/v1/projects/{shop}/orders/7?page=2", "analyst"),
            ("reader", "HEAD", "/v1/projects/{shop}/orders", "analyst"),
            ("reader", "POST", "/v1/projects/{shop}/orders/7", "role_too_low"),
            ("exporter", "POST", "/v1/projects/{shop}/orders/7", "admin"),
            ("exporter", "POST", "/v1/projects/{shop}/orders/7/8", "route_not_found"),
            ("mel", "GET", "/v1/projects/{shop}/orders", "place_not_reached"),
            ("visitor", "GET", "/v1/projects/{shop}/orders", "permission_missing"),
            ("reader", "GET", "/v1/projects/nowhere/orders", "place_not_reached"),
            ("", "GET", "/v1/projects/{shop}/orders", "not_authenticated"),
            ("visitor", "PUT", "/v1/workspaces/{eu}", "consumer"),
            ("mel", "PUT", "/v1/workspaces/{eu}", "place_not_reached"),
            ("reader", "PUT", "/v1/workspaces/eu", "place_not_reached"),
            ("mel", "GET", "/v1/me", "ok"),
            ("", "GET", "/v1/me", "not_authenticated"),
            ("ada", "GET", "/internal/metrics", "route_denied"),
            ("ada", "GET", "/v2/anything", "route_not_found"),
            ("ada", "GET", "/", "route_not_found"),
            ("ada", "GET", "/Health", "route_not_found"),
        ] {
            let answer = forwarded(&world, account, method, uri).await;
            assert_eq!(outcome(&answer), expected, "{account} {method} {uri}: {}", answer.text);
        }
    }

    /// `..`, `%2e`, `//`, an encoded slash, `;x=y`, a backslash, `%00`, `%252f`, what is no text: refused for everybody
    async fn what_might_be_another_path_to_the_upstream_is_refused(world: World) {
        let world = world.with(WORLD).await.routed(OriginalRequest::XForwarded).await;
        for uri in [
            "/health/../internal/metrics", "/health/%2e%2e/internal", "/./health", "/%2E/health", "//health", "/health//",
            "/internal%2fmetrics", "/health%2F..%2Finternal", "/health;x=y", "/health%3bx", "/health\\..\\internal",
            "/%5cinternal", "/health%00", "/health%0d%0aX-Claviger-Role:%20owner", "/%252e%252e/internal", "/health%252f",
            "/%ff%fe", "/%c3", "/%", "/%zz", "http://elsewhere/health", "health", "*", "",
        ] {
            for account in ["", "ada"] {
                forwarded(&world, account, "GET", uri).await.refused(403, "path_refused");
            }
        }
        let long = format!("/health/{}", "a".repeat(10_000));
        forwarded(&world, "ada", "GET", &long).await.refused(403, "path_refused");
        assert_eq!(outcome(&forwarded(&world, "", "GET", "/%68ealt%68").await), "open", "the same path to all readers");
    }

    /// the same header twice or in two families: only the configured family is read, two values are refused
    async fn one_family_of_headers_names_the_request(world: World) {
        let world = world.with(WORLD).await.routed(OriginalRequest::XForwarded).await;
        let (method, uri) = (("x-forwarded-method", "GET"), ("x-forwarded-uri", "/v1/me"));
        // There are frameworks that run the last two as what they look like.
        let unnamed: [&[(&str, &str)]; 8] = [
            &[("x-forwarded-method", "get"), uri],
            &[("x-forwarded-method", "Delete"), uri],
            &[],
            &[method],
            &[uri],
            &[method, uri, ("x-forwarded-uri", "/health")],
            &[method, ("x-forwarded-method", "POST"), uri],
            &[("x-original-method", "GET"), ("x-original-uri", "/health")],
        ];
        for headers in unnamed {
            check(&world, "ada", headers).await.refused(403, "request_unnamed");
        }
        let other = [method, uri, ("x-original-method", "GET"), ("x-original-uri", "/internal")];
        assert_eq!(outcome(&check(&world, "ada", &other).await), "ok", "the other family is the caller's own");
        let overridden = [method, ("x-forwarded-uri", "/internal/x"), ("x-http-method-override", "POST"), ("x-original-url", "/health")];
        check(&world, "ada", &overridden).await.refused(403, "route_denied");
        let world = world.routed(OriginalRequest::XOriginal).await;
        let named = [("x-original-method", "GET"), ("x-original-uri", "/v1/me"), ("x-forwarded-uri", "/health"), ("x-forwarded-method", "GET")];
        assert_eq!(outcome(&check(&world, "", &named).await), "not_authenticated");
        check(&world, "ada", &[method, uri]).await.refused(403, "request_unnamed");
    }

    /// where there is a table no query decides: it may be the client's own, which some gateways pass on
    async fn a_query_beside_the_table_is_refused(world: World) {
        let world = world.with(WORLD).await.routed(OriginalRequest::XForwarded).await;
        for (query, uri) in [("?project={shop}", "/internal"), ("?project={shop}", "/v1/me"), ("?page=2", "/v1/me"), ("?x", "/health")] {
            let request = world.account("reader").request(Method::GET, &format!("/auth/check{query}"));
            let asked = request.header("x-forwarded-method", "GET").header("x-forwarded-uri", uri);
            send(asked).await.refused(400, "check_invalid");
        }
        let request = world.account("reader").request(Method::GET, "/auth/check?");
        let asked = request.header("x-forwarded-method", "GET").header("x-forwarded-uri", "/v1/me?project={shop}");
        assert_eq!(outcome(&send(asked).await), "ok");
    }
}
