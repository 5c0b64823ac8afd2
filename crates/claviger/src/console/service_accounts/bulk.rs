//! What is done with several accounts at once: they are deleted, given a role on a project, or taken off one. All or
//! nothing, with one audit event each.
//!
//! Each is a page first, which can be linked to: it takes the accounts from its address, or all of a view. Its form
//! carries their numbers, so that what is done is done with those that were shown and counted, whoever comes to the view
//! meanwhile.

pub(in crate::console) mod access;
pub(in crate::console) mod delete;
mod held;
mod selection;

use claviger_access::authorize::{ManageServiceAccounts, Scope, authorize};
use claviger_access::directory::Organization;
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::{Permit, Refusal, effective};

use super::row::short;
use crate::console::error_page::ErrorPage;
use crate::console::place::{OrganizationPage, Place};
use crate::console::refused::{Wanted, refused};
use crate::console::signed_in::SignedIn;
use crate::console::words;

/// So many accounts are shown; the others are counted.
const SHOWN_MAX: usize = 50;

/// Where it is done, and by whom.
struct Desk<'d> {
    signed_in: &'d SignedIn,
    organization: &'d Organization,
    permit: Permit<ManageServiceAccounts>,
}

impl<'d> Desk<'d> {
    fn new(signed_in: &'d SignedIn, organization: OrganizationId, wanted: &Wanted) -> Result<Self, ErrorPage> {
        let scope = Scope::Organization(organization);
        let permit = authorize::<ManageServiceAccounts>(&signed_in.held, &signed_in.caller, scope, signed_in.now);
        let permit = permit.map_err(|refusal| refused(signed_in, place(organization), wanted, &refusal))?;
        let organization = signed_in.held.organization(organization).ok_or_else(ErrorPage::no_such_organization)?;
        Ok(Self { signed_in, organization, permit })
    }

    fn list(&self) -> String {
        OrganizationPage::ServiceAccounts.path(self.organization.id)
    }

    /// What an account of the organization is called for short, or whoever owns it; a number for any other, whose name
    /// is not for those who are here.
    fn name(&self, account: PrincipalId) -> String {
        let (held, organization) = (&self.signed_in.held, self.organization.id);
        let view = held.account_ever_of(organization, account);
        let view = view.or_else(|| effective::member(held, organization, account));
        view.map_or_else(|| format!("Account {account}"), |view| short(view.name()).to_owned())
    }

    /// What is told of a refusal that is about one of the accounts; `None` for any other.
    fn blamed(&self, refusal: &Refusal) -> Option<String> {
        let name = |account: &PrincipalId| self.name(*account);
        let organization = &self.organization.name;
        Some(match refusal {
            Refusal::NoSuchServiceAccount { account, .. } => {
                format!("{} was deleted meanwhile. Here are the others.", name(account))
            }
            Refusal::Protected { account } => {
                format!("{} is protected. Unprotect it first.", name(account))
            }
            Refusal::AccountAboveOwn { account, .. } => format!("{} holds more than you do. Untick it.", name(account)),
            Refusal::LastOwner { owners, .. } => {
                let names = words::listed(owners.iter().map(name));
                format!(
                    "{organization} needs an owner that lasts, and would lose {names}. Make someone else owner first."
                )
            }
            _ => return None,
        })
    }

    /// For who chose none.
    fn nothing_chosen(&self, title: &'static str) -> ErrorPage {
        let status = axum::http::StatusCode::BAD_REQUEST;
        let page = ErrorPage::not_done(status, title, "No service account was chosen.", "Tick some in the list first.");
        let back = page.leads_to(&self.list(), "Back to Service Accounts");
        back.inside(self.signed_in, place(self.organization.id))
    }
}

fn place(organization: OrganizationId) -> Place {
    Place::Organization(organization, OrganizationPage::ServiceAccounts)
}

/// `1 service account`, `23 service accounts`.
fn accounts(number: usize) -> String {
    words::several(i64::try_from(number).unwrap_or(i64::MAX), "service account")
}
