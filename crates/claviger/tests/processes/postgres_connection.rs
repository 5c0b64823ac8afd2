//! Connections to a PostgreSQL that asks for a password and for TLS: what is verified, and where the password stands.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use sqlx::{AnyPool, Row};

use crate::postgres::Cluster;
use crate::process::{Ended, run};
use crate::server::{Founded, Store, set_mode};

const ROLE: &str = "guarded";
const PASSWORD: &str = "hushhush-of-the-guarded";

/// A server that lets [`ROLE`] in with its password and over TLS alone, and shows a certificate for `localhost`.
struct Guarded {
    cluster: Cluster,
    authority: String,
}

impl Guarded {
    fn shared() -> &'static Self {
        static SHARED: OnceLock<Guarded> = OnceLock::new();
        SHARED.get_or_init(|| {
            let (authority, certificate, key) = certified("localhost", "an authority");
            let cluster = Cluster::start();
            cluster.guard(ROLE, PASSWORD, &certificate, &key);
            Self { cluster, authority }
        })
    }

    /// A store in a database of its own, reached by this name of the machine with these parameters.
    fn store(&self, host: &str, parameters: impl FnOnce(&Path) -> String) -> Store {
        let url = self.cluster.url(&self.cluster.database_of(ROLE));
        let (_, address) = url.split_once("@127.0.0.1").expect("a URL of the cluster's");
        Store::at(|home| format!("postgres://{ROLE}@{host}{address}?{}", parameters(home)))
    }

    /// The same, where only a server is spoken to that this authority vouches for by this name.
    fn verified(&self, host: &str, authority: &str) -> Store {
        self.store(host, |home| {
            let file = home.join("root.crt");
            std::fs::write(&file, authority).expect("written");
            format!("sslmode=verify-full&sslrootcert={}", file.display())
        })
    }

    /// The sessions in the store's database: their names, and whether each speaks TLS.
    async fn sessions(&self, store: &Store) -> BTreeMap<String, bool> {
        sqlx::any::install_default_drivers();
        let name = store.database().rsplit('/').find_map(|part| part.split_once("?sslmode")).expect("a name").0;
        let rows = AnyPool::connect(&self.cluster.url_of_superuser(name)).await.expect("the database");
        let asked = "SELECT application_name, CASE WHEN ssl THEN 1 ELSE 0 END FROM pg_stat_activity \
                     JOIN pg_stat_ssl USING (pid) WHERE datname = current_database() AND usename = $1";
        let found = sqlx::query(asked).bind(ROLE).fetch_all(&rows).await.expect("sessions");
        rows.close().await;
        found.iter().map(|row| (row.get::<String, _>(0), row.get::<i32, _>(1) == 1)).collect()
    }
}

/// An authority, and a certificate for this name with its key that the authority signed.
pub(crate) fn certified(name: &str, by: &str) -> (String, String, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, by);
    let key = KeyPair::generate().expect("a key");
    let authority = params.self_signed(&key).expect("an authority").pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new([name.to_owned()]).expect("a name");
    (authority, params.signed_by(&key, &issuer).expect("a certificate").pem(), key.serialize_pem())
}

/// Puts the password where libpq's users have it, behind a line for another server.
fn password_file(file: &Path, mode: u32) {
    std::fs::write(file, format!("elsewhere:*:*:{ROLE}:another\n*:*:*:{ROLE}:{PASSWORD}\n")).expect("written");
    set_mode(file, mode);
}

fn initializing(store: &Store) -> Command {
    store.command(&["init", "--organization", "Acme", "--project", "Web shop", "--output", "json"])
}

/// What `init` is refused with; the password is not in it.
fn refused(init: Command) -> String {
    let sentence = silent(run(init)).refused(1);
    assert!(sentence.starts_with("cannot connect to postgres://"), "{sentence}");
    sentence
}

fn silent(ended: Ended) -> Ended {
    assert!(!ended.out.contains("hushhush") && !ended.err.contains("hushhush"), "the password was written");
    ended
}

#[tokio::test]
async fn every_session_takes_the_password_from_the_file_at_home_and_speaks_tls() {
    let guarded = Guarded::shared();
    let store = guarded.verified("localhost", &guarded.authority);
    password_file(&store.home().join(".pgpass"), 0o600);
    let founded = Founded::from_json(&silent(run(initializing(&store))).ok());
    let server = store.serve_with(&["--log", "debug,sqlx=debug"]);
    let owner = founded.at(&server);
    owner.create(founded.organization, "nightly export").await;
    owner.get(&format!("/api/app/organizations/{}/service-accounts", founded.organization)).await.is(200);
    let all = ["claviger", "claviger listener", "claviger writer"].map(|name| (name.to_owned(), true));
    assert_eq!(guarded.sessions(&store).await, all.into());
    let copy = store.home().join("copy.db");
    silent(run(store.command(&["backup", "--to", copy.to_str().expect("UTF-8")]))).ok();
    silent(server.stop());
}

#[test]
fn a_password_file_may_be_named() {
    let guarded = Guarded::shared();
    let store = guarded.verified("localhost", &guarded.authority);
    let file = store.home().join("named");
    password_file(&file, 0o600);
    let mut init = initializing(&store);
    init.env("PGPASSFILE", &file);
    Founded::from_json(&silent(run(init)).ok());
}

#[test]
fn a_password_file_that_others_may_read_is_ignored_and_named() {
    let guarded = Guarded::shared();
    let store = guarded.verified("localhost", &guarded.authority);
    for (name, mode) in [("named", 0o640), ("named", 0o604), (".pgpass", 0o640)] {
        let file = store.home().join(name);
        password_file(&file, mode);
        let mut init = initializing(&store);
        if name != ".pgpass" {
            init.env("PGPASSFILE", &file);
        }
        let sentence = refused(init);
        let way_out =
            format!("others may read the password file {}, so it is ignored: run chmod 600 on it", file.display());
        assert!(sentence.ends_with(&way_out), "{sentence}");
    }
    set_mode(&store.home().join(".pgpass"), 0o600);
    silent(run(initializing(&store))).ok();
}

#[test]
fn a_wrong_password_and_none_are_refused() {
    let guarded = Guarded::shared();
    let store = guarded.verified("localhost", &guarded.authority);
    let mut wrong = initializing(&store);
    wrong.env("PGPASSWORD", "hushhush-of-another");
    for init in [wrong, initializing(&store)] {
        let sentence = refused(init);
        assert!(sentence.contains("password authentication failed for user \"guarded\"; set it in"), "{sentence}");
    }
}

#[test]
fn a_server_that_is_not_vouched_for_is_not_spoken_to() {
    let guarded = Guarded::shared();
    let stranger = certified("localhost", "another authority").0;
    for (store, reason) in [
        (guarded.verified("127.0.0.1", &guarded.authority), "not valid for name \"127.0.0.1\""),
        (guarded.verified("localhost", &stranger), "UnknownIssuer"),
        (guarded.store("localhost", |_| "sslmode=verify-full".to_owned()), "UnknownIssuer"),
    ] {
        password_file(&store.home().join(".pgpass"), 0o600);
        let sentence = refused(initializing(&store));
        assert!(sentence.contains("its certificate is not accepted") && sentence.contains(reason), "{sentence}");
        assert!(sentence.ends_with("name its authority by sslrootcert, and the host as the certificate does"));
    }
    let store = guarded
        .store("localhost", |home| format!("sslmode=verify-full&sslrootcert={}", home.join("nowhere.crt").display()));
    let sentence = refused(initializing(&store));
    assert!(sentence.contains("a file is not there: the one of sslrootcert"), "{sentence}");
}

#[tokio::test]
async fn tls_without_verification_needs_no_authority() {
    let guarded = Guarded::shared();
    let store = guarded.store("localhost", |_| "sslmode=require".to_owned());
    password_file(&store.home().join(".pgpass"), 0o600);
    silent(run(initializing(&store))).ok();
    let server = store.serve();
    let sessions = guarded.sessions(&store).await;
    assert!(
        sessions.contains_key("claviger listener") && sessions.values().all(|speaks_tls| *speaks_tls),
        "{sessions:?}"
    );
    silent(server.stop());
}

#[test]
fn a_connection_in_clear_is_refused_where_the_server_demands_tls_and_the_other_way_round() {
    let guarded = Guarded::shared();
    let in_clear = guarded.store("localhost", |_| "sslmode=disable".to_owned());
    password_file(&in_clear.home().join(".pgpass"), 0o600);
    let sentence = refused(initializing(&in_clear));
    assert!(sentence.contains("no encryption") && sentence.ends_with("if only over TLS (sslmode)"), "{sentence}");

    let without_tls = Store::at(|_| format!("{}?sslmode=require", Cluster::shared().database()));
    let sentence = refused(initializing(&without_tls));
    assert!(sentence.ends_with("server does not support TLS, and sslmode demands it"), "{sentence}");
}
