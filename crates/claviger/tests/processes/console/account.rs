//! What is done on an account's page: it gets an end, its secret is rotated, one secret rests and another one goes, it is
//! granted access and loses it, it is disabled, protected, and deleted.

use super::chromium::{Chromium, Look};
use super::desk::Desk;
use crate::client::Caller;
use crate::server::Store;

in_every_look![an_account_lives_and_ends];

async fn an_account_lives_and_ends(store: Store, look: Look) {
    let desk = Desk::with_an_owner(store).await;
    let (id, old) = desk.api().create(desk.founded.organization, "nightly-export").await;
    let page = desk.of_organization(&format!("service-accounts/{id}"));
    let browser = desk.owner_at(look, &page, "nightly-export · Acme").await;
    browser.is_pictured("service-account-new-born").await;
    gets_an_end(&browser).await;
    let new = rotates(&browser, &old).await;
    does_without_one_secret(&browser, &old, &new).await;
    loses_a_secret(&browser, &format!("Secret {}", desk.secret_of(id).await), &old, &new).await;
    gains_and_loses_access(&browser).await;
    stands_still(&browser, &new).await;
    is_deleted(&browser, &[old, new]).await;
    browser.close().await;
}

/// A form that says nothing changes nothing.
async fn gets_an_end(browser: &Chromium) {
    browser.press("Change when it ends").await;
    browser.is_at("Expiry of nightly-export · Acme").await;
    browser.says("It never expires.").await;
    browser.ticks("Something else").await;
    browser.press("Change expiry").await;
    browser.is_at("Error: Expiry of nightly-export · Acme").await;
    browser.says("Say after how long, or on which date.").await;
    browser.is_pictured("service-account-expiry-error").await;
    browser.types("After", "12").await;
    browser.chooses("Unit", "days").await;
    browser.press("Change expiry").await;
    browser.is_at("nightly-export · Acme").await;
    browser.says("The end of nightly-export was changed.").await;
    browser.says("In 12 days").await;
}

/// Both secrets count.
async fn rotates(browser: &Chromium, old: &Caller) -> Caller {
    browser.press("Rotate").await;
    browser.is_at("Rotate nightly-export · Acme").await;
    browser.is_pictured("rotate").await;
    browser.types("Name of the new secret", "second").await;
    browser.press_primary().await;
    browser.is_at("Copy the secret now · Acme").await;
    let (username, secret) = browser.new_secret().await;
    let new = old.with(&username, &secret);
    new.me().await.is(200);
    old.me().await.is(200);
    browser.press("I have stored it").await;
    browser.is_at("nightly-export · Acme").await;
    new
}

/// One secret is refused, and let in again; the other one counts meanwhile.
async fn does_without_one_secret(browser: &Chromium, old: &Caller, new: &Caller) {
    browser.press_in("second", "Disable").await;
    browser.is_at("nightly-export · Acme").await;
    browser.says("second of nightly-export was disabled.").await;
    browser.is_pictured("service-account-secret-disabled").await;
    assert_eq!(new.me().await.status, 401);
    old.me().await.is(200);
    browser.press_in("second", "Enable").await;
    browser.is_at("nightly-export · Acme").await;
    browser.says("second of nightly-export was enabled.").await;
    new.me().await.is(200);
}

/// It is in use, so that is asked first.
async fn loses_a_secret(browser: &Chromium, name: &str, old: &Caller, new: &Caller) {
    browser.press_in(name, "Revoke").await;
    browser.is_at(&format!("Revoke {name} of nightly-export · Acme")).await;
    browser.is_pictured("secret-revoke").await;
    browser.press(&format!("Revoke {name}")).await;
    browser.is_at("nightly-export · Acme").await;
    browser.says(&format!("{name} of nightly-export was revoked.")).await;
    assert_eq!(old.me().await.status, 401);
    new.me().await.is(200);
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
    browser.says("nightly-export was enabled.").await;
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
