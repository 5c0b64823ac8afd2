//! Bodies: whole to the API where the request goes through, to nobody where it does not, and never to Claviger.

use super::program::Program;
use super::scene::Scene;
use super::{every_gateway, through_each_gateway};

through_each_gateway![
    a_large_body_reaches_the_api_whole_and_claviger_never,
    a_body_in_chunks_reaches_the_api_whole,
    a_refused_upload_gets_its_refusal,
    who_waits_before_he_uploads_is_answered,
];

async fn a_large_body_reaches_the_api_whole_and_claviger_never(program: Program) {
    let scene = Scene::tapped(program).await;
    every_gateway::a_large_body_reaches_the_api_whole(&scene).await;
    let checks = scene.tap().checks();
    assert_eq!(checks.len(), 1);
    assert!(scene.tap().bytes() < 4_096, "Claviger was sent {} bytes", scene.tap().bytes());
    assert_eq!((checks[0].header("content-length"), checks[0].header("transfer-encoding")), (None, None));
}

async fn a_body_in_chunks_reaches_the_api_whole(program: Program) {
    let scene = Scene::tapped(program).await;
    every_gateway::a_body_in_chunks_reaches_the_api_whole(&scene).await;
    assert_eq!(scene.tap().checks().len(), 1);
    assert!(scene.tap().bytes() < 4_096, "Claviger was sent {} bytes", scene.tap().bytes());
}

async fn a_refused_upload_gets_its_refusal(program: Program) {
    let scene = Scene::tapped(program).await;
    every_gateway::a_refused_upload_gets_its_refusal(&scene).await;
    assert!(scene.tap().bytes() < 8_192);
}

async fn who_waits_before_he_uploads_is_answered(program: Program) {
    every_gateway::who_waits_before_he_uploads_is_answered(&*Scene::open(program).await).await;
}
