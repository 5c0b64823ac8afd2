//! Who comes, as the API is told: by Claviger's answer alone, and without the credential.

use super::message::request;
use super::program::{Program, document};
use super::scene::{Scene, Setting};
use super::{guides, through_each_gateway};

through_each_gateway![
    who_may_goes_through_as_himself,
    identity_headers_of_the_caller_reach_nobody,
    callers_on_one_connection_are_told_apart,
    the_credential_may_come_in_another_header,
    two_credentials_are_nobodys_or_the_first_ones,
];

/// What the API is told about an account where no place was asked about.
fn who(scene: &Scene, id: u64, username: &str) -> Vec<String> {
    vec![
        format!("x-claviger-organization: {}", scene.founded.organization),
        format!("x-claviger-principal: {id}"),
        format!("x-claviger-username: {username}"),
    ]
}

/// The same of the reader, in the project.
pub(super) fn the_reader(scene: &Scene) -> Vec<String> {
    let mut told = who(scene, scene.reader.id, &scene.reader.username);
    told.push("x-claviger-permissions: data:read,data:write".to_owned());
    told.push(format!("x-claviger-project: {}", scene.founded.project));
    told.push("x-claviger-role: analyst".to_owned());
    told.sort();
    told
}

async fn who_may_goes_through_as_himself(program: Program) {
    let scene = Scene::tapped(program).await;
    let target = scene.of_project("orders?page=2");
    let headers =
        [("Authorization", scene.reader.credential.as_str()), ("X-Mine", "kept"), ("X-Forwarded-For", "192.0.2.7")];
    let answer = scene.sends(&request("GET", &target, &headers)).await.expect("an answer");
    assert_eq!((answer.status(), answer.header("x-api"), answer.text().as_str()), (200, Some("here"), "0 bytes came"));
    assert_eq!(answer.identity(), [""; 0], "who it is, is for the API");
    let came = scene.one_at_the_api();
    assert_eq!(came.start, format!("GET {target} HTTP/1.1"));
    assert_eq!(came.identity(), the_reader(&scene));
    assert_eq!(came.all("authorization"), [""; 0], "the credential is nobody else's");
    assert!(!format!("{came:?}").contains(&scene.reader.credential["Basic ".len()..]));
    assert_eq!((came.header("x-mine"), came.header("host")), (Some("kept"), Some("api.example")));
    // Claviger is asked once, in the caller's name, and is told his address alone.
    let checks = scene.tap.as_ref().expect("tapped").checks();
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

/// As they are, with underscores, in other cases, several times, and named by `Connection` so that the next one drops
/// what the gateway has set.
async fn identity_headers_of_the_caller_reach_nobody(program: Program) {
    let scene = Scene::open(program).await;
    let names = guides::identity_headers();
    assert_eq!(names.len(), 7, "{names:?}");
    let in_many_ways: Vec<String> = names
        .iter()
        .chain([&"X-Claviger-Reason".to_owned()])
        .flat_map(|name| {
            let (low, folded) = (name.to_lowercase(), name.replace('-', "_"));
            [name.clone(), low.clone(), name.to_uppercase(), low.replace('-', "_"), folded, name.replacen('-', "_", 1)]
        })
        .collect();
    let all: Vec<(&str, &str)> = in_many_ways.iter().map(|name| (name.as_str(), "owner")).collect();
    let dropped = names.join(", ");
    let mut asked = 0;
    for forged in [all.as_slice(), &[("Connection", &dropped)], &[("Connection", &format!("close, {dropped}"))]] {
        for part in forged.chunks(24) {
            for (who_asks, target, told) in [
                (Some(&scene.reader), scene.of_project("orders"), the_reader(&scene)),
                (Some(&scene.visitor), "/v1/me".to_owned(), who(&scene, scene.visitor.id, &scene.visitor.username)),
                (None, "/open/door".to_owned(), Vec::new()),
            ] {
                let mut headers = part.to_vec();
                headers.extend(who_asks.iter().map(|account| ("Authorization", account.credential.as_str())));
                let answer = scene.sends(&request("GET", &target, &headers)).await.expect("an answer");
                assert_eq!(answer.status(), 200, "{answer:?}");
                asked += 1;
                let requests = scene.upstream.requests();
                assert_eq!(requests.len(), asked);
                assert_eq!(requests[asked - 1].identity(), told, "{target} with {part:?}");
                let named = requests[asked - 1].all("connection").join(",").to_lowercase();
                assert!(!named.contains("claviger"), "{named} would be dropped by the next one");
            }
        }
    }
    // After a body they are no headers.
    let mut client = scene.client().await;
    let coded = [("Authorization", scene.reader.credential.as_str()), ("Transfer-Encoding", "chunked")];
    let headers = [coded.as_slice(), &[("TE", "trailers"), ("Trailer", "X-Claviger-Role")]].concat();
    let chunks = "2\r\nhi\r\n0\r\nX-Claviger-Role: owner\r\nX-Claviger-Workspace: 1\r\n\r\n";
    let answer = client.ask(&format!("{}{chunks}", request("POST", &scene.of_project("orders"), &headers))).await;
    assert!(answer.is_some_and(|answer| [200, 400].contains(&answer.status())));
    let last = scene.upstream.requests().pop().expect("a request");
    assert_eq!(last.identity(), the_reader(&scene));
    // Nor does a refusal say them back.
    let headers = [("X-Claviger-Role", "owner"), ("X-Claviger-Reason", "none")];
    let refused = scene.sends(&request("GET", "/internal/x", &headers)).await.expect("an answer");
    assert_eq!(refused.identity(), ["x-claviger-reason: route_denied"]);
}

/// Nothing of one is left for the next, nor does the gateway answer for him.
async fn callers_on_one_connection_are_told_apart(program: Program) {
    let scene = Scene::open(program).await;
    let mut client = scene.client().await;
    let (reader, visitor) = (&scene.reader, &scene.visitor);
    let credential = |account: &'static str| match account {
        "reader" => vec![("Authorization", reader.credential.as_str())],
        "visitor" => vec![("Authorization", visitor.credential.as_str())],
        _ => Vec::new(),
    };
    for round in 0..5 {
        for (account, target, status) in [
            ("reader", "/v1/me", 200),
            ("", "/v1/me", 401),
            ("visitor", "/v1/me", 200),
            ("", "/open/door", 200),
            ("reader", "/internal/x", 403),
            ("", "/v1/me", 401),
        ] {
            let answer = client.ask(&request("GET", target, &credential(account))).await.expect("kept alive");
            assert_eq!(answer.status(), status, "{round}: {account} {target}");
        }
    }
    let told: Vec<Vec<String>> = scene.upstream.requests().iter().map(|request| request.identity()).collect();
    let one_round = [who(&scene, reader.id, &reader.username), who(&scene, visitor.id, &visitor.username), Vec::new()];
    let five: Vec<Vec<String>> = one_round.iter().cycle().take(15).cloned().collect();
    assert_eq!(told, five);
}

/// Where the API needs `Authorization` for itself. The guide says which lines are others then.
async fn the_credential_may_come_in_another_header(program: Program) {
    let changes = guides::changes(&document(program.guide()));
    let configuration = guides::changed(&document(program.configuration()), &changes);
    let options = vec!["--check-credential-header", "x-api-credential"];
    let scene = Scene::set(program, Setting { is_tapped: true, options, configuration: Some(configuration) }).await;
    let reader = scene.reader.credential.as_str();
    let target = scene.of_project("orders");
    let refused = scene.sends(&request("GET", &target, &[("Authorization", reader)])).await.expect("an answer");
    assert_eq!(refused.status(), 401);
    assert_eq!(scene.upstream.requests().len(), 0);
    let headers = [("Authorization", "Bearer the-apis-own"), ("X-Api-Credential", reader)];
    let answer = scene.sends(&request("GET", &target, &headers)).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let came = scene.one_at_the_api();
    assert_eq!(came.header("authorization"), Some("Bearer the-apis-own"));
    assert_eq!(came.all("x-api-credential"), [""; 0]);
    assert!(!format!("{came:?}").contains(&reader["Basic ".len()..]));
    assert_eq!(came.identity(), the_reader(&scene));
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
        assert_eq!(came.identity(), the_reader(&scene));
        assert_eq!(came.all("authorization"), [""; 0]);
    }
}
