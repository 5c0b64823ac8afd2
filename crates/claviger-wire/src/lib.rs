//! The wire contract: the bodies, the envelopes and the forms of the App API, with their OpenAPI schemas.
//!
//! Nothing else in the house knows JSON. Servers turn these types into typed commands at their edge, clients turn them
//! into what they show. Field names and envelopes are binding: clients that exist in the world decode them.
//!
//! What must stay true: a list is never `null`, a map is never `null`, an id is a JSON integer below 2^53, a time is
//! RFC 3339 in UTC with whole seconds.

pub mod audit;
pub mod envelope;
pub mod explanation;
pub mod invitations;
pub mod me;
pub mod nodes;
pub mod people;
pub mod policies;
pub mod projects;
pub mod roles;
pub mod secrets;
pub mod service_accounts;
pub mod teams;
pub mod time;
pub mod token;
pub mod workspaces;

pub mod older;
mod optional;
