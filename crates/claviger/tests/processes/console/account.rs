//! What is done on an account's page: its secret is rotated, it is granted access and loses it, it is disabled, protected,
//! and deleted.

use super::chromium::{Chromium, Look};
use super::desk::{Desk, EMAIL, PASSWORD};
use crate::client::Caller;
use crate::secrets;
use crate::server::Store;

in_every_look![an_account_lives_and_ends];

async fn an_account_lives_and_ends(store: Store, look: Look) {
    let desk = Desk::with_an_owner(store).await;
    let (id, old) = desk.api().create(desk.founded.organization, "nightly-export").await;
    let browser = Chromium::open(desk.server.url(), look).await;
    browser.goto(&desk.of_organization(&format!("service-accounts/{id}"))).await;
    browser.is_at("Sign in").await;
    browser.signs_in(EMAIL, PASSWORD).await;
    browser.is_at("nightly-export · Acme").await;
    browser.is_pictured("service-account-new-born").await;
    let new = rotates(&browser, &old).await;
    gains_and_loses_access(&browser).await;
    stands_still(&browser, &new).await;
    is_deleted(&browser, &[old, new]).await;
    browser.close().await;
}

/// Both secrets count until the old one is revoked.
async fn rotates(browser: &Chromium, old: &Caller) -> Caller {
    browser.press("Rotate").await;
    browser.is_at("Rotate nightly-export · Acme").await;
    browser.is_pictured("rotate").await;
    browser.types("Name of the new secret", "second").await;
    browser.press_primary().await;
    browser.is_at("Copy the secret now · Acme").await;
    let (username, secret, _) = browser.new_secret().await;
    secrets::handed_out(&username, &secret);
    let new = old.with(&username, &secret);
    new.me().await.is(200);
    old.me().await.is(200);
    browser.press("I have stored it").await;
    browser.is_at("nightly-export · Acme").await;
    browser.press_in("Secret ", "Revoke").await;
    let revoke = browser.heading().await;
    browser.is_at(&format!("{revoke} of nightly-export · Acme")).await;
    browser.is_pictured("secret-revoke").await;
    browser.press(&revoke).await;
    browser.is_at("nightly-export · Acme").await;
    browser.says("was revoked").await;
    assert_eq!(old.me().await.status, 401);
    new.me().await.is(200);
    new
}

async fn gains_and_loses_access(browser: &Chromium) {
    browser.press("Grant access").await;
    browser.is_at("Grant access to nightly-export · Acme").await;
    browser.is_pictured("grant").await;
    browser.ticks("Analyst").await;
    browser.press("Grant access").await;
    browser.is_at("nightly-export · Acme").await;
    browser.says("nightly-export is Analyst in Web shop.").await;
    browser.types("Permission", "data:read").await;
    browser.press("Explain").await;
    browser.is_at("nightly-export · Acme").await;
    browser.says("Yes. nightly-export may data:read in Web shop").await;
    browser.is_pictured("service-account").await;
    browser.press_in("Whole project", "Revoke").await;
    browser.is_at("nightly-export · Acme").await;
    browser.says("Analyst in Web shop was revoked.").await;
    browser.says("It reaches nothing yet.").await;
}

async fn stands_still(browser: &Chromium, account: &Caller) {
    browser.press("Disable nightly-export").await;
    browser.is_at("nightly-export · Acme").await;
    browser.says("Every request is refused.").await;
    browser.is_pictured("service-account-disabled").await;
    assert_eq!(account.me().await.status, 401);
    browser.press("Enable nightly-export").await;
    browser.is_at("nightly-export · Acme").await;
    account.me().await.is(200);
    browser.press("Protect nightly-export").await;
    browser.is_at("nightly-export · Acme").await;
    assert_eq!(browser.count("a.btn.del").await, 0, "what is protected cannot be deleted");
    browser.press("Unprotect nightly-export").await;
    browser.is_at("nightly-export · Acme").await;
}

async fn is_deleted(browser: &Chromium, callers: &[Caller]) {
    let address = browser.path().await;
    browser.press("Delete nightly-export").await;
    browser.is_at("Delete nightly-export · Acme").await;
    browser.says("What stops working").await;
    browser.types("Type nightly-export to delete it", "nightly").await;
    browser.press("Delete everywhere").await;
    browser.is_at("Error: Delete nightly-export · Acme").await;
    browser.is_pictured("service-account-delete-error").await;
    browser.types("Type nightly-export to delete it", "nightly-export").await;
    browser.press("Delete everywhere").await;
    browser.is_at("Service Accounts · Acme").await;
    browser.says("nightly-export was deleted.").await;
    for caller in callers {
        assert_eq!(caller.me().await.status, 401);
    }
    browser.goto(&address).await;
    browser.says("MK deleted nightly-export").await;
}
