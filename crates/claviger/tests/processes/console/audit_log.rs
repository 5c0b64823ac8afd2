//! The audit log is filtered, opened, and followed while things happen.

use super::chromium::Look;
use super::desk::Desk;
use crate::server::Store;

in_every_look![the_audit_log_is_read_and_followed];

async fn the_audit_log_is_read_and_followed(store: Store, look: Look) {
    let desk = Desk::with_an_owner(store).await;
    desk.account("nightly-export").await;
    let browser = desk.owner_at(look, &desk.of_organization("audit-log"), "Audit Log · Acme").await;
    browser.says("The events on this page are unbroken").await;
    browser.types("Event", "service_account.created").await;
    browser.press("Filter").await;
    browser.is_at("Audit Log · Acme").await;
    browser.says("Matching events").await;
    let before = browser.count("table.log tbody tr").await;
    browser.press(if look.without_scripts { "Reload every 5 seconds" } else { "Follow live" }).await;
    browser.is_at("Audit Log · Acme").await;
    desk.account("deploy").await;
    browser.sees_so_many("table.log tbody tr", before + 1).await;
    browser.says("deploy").await;
    browser.press("Stop following").await;
    browser.is_at("Audit Log · Acme").await;
    browser.press_first("table.log td.act a").await;
    browser.is_at("Audit Log · Acme").await;
    browser.is_pictured("audit-log-details").await;
    browser.close().await;
}
