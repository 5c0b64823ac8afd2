//! From the wire to typed commands: names, roles, ends, lists of ids.

use std::collections::{BTreeMap, BTreeSet};

use claviger_access::Moment;
use claviger_access::administration::service_account::RequestedExpiry;
use claviger_access::email::EmailAddress;
use claviger_access::identity::{AccountName, ProjectSlug};
use claviger_access::labels::Labels;
use claviger_access::ownership::{Owner, OwnerId};
use claviger_access::password::Password;
use claviger_access::permission::{PermissionError, PermissionName, PermissionSet};
use claviger_access::role::{OrganizationRole, ProjectRole, Role};
use claviger_access::text::{Description, DisplayName, TextError, TimezoneName};
use claviger_wire::roles::{OrganizationRoleName, RoleName};
use claviger_wire::service_accounts::{NamedOwner, OwnerKind};
use claviger_wire::time;

use super::failure::Failure;
use super::ids::{Id, in_body};

/// Most pairs of a project and an account in one request.
const PAIRS_MAX: usize = 200;

pub(super) fn account_name(typed: &str) -> Result<AccountName, Failure> {
    AccountName::parse(typed).map_err(|error| invalid("username", &error))
}

pub(super) fn name(typed: &str) -> Result<DisplayName, Failure> {
    DisplayName::parse(typed).map_err(|error| invalid("name", &error))
}

pub(super) fn email(typed: &str) -> Result<EmailAddress, Failure> {
    EmailAddress::parse(typed).map_err(|error| Failure::bad_request("email_invalid", format!("email {error}")))
}

pub(super) fn password(typed: &str) -> Result<Password, Failure> {
    Password::parse(typed).map_err(|error| Failure::bad_request("password_invalid", format!("password {error}")))
}

pub(super) fn description(typed: &str) -> Result<Option<Description>, Failure> {
    Description::parse(typed).map_err(|error| invalid("description", &error))
}

pub(super) fn timezone(typed: &str) -> Result<TimezoneName, Failure> {
    TimezoneName::parse(typed).map_err(|error| invalid("timezone", &error))
}

/// Nothing where it is empty: a project without a slug.
pub(super) fn slug(typed: &str) -> Result<Option<ProjectSlug>, Failure> {
    if typed.is_empty() {
        return Ok(None);
    }
    let slug = ProjectSlug::parse(typed);
    slug.map(Some).map_err(|error| Failure::bad_request("slug_invalid", format!("slug {error}")))
}

fn invalid(field: &str, error: &TextError) -> Failure {
    let code = match error {
        TextError::NoTimezone => "timezone_invalid",
        _ => "name_invalid",
    };
    Failure::bad_request(code, format!("{field} {error}"))
}

pub(super) fn role(name: RoleName) -> Result<ProjectRole, Failure> {
    Ok(match name {
        RoleName::Owner => Role::Owner.into(),
        RoleName::Admin => Role::Admin.into(),
        RoleName::Analyst => Role::Analyst.into(),
        RoleName::Consumer => Role::Consumer.into(),
        RoleName::Custom(number) => ProjectRole::Custom(in_body(number, "custom role")?),
    })
}

pub(super) fn permissions(names: &[String]) -> Result<PermissionSet, Failure> {
    names.iter().map(|name| permission(name)).collect()
}

pub(super) fn permission(name: &str) -> Result<PermissionName, Failure> {
    PermissionName::parse(name).map_err(|error| {
        // What was sent is told only where it has a permission's form.
        let sentence = match &error {
            PermissionError::Reserved { .. } => format!("the permission {name} {error}"),
            PermissionError::Form { .. } => format!("a permission that was sent {error}"),
        };
        Failure::bad_request("permission_invalid", sentence)
    })
}

pub(super) fn organization_role(name: OrganizationRoleName) -> OrganizationRole {
    match name {
        OrganizationRoleName::Owner => OrganizationRole::Owner,
        OrganizationRoleName::Admin => OrganizationRole::Admin,
        OrganizationRoleName::BillingAdmin => OrganizationRole::BillingAdmin,
        OrganizationRoleName::Member => OrganizationRole::Member,
    }
}

/// `expires`, or `expires_in` in its place.
pub(super) fn expiry(expires: Option<&str>, expires_in: Option<u64>) -> Result<RequestedExpiry, Failure> {
    match (expires.filter(|text| !text.is_empty()), expires_in) {
        (None, None) => Ok(RequestedExpiry::Never),
        (None, Some(seconds)) => Ok(RequestedExpiry::In { seconds }),
        (Some(text), None) => {
            let moment = time::parse(text).ok().and_then(Moment::from_seconds);
            moment.map(RequestedExpiry::At).ok_or_else(|| {
                let sentence = "expires is no RFC 3339 time with a zone, such as 2030-01-01T00:00:00Z";
                Failure::bad_request("expires_invalid", sentence)
            })
        }
        (Some(_), Some(_)) => Err(Failure::bad_request("expires_twice", "give expires or expires_in, not both")),
    }
}

/// `expires`, or `expires_in` in its place; `None` where neither is given, so that it stays.
pub(super) fn other_expiry(
    expires: Option<Option<String>>,
    expires_in: Option<u64>,
) -> Result<Option<RequestedExpiry>, Failure> {
    match (expires, expires_in) {
        (None, None) => Ok(None),
        (expires, expires_in) => expiry(expires.flatten().as_deref(), expires_in).map(Some),
    }
}

pub(super) fn labels(typed: &BTreeMap<String, String>) -> Result<Labels, Failure> {
    let typed = typed.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    Labels::parse(typed).map_err(|error| Failure::bad_request("label_invalid", error.to_string()))
}

pub(super) fn owner(named: NamedOwner) -> Result<Owner, Failure> {
    Ok(Owner::Chosen(match named.kind {
        OwnerKind::Person => OwnerId::Person(in_body(named.id, "person")?),
        OwnerKind::Team => OwnerId::Team(in_body(named.id, "team")?),
    }))
}

/// Things of one kind, each with a role.
pub(super) fn roles<I: Id + Ord>(
    listed: impl Iterator<Item = (u64, RoleName)>,
    what: &str,
) -> Result<BTreeMap<I, ProjectRole>, Failure> {
    let mut roles = BTreeMap::new();
    for (number, name) in listed {
        let (id, role) = (in_body::<I>(number, what)?, role(name)?);
        if roles.insert(id, role).is_some_and(|before| before != role) {
            let sentence = format!("{what} {number} is listed with two roles; list it once");
            return Err(Failure::bad_request("listed_twice", sentence));
        }
    }
    few(roles.len(), what)?;
    Ok(roles)
}

/// Things of one kind; who is listed twice is meant once.
pub(super) fn ids<I: Id + Ord>(listed: &[u64], what: &str) -> Result<BTreeSet<I>, Failure> {
    let ids = listed.iter().map(|number| in_body(*number, what)).collect::<Result<BTreeSet<I>, _>>()?;
    few(ids.len(), what)?;
    Ok(ids)
}

/// Refuses more than one transaction should hold.
pub(super) fn few(count: usize, what: &str) -> Result<(), Failure> {
    if count <= PAIRS_MAX {
        return Ok(());
    }
    let sentence = format!("{count} times a {what} in one request; send at most {PAIRS_MAX} at a time");
    Err(Failure::bad_request("too_many_listed", sentence))
}
