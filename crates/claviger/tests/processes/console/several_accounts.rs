//! What is done with several accounts at once: they are given access, lose it, and are deleted, all or none.

use super::chromium::{Chromium, Look};
use super::desk::Desk;
use crate::server::Store;

in_every_look![several_accounts_are_granted_access_and_deleted];

async fn several_accounts_are_granted_access_and_deleted(store: Store, look: Look) {
    let desk = Desk::with_an_owner(store).await;
    let mut callers = Vec::new();
    for name in ["alpha", "beta", "gamma"] {
        callers.push(desk.account(name).await);
    }
    let accounts = desk.of_organization("service-accounts");
    let browser = desk.owner_at(look, &accounts, "Service Accounts · Acme").await;
    chooses(&browser).await;
    browser.press("Grant access").await;
    browser.is_at("Grant access · Acme").await;
    browser.chooses("Project", "Web shop").await;
    browser.is_pictured("several-grant").await;
    browser.press_primary().await;
    browser.is_at("Service Accounts · Acme").await;
    browser.says("2 service accounts are Consumer of Web shop.").await;
    chooses(&browser).await;
    browser.press("Delete").await;
    browser.is_at("Delete service accounts · Acme").await;
    browser.is_pictured("several-delete").await;
    browser.types("Type 2 to delete 2 service accounts", "3").await;
    browser.press("Delete 2 service accounts").await;
    browser.is_at("Error: Delete service accounts · Acme").await;
    browser.types("Type 2 to delete 2 service accounts", "2").await;
    browser.press("Delete 2 service accounts").await;
    browser.is_at("Service Accounts · Acme").await;
    browser.says("2 service accounts were deleted.").await;
    for (caller, status) in callers.iter().zip([401, 401, 200]) {
        assert_eq!(caller.me().await.status, status, "{}", caller.username);
    }
    browser.close().await;
}

/// Alpha and beta.
async fn chooses(browser: &Chromium) {
    for name in ["alpha", "beta"] {
        browser.press_first(&format!("input[aria-label^='Select {name}.']")).await;
    }
}
