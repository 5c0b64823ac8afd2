//! Every secret that was handed out to a test, and a search for any of them in what a process wrote.
//!
//! Looked for is not the whole secret but twelve characters out of its middle, and as many out of the base64 form in
//! which it travels: a part of a secret in a log is a finding too. One pass over the text finds any number of them.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// So many characters of base62 are nobody's by chance.
const PIECE: usize = 12;

type Piece = [u8; PIECE];

static HANDED_OUT: Mutex<Option<HashSet<Piece>>> = Mutex::new(None);

/// From now on nobody may write this.
pub(crate) fn handed_out(username: &str, secret: &str) {
    let is_token = ["cvi_", "cvs_", "cvu_", "cvr_"].iter().any(|kind| secret.starts_with(kind)) && secret.len() > 42;
    assert!(is_token || (secret.starts_with("cvg_") && secret.len() == 42), "what was handed out is no secret");
    let travelling = BASE64_STANDARD.encode(format!("{username}:{secret}"));
    let mut pieces = HANDED_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    let pieces = pieces.get_or_insert_default();
    pieces.insert(piece(&secret[8..]));
    // The end of the base64 form is the end of the secret, less what the padding touches.
    pieces.insert(piece(&travelling[travelling.len() - 2 * PIECE..]));
}

/// The same of what is no token of ours, and in no header: a second factor's secret, a recovery code.
pub(crate) fn handed_out_too(secret: &str) {
    let mut pieces = HANDED_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    pieces.get_or_insert_default().insert(piece(secret));
}

/// Whether any secret that was handed out to any test is in this text.
pub(crate) fn is_in(text: &str) -> bool {
    let pieces = HANDED_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(pieces) = pieces.as_ref() else { return false };
    text.as_bytes().windows(PIECE).any(|window| pieces.contains(window))
}

/// Panics if any secret is in this text. The text is not quoted: it would be in the test's own log.
pub(crate) fn are_not_in(what: &str, text: &str) {
    assert!(!is_in(text), "{what} holds a secret that was handed out");
}

fn piece(text: &str) -> Piece {
    text.as_bytes()[..PIECE].try_into().expect("long enough")
}

#[test]
fn a_secret_is_found_in_clear_and_as_it_travels() {
    let secret = format!("cvg_{}", "Ab3dEf6hIj".repeat(4).split_at(38).0);
    handed_out("tester.000000.service-account", &secret);
    assert!(is_in(&format!("a line with {secret} in it")));
    let travelling = BASE64_STANDARD.encode(format!("tester.000000.service-account:{secret}"));
    assert!(is_in(&format!("authorization: Basic {travelling}")));
    assert!(!is_in("a line with cvg_ in it, and tester.000000.service-account"));
}
