//! The rules, held against models that are slow, obvious and written independently of them.
//!
//! - `authorization_header`: what a caller presents, against a parser that goes letter by letter; the form of secrets.
//! - `effective_roles`: what grants add up to and what they permit, against loops over plain rows.
//! - `histories`: what stays true over random histories of use cases.
//! - `secrets`: the same of secrets: their number, their ends, who prolongs them.
//! - `ownership`: who looks after an account, as owners come and go.
//! - `people`: invitations and memberships, and people as callers against accounts in the same roles.
//! - `several_accounts`: several accounts deleted in one decision, against one for each; what is offered to be given.
//! - `several_people`: several people in one decision, against one decision for each; and who leaves a project.
//! - `slugs`: which project a slug leads to, and that it leads to one.
//! - `sessions`, `set_up`: signing in and out, idle and absolute ends; the link for the first owner who is a person.
//! - `recovery`: second factors, and links by which people choose another password.
//! - `restored`, `revoked_again`: a store that went back in time, suspended, or with what was revoked since revoked again.
//! - `catalogue`: the rows of "Who may do what" in the security catalogue, one by one.
//!
//! They stand on `world` (an installation, and random histories of it), `command` (all use cases under one name),
//! `rows` (what a store would keep, and what it adds up to), `chance` (randomness with a seed) and `slow_reading` (the
//! parser that goes letter by letter).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod authorization_header;
mod catalogue;
mod chance;
mod command;
mod effective_roles;
mod histories;
mod ownership;
mod people;
mod recovery;
mod restored;
mod revoked_again;
mod rows;
mod secrets;
mod sessions;
mod set_up;
mod several_accounts;
mod several_people;
mod slow_reading;
mod slugs;
mod world;
