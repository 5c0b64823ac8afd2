//! Principals as rows: made, and deleted with what is theirs. Many at once, for many are made and deleted in one transaction.

use claviger_access::Moment;
use claviger_access::email::EmailAddress;
use claviger_access::identity::{OrganizationId, PrincipalId, PrincipalKind};

use super::account_details::{DELETE_DETAILS, DELETE_LABELS};
use super::number;
use crate::store::many::{Bound, Many};
use crate::store::statements::statements;
use crate::store::together::Part;

statements! {
    INSERT_PRINCIPAL = "INSERT INTO principals \
                        (id, kind, organization_id, username, display_name, email, created_at, creator_id) \
                        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    MARK_PRINCIPAL_DELETED = "UPDATE principals SET deleted_at = $1 WHERE id IN ($2)";
    DELETE_PRINCIPAL_SECRETS = "DELETE FROM secrets WHERE principal_id IN ($1)";
    DELETE_PRINCIPAL_GRANTS = "DELETE FROM grants WHERE principal_id IN ($1)";
    FORGET_ACCOUNT_DAYS = "DELETE FROM account_days WHERE principal_id IN ($1)";
    FORGET_REFUSED = "DELETE FROM refused_hours WHERE principal_id IN ($1)";
    FORGET_ADDRESSES = "DELETE FROM account_addresses WHERE principal_id IN ($1)";
    LEAVE_TEAMS = "DELETE FROM team_members WHERE principal_id IN ($1)";
}

pub(in crate::store) static INSERT_PRINCIPALS: Many = Many::of("INSERT_PRINCIPALS", INSERT_PRINCIPAL);
pub(in crate::store) static MARK_PRINCIPALS_DELETED: Many = Many::of("MARK_PRINCIPALS_DELETED", MARK_PRINCIPAL_DELETED);

/// What goes with a principal.
pub(in crate::store) static DELETE_WHAT_IS_THEIRS: [Many; 8] = [
    Many::of("DELETE_LABELS", DELETE_LABELS),
    Many::of("DELETE_DETAILS", DELETE_DETAILS),
    Many::of("DELETE_PRINCIPALS_SECRETS", DELETE_PRINCIPAL_SECRETS),
    Many::of("DELETE_PRINCIPALS_GRANTS", DELETE_PRINCIPAL_GRANTS),
    Many::of("FORGET_ADDRESSES_OF_MANY", FORGET_ADDRESSES),
    Many::of("LEAVE_TEAMS_OF_MANY", LEAVE_TEAMS),
    Many::of("FORGET_DAYS_OF_MANY", FORGET_ACCOUNT_DAYS),
    Many::of("FORGET_REFUSED_OF_MANY", FORGET_REFUSED),
];

/// The row of a principal that was created.
pub(in crate::store) struct CreatedPrincipal {
    pub(in crate::store) id: PrincipalId,
    pub(in crate::store) kind: PrincipalKind,
    pub(in crate::store) organization: Option<OrganizationId>,
    pub(in crate::store) name: String,
    pub(in crate::store) email: Option<EmailAddress>,
    pub(in crate::store) created: Moment,
    pub(in crate::store) creator: Option<PrincipalId>,
}

pub(in crate::store) fn created(principals: &[CreatedPrincipal]) -> Part<'_> {
    Part::many(&INSERT_PRINCIPALS, principals, |insert, new| {
        let (username, display_name) = match new.kind {
            PrincipalKind::ServiceAccount => (Some(new.name.clone()), None),
            PrincipalKind::Person => (None, Some(new.name.clone())),
        };
        insert
            .bind(number(new.id.number()))
            .bind(new.kind as i16)
            .bind(new.organization.map(|organization| number(organization.number())))
            .bind(username)
            .bind(display_name)
            .bind(new.email.as_ref().map(|email| email.as_str().to_owned()))
            .bind(new.created.seconds())
            .bind(new.creator.map(|creator| number(creator.number())))
    })
}

/// Their rows stay, for the names in the audit log; all that is theirs goes.
pub(in crate::store) fn deleted(ids: &[PrincipalId], at: Moment) -> Vec<Part<'_>> {
    let bind = |statement: Bound<'static>, id: &PrincipalId| statement.bind(number(id.number()));
    let mark = Part::many_with(&MARK_PRINCIPALS_DELETED, move |mark| mark.bind(at.seconds()), ids, bind);
    DELETE_WHAT_IS_THEIRS.iter().map(|delete| Part::many(delete, ids, bind)).chain([mark]).collect()
}
