//! Listening beyond loopback, and TLS in the process.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::process::{run, run_other};
use crate::server::{Founded, On, Server, Store, on_both_stores};

on_both_stores![listening_beyond_loopback_without_tls_warns_in_one_sentence, tls_is_spoken_by_the_process_itself];

/// What the log says of encryption.
fn warnings(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains(" WARN ")).collect()
}

async fn listening_beyond_loopback_without_tls_warns_in_one_sentence(store: Store) {
    store.init();
    let ended = store.serve_with(&["--listen", "0.0.0.0:0"]).stop();
    let warned = warnings(&ended.err);
    assert_eq!(warned.len(), 1, "{}", ended.err);
    assert!(
        warned[0].contains("without TLS: secrets cross the network in clear; give --tls-certificate"),
        "{warned:?}"
    );

    // At each start.
    assert_eq!(warnings(&store.serve_with(&["--listen", "0.0.0.0:0"]).stop().err).len(), 1);
    assert_eq!(warnings(&store.serve_with(&["--listen", "0.0.0.0:0", "--behind-tls"]).stop().err), [""; 0]);
    assert_eq!(warnings(&store.serve().stop().err), [""; 0]);
    assert_eq!(warnings(&store.serve_with(&["--listen", "127.0.0.2:0"]).stop().err), [""; 0]);
}

async fn tls_is_spoken_by_the_process_itself(store: Store) {
    let founded = store.init();
    let (certificate, key) = certificate(&store, "one");
    let options = ["--tls-certificate", &certificate, "--tls-key", &key];
    let server = store.serve_with(&[&options[..], &["--listen", "0.0.0.0:0"]].concat());
    assert!(server.url().starts_with("https://"), "{}", server.url());
    let me = me_by_curl(&founded, &server, &["--cacert", &certificate]);
    assert!(me.contains(&founded.username), "{me}");
    assert_eq!(warnings(&server.err()), [""; 0], "nothing crosses the network in clear");

    let untrusted = curl(&founded, server.url(), &[]);
    assert_eq!(run(untrusted).code(), 60, "curl does not trust it without being told");
    let in_clear = curl(&founded, &server.url().replace("https://", "http://"), &[]);
    assert_ne!(run(in_clear).code(), 0, "plain HTTP is not answered");
    server.stop();

    // The same through the environment.
    let mut serve = store.serving(&[]);
    serve.env("CLAVIGER_TLS_CERTIFICATE", &certificate).env("CLAVIGER_TLS_KEY", &key);
    let server = Server::ready(serve);
    assert!(me_by_curl(&founded, &server, &["--cacert", &certificate]).contains(&founded.username));
}

/// In a variable a switch is turned on as one is used to, and a word that says neither is refused.
#[test]
fn the_variable_for_a_proxy_that_carries_tls_takes_what_says_yes_or_no() {
    let store = Store::new(On::Sqlite);
    store.init();
    let serving = |says: &str| {
        let mut serve = store.serving(&["--listen", "0.0.0.0:0"]);
        serve.env("CLAVIGER_BEHIND_TLS", says);
        serve
    };
    for (says, warned) in [("1", 0), ("true", 0), ("yes", 0), ("0", 1), ("false", 1)] {
        let ended = Server::ready(serving(says)).stop();
        assert_eq!(warnings(&ended.err).len(), warned, "{says}: {}", ended.err);
    }
    let refused = run(serving("perhaps"));
    assert_eq!(refused.code(), 2, "{}", refused.err);
}

#[test]
fn a_certificate_without_its_key_is_refused() {
    let store = Store::new(On::Sqlite);
    let ((certificate, key), (_, other)) = (certificate(&store, "one"), certificate(&store, "other"));
    assert_eq!(run(store.serving(&["--tls-certificate", &certificate])).code(), 2);
    let refusal = run(store.serving(&["--tls-certificate", &certificate, "--tls-key", &other])).refused(1);
    assert!(refusal.contains("do not fit together"), "{refusal}");
    let refusal = run(store.serving(&["--tls-certificate", &key, "--tls-key", &key])).refused(1);
    assert!(refusal.contains("certificate"), "{refusal}");
    let refusal = run(store.serving(&["--tls-certificate", &certificate, "--tls-key", "/nonexistent"])).refused(1);
    assert!(refusal.contains("/nonexistent holds no private key"), "{refusal}");
    assert!(!store.data().exists(), "no store is made for a server that cannot be reached");
}

/// A certificate for this machine that signs itself, and its key, as files.
pub(crate) fn certificate(store: &Store, name: &str) -> (String, String) {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let file = |ending: &str, text: String| -> String {
        let path: PathBuf = store.home().join(format!("{name}.{ending}"));
        fs::write(&path, text).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    };
    (file("crt", made.cert.pem()), file("key", made.signing_key.serialize_pem()))
}

fn curl(founded: &Founded, url: &str, options: &[&str]) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--noproxy", "*"]).args(options);
    curl.args(["-u", &format!("{}:{}", founded.username, founded.secret), &format!("{url}/api/app/me")]);
    curl
}

fn me_by_curl(founded: &Founded, server: &Server, options: &[&str]) -> String {
    run_other(curl(founded, server.url(), options))
}
