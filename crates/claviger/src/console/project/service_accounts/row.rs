//! A row of the list: an account, through what it reaches the place, and what can be changed here.

use claviger_access::Directory;
use claviger_access::authorize::{ManageServiceAccounts, Scope};
use claviger_access::permission::PermissionSet;

use super::super::asked::{self, Asked};
use super::super::reached::{Given, Reached};
use super::super::spot::Spot;
use super::super::{Shown, elsewhere, role_choice};
use crate::console::frame::Link;
use crate::console::place::{ProjectPage, may};
use crate::console::service_accounts::account::Account;
use crate::console::service_accounts::row::{Told, expires, last_used, short};
use crate::console::signed_in::SignedIn;
use crate::console::{key_bit, words};

/// What rows are made from.
pub(super) struct Seen<'s> {
    pub signed_in: &'s SignedIn,
    pub shown: Shown<'s>,
    pub spot: Spot,
    pub gives: &'s PermissionSet,
    pub asked: &'s Asked,
    pub path: &'s str,
}

/// How a role is changed on the row itself.
pub(super) struct Editing {
    /// The workspace that it is on; nothing for the whole project.
    pub on: String,
    pub on_name: String,
    pub choices: Vec<role_choice::Choice>,
    /// Leads back to the row as it was.
    pub keep: String,
}

/// A row.
pub(super) struct Row {
    pub id: u64,
    pub name: String,
    pub username: String,
    pub blade: Option<String>,
    pub is_expired: bool,
    pub is_disabled: bool,
    /// The account's own page, for who may open it.
    pub page: Option<String>,
    pub given: Vec<Given>,
    pub more: usize,
    pub last_used: Told,
    pub expires: Told,
    /// Leads to the same page with this row's role to choose.
    pub edit: Option<String>,
    pub editing: Option<Editing>,
    pub may_remove: bool,
    pub elsewhere: Option<Link>,
}

impl Row {
    /// `None` for who has gone meanwhile.
    pub(super) fn of(seen: &Seen<'_>, account: Account<'_>) -> Option<Self> {
        let Seen { signed_in, shown, spot, gives, asked, path, .. } = *seen;
        let (held, now) = (&*signed_in.held, signed_in.now);
        let view = held.principal(account.id)?;
        let reached = Reached::of(held, &view, shown.project, spot);
        let (given, more) = reached.told(held, shown.organization, spot);
        let changeable = reached.changeable(held, spot, gives);
        let id = account.id.number();
        let is_edited = asked.edit == Some(id);
        let cursor = asked.cursor.map(|cursor| cursor.text());
        let here = asked.address(path, cursor.as_deref());
        let editing = changeable.filter(|_| is_edited).map(|way| {
            let on = Spot { workspace: way.on, ..spot };
            Editing {
                on: on.workspace_number(),
                on_name: on.name(held),
                choices: role_choice::choices(held, shown.project, gives, Some(way.role)),
                keep: here.clone(),
            }
        });
        let manages = may::<ManageServiceAccounts>(signed_in, Scope::Organization(shown.organization.id));
        let told = (last_used(&account, now.seconds()), expires(&account, now.seconds()));
        Some(Self {
            id,
            name: short(account.username).to_owned(),
            blade: key_bit::blade(account.username),
            is_expired: account.expires.is_some_and(|expires| expires <= now.seconds()),
            is_disabled: account.is_disabled,
            page: manages.then(|| elsewhere::account(shown, &view)),
            given,
            more,
            last_used: told.0,
            expires: told.1,
            edit: changeable.filter(|_| !is_edited).map(|_| asked::edit(&here, id)),
            editing,
            may_remove: reached.is_removable(held, spot, gives),
            elsewhere: elsewhere::link(signed_in, shown, spot, &reached, &view, ProjectPage::ServiceAccounts),
            username: account.username.to_owned(),
        })
    }
}

/// What an account is called for short.
pub(super) fn name_of(directory: &Directory, account: claviger_access::identity::PrincipalId) -> String {
    let name = directory.principal(account).map_or("", |view| view.name());
    let name = short(name);
    if name.is_empty() {
        format!("Service account {}", words::count(account.number() as usize))
    } else {
        name.to_owned()
    }
}
