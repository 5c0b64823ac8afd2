//! From the sign-in page to a first request with a new account's secret, and what is left of it in the browser: nothing.

use super::chromium::{Chromium, Look};
use super::desk::Desk;
use crate::client::Caller;
use crate::secrets;
use crate::server::Store;

in_every_look![a_first_account_is_made_and_its_secret_is_shown_once];

async fn a_first_account_is_made_and_its_secret_is_shown_once(store: Store, look: Look) {
    let desk = Desk::with_an_owner(store).await;
    let accounts = desk.of_organization("service-accounts");
    let browser = desk.owner_at(look, &accounts, "Service Accounts · Acme").await;
    browser.press("Create service account").await;
    browser.is_at("Create a service account · Acme").await;
    browser.types("Name", "nightly-export").await;
    browser.ticks("Analyst").await;
    browser.press_primary().await;
    browser.is_at("Copy the secret now · Acme").await;
    browser.says("nightly-export is ready").await;
    let (username, secret) = browser.new_secret().await;
    let caller = Caller::new(desk.server.url(), &username, &secret);
    if look.without_scripts {
        caller.me().await.is(200);
        assert_eq!(browser.count("[data-first]:not([hidden])").await, 0, "nothing is promised that does not happen");
    } else {
        browser.sees_text("[data-first]", "First request: none yet.").await;
        caller.me().await.is(200);
        browser.sees_text("[data-first]", "from 127.0.0.1, accepted.").await;
    }
    browser.press("I have stored it").await;
    browser.is_at("nightly-export · Acme").await;
    browser.back().await;
    shows_no_secret(&browser).await;
    browser.visits(&accounts, "Service Accounts · Acme").await;
    browser.back().await;
    shows_no_secret(&browser).await;
    browser.goto(&desk.of_project("service-accounts")).await;
    browser.reload().await;
    shows_no_secret(&browser).await;
    browser.close().await;
}

/// Whatever page the browser went back to.
async fn shows_no_secret(browser: &Chromium) {
    secrets::are_not_in("a page that was gone back to", &browser.source().await);
}
