//! The same over TLS and HTTP/2, which clients speak as soon as a gateway has a certificate.

use std::fs;
use std::process::Command;

use super::guides::changed;
use super::program::{Program, document};
use super::request_target::was_judged;
use super::scene::{Scene, Setting};
use super::through_each_gateway;
use crate::network::certificate;
use crate::process::run_other;
use crate::server::{On, Store};

through_each_gateway![over_tls_and_http2_the_same_goes_through];

/// What curl is answered: its status line's version, the status, and all of it.
fn curl(scene: &Scene, authority: &str, target: &str, options: &[&str]) -> (String, String) {
    let address = scene.place.gateway();
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--noproxy", "*", "--http2", "--path-as-is", "-i", "--cacert", authority]);
    curl.args([
        "--connect-to",
        &format!("localhost:8090:{}:8090", address.ip()),
        "-w",
        "\n%{http_version} %{http_code}",
    ]);
    curl.args(options).arg(format!("https://localhost:8090{target}"));
    let printed = run_other(curl);
    let (answer, version_and_status) = printed.rsplit_once('\n').expect("a status");
    (version_and_status.to_owned(), answer.to_lowercase())
}

async fn over_tls_and_http2_the_same_goes_through(program: Program) {
    let files = Store::new(On::Sqlite);
    let (authority, key) = certificate(&files, "gateway");
    let both = files.home().join("both.pem");
    let pem = [fs::read(&authority), fs::read(&key)].map(|file| file.expect("read")).concat();
    fs::write(&both, pem).expect("written");
    let changes: Vec<(&str, String)> = match program {
        Program::Nginx => {
            let tls = format!("ssl_certificate {authority}; ssl_certificate_key {key};");
            vec![("listen 127.0.0.1:8090;", format!("listen 127.0.0.1:8090 ssl http2; {tls}"))]
        }
        Program::Caddy => vec![
            ("http://:8090 {", format!("https://:8090 {{\ntls {authority} {key}")),
            // Port 80 is root's.
            ("admin 127.0.0.1:2019", "admin 127.0.0.1:2019\nauto_https disable_redirects".to_owned()),
        ],
        Program::HaProxy => {
            let tls = format!("ssl crt {} alpn h2,http/1.1", both.display());
            vec![("bind 127.0.0.1:8090", format!("bind 127.0.0.1:8090 {tls}"))]
        }
    };
    let changes: Vec<_> = changes.into_iter().map(|(goes, comes)| (goes.to_owned(), comes)).collect();
    let configuration = Some(changed(&document(program.configuration()), &changes));
    let scene = Scene::set(program, Setting { is_tapped: true, configuration, ..Setting::default() }).await;

    let credential = format!("Authorization: {}", scene.reader.credential);
    let target = scene.of_project("caf%C3%A9?next=%2f..%2f");
    let forged =
        ["X-Claviger-Role: owner", "X_Claviger_Role: owner", "X-Forwarded-Uri: /open/door", "X-HTTP-Method: PUT"];
    let options: Vec<&str> = forged.iter().chain([&credential.as_str()]).flat_map(|header| ["-H", header]).collect();
    assert_eq!(curl(&scene, &authority, &target, &options).0, "2 200");
    let came = scene.one_at_the_api();
    assert_eq!((came.target(), came.identity()), (target.as_str(), scene.the_reader()));
    assert_eq!((came.all("authorization"), came.all("x-http-method")), (vec![], vec![]));

    for (target, options, status, told) in [
        (scene.of_project("orders"), vec![], "2 401", "www-authenticate: basic realm="),
        (scene.of_project("settings"), vec!["-H", &credential], "2 403", "x-claviger-reason: role_too_low"),
        ("/internal/x".to_owned(), options, "2 403", "x-claviger-reason: route_denied"),
    ] {
        let (answered, answer) = curl(&scene, &authority, &target, &options);
        assert_eq!(answered, status, "{answer}");
        assert!(answer.contains(told), "{answer}");
    }
    for target in ["/open/../internal/x", "/open/%2e%2e/internal/x", "//internal/x", "/open/..%2finternal/x"] {
        let (answered, answer) = curl(&scene, &authority, target, &["-H", &credential]);
        assert!(["2 403", "2 400"].contains(&answered.as_str()), "{answered}: {answer}");
    }
    assert_eq!(scene.upstream.requests().len(), 1);

    let body = files.home().join("body");
    fs::write(&body, "a line of it\n".repeat(100_000)).expect("written");
    let upload = format!("@{}", body.display());
    let options = ["-H", &credential, "-X", "PUT", "--data-binary", &upload];
    assert_eq!(curl(&scene, &authority, &scene.of_project("files/1"), &options).0, "2 200");
    let came = scene.upstream.requests().pop().expect("a request");
    assert!(came.body == fs::read(&body).expect("read"), "as it was sent");
    was_judged(&scene);
}
