//! What is round every page of somebody who is signed in: the mark, the organizations, the side navigation, his own menu.
//!
//! Only pages that exist, and that he may open, are in it.

use claviger_access::authorize::{ManageServiceAccounts, Scope, authorize};
use claviger_access::effective;
use claviger_access::identity::OrganizationId;

use super::signed_in::SignedIn;
use super::{service_accounts, words};

/// A link of a menu.
pub(super) struct Link {
    pub path: String,
    pub text: String,
    pub is_current: bool,
}

/// What templates show of it.
pub(super) struct Frame {
    /// Where the mark leads.
    pub home: String,
    /// The organization whose page it is.
    pub organization: Option<String>,
    /// His organizations.
    pub organizations: Vec<Link>,
    /// The Service Accounts page with how many there are, for who may open it.
    pub accounts: Option<Link>,
    /// His name, and two letters of it.
    pub name: String,
    pub initials: String,
    pub email: String,
    /// Such as "Owner of Acme".
    pub standing: Option<String>,
    /// For the form that signs out.
    pub form_token: String,
}

impl Frame {
    /// On a page of this organization, or of none.
    pub(super) fn of(signed_in: &SignedIn, organization: Option<OrganizationId>) -> Self {
        let held = &signed_in.held;
        let view = signed_in.view();
        let his = view.as_ref().map(effective::organizations).unwrap_or_default();
        let current = organization.filter(|id| his.contains(id)).and_then(|id| held.organization(id));
        let role =
            current.zip(view.as_ref()).and_then(|(current, view)| effective::organization_role(view, current.id));
        let name = view.as_ref().map(|view| view.name().to_owned()).unwrap_or_default();
        let may_open = |current: OrganizationId| {
            let scope = Scope::Organization(current);
            authorize::<ManageServiceAccounts>(held, &signed_in.caller, scope, signed_in.now).is_ok()
        };
        let links = his.iter().filter_map(|id| held.organization(*id)).map(|known| Link {
            path: service_accounts::path(known.id),
            text: known.name.clone(),
            is_current: Some(known.id) == organization,
        });
        Self {
            home: current.map_or_else(|| "/console".to_owned(), |current| service_accounts::path(current.id)),
            organization: current.map(|current| current.name.clone()),
            organizations: links.collect(),
            accounts: current.filter(|current| may_open(current.id)).map(|current| Link {
                path: service_accounts::path(current.id),
                text: words::count(current.account_count),
                is_current: true,
            }),
            initials: words::initials(&name),
            name,
            email: held.person(signed_in.person).map(|person| person.email.as_str().to_owned()).unwrap_or_default(),
            standing: current.zip(role).map(|(current, role)| format!("{} of {}", words::role(role), current.name)),
            form_token: signed_in.form_token().to_owned(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Whatever has a name may be called so.
    pub(in crate::console) const SCRIPT: &str = "<script>alert('x')</script>";

    /// The frame of somebody who may open the organization's pages, or may not.
    pub(in crate::console) fn frame(may_open: bool) -> Frame {
        let path = "/console/organizations/7/service-accounts";
        let link = || Link { path: path.to_owned(), text: SCRIPT.to_owned(), is_current: true };
        Frame {
            home: path.to_owned(),
            organization: Some(SCRIPT.to_owned()),
            organizations: vec![link(), link()],
            accounts: may_open.then(link),
            name: SCRIPT.to_owned(),
            initials: "MK".to_owned(),
            email: "mk@acme.example".to_owned(),
            standing: Some(format!("Owner of {SCRIPT}")),
            form_token: "f".repeat(64),
        }
    }
}
