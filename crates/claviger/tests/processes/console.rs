//! The console in a real browser: Debian's Chromium, without a window, against a server process.
//!
//! A journey is what a person does, by what he sees: he presses what is called so, and types into what is labelled so.
//! Each page on the way is looked at ([`chromium`]): an accessibility checker finds nothing, nothing sticks out, the
//! browser complains of nothing, no page but the one shows a secret. Pictures of them are left in `target/screenshots`.

mod chromium;
mod desk;

mod every_page;
mod first_account;
