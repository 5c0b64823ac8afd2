//! Who comes, as the API is told: by the decision alone, and without the credential.

use crate::message::request;
use crate::process::wait_until;
use crate::scene::{Account, Scene, Setting};

const NAMES: [&str; 8] = [
    "X-Claviger-Principal",
    "X-Claviger-Username",
    "X-Claviger-Organization",
    "X-Claviger-Project",
    "X-Claviger-Workspace",
    "X-Claviger-Role",
    "X-Claviger-Permissions",
    "X-Claviger-Reason",
];

/// What the API is told about an account where no place was asked about.
fn who(scene: &Scene, account: &Account) -> Vec<String> {
    vec![
        format!("x-claviger-organization: {}", scene.organization),
        format!("x-claviger-principal: {}", account.id),
        format!("x-claviger-username: {}", account.username),
    ]
}

/// The same of the reader, in the project.
fn the_reader(scene: &Scene) -> Vec<String> {
    let mut told = who(scene, &scene.reader);
    told.push("x-claviger-permissions: data:read,data:write".to_owned());
    told.push(format!("x-claviger-project: {}", scene.project));
    told.push("x-claviger-role: analyst".to_owned());
    told.sort();
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_goes_through_as_himself() {
    let scene = Scene::open().await;
    let target = scene.of_project("orders?page=2");
    let headers = [
        ("Authorization", scene.reader.credential.as_str()),
        ("X-Mine", "kept"),
        ("X-Forwarded-For", "192.0.2.7"),
        ("X-Forwarded-Proto", "https"),
        ("X-Real-IP", "192.0.2.7"),
    ];
    let answer = scene.sends(&request("GET", &target, &headers)).await.expect("an answer");
    assert_eq!((answer.status(), answer.header("x-api"), answer.text().as_str()), (200, Some("here"), "0 bytes came"));
    assert_eq!(answer.identity(), [""; 0], "who it is, is for the API");
    let came = scene.one_at_the_api();
    assert_eq!(came.start, format!("GET {target} HTTP/1.1"));
    assert_eq!(came.identity(), the_reader(&scene));
    assert_eq!(came.all("authorization"), [""; 0], "the credential is nobody else's");
    assert!(!format!("{came:?}").contains(&scene.reader.credential["Basic ".len()..]));
    assert_eq!((came.header("x-mine"), came.header("host")), (Some("kept"), Some("api.example")));
    assert_eq!((came.header("x-forwarded-for"), came.header("x-forwarded-proto")), (Some("127.0.0.1"), Some("http")));
    assert_eq!((came.header("x-forwarded-host"), came.header("x-real-ip")), (Some("api.example"), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_trusted_proxy_says_of_the_client_goes_on() {
    let scene = Scene::set(Setting::with(&["--trusted-proxy", "127.0.0.0/8"])).await;
    let headers = [
        ("Authorization", scene.reader.credential.as_str()),
        ("X-Forwarded-For", "203.0.113.9, 192.0.2.7"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "shop.example"),
    ];
    let answer = scene.sends(&request("GET", "/v1/me", &headers)).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let came = scene.one_at_the_api();
    assert_eq!(came.header("x-forwarded-for"), Some("203.0.113.9, 192.0.2.7, 127.0.0.1"));
    assert_eq!(
        (came.header("x-forwarded-proto"), came.header("x-forwarded-host")),
        (Some("https"), Some("shop.example"))
    );
    wait_until("its line in the log", || scene.log().contains("client=192.0.2.7"));
}

/// As they are, with underscores, in other cases, several times, and named by `Connection` so that the next one drops
/// what the proxy has set.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn identity_headers_of_the_caller_reach_nobody() {
    let scene = Scene::open().await;
    let in_many_ways: Vec<String> = NAMES
        .iter()
        .flat_map(|name| {
            let (low, folded) = (name.to_lowercase(), name.replace('-', "_"));
            [
                (*name).to_owned(),
                low.clone(),
                name.to_uppercase(),
                low.replace('-', "_"),
                folded,
                name.replacen('-', "_", 1),
            ]
        })
        .collect();
    let all: Vec<(&str, &str)> = in_many_ways.iter().map(|name| (name.as_str(), "owner")).collect();
    let dropped = NAMES[..7].join(", ");
    let mut asked = 0;
    for forged in [all.as_slice(), &[("Connection", &dropped)], &[("Connection", &format!("close, {dropped}"))]] {
        for part in forged.chunks(24) {
            for (who_asks, target, told) in [
                (Some(&scene.reader), scene.of_project("orders"), the_reader(&scene)),
                (Some(&scene.visitor), "/v1/me".to_owned(), who(&scene, &scene.visitor)),
                (None, "/open/door".to_owned(), Vec::new()),
            ] {
                let mut headers = part.to_vec();
                headers.extend(who_asks.iter().map(|account| ("Authorization", account.credential.as_str())));
                let answer = scene.sends(&request("GET", &target, &headers)).await.expect("an answer");
                assert_eq!(answer.status(), 200, "{answer:?}");
                asked += 1;
                let requests = scene.upstream().requests();
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
    let last = scene.upstream().requests().pop().expect("a request");
    assert_eq!(last.identity(), the_reader(&scene));
    assert_eq!(last.all("trailer"), [""; 0]);
    // Nor does a refusal say them back.
    let headers = [("X-Claviger-Role", "owner"), ("X-Claviger-Reason", "none")];
    let refused = scene.sends(&request("GET", "/internal/x", &headers)).await.expect("an answer");
    assert_eq!(refused.identity(), ["x-claviger-reason: route_denied"]);
}

/// Nothing of one is left for the next, nor does the proxy answer for him.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_on_one_connection_are_told_apart() {
    let scene = Scene::open().await;
    let mut client = scene.client().await;
    let (reader, visitor) = (&scene.reader, &scene.visitor);
    for round in 0..5 {
        for (account, target, status) in [
            (Some(reader), "/v1/me", 200),
            (None, "/v1/me", 401),
            (Some(visitor), "/v1/me", 200),
            (None, "/open/door", 200),
            (Some(reader), "/internal/x", 403),
            (None, "/v1/me", 401),
        ] {
            let credential: Vec<(&str, &str)> =
                account.iter().map(|account| ("Authorization", account.credential.as_str())).collect();
            let answer = client.ask(&request("GET", target, &credential)).await.expect("kept alive");
            assert_eq!(answer.status(), status, "{round}: {target}");
        }
    }
    let told: Vec<Vec<String>> = scene.upstream().requests().iter().map(|request| request.identity()).collect();
    let one_round = [who(&scene, reader), who(&scene, visitor), Vec::new()];
    let five: Vec<Vec<String>> = one_round.iter().cycle().take(15).cloned().collect();
    assert_eq!(told, five);
    assert!(scene.upstream().connections() <= 4, "connections to the API are kept, too");
}

/// Where the API needs `Authorization` for itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_credential_may_come_in_another_header() {
    let scene = Scene::set(Setting::with(&["--check-credential-header", "x-api-credential"])).await;
    let reader = scene.reader.credential.as_str();
    let target = scene.of_project("orders");
    assert_eq!(scene.asks(Some(&scene.reader), "GET", &target).await.status(), 401);
    assert_eq!(scene.upstream().requests().len(), 0);
    let headers = [("Authorization", "Bearer the-apis-own"), ("X-Api-Credential", reader)];
    assert_eq!(scene.sends(&request("GET", &target, &headers)).await.expect("an answer").status(), 200);
    let came = scene.one_at_the_api();
    assert_eq!(came.header("authorization"), Some("Bearer the-apis-own"));
    assert_eq!(came.all("x-api-credential"), [""; 0]);
    assert_eq!(came.identity(), the_reader(&scene));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_credentials_are_nobodys() {
    let scene = Scene::open().await;
    let (reader, visitor) = (scene.reader.credential.as_str(), scene.visitor.credential.as_str());
    for both in [[reader, visitor], [visitor, reader], [reader, "Basic x"], ["Basic x", reader], [reader, reader]] {
        let headers = both.map(|credential| ("Authorization", credential));
        let answer = scene.sends(&request("GET", &scene.of_project("orders"), &headers)).await.expect("an answer");
        assert_eq!(answer.status(), 401);
    }
    // Nor does one go on that nobody asked for.
    let headers = [("Authorization", reader), ("Proxy-Authorization", reader)];
    assert_eq!(scene.sends(&request("GET", "/open/door", &headers)).await.expect("an answer").status(), 200);
    let came = scene.one_at_the_api();
    assert_eq!((came.all("authorization").len(), came.all("proxy-authorization").len()), (0, 0));
}
