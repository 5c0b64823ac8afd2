//! Reading packed rows into a directory, beside the connection that fetches the next.
//!
//! A packed text is rows parted by semicolons, of fields parted by blanks. Usernames hold neither. Rows come in any
//! order, though mostly in that of ids: they are sorted, which costs nothing then, and met side by side.

use std::iter::Peekable;

use claviger_access::directory::{HeldSecret, Loader, Principal};
use claviger_access::grant::{Grant, Granted};
use claviger_access::identity::{
    GrantId, OrganizationId, PrincipalId, PrincipalKind, ProjectId, SecretId, TeamId, WorkspaceId,
};
use claviger_access::role::OrganizationRole;
use tokio::sync::mpsc;

use super::super::StoreError;
use super::super::change_format::read_expiry;
use super::super::grants::read_role;
use super::super::rows::digest;

/// All rows whose principal's id is below `end`, and not below the window before.
pub(super) struct Window {
    pub end: u64,
    /// Id, organization, the sum of 1 for deleted, 2 for disabled and 4 for protected, username.
    pub accounts: String,
    /// Principal, id, digest, with a ! before it if the secret is disabled, end if any.
    pub secrets: String,
    /// Principal, id, kind of scope, scope, role.
    pub grants: String,
    /// Principal, team.
    pub memberships: String,
}

impl Window {
    pub(super) fn account_count(&self) -> usize {
        lines(&self.accounts).count()
    }
}

/// Reads windows as they come, people among them, until there are no more.
pub(super) fn into_loader(
    mut loader: Loader,
    mut people: Vec<Principal>,
    mut windows: mpsc::Receiver<Window>,
) -> Result<Loader, StoreError> {
    people.sort_unstable_by_key(|person| person.id);
    let mut people = people.into_iter().peekable();
    while let Some(window) = windows.blocking_recv() {
        unpack(&window, &mut people, &mut loader)?;
    }
    Ok(loader)
}

fn unpack(
    window: &Window,
    people: &mut Peekable<impl Iterator<Item = Principal>>,
    loader: &mut Loader,
) -> Result<(), StoreError> {
    let mut accounts = read(&window.accounts, "an account", account)?;
    accounts.sort_unstable_by_key(|account| account.id);
    let mut secrets = read(&window.secrets, "a secret", secret)?;
    secrets.sort_unstable_by_key(|(principal, secret)| (*principal, secret.id()));
    let mut grants = read(&window.grants, "a grant", grant)?;
    grants.sort_unstable();
    let mut memberships = read(&window.memberships, "a membership", membership)?;
    memberships.sort_unstable();
    let (mut secrets, mut grants) = (secrets.into_iter().peekable(), grants.into_iter().peekable());
    let mut memberships = memberships.into_iter().peekable();
    let mut add = |principal: &mut Principal| {
        let id = principal.id;
        principal.secrets.extend(std::iter::from_fn(|| secrets.next_if(|of| of.0 == id)).map(|(_, secret)| secret));
        principal.grants.extend(std::iter::from_fn(|| grants.next_if(|of| of.0 == id)).map(|(_, grant)| grant));
        principal.teams.extend(std::iter::from_fn(|| memberships.next_if(|of| of.0 == id)).map(|(_, team)| team));
        loader.principal(principal);
    };
    let mut filled = None;
    for account in &accounts {
        while let Some(mut person) = people.next_if(|person| person.id < account.id) {
            add(&mut person);
        }
        // One principal is filled again and again, so that an account costs no allocations of its own.
        add(account.fill(&mut filled));
    }
    while let Some(mut person) = people.next_if(|person| person.id.number() < window.end) {
        add(&mut person);
    }
    let left = secrets.next().map(|(id, _)| ("a secret", id)).or(grants.next().map(|(id, _)| ("a grant", id)));
    match left.or(memberships.next().map(|(id, _)| ("a membership", id))) {
        Some((what, principal)) => Err(StoreError::unreadable(format!("{what} of principal {principal}"))),
        None => Ok(()),
    }
}

fn lines(packed: &str) -> impl Iterator<Item = &str> {
    packed.split(';').filter(|line| !line.is_empty())
}

/// An unreadable row is named by its first number alone: the rest may be a digest.
fn read<'w, T>(packed: &'w str, what: &str, line: fn(&'w str) -> Option<T>) -> Result<Vec<T>, StoreError> {
    let unreadable = |text: &str| {
        let principal = text.split(' ').next().unwrap_or_default();
        StoreError::unreadable(format!("{what} of principal {principal}"))
    };
    lines(packed).map(|text| line(text).ok_or_else(|| unreadable(text))).collect()
}

struct Account<'w> {
    id: PrincipalId,
    organization: OrganizationId,
    flags: u8,
    username: &'w str,
}

impl Account<'_> {
    fn fill<'f>(&self, filled: &'f mut Option<Principal>) -> &'f mut Principal {
        let principal = filled.get_or_insert_with(|| Principal {
            id: self.id,
            kind: PrincipalKind::ServiceAccount,
            organization: None,
            name: String::new(),
            deleted: false,
            disabled: false,
            protected: false,
            secrets: Vec::new(),
            grants: Vec::new(),
            teams: Vec::new(),
        });
        (principal.id, principal.organization) = (self.id, Some(self.organization));
        let flag = |flag: u8| self.flags & flag != 0;
        (principal.deleted, principal.disabled, principal.protected) = (flag(1), flag(2), flag(4));
        principal.name.clear();
        principal.name.push_str(self.username);
        principal.secrets.clear();
        principal.grants.clear();
        principal.teams.clear();
        principal
    }
}

fn account(line: &str) -> Option<Account<'_>> {
    let mut fields = line.split(' ');
    let account = Account {
        id: PrincipalId::new(fields.next()?.parse().ok()?)?,
        organization: OrganizationId::new(fields.next()?.parse().ok()?)?,
        flags: fields.next()?.parse().ok().filter(|flags| *flags < 8)?,
        username: fields.next()?,
    };
    fields.next().is_none().then_some(account)
}

fn secret(line: &str) -> Option<(PrincipalId, HeldSecret)> {
    let mut fields = line.split(' ');
    let principal = PrincipalId::new(fields.next()?.parse().ok()?)?;
    let id = SecretId::new(fields.next()?.parse().ok()?)?;
    let kept = fields.next()?;
    let (disabled, kept) = kept.strip_prefix('!').map_or((false, kept), |kept| (true, kept));
    let digest = digest(kept)?;
    let expires = fields.next().map(str::parse).transpose().ok()?;
    Some((principal, HeldSecret::new(id, read_expiry(expires)?, digest).with_disabled(disabled)))
}

fn grant(line: &str) -> Option<(PrincipalId, Grant)> {
    let mut fields = line.split(' ');
    let principal = PrincipalId::new(fields.next()?.parse().ok()?)?;
    let id = GrantId::new(fields.next()?.parse().ok()?)?;
    let (scope, on, role) = (fields.next()?, fields.next()?.parse().ok()?, fields.next()?);
    let granted = match scope {
        "o" => Granted::Organization(OrganizationId::new(on)?, OrganizationRole::parse(role)?),
        "p" => Granted::Project(ProjectId::new(on)?, read_role(role)?),
        _ => Granted::Workspace(WorkspaceId::new(on)?, read_role(role)?),
    };
    Some((principal, Grant::new(id, granted)))
}

fn membership(line: &str) -> Option<(PrincipalId, TeamId)> {
    let (principal, team) = line.split_once(' ')?;
    Some((PrincipalId::new(principal.parse().ok()?)?, TeamId::new(team.parse().ok()?)?))
}

#[cfg(test)]
mod tests {
    use claviger_access::{Directory, Mark, Revision};

    use super::*;

    fn unpacked(people: Vec<Principal>, accounts: &str, secrets: &str, grants: &str) -> Result<Directory, StoreError> {
        let packed = |text: &str| text.to_owned();
        let (accounts, secrets, grants) = (packed(accounts), packed(secrets), packed(grants));
        let window = Window { end: 100, accounts, secrets, grants, memberships: packed("20 7;20 3") };
        let mut loader = Loader::new(1, 10);
        unpack(&window, &mut people.into_iter().peekable(), &mut loader)?;
        Ok(loader.finish(Revision::ZERO, Mark::ZERO, 100))
    }

    fn person(id: u64) -> Principal {
        let (name, secrets, grants, teams) = (format!("Person {id}"), Vec::new(), Vec::new(), Vec::new());
        let id = PrincipalId::new(id).expect("an id");
        let (kind, organization) = (PrincipalKind::Person, None);
        let (deleted, disabled, protected) = (false, false, false);
        Principal { id, kind, organization, name, deleted, disabled, protected, secrets, grants, teams }
    }

    #[test]
    fn rows_in_any_order_find_their_principals() {
        let digest = "ab".repeat(32);
        let secrets = format!("20 22 {digest} 1900000000;20 21 !{digest};10 11 {digest}");
        let grants = "30 31 p 2 owner;20 24 w 3 admin;20 23 o 1 member";
        let people = vec![person(5), person(15), person(30)];
        let directory = unpacked(people, "20 1 6 b.c;10 1 1 a", &secrets, grants).expect("readable");
        let told = |id| {
            let view = directory.principal(PrincipalId::new(id)?)?;
            let secrets: Vec<_> = view.secrets().iter().map(|secret| secret.id().number()).collect();
            let grants: Vec<_> = view.grants().iter().map(|grant| grant.id.number()).collect();
            Some((view.name().to_owned(), view.is_deleted(), secrets, grants))
        };
        assert_eq!(told(5), Some(("Person 5".to_owned(), false, vec![], vec![])));
        assert_eq!(told(10), Some(("a".to_owned(), true, vec![11], vec![])));
        assert_eq!(told(20), Some(("b.c".to_owned(), false, vec![21, 22], vec![23, 24])));
        let (of, secret) = (|id| PrincipalId::new(id), |id| SecretId::new(id).expect("an id"));
        let account = of(20).and_then(|id| directory.principal(id)).expect("an account");
        assert!(account.is_disabled() && account.is_protected());
        let disabled = |id| account.secret(secret(id)).map(|held| held.is_disabled());
        assert_eq!((disabled(21), disabled(22)), (Some(true), Some(false)));
        assert_eq!(told(30), Some(("Person 30".to_owned(), false, vec![], vec![31])));
    }

    #[test]
    fn rows_that_nobody_writes_are_named_without_their_digest() {
        let digest = "cd".repeat(32);
        for (accounts, secrets, grants) in [
            ("10 1 0", String::new(), ""),
            ("10 1 0 a b", String::new(), ""),
            ("", format!("10 11 {digest}"), ""),
            ("10 1 8 a", String::new(), ""),
            ("10 1 0 a", format!("10 11 ?{digest}"), ""),
            ("10 1 0 a", "10 11".to_owned(), ""),
            ("10 1 0 a", "10 11 1900000000".to_owned(), ""),
            ("10 1 0 a", format!("10 11 {digest}0"), ""),
            ("10 1 0 a", String::new(), "10 12 p 2 god"),
            ("10 1 0 a", String::new(), "11 12 p 2 owner;10 13 p 2 owner"),
        ] {
            let error = unpacked(Vec::new(), accounts, &secrets, grants).err().expect("unreadable").to_string();
            assert!(error.contains("principal 1") && !error.contains(&digest), "{error}");
        }
    }
}
