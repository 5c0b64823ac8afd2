//! A gateway that keeps what the API answers still asks about each request.

use super::guides::changed;
use super::program::{Program, document};
use super::scene::{Scene, Setting};

/// With nginx's cache on, for everything, and without the line that keeps it from the check.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cache_serves_nobody_who_was_deleted() {
    let whole = document(Program::Nginx.configuration());
    let change = |goes: &str, comes: &str| (goes.to_owned(), comes.to_owned());
    let caches = "proxy_cache kept; proxy_cache_valid any 1h; underscores_in_headers off;";
    let zone = "proxy_cache_path kept keys_zone=kept:1m; upstream claviger {";
    let mut changes = vec![change("upstream claviger {", zone), change("underscores_in_headers off;", caches)];
    for _ in 0..2 {
        let configuration = Some(changed(&whole, &changes));
        let scene = Scene::set(Program::Nginx, Setting { configuration, ..Setting::default() }).await;
        for _ in 0..3 {
            assert_eq!(scene.asks(Some(&scene.reader), "GET", "/v1/me").await.status(), 200);
        }
        assert_eq!(scene.upstream.requests().len(), 1, "the API's answer is kept");
        assert_eq!(scene.asks(None, "GET", "/v1/me").await.status(), 401);
        scene.delete(&scene.reader).await;
        assert_eq!(scene.asks(Some(&scene.reader), "GET", "/v1/me").await.status(), 401);
        changes.push(change("proxy_cache off;", ""));
    }
}
