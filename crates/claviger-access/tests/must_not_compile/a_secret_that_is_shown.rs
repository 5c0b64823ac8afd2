//! A secret cannot be printed, compared, copied or serialized; nor can its digest be compared but in constant time.

use claviger_access::credential::{Secret, SecretDigest};

fn print(secret: &Secret) -> String {
    format!("{secret}")
}

fn compare(one: &SecretDigest, other: &SecretDigest) -> bool {
    one == other
}

fn copy(secret: &Secret) -> Secret {
    secret.clone()
}

fn serializable<T: serde::Serialize>(_: &T) {}

fn serialize(secret: &Secret) {
    serializable(secret);
}

fn main() {}
