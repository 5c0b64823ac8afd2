//! TLS on both sides: to an API whose certificate is vouched for, or not, and to clients with the server's certificate.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::scene::{Scene, Setting};
use crate::servers::{says, well};
use crate::stage::Place;

/// An authority of one's own.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate")
}

/// A server of the API that speaks TLS alone, for a name, with a certificate of this authority.
async fn encrypted(address: SocketAddr, name: &str, authority: &CertifiedIssuer<'static, KeyPair>) {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
    let certificate = params.signed_by(&key, authority).expect("a certificate");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.expect("a pair")));
    let listener = TcpListener::bind(address).await.expect("an address of its own");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    says(stream, well("over TLS"), Arc::new(AtomicUsize::new(0))).await;
                }
            });
        }
    });
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    fs::write(&file, text).expect("written");
    file.to_str().expect("text").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_is_spoken_to_if_its_certificate_is_vouched_for() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (ours, anothers) = (authority(), authority());
    let folder = tempfile::tempdir().expect("a folder");
    let file = written(folder.path(), "ca.pem", &ours.pem());
    let others_file = written(folder.path(), "others.pem", &anothers.pem());
    for (name, file, status) in [
        ("localhost", Some(&file), 200),
        ("elsewhere", Some(&file), 502),
        ("localhost", Some(&others_file), 502),
        ("localhost", None, 502),
    ] {
        let place = Place::own();
        // A name that is looked up leads to 127.0.0.1 alone.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        encrypted(address, name, &ours).await;
        let options = file.iter().flat_map(|file| ["--upstream-ca".to_owned(), (*file).clone()]).collect();
        let upstreams = Some(format!("https://localhost:{}", address.port()));
        let scene = Scene::set(Setting { place, upstreams, options, ..Setting::default() }).await;
        let answer = scene.asks(Some(&scene.reader), "GET", "/v1/me").await;
        assert_eq!(answer.status(), status, "{name} {file:?}: {answer:?}");
        if status == 200 {
            assert_eq!(answer.text(), "over TLS");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_are_spoken_to_with_the_servers_certificate() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let folder = tempfile::tempdir().expect("a folder");
    let certificate = written(folder.path(), "crt", &made.cert.pem());
    let key = written(folder.path(), "key", &made.signing_key.serialize_pem());
    let options = vec!["--tls-certificate".to_owned(), certificate, "--tls-key".to_owned(), key];
    let scene = Scene::set(Setting { options, is_encrypted: true, ..Setting::default() }).await;
    let http = reqwest::Client::builder().no_proxy().danger_accept_invalid_certs(true).build().expect("a client");
    for _ in 0..3 {
        let asked = http.get(format!("https://{}/v1/me", scene.place.gateway()));
        let answer =
            asked.basic_auth(&scene.reader.username, Some(&scene.reader.secret)).send().await.expect("an answer");
        assert_eq!(answer.text().await.expect("text"), "0 bytes came");
    }
    let came = scene.upstream.requests();
    assert_eq!(came.len(), 3);
    assert_eq!(came[0].header("x-forwarded-proto"), Some("https"));
}

#[test]
fn a_file_without_certificates_ends_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = written(folder.path(), "empty.pem", "");
    for file in [file.as_str(), "/nowhere.pem"] {
        let ended = crate::scene::ends(&["--upstream", "https://localhost", "--routes", "x", "--upstream-ca", file]);
        assert!(ended.refused(2).contains("--upstream-ca"));
    }
}
