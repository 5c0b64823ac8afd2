//! Which page is at which address.

use axum::Router;
use axum::routing::{any, get, post};

use super::Console;
use super::{
    access_security, assets, audit_log, entrance, error_page, forgotten, invitation, overview, profile, project,
    projects, reset, reset_link, second_factor, service_account, service_accounts, set_up, sign_in, sign_in_code,
    teams, users_teams,
};

/// Pages of somebody who is signed in.
pub(super) fn of_the_signed_in() -> Router<Console> {
    own()
        .merge(of_organization())
        .merge(of_accounts())
        .merge(of_people())
        .merge(of_project())
        .merge(project::routes())
        .merge(service_account::pages())
}

/// Pages of who need not be signed in, and what is at no address.
pub(super) fn for_everybody() -> Router<Console> {
    Router::new()
        .route("/console/assets/{file}", get(assets::serve))
        .route("/console/invitations/{once}", get(invitation::show).post(invitation::accept))
        .route("/console/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route(forgotten::PATH, get(forgotten::show).post(forgotten::ask))
        .route("/console/reset/{once}", get(reset::show).post(reset::choose))
        .route(sign_in_code::PATH, get(sign_in_code::show).post(sign_in_code::sign_in))
        .route("/console/sign-out", post(sign_in::sign_out))
        .route(set_up::ROUTE, get(set_up::show).post(set_up::set_up))
        .route("/console/{*rest}", any(error_page::no_such_page))
}

/// Where one begins, and what is one's own.
fn own() -> Router<Console> {
    Router::new()
        .route("/", get(entrance::enter))
        .route("/console", get(entrance::enter))
        .route("/console/", get(entrance::enter))
        .route(profile::PATH, get(profile::show))
        .route("/console/profile/organizations/{org}/leave", get(profile::leave::show).post(profile::leave::leave))
        .route("/console/profile/password", get(profile::password::show).post(profile::password::change))
        .route(second_factor::PATH, get(second_factor::show).post(second_factor::begin))
        .route("/console/profile/second-factor/confirm", post(second_factor::confirm))
        .route("/console/profile/second-factor/recovery-codes", post(second_factor::renew))
        .route("/console/profile/second-factor/remove", post(second_factor::remove))
        .route("/console/profile/sessions", get(profile::sessions::show))
        .route("/console/profile/sessions/end-others", post(profile::sessions::end_others))
        .route("/console/profile/sessions/{id}/end", post(profile::sessions::end))
}

/// An organization's settings.
fn of_organization() -> Router<Console> {
    Router::new()
        .route("/console/organizations/{org}/access-security", get(access_security::show).post(access_security::save))
        .route("/console/organizations/{org}/audit-log", get(audit_log::of_organization))
        .route("/console/organizations/{org}/audit-log/export", get(audit_log::export::of_organization))
        .route("/console/organizations/{org}/audit-log/live", get(audit_log::live::of_organization))
        .route("/console/organizations/{org}/overview", get(overview::show))
        .route("/console/organizations/{org}/projects", get(projects::list).post(projects::new::create))
        .route("/console/organizations/{org}/projects/new", get(projects::new::show))
}

/// Its service accounts.
fn of_accounts() -> Router<Console> {
    Router::new()
        .route(
            "/console/organizations/{org}/service-accounts",
            get(service_accounts::list).post(service_accounts::new::create),
        )
        .route(
            "/console/organizations/{org}/service-accounts/delete",
            get(service_accounts::bulk::delete::show).post(service_accounts::bulk::delete::delete),
        )
        .route(
            "/console/organizations/{org}/service-accounts/grant",
            get(service_accounts::bulk::access::show_grant).post(service_accounts::bulk::access::grant),
        )
        .route(
            "/console/organizations/{org}/service-accounts/revoke",
            get(service_accounts::bulk::access::show_revoke).post(service_accounts::bulk::access::revoke),
        )
        .route("/console/organizations/{org}/service-accounts/new", get(service_accounts::new::show))
        .route(
            "/console/organizations/{org}/service-accounts/new/projects",
            get(service_accounts::new::names_of_projects),
        )
        .route(
            "/console/organizations/{org}/service-accounts/{id}/rotate",
            get(service_accounts::rotate::show).post(service_accounts::rotate::rotate),
        )
}

/// Its people, teams and invitations.
fn of_people() -> Router<Console> {
    Router::new()
        .route("/console/organizations/{org}/invitations", post(users_teams::invite::send))
        .route("/console/organizations/{org}/invitations/new", get(users_teams::invite::show))
        .route("/console/organizations/{org}/invitations/{id}/resend", post(users_teams::invitations::resend))
        .route("/console/organizations/{org}/invitations/{id}/withdraw", post(users_teams::invitations::withdraw))
        .route("/console/organizations/{org}/teams", post(teams::new::create))
        .route("/console/organizations/{org}/teams/new", get(teams::new::show))
        .route("/console/organizations/{org}/teams/{team}", get(teams::show::show))
        .route("/console/organizations/{org}/teams/{team}/add-members", post(teams::members::add))
        .route("/console/organizations/{org}/teams/{team}/delete", get(teams::delete::show).post(teams::delete::delete))
        .route("/console/organizations/{org}/teams/{team}/grant", post(teams::grants::grant))
        .route("/console/organizations/{org}/teams/{team}/remove-members", post(teams::members::remove))
        .route("/console/organizations/{org}/teams/{team}/rename", post(teams::rename::rename))
        .route("/console/organizations/{org}/teams/{team}/revoke", post(teams::grants::revoke))
        .route("/console/organizations/{org}/users-teams", get(users_teams::list))
        .route("/console/organizations/{org}/users/{id}", get(users_teams::person::show))
        .route(
            "/console/organizations/{org}/users/{id}/remove",
            get(users_teams::removal::show).post(users_teams::removal::remove),
        )
        .route("/console/organizations/{org}/users/{id}/reset-link", get(reset_link::show).post(reset_link::make))
        .route("/console/organizations/{org}/users/{id}/role", post(users_teams::person::change_role))
}

/// A project's settings.
fn of_project() -> Router<Console> {
    Router::new()
        .route("/console/projects/{project}/audit-log", get(audit_log::of_project))
        .route("/console/projects/{project}/audit-log/export", get(audit_log::export::of_project))
        .route("/console/projects/{project}/audit-log/live", get(audit_log::live::of_project))
}
