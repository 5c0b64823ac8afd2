//! A permit to see is none to manage.

use claviger_access::Permit;
use claviger_access::authorize::{ManageServiceAccounts, SeeProject};

fn manage(_: &Permit<ManageServiceAccounts>) {}

fn see(permit: &Permit<SeeProject>) {
    manage(permit);
}

fn main() {}
