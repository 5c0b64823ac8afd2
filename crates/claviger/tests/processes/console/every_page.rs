//! Every page, in every look: nothing sticks out, an accessibility checker finds nothing, and a picture is left of it.

use super::chromium::{Chromium, Look};
use super::desk::Desk;
use crate::server::{Store, on_both_stores};

on_both_stores![every_page_is_well_made_in_light_and_dark_and_on_a_phone];

async fn every_page_is_well_made_in_light_and_dark_and_on_a_phone(store: Store) {
    let desk = Desk::with_an_owner(store).await;
    for look in [Look::default(), Look { dark: true, ..Look::default() }, Look { phone: true, ..Look::default() }] {
        let browser = Chromium::open(desk.server.url(), look).await;
        browser.goto("/console/sign-in").await;
        browser.is_at("Sign in").await;
        browser.is_pictured("sign-in").await;
        browser.signs_in(super::desk::EMAIL, super::desk::PASSWORD).await;
        for (name, path, title) in pages(&desk) {
            browser.goto(&path).await;
            browser.is_at(&title).await;
            browser.is_pictured(name).await;
        }
        browser.close().await;
    }
}

/// The name of its picture, its address, its title.
fn pages(desk: &Desk) -> Vec<(&'static str, String, String)> {
    let organization = |name, page: &str, title: &str| (name, desk.of_organization(page), format!("{title} · Acme"));
    let project = |name, page: &str, title: &str| (name, desk.of_project(page), format!("{title} · Web shop"));
    vec![
        organization("service-accounts", "service-accounts", "Service Accounts"),
        organization("service-account-new", "service-accounts/new", "Create a service account"),
        organization("projects", "projects", "Projects"),
        organization("users-teams", "users-teams", "Users and Teams"),
        organization("access-security", "access-security", "Access Security"),
        organization("audit-log", "audit-log", "Audit Log"),
        project("project-overview", "overview", "Overview"),
        project("project-users", "users", "Project Users"),
        project("project-service-accounts", "service-accounts", "Service Accounts"),
        project("project-roles", "roles", "Roles"),
        project("project-workspaces", "workspaces", "Workspaces"),
        project("project-audit-log", "audit-log", "Audit Log"),
        ("profile", "/console/profile".to_owned(), "Profile".to_owned()),
        ("sessions", "/console/profile/sessions".to_owned(), "Sessions".to_owned()),
        ("second-factor", "/console/profile/second-factor".to_owned(), "Second factor".to_owned()),
    ]
}
