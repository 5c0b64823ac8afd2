//! Who comes, as the API is told: by Claviger's answer alone, and without the credential.

use super::message::request;
use super::program::{Program, document};
use super::scene::{Scene, Setting};
use super::{every_gateway, guides, through_each_gateway};

through_each_gateway![
    who_may_goes_through_as_himself,
    identity_headers_of_the_caller_reach_nobody,
    callers_on_one_connection_are_told_apart,
    the_credential_may_come_in_another_header,
    two_credentials_are_nobodys_or_the_first_ones,
];

async fn who_may_goes_through_as_himself(program: Program) {
    let scene = Scene::tapped(program).await;
    every_gateway::who_may_goes_through_as_himself(&scene, &[("X-Forwarded-For", "192.0.2.7")]).await;
    // Claviger is asked once, in the caller's name, and is told his address alone.
    let checks = scene.tap().checks();
    assert_eq!(checks.len(), 1, "{checks:#?}");
    assert!(
        checks[0].start.starts_with("GET /auth/check HTTP/1.")
            || checks[0].start.starts_with("GET /auth/check? HTTP/1."),
        "{checks:?}"
    );
    assert_eq!(checks[0].header("authorization"), Some(scene.reader.credential.as_str()));
    assert_eq!(checks[0].header("x-forwarded-for"), Some("127.0.0.1"));
    // Caddy passes on what it is not told to take off.
    let passed_on = (program == Program::Caddy).then_some("kept");
    assert_eq!(checks[0].header("x-mine"), passed_on, "the rest is none of its business");
}

async fn identity_headers_of_the_caller_reach_nobody(program: Program) {
    assert_eq!(guides::identity_headers(), every_gateway::IDENTITY, "the guide names all of them");
    every_gateway::identity_headers_of_the_caller_reach_nobody(&*Scene::open(program).await).await;
}

async fn callers_on_one_connection_are_told_apart(program: Program) {
    every_gateway::callers_on_one_connection_are_told_apart(&*Scene::open(program).await).await;
}

/// The guide says which lines are others then.
async fn the_credential_may_come_in_another_header(program: Program) {
    let changes = guides::changes(&document(program.guide()));
    let configuration = guides::changed(&document(program.configuration()), &changes);
    let options = vec!["--check-credential-header", "x-api-credential"];
    let scene = Scene::set(program, Setting { is_tapped: true, options, configuration: Some(configuration) }).await;
    every_gateway::the_credential_may_come_in_another_header(&scene).await;
}

/// Debian's nginx reads the first of two; none of both goes on.
async fn two_credentials_are_nobodys_or_the_first_ones(program: Program) {
    let scene = Scene::open(program).await;
    let (reader, visitor) = (scene.reader.credential.as_str(), scene.visitor.credential.as_str());
    let mut let_through = 0;
    for both in [[reader, visitor], [visitor, reader], [reader, "Basic x"], ["Basic x", reader], [reader, reader]] {
        let headers = both.map(|credential| ("Authorization", credential));
        let answer = scene.sends(&request("GET", &scene.of_project("orders"), &headers)).await;
        match answer.map(|answer| answer.status()) {
            Some(200) => {
                assert_eq!(both[0], reader);
                let_through += 1;
            }
            status => assert!([None, Some(400), Some(401), Some(403)].contains(&status), "{status:?}"),
        }
    }
    let came = scene.upstream.requests();
    assert_eq!(came.len(), let_through);
    for came in came {
        assert_eq!(came.identity(), scene.the_reader());
        assert_eq!(came.all("authorization"), [""; 0]);
    }
}
