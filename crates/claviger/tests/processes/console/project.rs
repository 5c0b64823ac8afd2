//! What an admin of a project does in its settings: he creates an account, changes its role, takes it off, adds it again.

use super::chromium::{Chromium, Look};
use super::desk::Desk;
use crate::server::Store;

in_every_look![a_project_has_accounts_of_its_own];

async fn a_project_has_accounts_of_its_own(store: Store, look: Look) {
    let desk = Desk::with_an_owner(store).await;
    let account = desk.account("nightly-export").await;
    let admin = desk.joins("Pia", "pia@acme.example", "member").await;
    desk.gives(admin, "admin").await;
    let accounts = desk.of_project("service-accounts");
    let browser = desk.person_at("pia@acme.example", look, &accounts, "Service Accounts · Web shop").await;
    creates(&browser, &account).await;
    adds(&browser, &account.username).await;
    browser.press_in("nightly-export", "Change role of nightly-export").await;
    browser.is_at("Service Accounts · Web shop").await;
    browser.chooses("Role of nightly-export in Web shop", "Analyst").await;
    browser.press("Change role of nightly-export").await;
    browser.is_at("Service Accounts · Web shop").await;
    browser.says("nightly-export is Analyst of Web shop now.").await;
    browser.press("Remove nightly-export from Web shop").await;
    browser.is_at("Service Accounts · Web shop").await;
    browser.says("It keeps no other project.").await;
    account.me().await.is(200);
    browser.visits(&desk.of_organization("service-accounts"), "Service Accounts · Acme").await;
    browser.says("Only owners and admins of Acme see its service accounts.").await;
    browser.close().await;
}

async fn creates(browser: &Chromium, other: &crate::client::Caller) {
    browser.press("Create service account").await;
    browser.is_at("Create service account · Web shop").await;
    browser.is_pictured("project-service-account-new").await;
    browser.types("Name", "deploy").await;
    browser.press_primary().await;
    browser.is_at("Copy the secret now · Acme").await;
    let (username, secret) = browser.new_secret().await;
    let me = other.with(&username, &secret).me().await.is(200);
    assert!(me["projects"].to_string().contains("\"role\":\"admin\""), "{me}");
    browser.press("I have stored it").await;
    browser.is_at("Service Accounts · Web shop").await;
}

async fn adds(browser: &Chromium, username: &str) {
    browser.types("Service account to add", username).await;
    browser.press("Find").await;
    browser.is_at("Add a service account · Web shop").await;
    browser.is_pictured("project-add").await;
    browser.chooses("Role", "Consumer").await;
    browser.press("Add to Web shop").await;
    browser.is_at("Service Accounts · Web shop").await;
    browser.says("nightly-export is Consumer of Web shop now.").await;
}
