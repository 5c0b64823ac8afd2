//! Checks of a proxy in this process: decided as all are, and asked again for as long as a request lasts.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue, Method};
use claviger::api::TrustedProxies;
use claviger::gateway::forward_auth::OriginalRequest;
use claviger::gateway::in_process::{Carried, InProcess};
use claviger::gateway::watched_table::WatchedTable;
use claviger::gateway::{Asking, Checks};

use crate::forward_auth_routes::TABLE;
use crate::world::{World, on_both_stores};

const WORLD: &str = "
acme: ada owner
  shop: reader analyst
    eu: visitor consumer
";

/// The checks of this node, by a table that is written anew below.
fn checks(world: &World) -> InProcess {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), TABLE).expect("written");
    let table = Arc::new(WatchedTable::open(file.path().to_owned()).expect("a table"));
    let asking = Asking { original: OriginalRequest::XForwarded, credential: AUTHORIZATION };
    let checks = Checks::new(world.node(), TrustedProxies::default(), Some(table), asking);
    checks.in_process(Arc::default()).expect("there is a table")
}

fn arrives(checks: &InProcess, authorization: &str, target: &str) -> Carried {
    let mut headers = HeaderMap::new();
    if !authorization.is_empty() {
        headers.insert(AUTHORIZATION, HeaderValue::from_str(authorization).expect("a value"));
    }
    let target = Bytes::copy_from_slice(target.as_bytes());
    checks.arrives(IpAddr::from([127, 0, 0, 1]), &Method::GET, &target, &headers)
}

/// What becomes of it: the role that the upstream is told, or the code of a refusal.
fn outcome(checks: &InProcess, carried: &Carried) -> String {
    match checks.check(carried) {
        Ok(told) => {
            told.get("x-claviger-role").map_or("passes".to_owned(), |role| role.to_str().expect("text").to_owned())
        }
        Err(refused) => refused.code().to_owned(),
    }
}

fn again(checks: &InProcess, carried: &Carried) -> &'static str {
    let decided = checks.check_again(carried).map_or_else(|refused| refused.code(), |()| "goes on");
    assert_eq!(checks.check_piece(carried).map_or_else(|refused| refused.code(), |()| "goes on"), decided);
    decided
}

on_both_stores! {
    /// a request that goes on is refused as soon as its caller is, whatever the cause
    async fn what_goes_on_is_decided_anew(world: World) {
        let world = world.with(WORLD).await;
        let checks = checks(&world);
        let (orders, ada) = (world.path("/v1/projects/{shop}/orders/1"), world.account("ada"));
        let reader = arrives(&checks, &world.account("reader").header(), &orders);
        let visitor = arrives(&checks, &world.account("visitor").header(), "/v1/me");
        let nobody = arrives(&checks, "", &orders);
        let public = arrives(&checks, "", "/health");
        for (carried, expected) in [(&reader, "analyst"), (&visitor, "passes"), (&nobody, "not_authenticated"), (&public, "passes")] {
            assert_eq!(outcome(&checks, carried), expected);
        }
        assert_eq!([again(&checks, &reader), again(&checks, &visitor), again(&checks, &nobody)], ["goes on", "goes on", "not_authenticated"]);
        // Another one's change decides nothing else.
        ada.delete("organizations/{acme}/service-accounts/{visitor}").await.is(200);
        assert_eq!([again(&checks, &reader), again(&checks, &visitor)], ["goes on", "not_authenticated"]);
        ada.delete("projects/{shop}/service-accounts/{reader}").await.is(200);
        assert_eq!(again(&checks, &reader), "place_not_reached");
        assert_eq!(again(&checks, &public), "goes on");
    }

    /// a node that may not answer lets nothing go on
    async fn without_a_directory_nothing_goes_on(world: World) {
        let world = world.with(WORLD).await;
        let checks = checks(&world);
        let carried = arrives(&checks, &world.account("reader").header(), "/v1/me");
        assert_eq!(outcome(&checks, &carried), "passes");
        // The keeper brings the image back within half a second, which this must not meet.
        let is_refused = (0..100).any(|_| {
            world.node().cluster.drop_image();
            checks.check_piece(&carried).is_err_and(|refused| refused.code() == "unavailable")
        });
        assert!(is_refused);
        world.becomes_ready().await;
        assert_eq!(again(&checks, &carried), "goes on");
    }

    /// it is no further use of a credential, and no further try of a wrong one
    async fn asking_again_is_not_counted(world: World) {
        let world = world.with(WORLD).await;
        let checks = checks(&world);
        let passed = world.metric("claviger_checks_total{answer=\"passed\"}");
        let reader = arrives(&checks, &world.account("reader").header(), "/v1/me");
        let wrong = arrives(&checks, &format!("Basic {}:wrong", world.account("visitor").username), "/v1/me");
        assert_eq!([outcome(&checks, &reader), outcome(&checks, &wrong)], ["passes", "not_authenticated"]);
        for _ in 0..500 {
            assert_eq!([again(&checks, &reader), again(&checks, &wrong)], ["goes on", "not_authenticated"]);
        }
        assert_eq!(outcome(&checks, &wrong), "not_authenticated", "not too many attempts");
        assert_eq!(world.metric("claviger_checks_total{answer=\"passed\"}"), passed + 1);
    }
}
