//! The behaviour of the server, through its real HTTP surface, against both stores from one source.
//!
//! Each test gets a [`World`](world::World): a server on a store of its own, with organizations, projects, workspaces
//! and accounts as its text says. After each test the world is looked through: the image equals what a load gives and
//! what a replay of all changes gives, every mutation has its event, and no secret that was made is in the log or in
//! the store.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/totp.rs"]
mod totp;

mod answer;
mod browser;
mod envoy;
mod looked_through;
mod raw;
mod released_statements;
mod smtp;
mod world;

mod account_secrets;
mod account_state;
mod around_the_server;
mod audit_chain;
mod audit_events_reference;
mod audit_export;
mod audit_log;
mod authorization_table;
mod console;
mod console_account;
mod console_account_filters;
mod console_account_pages;
mod console_audit_log;
mod console_bulk;
mod console_create;
mod console_foreign_names;
mod console_invitations;
mod console_onward;
mod console_overview;
mod console_people;
mod console_policies;
mod console_profile;
mod console_project_accounts;
mod console_project_list;
mod console_project_roles;
mod console_project_settings;
mod console_project_users;
mod console_project_workspaces;
mod console_refusals;
mod console_reset;
mod console_rotate;
mod console_second_factor;
mod console_sessions;
mod console_set_up;
mod console_teams;
mod console_two_editors;
mod custom_roles;
mod description;
mod errors_reference;
mod explain;
mod ext_authz;
mod forward_auth;
mod forward_auth_routes;
mod histories;
mod http2;
mod idempotency;
mod in_process;
mod invitations;
mod me;
mod members;
mod metrics;
mod observations;
mod older_members;
mod older_paths;
mod organization_accounts;
mod ownership;
mod paging;
mod policies;
mod presented_credentials;
mod project_accounts;
mod project_slugs;
mod projects;
mod secrets_made;
mod shapes;
mod store;
mod teams;
mod trusted_proxies;
mod usage;
mod who_may_do_what;
mod workspaces;
mod writes;
