//! Why something is not done to an account, as its pages say it, with names in place of numbers.

use claviger_access::authorize::Scope;
use claviger_access::identity::{CustomRoleId, OrganizationId, PrincipalId};
use claviger_access::{Directory, Refusal};

use super::super::service_accounts::row::short;
use super::super::words;

/// What is said, and what to do about it; `None` for what is not about an account.
pub(super) fn of(
    directory: &Directory,
    organization: OrganizationId,
    account: PrincipalId,
    refusal: &Refusal,
) -> Option<(String, String)> {
    let name = directory.principal(account).map_or("", |view| short(view.name()));
    let whose = directory.organization(organization).map_or("", |known| &known.name);
    let above = |role: &str, scope: Scope, through: &str| {
        let role = role_named(directory, role);
        let strong = format!(
            "{name} is {role} of {}{through}, which is above your own role there.",
            scope_named(directory, scope)
        );
        (strong, format!("Nothing was changed. Ask somebody who is {role} there."))
    };
    Some(match refusal {
        Refusal::LastOwner { .. } => (
            format!("{whose} needs an owner who is a person. Make someone else owner first."),
            "Nothing was changed.".to_owned(),
        ),
        Refusal::Protected { .. } => {
            (format!("{name} is protected. Unprotect it to delete it."), "Nothing was changed.".to_owned())
        }
        Refusal::RoleAboveOwn { own, scope, .. } => {
            let (own, place) = (role_named(directory, own), scope_named(directory, *scope));
            let strong = format!("You are {own} of {place}, so you can give roles up to {own} there.");
            (strong, "Nothing was changed.".to_owned())
        }
        Refusal::AccountAboveOwn { role, scope, .. } => above(role, *scope, ""),
        Refusal::TeamAboveOwn { team, role, scope } => {
            let team = directory.team(*team).map_or("", |team| &team.name);
            above(role, *scope, &format!(" through team {team}"))
        }
        Refusal::NoSuchSecret { .. } => (
            format!("{name} has no such secret any more."),
            "It was revoked meanwhile. Nothing was changed.".to_owned(),
        ),
        _ => return None,
    })
}

/// A role as events and refusals write it: by its name, or a custom one by its number.
pub(super) fn role_named(directory: &Directory, role: &str) -> String {
    let custom = role.parse().ok().and_then(CustomRoleId::new).and_then(|id| directory.custom_role(id));
    custom.map_or_else(|| words::label(&role.replace('_', " ")), |role| role.properties.name.clone())
}

fn scope_named(directory: &Directory, scope: Scope) -> String {
    match scope {
        Scope::Organization(id) => directory.organization(id).map(|known| known.name.clone()),
        Scope::Project(id) => directory.project(id).map(|known| known.name.clone()),
    }
    .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_owner_is_told_what_to_do_first() {
        let (organization, account) = (OrganizationId::new(7).expect("an id"), PrincipalId::new(43).expect("an id"));
        let refusal = Refusal::LastOwner { owners: vec![account], organization };
        let told = of(&Directory::empty(1), organization, account, &refusal);
        let (strong, _) = told.expect("words");
        assert_eq!(strong, " needs an owner who is a person. Make someone else owner first.");
        let other = Refusal::ExpiryTooFar;
        assert_eq!(of(&Directory::empty(1), organization, account, &other), None);
    }

    #[test]
    fn roles_are_told_as_labels() {
        let directory = Directory::empty(1);
        assert_eq!(
            ["admin", "billing_admin", "12"].map(|role| role_named(&directory, role)),
            ["Admin", "Billing admin", "12"]
        );
    }
}
