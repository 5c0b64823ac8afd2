//! From the link of the first start to a first request with a first account: in how many presses.

use super::chromium::{Chromium, Look};
use crate::client::Caller;
use crate::first_owner::filed;
use crate::server::Store;

in_every_look![a_new_owner_makes_a_first_account];

/// As the README tells it.
const PRESSES: usize = 4;

async fn a_new_owner_makes_a_first_account(store: Store, look: Look) {
    let server = store.serve();
    let (_, link) = filed(&server);
    let browser = Chromium::open(server.url(), look).await;
    browser.visits(link.strip_prefix(server.url()).expect("a link to this server"), "First owner").await;
    browser.types("Name", "MK").await;
    browser.types("E-mail", super::desk::EMAIL).await;
    browser.types("Password", super::desk::PASSWORD).await;
    browser.press("Become owner").await;
    browser.is_at("Overview · My organization").await;
    browser.has_a_session().await;
    browser.press("Create service account").await;
    browser.is_at("Create a service account · My organization").await;
    browser.types("Name", "nightly-export").await;
    browser.press_primary().await;
    browser.is_at("Copy the secret now · My organization").await;
    let (username, secret) = browser.new_secret().await;
    if !look.without_scripts {
        browser.press_copy("Command copied, with the secret").await;
        assert_eq!(browser.presses(), PRESSES);
    }
    let request = browser.run("return document.querySelector('#curl').textContent").await;
    assert_eq!(request, format!(" curl --user '{username}:{}' {}/api/app/me", "cvg_••••••••", server.url()));
    Caller::new(server.url(), &username, &secret).me().await.is(200);
    browser.close().await;
}
