//! The values of `Authorization` headers, arbitrary bytes.
//!
//! An input that begins with `2` is two values, parted by the first NUL; any other is one. What is read of them must be
//! what the slow parser of the tests reads, and it authenticates only if username and secret are the account's own.
#![no_main]

#[path = "../../crates/claviger-access/tests/rules/slow_reading.rs"]
#[allow(unreachable_pub, dead_code)]
mod slow_reading;

use std::sync::LazyLock;

use claviger_access::credential::{self, BasicForm, SecretDigest};
use claviger_access::directory::{HeldSecret, Loader, Principal};
use claviger_access::identity::{OrganizationId, PrincipalId, PrincipalKind, SecretId};
use claviger_access::{Directory, Expiry, Mark, Moment, Revision};
use libfuzzer_sys::fuzz_target;

use self::slow_reading::{Read, read_slowly, sha256};

/// The one account that there is; the seeds hold its credential.
const USERNAME: &str = "seed.0a1b2c.service-account";
const SECRET: &str = "cvg_0123456789abcdefghijklmnopqrstuv000000";

static DIRECTORY: LazyLock<Directory> = LazyLock::new(one_account);

fuzz_target!(|data: &[u8]| {
    let headers = headers(data);
    let presented = credential::present(headers.iter().map(Vec::as_slice));
    let read = presented.as_ref().map(|presented| Read {
        username: presented.username().to_owned(),
        secret_digest: *presented.digest().as_bytes(),
        is_plain_text: presented.form() == BasicForm::PlainText,
    });
    let expected = read_slowly(&headers);
    assert_eq!(read, expected);

    let now = Moment::from_seconds(1_800_000_000).expect("a moment");
    let caller = presented.and_then(|presented| Some(DIRECTORY.authenticate(&presented, now).ok()?.principal.id()));
    let is_the_account = expected.is_some_and(|read| read.username == USERNAME && read.secret_digest == sha256(SECRET));
    match caller {
        Some(principal) => assert!(is_the_account && principal.number() == 2),
        None => assert!(!is_the_account),
    }
});

fn headers(data: &[u8]) -> Vec<Vec<u8>> {
    match data {
        [b'2', rest @ ..] => rest.splitn(2, |byte| *byte == 0).map(<[u8]>::to_vec).collect(),
        one => vec![one.to_vec()],
    }
}

fn one_account() -> Directory {
    let organization = OrganizationId::new(1).expect("an id");
    let mut loader = Loader::new(0x5eed, 1);
    loader.organization(organization, "Seeds".to_owned());
    let id = SecretId::new(3).expect("an id");
    let secret = HeldSecret::new(id, Expiry::NEVER, SecretDigest::from_bytes(sha256(SECRET)));
    loader.principal(&Principal {
        id: PrincipalId::new(2).expect("an id"),
        kind: PrincipalKind::ServiceAccount,
        organization: Some(organization),
        name: USERNAME.to_owned(),
        deleted: false,
        disabled: false,
        protected: false,
        secrets: vec![secret],
        grants: Vec::new(),
        teams: Vec::new(),
    });
    loader.finish(Revision::ZERO, Mark::ZERO, 4)
}
