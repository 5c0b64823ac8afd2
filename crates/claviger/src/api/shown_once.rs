//! The one place where a secret goes to the wire.
//!
//! What must stay true: only the answer to the request that made a secret holds it.

use claviger_access::credential::Secret;
use claviger_wire::token::Token;

/// A secret that was just made, for the answer that shows it.
pub(super) fn token(made: &Secret) -> Token {
    Token::new(made.reveal())
}
