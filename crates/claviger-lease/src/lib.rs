//! How a write reaches every node that answers, as a state machine.
//!
//! The promise: *when a write has been answered with success, every request that reaches any node after that moment is
//! decided by a state that contains the write*; also while a node is cut off, paused or restarting. It rests on two parts
//! that meet in one table of the store, a row a node:
//!
//! - a [`Member`] answers from its image only while it holds a lease, and it gets one only from a [`Report`] that found
//!   its row. The lease counts from before the report was sent.
//! - a [`Wait`] of the node that writes ends when every row has reached the write, or has been silent for longer than its
//!   lease can last, and is then marked out by the store.
//!
//! This crate is pure: no I/O, no async, no clock. A moment ([`Reading`]) comes in as an argument and is the node's own;
//! nothing here compares the clocks of two nodes. The server, the model and the simulation drive this same code.
//!
//! What must stay true: nothing but a reply to a report gives a lease; no row, no lease; a lease counts from the reading
//! that was taken before the report was sent; a wait counts from a reading that was taken after the commit's reply.

pub mod member;
pub mod position;
pub mod timing;
pub mod wait;

pub use self::member::{Member, Reply, Report};
pub use self::position::{Incarnation, Mark, Position, Revision};
pub use self::timing::{Drift, LeaseLength, Reading};
pub use self::wait::{Row, Wait};
