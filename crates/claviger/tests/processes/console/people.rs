//! People, teams, roles and rules: somebody is invited and joins, a team carries access, a role is made, a rule binds.

use super::chromium::{Chromium, Look};
use super::desk::{Desk, PASSWORD};
use crate::server::Store;

in_every_look![people_join_and_teams_carry_access];

async fn people_join_and_teams_carry_access(store: Store, look: Look) {
    let desk = Desk::with_an_owner(store).await;
    let browser = desk.owner_at(look, &desk.of_organization("users-teams"), "Users and Teams · Acme").await;
    let link = invites(&browser).await;
    let guest = Chromium::open(desk.server.url(), look).await;
    joins(&guest, link.strip_prefix(desk.server.url()).expect("a link to this server")).await;
    makes_a_team(&browser, &desk).await;
    guest.visits(&desk.of_project("overview"), "Overview · Web shop").await;
    guest.is_pictured("project-overview-member").await;
    guest.close().await;
    makes_a_role(&browser, &desk).await;
    sets_a_rule(&browser, &desk).await;
    browser.close().await;
}

/// The link.
async fn invites(browser: &Chromium) -> String {
    browser.press("Invite people").await;
    browser.is_at("Invite people · Acme").await;
    browser.is_pictured("invite").await;
    browser.types("E-mail", "mel@acme.example").await;
    browser.ticks("Member").await;
    browser.press("Make invitation").await;
    browser.is_at("Copy the link now · Acme").await;
    browser.reveals().await;
    let link = browser.new_link("#s", "invitation").await;
    browser.press("I have handed it over").await;
    browser.is_at("Users and Teams · Acme").await;
    link
}

async fn joins(guest: &Chromium, link: &str) {
    guest.visits(link, "Join Acme").await;
    guest.is_pictured("invitation").await;
    guest.types("Your name", "Mel").await;
    guest.types("Choose a password", "mel").await;
    guest.press("Join Acme").await;
    guest.is_at("Error: Join Acme").await;
    guest.types("Choose a password", PASSWORD).await;
    guest.press("Join Acme").await;
    guest.has_a_session().await;
    guest.goto(link).await;
    guest.says("This link opens no invitation.").await;
}

async fn makes_a_team(browser: &Chromium, desk: &Desk) {
    browser.press("Create team").await;
    browser.is_at("Create team · Acme").await;
    browser.types("Name", "Night watch").await;
    browser.press_primary().await;
    browser.is_at("Night watch · Acme").await;
    browser.types("Find members to add", "mel").await;
    browser.press("Find members to add").await;
    browser.ticks("Mel").await;
    browser.press("Add to Night watch").await;
    browser.is_at("Night watch · Acme").await;
    browser.says("Mel is in Night watch now.").await;
    browser.chooses("Role there", "Analyst").await;
    browser.press("Grant access").await;
    browser.is_at("Night watch · Acme").await;
    browser.says("Night watch is Analyst of Web shop now.").await;
    browser.is_pictured("team").await;
    browser.visits(&desk.of_organization("users-teams"), "Users and Teams · Acme").await;
    browser.press("Mel").await;
    browser.is_at("Mel · Acme").await;
    browser.says("Team Night watch").await;
    browser.is_pictured("user").await;
}

async fn makes_a_role(browser: &Chromium, desk: &Desk) {
    browser.visits(&desk.of_project("roles"), "Roles · Web shop").await;
    browser.press("Create role").await;
    browser.is_at("New role · Web shop").await;
    browser.types("Name", "Exporter").await;
    browser.types("Permissions of your own", "reports:export").await;
    browser.is_pictured("role").await;
    browser.press_primary().await;
    browser.is_at("Roles · Web shop").await;
    browser.says("Exporter was created.").await;
}

async fn sets_a_rule(browser: &Chromium, desk: &Desk) {
    browser.visits(&desk.of_organization("access-security"), "Access Security · Acme").await;
    browser.ticks("Require an expiry").await;
    browser.press("Save rules").await;
    browser.is_at("Access Security · Acme").await;
    browser.says("The rules were saved.").await;
    browser.visits(&desk.of_organization("service-accounts/new"), "Create a service account · Acme").await;
    assert_eq!(browser.count("input[name=expires][value=never]").await, 0, "what the rule forbids is not offered");
}
