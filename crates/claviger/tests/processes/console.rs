//! The console in a real browser: Debian's Chromium, without a window, against a server process.
//!
//! A journey is what a person does, by what he sees: he presses what is called so, and types into what is labelled so.
//! Each page on the way is looked at ([`chromium`]): an accessibility checker finds nothing, nothing sticks out, the
//! browser complains of nothing, no page but the one shows a secret. Pictures of them are left in `target/screenshots`.

mod chromium;
mod desk;

/// Runs a journey in each way of looking, on both stores.
macro_rules! in_every_look {
    ($journey:ident) => {
        $crate::server::on_both_stores![with_scripts, without_scripts, on_a_phone];

        async fn with_scripts(store: $crate::server::Store) {
            $journey(store, $crate::console::chromium::Look::default()).await;
        }

        async fn without_scripts(store: $crate::server::Store) {
            $journey(store, $crate::console::chromium::Look { without_scripts: true, ..Default::default() }).await;
        }

        async fn on_a_phone(store: $crate::server::Store) {
            $journey(store, $crate::console::chromium::Look { phone: true, ..Default::default() }).await;
        }
    };
}

mod account;
mod audit_log;
mod every_page;
mod first_account;
mod first_owner;
mod furnished;
mod people;
mod project;
mod routes;
mod several_accounts;
mod signing_in;
