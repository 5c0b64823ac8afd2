//! As one more node of a cluster: what another node has answered holds for what is carried here.

use crate::scene::{On, Scene};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_node_has_answered_holds_here() {
    let one = Scene::open_on(On::Postgres).await;
    let other = Scene::beside(&one);
    let target = format!("/v1/projects/{}/export", one.project);
    for round in 0..10 {
        let (maker, taker) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
        let account = maker.create(&format!("round {round}")).await;
        for scene in [&one, &other] {
            assert_eq!(scene.asks(Some(&account), "GET", "/v1/me").await.status(), 200, "made at another node");
        }
        taker.delete(&account).await;
        for scene in [&one, &other] {
            assert_eq!(scene.asks(Some(&account), "GET", "/v1/me").await.status(), 401, "deleted at another node");
        }
    }
    assert_eq!(other.asks(Some(&one.reader), "GET", &target).await.status(), 200);
    one.delete(&one.reader).await;
    assert_eq!(other.asks(Some(&one.reader), "GET", &target).await.status(), 401);
}
