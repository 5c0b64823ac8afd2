//! The rules of Claviger, and nothing else.
//!
//! This crate says who a caller is, what he may do, and what a write changes. It is pure: no I/O, no async, no HTTP, no
//! SQL, no JSON, no clock and no source of randomness. The time ([`Moment`]) and random bytes ([`RandomBytes`]) come in
//! as arguments, so the same directory, caller, command, time and bytes always give the same [`Decision`].
//!
//! The way through: [`credential::present`] reads what a caller shows, [`Directory::authenticate`] says who he is,
//! [`authorize::authorize`] answers a [`Permit`] or a [`Refusal`], and a use case in [`administration`] turns a permit
//! into a [`Decision`]: the [`Change`]s to make and the [`Event`]s that record them.
//!
//! What must stay true: a `Decision` holds at least one event, an event is made only from a `Permit`, and a `Permit` is
//! made only by [`authorize`]. So nothing can be written that nobody was allowed to write.

pub mod administration;
pub mod authorize;
pub mod change;
pub mod credential;
pub mod decision;
pub mod directory;
pub mod effective;
pub mod email;
pub mod event;
pub mod expiry;
pub mod grant;
pub mod identity;
pub mod labels;
pub mod ownership;
pub mod password;
pub mod permission;
pub mod policy;
pub mod random_bytes;
pub mod refusal;
pub mod revision;
pub mod role;
pub mod second_factor;
pub mod text;

pub use authorize::{Basis, Caller, Permit, Scope};
pub use change::Change;
pub use decision::{Decided, Decision};
pub use directory::{Directory, Draft};
pub use event::Event;
pub use expiry::{Expiry, Moment};
pub use random_bytes::RandomBytes;
pub use refusal::Refusal;
pub use revision::{Mark, Revision};
