//! Envoy's `ext_authz`, over gRPC by a real client, and over HTTP: it decides and answers as `/auth/check` does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use envoy_types::ext_authz::v3::pb::CheckRequest;
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::Request;
use serde_json::json;

use crate::envoy::{Asked, Gateway, Told};
use crate::forward_auth_routes::TABLE;
use crate::world::{Checks, PROXY, World, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, mel member
  shop: exporter admin, reader analyst
    eu: reader consumer, visitor consumer
  lab: exporter consumer
globex: gil owner
  forge: smith admin
";

impl World {
    async fn routed_for_envoy(self, credential: &str) -> Self {
        let mut checks = Checks { routes: Some(TABLE.to_owned()), ..Checks::default() };
        checks.asking.credential = credential.parse().expect("a name");
        self.restart_checking(checks).await;
        self
    }
}

/// What is said in all ways, which is the same.
async fn told_alike(world: &World, gateway: &Gateway, asked: &Asked) -> Told {
    let told = asked.by_forward_auth(world).await;
    assert_eq!(gateway.told_alike(asked).await, told, "over gRPC: {asked:?}");
    if asked.extensions.is_empty() {
        let mut over_http = asked.by_http(world).await;
        if asked.method == "HEAD" {
            over_http.body.clone_from(&told.body);
        }
        assert_eq!(over_http, told, "over HTTP: {asked:?}");
    }
    told
}

on_both_stores! {
    /// what a route's context extensions ask for is what a query of `/auth/check` asks for
    async fn context_extensions_ask_as_a_query_does(world: World) {
        let world = world.with(WORLD).await;
        let gateway = Gateway::connect(&world).await;
        for (account, what, outcome) in [
            ("mel", "", "ok"),
            ("reader", "project={shop}", "analyst"),
            ("reader", "workspace={eu}&role=consumer", "analyst"),
            ("visitor", "project={shop}&workspace={eu}&permission=data:read", "consumer"),
            ("visitor", "project={shop}", "ok"),
            ("exporter", "project={lab}&permission=data:read", "consumer"),
            ("exporter", "project={shop}&permission=reports:export", "admin"),
            ("", "project={shop}", "not_authenticated"),
            ("nobody", "project={shop}", "not_authenticated"),
            ("mel", "project={shop}", "place_not_reached"),
            ("reader", "project={forge}", "place_not_reached"),
            ("reader", "project=no-such-slug", "place_not_reached"),
            ("reader", "workspace=999999", "place_not_reached"),
            ("exporter", "project={lab}&workspace={eu}", "place_not_reached"),
            ("smith", "project={shop}", "place_not_reached"),
            ("reader", "project={shop}&role=admin", "role_too_low"),
            ("reader", "project={shop}&permission=reports:export", "permission_missing"),
            ("exporter", "project={shop}&permision=data:read", "check_invalid"),
            ("exporter", "virtual_host=shop", "check_invalid"),
            ("exporter", "role=admin", "check_invalid"),
            ("exporter", "project=", "check_invalid"),
            ("exporter", "project={shop}&role=viewer", "check_invalid"),
            ("", "workspace=eu", "check_invalid"),
        ] {
            let asked = Asked::of("GET", "/").by(&world, account).taking(&world, what);
            let told = told_alike(&world, &gateway, &asked).await;
            assert_eq!(told.outcome(), outcome, "{account} {what}: {told:?}");
        }
    }

    /// the route table decides by the method and the path that Envoy tells
    async fn the_table_decides_in_each_way_alike(world: World) {
        let world = world.with(WORLD).await.routed_for_envoy("authorization").await;
        let gateway = Gateway::connect(&world).await;
        for (account, method, path, outcome) in [
            ("", "GET", "/health", "open"),
            ("reader", "GET", "/health?x=1", "open"),
            ("reader", "GET", "/v1/projects/{shop}/orders/7?page=2&project=9", "analyst"),
            ("reader", "HEAD", "/v1/projects/{shop}/orders", "analyst"),
            ("reader", "POST", "/v1/projects/{shop}/orders/7", "role_too_low"),
            ("exporter", "POST", "/v1/projects/{shop}/orders/7", "admin"),
            ("exporter", "POST", "/v1/projects/{shop}/orders/7/8", "route_not_found"),
            ("mel", "GET", "/v1/projects/{shop}/orders", "place_not_reached"),
            ("visitor", "GET", "/v1/projects/{shop}/orders", "permission_missing"),
            ("", "GET", "/v1/projects/{shop}/orders", "not_authenticated"),
            ("visitor", "PUT", "/v1/workspaces/{eu}", "consumer"),
            ("reader", "PUT", "/v1/workspaces/eu", "place_not_reached"),
            ("mel", "GET", "/v1/me", "ok"),
            ("mel", "PROPFIND", "/v1/me", "ok"),
            ("", "GET", "/v1/me", "not_authenticated"),
            ("nobody", "HEAD", "/v1/me", "not_authenticated"),
            ("ada", "GET", "/internal/metrics", "route_denied"),
            ("exporter", "GET", "/internal/metrics?project={shop}", "route_denied"),
            ("ada", "GET", "/v2/anything", "route_not_found"),
            ("ada", "GET", "/", "route_not_found"),
            ("ada", "GET", "/Health", "route_not_found"),
            ("", "GET", "/%68ealt%68", "open"),
        ] {
            let asked = Asked::of(method, &world.path(path)).by(&world, account);
            let told = told_alike(&world, &gateway, &asked).await;
            assert_eq!(told.outcome(), outcome, "{account} {method} {path}: {told:?}");
        }
        // What the route's configuration asks for goes before the table: it is Envoy's own, which a query may not be.
        let asked = Asked::of("GET", "/internal").by(&world, "reader").taking(&world, "project={shop}");
        assert_eq!(gateway.told_alike(&asked).await.outcome(), "analyst");
        assert_eq!(asked.by_forward_auth(&world).await.outcome(), "check_invalid");
    }

    /// `..`, `%2e`, `//`, an encoded slash, `;x=y`, a backslash, `%00`, `%252f`, what is no text; what is too long
    async fn ambiguous_paths_are_refused_in_each_way(world: World) {
        let world = world.with(WORLD).await.routed_for_envoy("authorization").await;
        let gateway = Gateway::connect(&world).await;
        let long = format!("/health/{}", "a".repeat(10_000));
        for path in [
            "/health/../internal/metrics", "/health/%2e%2e/internal", "/./health", "/%2E/health", "//health", "/health//",
            "/internal%2fmetrics", "/health%2F..%2Finternal", "/health;x=y", "/health%3bx", "/health\\..\\internal",
            "/%5cinternal", "/health%00", "/health%0d%0aX", "/%252e%252e/internal", "/health%252f", "/%ff%fe", "/%c3",
            "/%zz", &long,
        ] {
            for account in ["", "ada"] {
                let asked = Asked::of("GET", path).by(&world, account);
                assert_eq!(told_alike(&world, &gateway, &asked).await.outcome(), "path_refused", "{path}");
            }
        }
        for path in ["", "*", "health", "http://elsewhere/health", "/health#x", "/caf\u{e9}", "/health x"] {
            let asked = Asked::of("GET", path).by(&world, "ada");
            assert_eq!(gateway.told_alike(&asked).await.outcome(), "path_refused", "{path}");
        }
        for method in ["", "G E T", "GET\n", "caf\u{e9}"] {
            let asked = Asked::of(method, "/health").by(&world, "ada");
            assert_eq!(gateway.told_alike(&asked).await.outcome(), "request_unnamed", "{method:?}");
        }
    }

    /// a message that says nothing, or says it twice, or cannot be read, lets nobody through
    async fn what_cannot_be_read_is_refused(world: World) {
        let world = world.with(WORLD).await;
        let gateway = Gateway::connect(&world).await;
        let told = async |message: CheckRequest| Told::by_grpc(&gateway.checks(message).await).0.outcome();
        assert_eq!(told(CheckRequest::default()).await, "request_unnamed");
        let mut attributes = AttributeContext::default();
        assert_eq!(told(CheckRequest { attributes: Some(attributes.clone()) }).await, "request_unnamed");
        attributes.request = Some(Request::default());
        assert_eq!(told(CheckRequest { attributes: Some(attributes) }).await, "request_unnamed");
        let asked = Asked::of("GET", "/").by(&world, "reader");
        let mut both = asked.mapped();
        let http = both.attributes.as_mut().and_then(|all| all.request.as_mut()?.http.as_mut());
        http.expect("a request").header_map = Some(envoy_types::pb::envoy::config::core::v3::HeaderMap::default());
        assert_eq!(told(both).await, "request_unnamed");
        assert_eq!(told(asked.clone().header(":path", b"/other").raw()).await, "request_unnamed");
        assert_eq!(told(asked.clone().header(":method", b"POST").raw()).await, "request_unnamed");
        let too_long = asked.clone().header("cookie", "c".repeat(200 * 1024).as_bytes()).raw();
        let status = gateway.client().check(too_long).await.expect_err("too long");
        assert_eq!(status.code(), tonic::Code::OutOfRange, "{status:?}");
        let status = gateway.sends(b"\x0a\xff\xff\xff\xff\x0fno message".to_vec()).await.expect_err("no message");
        assert_eq!(status.code(), tonic::Code::Internal, "{status:?}");
        let status = gateway.calls("/envoy.service.auth.v3.Authorization/Chek").await.expect_err("no such method");
        assert_eq!(status.code(), tonic::Code::Unimplemented, "{status:?}");
        let status = gateway.calls("/envoy.service.auth.v2.Authorization/Check").await.expect_err("no such service");
        assert_eq!(status.code(), tonic::Code::Unimplemented, "{status:?}");
        let large = asked.header("cookie", "c".repeat(60 * 1024).as_bytes()).raw();
        assert_eq!(told(large).await, "ok", "the same connection goes on");
    }

    /// two credentials are none, in whichever way they are told; bytes that are no text are no credential
    async fn two_credentials_are_none(world: World) {
        let world = world.with(WORLD).await.routed_for_envoy("authorization").await;
        let gateway = Gateway::connect(&world).await;
        let (reader, smith) = (world.account("reader"), world.account("smith"));
        let ask = || Asked::of("GET", "/v1/me");
        for asked in [
            ask().by(&world, "reader").by(&world, "reader"),
            ask().by(&world, "reader").by(&world, "smith"),
            ask().by(&world, "reader").header("authorization", b""),
            ask().header("authorization", format!("{},{}", reader.plain(), smith.plain()).as_bytes()),
            ask().header("authorization", format!("{},", reader.plain()).as_bytes()),
            ask().header("authorization", b"Basic caf\xc3\xa9:wrong"),
            ask().header("authorization", b"Basic caf\xe9:wrong"),
            ask().header("authorization", &[reader.plain().as_bytes(), b"\xff"].concat()),
            ask().header("authorization", b"Bearer x"),
        ] {
            assert_eq!(told_alike(&world, &gateway, &asked).await.outcome(), "not_authenticated", "{asked:?}");
        }
        let asked = ask().by(&world, "reader").header("x-note", b"caf\xe9");
        assert_eq!(told_alike(&world, &gateway, &asked).await.outcome(), "ok", "no business of ours");
    }

    /// identity headers forged as `X-Claviger-Role` or `x_claviger_role` are overwritten or taken off
    async fn identity_headers_of_the_caller_are_taken_off(world: World) {
        let world = world.with(WORLD).await.routed_for_envoy("x-api-credential").await;
        let gateway = Gateway::connect(&world).await;
        let credential = world.account("reader").header();
        let forged = ["x-claviger-role", "x_claviger_role", "x-claviger-principal", "X-Claviger-Admin", "authorization"];
        for (path, untold) in [
            ("/v1/projects/{shop}/orders", "x-claviger-workspace"),
            ("/v1/me", "x-claviger-permissions x-claviger-project x-claviger-role x-claviger-workspace"),
            ("/health", "x-claviger-organization x-claviger-permissions x-claviger-principal x-claviger-project \
                         x-claviger-role x-claviger-username x-claviger-workspace"),
        ] {
            let mut asked = Asked::of("GET", &world.path(path)).header("x-api-credential", credential.as_bytes());
            for name in forged {
                asked = asked.header(name, b"owner");
            }
            let mut expected: Vec<&str> = untold.split(' ').chain(["x-claviger-admin", "x_claviger_role", "x-api-credential"]).collect();
            expected.sort_unstable();
            for message in [asked.mapped(), asked.raw()] {
                let (told, removed) = Told::by_grpc(&gateway.checks(message).await);
                assert_eq!(told.status, 200, "{path}");
                assert!(told.headers.values().all(|value| value != "owner"), "{told:?}");
                assert_eq!(removed, expected, "{path}");
            }
            let request = world.request(reqwest::Method::GET, &format!("/auth/envoy{path}"));
            let request = forged.iter().fold(request, |request, name| request.header(*name, "owner"));
            let answer = send(request.header("x-api-credential", &credential)).await.is(200);
            assert_eq!(answer.header("x-envoy-auth-headers-to-remove"), Some(&*expected.join(",")), "{path}");
        }
        assert_eq!(gateway.told_alike(&Asked::of("GET", "/v1/me").by(&world, "reader")).await.outcome(), "not_authenticated");
    }

    /// while many ask, an account is deleted: once that is answered, not one more goes through
    async fn who_is_deleted_in_use_is_refused_from_then_on(world: World) {
        let world = world.with(WORLD).await;
        let gateway = Gateway::connect(&world).await;
        let message = Asked::of("GET", "/").by(&world, "reader").taking(&world, "project={shop}").mapped();
        let (passed, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (is_deleted, is_over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let asking = (0..8).map(|_| {
            let (mut client, message) = (gateway.client(), message.clone());
            let (passed, refused) = (Arc::clone(&passed), Arc::clone(&refused));
            let (is_deleted, is_over) = (Arc::clone(&is_deleted), Arc::clone(&is_over));
            tokio::spawn(async move {
                while !is_over.load(Ordering::SeqCst) {
                    let came_later = is_deleted.load(Ordering::SeqCst);
                    let response = client.check(message.clone()).await.expect("an answer").into_inner();
                    let passes = Told::by_grpc(&response).0.status == 200;
                    assert!(!came_later || !passes, "it passed after the deletion was answered");
                    if passes { &passed } else { &refused }.fetch_add(1, Ordering::SeqCst);
                }
            })
        });
        let asking: Vec<_> = asking.collect();
        let is_failing = || asking.iter().any(tokio::task::JoinHandle::is_finished);
        while passed.load(Ordering::SeqCst) < 50 && !is_failing() {
            tokio::task::yield_now().await;
        }
        world.account("ada").delete("organizations/{acme}/service-accounts/{reader}").await.is(200);
        is_deleted.store(true, Ordering::SeqCst);
        let before = refused.load(Ordering::SeqCst);
        while refused.load(Ordering::SeqCst) < before + 200 && !is_failing() {
            tokio::task::yield_now().await;
        }
        is_over.store(true, Ordering::SeqCst);
        for one in asking {
            one.await.expect("nobody passed later");
        }
    }

    /// more at once than one connection carries: each is answered, and as itself
    async fn many_at_once_on_one_connection(world: World) {
        let world = world.with(WORLD).await;
        let gateway = Gateway::connect(&world).await;
        let asking = (0..1_000).map(|number| {
            let account = ["reader", "smith", "", "mel"][number % 4];
            let message = Asked::of("GET", "/").by(&world, account).taking(&world, "project={shop}").mapped();
            let mut client = gateway.client();
            tokio::spawn(async move { (number, client.check(message).await.expect("an answer").into_inner()) })
        });
        for one in asking.collect::<Vec<_>>() {
            let (number, response) = one.await.expect("it ended");
            let outcome = ["analyst", "place_not_reached", "not_authenticated", "place_not_reached"][number % 4];
            assert_eq!(Told::by_grpc(&response).0.outcome(), outcome);
        }
    }

    /// wrong credentials are counted together, however they come; the right one always passes
    async fn wrong_credentials_are_slowed_over_grpc_too(world: World) {
        let world = world.with(WORLD).await;
        let gateway = Gateway::connect(&world).await;
        let wrong = format!("Basic {}:wrong", world.account("reader").username);
        let asked = Asked::of("GET", "/").header("authorization", wrong.as_bytes());
        let mut told = gateway.told(&asked).await;
        for _ in 0..200 {
            if told.status == 429 {
                break;
            }
            assert_eq!(told.outcome(), "not_authenticated");
            told = gateway.told(&asked).await;
        }
        assert_eq!((&*told.outcome(), told.status), ("too_many_attempts", 429));
        let wait: u64 = told.headers["retry-after"].parse().expect("seconds");
        assert!((1..=5).contains(&wait), "{told:?}");
        assert_eq!(asked.by_forward_auth(&world).await.status, 429);
        assert_eq!(gateway.told(&Asked::of("GET", "/").by(&world, "reader")).await.status, 200);
    }

    /// `attributes.source` of a peer that is no configured gateway is not believed; of one that is, it is
    async fn a_trusted_gateway_says_where_a_request_comes_from(world: World) {
        let world = world.with(WORLD).await;
        let own = "organizations/{acme}/service-accounts/{reader}/allowed-addresses";
        world.account("ada").put(own, json!({ "allowed_addresses": ["198.51.100.0/24"] })).await.ok();
        let (stranger, trusted) = (Gateway::connect(&world).await, Gateway::connect_from(&world, Some(PROXY)).await);
        let from = |source| Asked { source, ..Asked::of("GET", "/").by(&world, "reader") };
        let forwarded = |source, list: &[u8]| from(source).header("x-forwarded-for", list);
        let proxy = "127.0.0.3";
        for (gateway, asked, outcome) in [
            (&stranger, from(Some("198.51.100.7")), "address_not_allowed"),
            (&stranger, forwarded(Some("198.51.100.7"), b"198.51.100.7"), "address_not_allowed"),
            (&trusted, from(Some("198.51.100.7")), "ok"),
            (&trusted, from(Some("203.0.113.9")), "address_not_allowed"),
            (&trusted, forwarded(Some("203.0.113.9"), b"198.51.100.7"), "address_not_allowed"),
            (&trusted, forwarded(Some("198.51.100.7"), b"203.0.113.9"), "ok"),
            (&trusted, forwarded(Some(proxy), b"203.0.113.9, 198.51.100.7"), "ok"),
            (&trusted, forwarded(Some(proxy), b"198.51.100.7, 203.0.113.9"), "address_not_allowed"),
            (&trusted, forwarded(Some(proxy), b"198.51.100.7, \xff"), "address_not_allowed"),
            (&trusted, forwarded(None, b"198.51.100.7"), "address_not_allowed"),
        ] {
            assert_eq!(gateway.told_alike(&asked).await.outcome(), outcome, "{asked:?}");
        }
    }

    /// a node that holds no directory refuses; it is no failure of the call, which a gateway might let pass
    async fn without_a_directory_nobody_goes_through(world: World) {
        let world = world.with(WORLD).await;
        let gateway = Gateway::connect(&world).await;
        let asked = Asked::of("GET", "/").by(&world, "reader");
        // The keeper brings the image back within half a second, which this must not meet.
        let mut unready = None;
        for _ in 0..100 {
            world.node().cluster.drop_image();
            let told = gateway.told(&asked).await;
            if told.status == 503 {
                unready = Some(told);
                break;
            }
        }
        let told = unready.expect("refused without an image");
        assert_eq!((&*told.outcome(), &*told.headers["retry-after"]), ("unavailable", "1"));
        world.becomes_ready().await;
        assert_eq!(gateway.told(&asked).await.status, 200);
    }

    /// the log tells of a check what was decided and about whom; checks that go through are for who wants to know all
    async fn a_check_is_logged_by_what_was_decided(world: World) {
        let world = world.with(WORLD).await;
        let trusted = Gateway::connect_from(&world, Some(PROXY)).await;
        for (account, level, status) in [("reader", "DEBUG", "status=200 micros="), ("", "INFO", "status=401 reason=\"not_authenticated\"")] {
            let asked = Asked { source: Some("198.51.100.44"), ..Asked::of("POST", "/").by(&world, account) };
            let answered = trusted.client().check(asked.raw()).await.expect("an answer");
            let id = answered.metadata().get("x-request-id").expect("an id").to_str().expect("text").to_owned();
            let logged = crate::looked_through::logged();
            let line = logged.lines().find(|line| line.contains(&id) && line.contains("answered")).expect("a line");
            assert!(line.contains(level) && line.contains(status), "{line}");
            assert!(line.contains("client=198.51.100.44") && line.contains("Authorization/"), "{line}");
        }
    }

    /// refused checks count among the refused requests, and uses among the uses, as by `/auth/check`
    async fn checks_over_grpc_are_counted(world: World) {
        let world = world.with(WORLD).await;
        let gateway = Gateway::connect(&world).await;
        let asked = Asked::of("GET", "/").by(&world, "reader");
        assert_eq!(gateway.told(&asked.clone().taking(&world, "project={lab}")).await.outcome(), "place_not_reached");
        assert_eq!(gateway.told(&asked.taking(&world, "project={shop}")).await.outcome(), "analyst");
        assert_eq!(world.node().refused.take(10).len(), 1);
        let ada = world.account("ada");
        gateway.told(&Asked::of("GET", "/").header("authorization", format!("Basic {}:wrong", ada.username).as_bytes())).await;
        let failed = "organizations/{acme}/audit-log?action=service_account.authentication_failed";
        assert_eq!(ada.events_of(failed, 1).await.len(), 1);
    }
}
