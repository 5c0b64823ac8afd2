//! `/auth/check` with what it asks for in its own query.

use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::json;

use crate::answer::Answer;
use crate::raw::exchange;
use crate::world::{Checks, World, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, mel member
  shop: exporter admin, reader analyst
    eu: reader consumer, visitor analyst
  lab: exporter consumer
globex: gil owner
  forge: smith admin
";

/// What a check of this account's request answers.
async fn check(world: &World, account: &str, query: &str) -> Answer {
    send(world.account(account).request(Method::GET, &format!("/auth/check{query}"))).await
}

/// The headers for the upstream, sorted, with names for ids.
fn told(world: &World, answer: &Answer) -> String {
    let ours = answer.headers.iter().filter(|(name, _)| name.as_str().starts_with("x-claviger-"));
    let mut told: Vec<String> = ours
        .map(|(name, value)| {
            let value = value.to_str().expect("text");
            let names = ["acme", "shop", "lab", "eu", "globex", "forge"];
            let named = names.iter().find(|name| world.id(name).to_string() == value).copied();
            format!("{}={}", name.as_str().trim_start_matches("x-claviger-"), named.unwrap_or(value))
        })
        .collect();
    told.sort();
    told.join(" ")
}

on_both_stores! {
    /// 200 tells the upstream who comes, and as what; there is no body
    async fn who_goes_through_is_told_to_the_upstream(world: World) {
        let world = world.with(WORLD).await;
        for (account, query, expected) in [
            ("mel", "", "organization=acme"),
            ("reader", "?project={shop}", "organization=acme permissions=data:read,data:write project=shop role=analyst"),
            ("reader", "?workspace={eu}", "organization=acme permissions=data:read,data:write project=shop role=analyst workspace=eu"),
            ("visitor", "?project={shop}&workspace={eu}&role=consumer&permission=data:read", "organization=acme permissions=data:read,data:write project=shop role=analyst workspace=eu"),
            ("visitor", "?project={shop}", "organization=acme permissions= project=shop"),
            ("exporter", "?project={lab}&permission=data:read", "organization=acme permissions=data:read project=lab role=consumer"),
        ] {
            let answer = check(&world, account, query).await;
            assert_eq!((answer.status, &*answer.text), (200, ""), "{account} {query}");
            let known = world.account(account);
            let whole = format!("{expected} principal={} username={}", known.id, known.username);
            let mut whole: Vec<&str> = whole.split(' ').collect();
            whole.sort_unstable();
            assert_eq!(told(&world, &answer), whole.join(" "), "{account} {query}");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
        let admin = check(&world, "exporter", "?project={shop}&permission=reports:export").await;
        assert!(admin.header("x-claviger-permissions").is_some_and(|all| all.ends_with(",*")), "{admin:?}");
    }

    /// 403 says why, in the body and in a header for gateways that keep none
    async fn who_does_not_go_through_is_told_why(world: World) {
        let world = world.with(WORLD).await;
        for (account, query, code) in [
            ("mel", "?project={shop}", "place_not_reached"),
            ("mel", "?workspace={eu}", "place_not_reached"),
            ("reader", "?project={lab}", "place_not_reached"),
            ("reader", "?project={forge}", "place_not_reached"),
            ("reader", "?project=999999", "place_not_reached"),
            ("reader", "?project=no-such-slug", "place_not_reached"),
            ("reader", "?project={lab}&workspace={eu}", "place_not_reached"),
            ("reader", "?workspace=999999", "place_not_reached"),
            ("smith", "?project={shop}", "place_not_reached"),
            ("reader", "?project={shop}&role=admin", "role_too_low"),
            ("visitor", "?project={shop}&role=consumer", "role_too_low"),
            ("reader", "?project={shop}&permission=reports:export", "permission_missing"),
            ("reader", "?workspace={eu}&permission=workspaces:manage", "permission_missing"),
        ] {
            let answer = check(&world, account, query).await.refused(403, code);
            assert_eq!(told(&world, &answer), format!("reason={code}"), "{account} {query}");
        }
        for query in ["?project=7&permision=data:read", "?project=7&project=8", "?role=admin", "?project={shop}&role=viewer", "?project="] {
            check(&world, "exporter", query).await.refused(400, "check_invalid");
        }
    }

    /// the same 401 as everywhere, whatever is asked for
    async fn no_credential_that_counts_is_401(world: World) {
        let world = world.with(WORLD).await;
        for query in ["", "?project={shop}", "?project=999999", "?workspace={eu}&role=owner"] {
            for authorization in [None, Some("Basic nobody:wrong"), Some("Bearer x")] {
                let mut request = world.request(Method::GET, &format!("/auth/check{query}"));
                if let Some(value) = authorization {
                    request = request.header("authorization", value);
                }
                let answer = send(request).await.refused(401, "not_authenticated");
                assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"claviger\", charset=\"UTF-8\""));
                assert_eq!(told(&world, &answer), "reason=not_authenticated");
            }
        }
    }

    /// when a write is answered, every check that comes later is decided with it
    async fn what_is_taken_is_gone_for_the_next_check(world: World) {
        let world = world.with(WORLD).await;
        let (ada, query) = (world.account("ada"), "?project={shop}&role=analyst");
        check(&world, "reader", query).await.is(200);
        ada.delete("projects/{shop}/service-accounts/{reader}").await.is(200);
        check(&world, "reader", query).await.refused(403, "place_not_reached");
        ada.delete("organizations/{acme}/service-accounts/{reader}").await.is(200);
        check(&world, "reader", "").await.refused(401, "not_authenticated");
        let disable = json!({ "disabled": true });
        ada.patch("organizations/{acme}/service-accounts/{exporter}", disable).await.is(200);
        check(&world, "exporter", "?project={shop}").await.refused(401, "not_authenticated");
    }

    /// a gateway forwards whatever method the caller used; a body is never waited for
    async fn any_method_will_do_and_no_body_is_waited_for(world: World) {
        let world = world.with(WORLD).await;
        let reader = world.account("reader");
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"] {
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let answer = send(reader.request(method.clone(), "/auth/check?project={shop}")).await;
            assert_eq!((answer.status, &*answer.text), (200, ""), "{method}");
            assert_eq!(answer.header("x-claviger-role"), Some("analyst"), "{method}");
        }
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Length: 1000000\r\n\r\n",
            world.path("/auth/check?project={shop}"), reader.plain()
        );
        let answered = exchange(world.address(), head.as_bytes(), 1).await;
        assert_eq!(answered.statuses, [200], "{answered:?}");
    }

    /// identity headers of the caller's own are in no answer
    async fn identity_headers_of_the_caller_come_back_nowhere(world: World) {
        let world = world.with(WORLD).await;
        let forged = [("x-claviger-role", "owner"), ("x_claviger_role", "owner"), ("x-claviger-principal", "1"), ("connection", "x-claviger-role")];
        for account in ["mel", "reader"] {
            let mut request = world.account(account).request(Method::GET, "/auth/check");
            for (name, value) in forged {
                request = request.header(name, value);
            }
            let answer = send(request).await.is(200);
            let known = world.account(account);
            assert_eq!(told(&world, &answer), format!("organization=acme principal={} username={}", known.id, known.username));
        }
    }

    /// a project is asked about by its slug, which is whose it is now
    async fn a_project_is_asked_about_by_what_the_platform_calls_it(world: World) {
        let world = world.with(WORLD).await;
        let (ada, gil) = (world.account("ada"), world.account("gil"));
        let called = |slug: &str| json!({ "slug": slug });
        check(&world, "reader", "?project=web-shop").await.refused(403, "place_not_reached");
        ada.patch("projects/{shop}", called("web-shop")).await.is(200);
        let answer = check(&world, "reader", "?project=web-shop&permission=data:write").await.is(200);
        assert_eq!(answer.header("x-claviger-project"), Some(&*world.id("shop").to_string()));
        check(&world, "visitor", "?project=web-shop&workspace={eu}").await.is(200);
        check(&world, "exporter", "?project={lab}&workspace={eu}").await.refused(403, "place_not_reached");
        for other in ["Web-shop", "web-sho", "web-shop%20", "", "%00"] {
            let status = check(&world, "reader", &format!("?project={other}")).await.status;
            assert_eq!(status, if other.is_empty() { 400 } else { 403 }, "{other}");
        }
        ada.patch("projects/{shop}", called("shop")).await.is(200);
        gil.patch("projects/{forge}", called("web-shop")).await.is(200);
        check(&world, "reader", "?project=web-shop").await.refused(403, "place_not_reached");
        check(&world, "smith", "?project=web-shop").await.is(200);
        check(&world, "reader", "?project=shop").await.is(200);
    }

    /// where the operator names another header, that one alone counts
    async fn the_credential_may_come_in_another_header(world: World) {
        let world = world.with(WORLD).await;
        let mut checks = Checks::default();
        checks.asking.credential = "x-api-credential".parse().expect("a name");
        world.restart_checking(checks).await;
        let reader = world.account("reader");
        let asks = |name: &'static str, times: usize| {
            let mut request = world.request(Method::GET, "/auth/check?project={shop}");
            for _ in 0..times {
                request = request.header(name, HeaderValue::from_str(&reader.plain()).expect("a value"));
            }
            send(request)
        };
        let told = asks("authorization", 1).await.refused(401, "not_authenticated").text;
        assert!(told.contains("send x-api-credential: Basic with"), "{told}");
        asks("x-api-credential", 1).await.is(200);
        asks("x-api-credential", 2).await.refused(401, "not_authenticated");
        reader.get("me").await.ok();
    }

    /// each refused check counts among the refused requests of its account
    async fn refused_checks_are_counted(world: World) {
        let world = world.with(WORLD).await;
        check(&world, "reader", "?project={lab}").await.refused(403, "place_not_reached");
        check(&world, "reader", "?project={shop}").await.is(200);
        assert_eq!(world.node().refused.take(10).len(), 1);
    }

    /// who is refused at a gateway is in the log of his own organization, like who is refused by the API; of places
    /// elsewhere it tells nothing, and whoever comes without a credential that counts is in none as a refused request
    async fn refused_checks_are_in_the_audit_log(world: World) {
        const REFUSED: &str = "organizations/{acme}/audit-log?action=request.refused";
        let world = world.with(WORLD).await;
        let (ada, reader) = (world.account("ada"), world.account("reader"));
        let answer = check(&world, "reader", "?project={shop}&role=admin").await.refused(403, "role_too_low");
        let events = ada.events_of(REFUSED, 1).await;
        assert_eq!(events[0]["request_id"].as_str(), answer.header("x-request-id"));
        assert_eq!(events[0]["actor"], json!({ "kind": "service_account", "id": reader.id, "name": reader.username }));
        assert_eq!(events[0]["target"], json!({ "kind": "project", "id": world.id("shop"), "name": "shop" }));
        assert_eq!(events[0]["after"], json!([
            { "name": "reason", "value": "role_too_low" },
            { "name": "route", "value": "/auth/check" },
        ]));

        check(&world, "reader", "?workspace={eu}&permission=reports:export").await.refused(403, "permission_missing");
        let events = ada.events_of(REFUSED, 2).await;
        assert_eq!(events[0]["after"][2], json!({ "name": "named", "value": format!("workspace {}", world.id("eu")) }));
        let in_project = world.account("exporter").get("projects/{shop}/audit-log?action=request.refused").await.ok();
        assert_eq!(in_project, json!(events), "who manages the project reads it too");

        let own = json!({ "kind": "organization", "id": world.id("acme"), "name": "acme" });
        for (nth, elsewhere) in [(3, "?project={forge}"), (4, "?project=a-planted-slug&role=owner")] {
            check(&world, "reader", elsewhere).await.refused(403, "place_not_reached");
            let events = ada.events_of(REFUSED, nth).await;
            assert_eq!((&events[0]["target"], &events[0]["project"]), (&own, &json!(null)));
            assert_eq!(events[0]["after"].as_array().map(Vec::len), Some(2));
        }
        assert_eq!(world.account("gil").get("organizations/{globex}/audit-log?action=request.refused").await.ok(), json!([]));
        send(world.request(Method::GET, "/auth/check?project={shop}")).await.is(401);
        let events = ada.events_of(REFUSED, 4).await;
        assert!(!json!(events).to_string().contains("a-planted-slug"));
    }
}
