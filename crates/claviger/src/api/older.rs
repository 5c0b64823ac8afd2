//! Older paths by which clients in the world reach projects, teams and members.
//!
//! They have the rules, envelopes and slashes of all others, and a credential by `Authorization` alone: what is posted as a
//! form comes without a session, so no other site's page can send it for somebody.
//!
//! What must stay true: this room adds no rule. It translates, and calls the use cases that the other paths call.

pub(super) mod members;
pub(super) mod projects;
pub(super) mod teams;
pub(super) mod timezones;

pub(super) mod form;
