//! What a person does with his own ways in: a second factor, another password, his sessions, and a password that he forgot.

use super::chromium::{Chromium, Look};
use super::desk::{Desk, PASSWORD};
use crate::secrets;
use crate::server::Store;
use crate::totp;

in_every_look![a_second_factor_is_set_up_and_a_forgotten_password_is_replaced];

const MEL: &str = "mel@acme.example";
const ANOTHER: &str = "another one that was chosen";
const A_THIRD: &str = "a third one, by the link";

async fn a_second_factor_is_set_up_and_a_forgotten_password_is_replaced(store: Store, look: Look) {
    let desk = Desk::with_an_owner(store).await;
    let mel = desk.joins("Mel", MEL, "member").await;
    let browser = desk.person_at(MEL, look, "/console/profile", "Profile").await;
    let secret = sets_up(&browser).await;
    changes_password(&browser).await;
    signs_in_with_a_code(&browser, &secret).await;
    let link = makes_a_link(&desk, look, mel).await;
    browser.visits("/console/profile", "Profile").await;
    chooses_by_link(&browser, &link).await;
    browser.close().await;
}

/// The secret that codes are computed from.
async fn sets_up(browser: &Chromium) -> String {
    browser.press("Set up a second factor").await;
    browser.is_at("Second factor").await;
    browser.press("Set up a second factor").await;
    browser.is_at("Set up a second factor").await;
    let secret = browser.content("#s").await;
    browser.types("Code from your app", "000000").await;
    browser.types("Your password", PASSWORD).await;
    browser.press("Turn the second factor on").await;
    browser.is_at("Error: Set up a second factor").await;
    browser.types("Code from your app", &totp::code_at(&secret, totp::step())).await;
    browser.types("Your password", PASSWORD).await;
    browser.press("Turn the second factor on").await;
    browser.is_at("Your second factor is on").await;
    let codes = browser.content("#codes").await;
    codes.lines().for_each(secrets::handed_out_too);
    secrets::handed_out_too(&secret);
    browser.press("I have stored them").await;
    browser.is_at("Second factor").await;
    browser.is_pictured("second-factor-on").await;
    secret
}

async fn changes_password(browser: &Chromium) {
    browser.visits("/console/profile/password", "Change password").await;
    browser.is_pictured("password").await;
    browser.types("Password until now", PASSWORD).await;
    browser.types("New password", ANOTHER).await;
    browser.press("Change password").await;
    browser.is_at("Profile").await;
    browser.says("Your password is changed.").await;
    browser.has_a_session().await;
    browser.opens_own_menu().await;
    browser.press("Sign out").await;
    browser.is_at("Sign in").await;
    browser.visits("/console/profile", "Sign in").await;
}

/// With the code of the step that comes: a code counts once, and the one of now may have been used as the factor was
/// set up. It counts already and, unlike the step before, still does when a step ends while it is typed.
async fn signs_in_with_a_code(browser: &Chromium, secret: &str) {
    browser.says_who_it_is(MEL, ANOTHER).await;
    browser.is_at("Code from your app").await;
    browser.is_pictured("sign-in-code").await;
    browser.types("Six digits", &totp::code_at(secret, totp::step() + 1)).await;
    browser.press("Sign in").await;
    browser.has_a_session().await;
    browser.is_at("Profile").await;
    browser.press("Sessions").await;
    browser.is_at("Sessions").await;
    browser.says("This session").await;
}

/// An owner's, for somebody who has forgotten his password.
async fn makes_a_link(desk: &Desk, look: Look, person: u64) -> String {
    let owner = desk.owner_at(look, &desk.of_organization(&format!("users/{person}")), "Mel · Acme").await;
    owner.says("Password and a code").await;
    owner.press("Make a reset link").await;
    owner.is_at("Reset link · Acme").await;
    owner.is_pictured("reset-link").await;
    owner.press("Make the link").await;
    owner.is_at("Copy the link now · Acme").await;
    let link = owner.new_link("#link", "reset link").await;
    owner.press("I have copied it").await;
    owner.is_at("Mel · Acme").await;
    owner.close().await;
    link
}

/// All sessions end.
async fn chooses_by_link(browser: &Chromium, link: &str) {
    browser.visits(link, "Choose another password").await;
    browser.is_pictured("reset").await;
    browser.types("New password", A_THIRD).await;
    browser.types("The same again", A_THIRD).await;
    browser.press("Set the password").await;
    browser.is_at("Your password is changed").await;
    browser.visits("/console/profile", "Sign in").await;
    browser.says_who_it_is(MEL, ANOTHER).await;
    browser.is_at("Error: Sign in").await;
}
