//! The revocation meter: for how long is a credential still accepted, once a server has answered that it is revoked?
//!
//! It measures any server by what its user tells it to do there ([`plan`]): a credential is created, used from many connections
//! without pause, revoked, and used on until nobody accepts it any more ([`round`]). What the connections saw becomes a number in
//! [`tally`], many rounds become a report in [`statistics`], and a [`picture`].
//!
//! What makes it honest:
//! - **One clock.** All moments are read from the monotonic clock of this one process. Nothing depends on another machine's.
//! - **The moment is the server's own word**: when the *whole* answer to the revocation had arrived. What was asked and not answered
//!   is asked again, and no moment.
//! - **A use counts by when it was sent**, not by when it was answered. What was on its way when the answer came is held against
//!   nobody, so a window is never longer than it was; it may have been longer by the time between two uses, which is told (`blind`).
//! - **The credential was good, and is seen to be refused.** A round in which it was never accepted, or in which an address gave only
//!   errors afterwards, proves nothing there, and is no round with a window of 0.
//! - **What is neither acceptance nor refusal** (503, a time-out, no connection) is counted apart.
//! - **A round that does not end** is counted as one, and its window is a least one.
//! - **Nothing is left out**: rounds that failed are in the count, and the exit code tells.
//!
//! What must stay true: no value of a round is printed or logged but its name and `id`; what was made is revoked or named.

pub mod canary;
pub mod captured;
pub mod carrying;
mod clock;
pub mod example;
pub mod picture;
pub mod plan;
pub mod round;
pub mod statistics;
pub mod statuses;
pub mod tally;
pub mod template;
pub mod values;
