//! Every page, in every look: nothing sticks out, an accessibility checker finds nothing, and a picture is left of it.

use super::chromium::{Chromium, Look};
use super::desk::{Desk, EMAIL, PASSWORD};
use super::furnished::Furnished;
use super::routes;
use crate::first_owner::filed;
use crate::server::{Store, on_both_stores};

/// In light, in dark, on a phone.
const LOOKS: [Look; 3] = {
    let light = Look { phone: false, dark: false, without_scripts: false };
    [light, Look { dark: true, ..light }, Look { phone: true, ..light }]
};

on_both_stores![
    the_first_page_of_all_is_well_made,
    every_page_is_well_made_in_light_and_dark_and_on_a_phone,
    pages_with_nothing_on_them_say_what_to_do
];

async fn every_page_is_well_made_in_light_and_dark_and_on_a_phone(store: Store) {
    let furnished = Furnished::of(Desk::with_an_owner(store).await).await;
    let pages = pages(&furnished);
    for look in LOOKS {
        let browser = Chromium::open(furnished.desk.server.url(), look).await;
        for (name, path, title) in
            [("sign-in", "/console/sign-in", "Sign in"), ("forgotten", "/console/forgotten", "Forgotten password")]
        {
            browser.visits(path, title).await;
            browser.is_pictured(name).await;
        }
        browser.goto("/console/sign-in").await;
        browser.signs_in(EMAIL, PASSWORD).await;
        for (name, path, title) in &pages {
            browser.visits(path, title).await;
            browser.is_pictured(name).await;
        }
        shows_what_is_shown_once(&browser, &furnished, look).await;
        routes::are_all_among(&browser.looked_at());
        browser.close().await;
    }
}

/// What is shown as the answer to a form alone.
async fn shows_what_is_shown_once(browser: &Chromium, furnished: &Furnished, look: Look) {
    let desk = &furnished.desk;
    browser.goto(&desk.of_organization("service-accounts/new")).await;
    browser.types("Name", &format!("reports-{}", look.name())).await;
    browser.press_primary().await;
    browser.is_at("Copy the secret now · Acme").await;
    browser.is_pictured("secret-once").await;
    browser.new_secret().await;
    browser.press("I have stored it").await;
    browser.is_at(&format!("reports-{} · Acme", look.name())).await;
    browser.goto(&desk.of_organization("invitations/new")).await;
    browser.types("E-mail", &format!("{}@acme.example", look.name())).await;
    browser.press_primary().await;
    browser.is_at("Copy the link now · Acme").await;
    browser.is_pictured("invitation-link").await;
    browser.reveals().await;
    let invitation = browser.new_link("#s", "invitation").await;
    browser.press("I have handed it over").await;
    browser.is_at("Users and Teams · Acme").await;
    browser.goto(&desk.of_organization(&format!("users/{}/reset-link", furnished.person))).await;
    browser.press("Make the link").await;
    browser.is_at("Copy the link now · Acme").await;
    browser.is_pictured("reset-link-made").await;
    let reset = browser.new_link("#link", "reset link").await;
    browser.press("I have copied it").await;
    browser.is_at("Ada Byron · Acme").await;
    for (link, name, title) in [(&invitation, "invitation", "Join Acme"), (&reset, "reset", "Choose another password")]
    {
        browser.visits(link.strip_prefix(desk.server.url()).unwrap_or(link), title).await;
        browser.is_pictured(name).await;
    }
    browser.goto("/console/profile/second-factor").await;
    browser.press("Set up a second factor").await;
    browser.is_at("Set up a second factor").await;
    browser.is_pictured("second-factor-set-up").await;
}

async fn the_first_page_of_all_is_well_made(store: Store) {
    let server = store.serve();
    let (_, link) = filed(&server);
    for look in LOOKS {
        let browser = Chromium::open(server.url(), look).await;
        browser.visits(link.strip_prefix(server.url()).expect("a link to this server"), "First owner").await;
        browser.is_pictured("set-up").await;
        browser.close().await;
    }
}

async fn pages_with_nothing_on_them_say_what_to_do(store: Store) {
    let desk = Desk::with_an_owner(store).await;
    let browser = desk.owner_at(Look::default(), "/console/profile", "Profile").await;
    for (page, title, said) in [
        ("service-accounts?search=nobody", "Service Accounts", "No service account matches “nobody”"),
        ("service-accounts?view=expired", "Service Accounts", "No service account in this view"),
        ("service-accounts?role=custom", "Service Accounts", "No service account has a custom role"),
        ("users-teams?view=teams", "Users and Teams", "No teams yet"),
        ("users-teams?view=invitations", "Users and Teams", "Nobody is invited at the moment."),
        ("audit-log?action=team.deleted", "Audit Log", "No event matches"),
    ] {
        browser.visits(&desk.of_organization(page), &format!("{title} · Acme")).await;
        browser.says(said).await;
    }
    for (path, title, said) in [
        ("/console/nothing-here", "Not found", "Not found"),
        ("/console/organizations/999999/overview", "Not found", "No organization of yours"),
    ] {
        browser.visits(path, title).await;
        browser.says(said).await;
    }
    browser.close().await;
}

/// The name of its picture, its address, its title.
fn pages(furnished: &Furnished) -> Vec<(&'static str, String, String)> {
    let desk = &furnished.desk;
    let organization = |name, page: &str, title: &str| (name, desk.of_organization(page), format!("{title} · Acme"));
    let project = |name, page: &str, title: &str| (name, desk.of_project(page), format!("{title} · Web shop"));
    let own = |name, path: &str, title: &str| (name, path.to_owned(), title.to_owned());
    let account = |page: &str| format!("service-accounts/{}{page}", furnished.account);
    let (team, person) = (format!("teams/{}", furnished.team), format!("users/{}", furnished.person));
    let (role, workspace) = (format!("roles/{}", furnished.role), format!("workspaces/{}", furnished.workspace));
    let several = format!("id={}&id={}&project={}", furnished.account, furnished.other, desk.founded.project);
    let revoke = format!("/secrets/{}/revoke", furnished.secret);
    let revoked = format!("Revoke Secret {} of nightly-export", furnished.secret);
    vec![
        organization("overview", "overview", "Overview"),
        organization("service-accounts", "service-accounts", "Service Accounts"),
        organization("service-account-new", "service-accounts/new", "Create a service account"),
        organization(
            "service-account",
            &account(&format!("?where={}&permission=data:read", desk.founded.project)),
            "nightly-export",
        ),
        organization("service-account-edit", &account("/edit"), "Edit nightly-export"),
        organization("service-account-expiry", &account("/expiry"), "Expiry of nightly-export"),
        organization("service-account-owner", &account("/owner"), "Hand over nightly-export"),
        organization("service-account-grant", &account("/grant"), "Grant access to nightly-export"),
        organization("service-account-rotate", &account("/rotate"), "Rotate nightly-export"),
        organization("service-account-delete", &account("/delete"), "Delete nightly-export"),
        organization("service-account-secret-revoke", &account(&revoke), &revoked),
        organization("service-accounts-grant", &format!("service-accounts/grant?{several}"), "Grant access"),
        organization("service-accounts-revoke", &format!("service-accounts/revoke?{several}"), "Revoke access"),
        organization("service-accounts-delete", "service-accounts/delete?view=expired", "Delete service accounts"),
        organization("projects", "projects", "Projects"),
        organization("project-new", "projects/new", "Create project"),
        organization("users-teams", "users-teams", "Users and Teams"),
        organization("user", &person, "Ada Byron"),
        organization("user-remove", &format!("{person}/remove"), "Remove Ada Byron from Acme"),
        organization("reset-link", &format!("{person}/reset-link"), "Reset link"),
        organization("invite", "invitations/new", "Invite people"),
        organization("team", &team, "Data platform"),
        organization("team-delete", &format!("{team}/delete"), "Delete Data platform"),
        organization("team-new", "teams/new", "Create team"),
        organization("access-security", "access-security", "Access Security"),
        organization("audit-log", "audit-log", "Audit Log"),
        project("project-overview", "overview", "Overview"),
        project("project-users", "users", "Project Users"),
        project("project-user-add", "users/add?find=Lea", "Add a member"),
        project("project-teams", "users/teams", "Project Users"),
        project("project-team-add", "users/teams/add?find=Data", "Add a team"),
        project("project-service-accounts", "service-accounts", "Service Accounts"),
        project("project-service-account-add", "service-accounts/add?find=old", "Add a service account"),
        project("project-service-account-new", "service-accounts/new", "Create service account"),
        project("project-roles", "roles", "Roles"),
        project("project-role-new", "roles/new", "New role"),
        project("project-role", &role, "Exporter"),
        project("project-role-delete", &format!("{role}/delete"), "Delete Exporter"),
        project("project-workspaces", "workspaces", "Workspaces"),
        project("project-workspace", &workspace, "EU storefront"),
        project("project-workspace-delete", &format!("{workspace}/delete"), "Delete EU storefront"),
        project("project-audit-log", "audit-log", "Audit Log"),
        ("project-delete", desk.of_project("delete"), "Delete Web shop".to_owned()),
        own("profile", "/console/profile", "Profile"),
        own(
            "leave",
            &format!("/console/profile/organizations/{}/leave", desk.founded.organization),
            "Leave Acme · Acme",
        ),
        own("password", "/console/profile/password", "Change password"),
        own("sessions", "/console/profile/sessions", "Sessions"),
        own("second-factor", "/console/profile/second-factor", "Second factor"),
    ]
}
