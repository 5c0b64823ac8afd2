//! Loading people, invitations, set-up links and sessions. Few beside service accounts, so each is a row.

use claviger_access::Moment;
use claviger_access::change::SignedInFrom;
use claviger_access::credential::SecretDigest;
use claviger_access::directory::{Invitation, Loader, Person, Principal, Session, SetUpLink};
use claviger_access::email::EmailAddress;
use claviger_access::identity::{InvitationId, OrganizationId, PrincipalId, PrincipalKind, SessionId};
use claviger_access::text::DisplayName;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::super::StoreError;
use super::super::rows::digest;
use super::super::rows::invitation::read_terms;
use super::super::statements::statements;
use super::id;

statements! {
    READ_PEOPLE = "SELECT id, display_name, email, created_at, CASE WHEN deleted_at IS NULL THEN 0 ELSE 1 END AS deleted \
                   FROM principals WHERE kind = 1 ORDER BY id";
    READ_INVITATIONS = "SELECT id, organization_id, email, digest_kind, digest, created_at, expires_at, role, granted, \
                        inviter_id FROM invitations ORDER BY id";
    READ_SESSIONS = "SELECT id, person_id, digest_kind, digest, begun_at, ends_at, address, browser FROM sessions \
                     ORDER BY id";
    READ_SET_UP_LINKS = "SELECT organization_id, digest_kind, digest, expires_at FROM set_up_links";
}

/// The people without their roles, which come with everybody's. Organizations must be in already.
pub(super) async fn read(snapshot: &mut AnyConnection, loader: &mut Loader) -> Result<Vec<Principal>, StoreError> {
    for row in sqlx::query(READ_INVITATIONS).fetch_all(&mut *snapshot).await? {
        loader.invitation(invitation(&row)?);
    }
    for row in sqlx::query(READ_SET_UP_LINKS).fetch_all(&mut *snapshot).await? {
        let (organization, link) = set_up_link(&row)?;
        loader.set_up_link(organization, link);
    }
    let mut people = Vec::new();
    for row in sqlx::query(READ_PEOPLE).fetch_all(&mut *snapshot).await? {
        let deleted = row.try_get::<i64, _>("deleted").or_else(|_| row.try_get::<i32, _>("deleted").map(i64::from))?;
        let id = id(&row, "id", PrincipalId::new)?;
        if let Some(email) = row.try_get::<Option<String>, _>("email")? {
            let email = EmailAddress::parse(&email);
            let email = email.map_err(|_| StoreError::unreadable(format!("the address of person {id}")))?;
            loader.person(Person { id, email, created: moment(&row, "created_at")?, sessions: Vec::new() });
        }
        people.push(Principal {
            id,
            kind: PrincipalKind::Person,
            organization: None,
            name: row.try_get("display_name")?,
            deleted: deleted != 0,
            disabled: false,
            protected: false,
            secrets: Vec::new(),
            grants: Vec::new(),
            teams: Vec::new(),
        });
    }
    for row in sqlx::query(READ_SESSIONS).fetch_all(&mut *snapshot).await? {
        loader.session(session(&row)?);
    }
    Ok(people)
}

fn set_up_link(row: &AnyRow) -> Result<(OrganizationId, SetUpLink), StoreError> {
    let organization = id(row, "organization_id", OrganizationId::new)?;
    let unreadable = || StoreError::unreadable(format!("the digest of the set-up link of organization {organization}"));
    let kept = kept(row)?.ok_or_else(unreadable)?;
    Ok((organization, SetUpLink { digest: kept, expires: moment(row, "expires_at")? }))
}

/// What is kept of a token, of the one kind that there is.
fn kept(row: &AnyRow) -> Result<Option<SecretDigest>, StoreError> {
    let kind = row.try_get::<String, _>("digest_kind")?;
    Ok(if kind == "sha256" { digest(&row.try_get::<String, _>("digest")?) } else { None })
}

fn session(row: &AnyRow) -> Result<Session, StoreError> {
    let session = id(row, "id", SessionId::new)?;
    let unreadable = || StoreError::unreadable(format!("the digest of session {session}"));
    let text = |column: &str| row.try_get::<Option<String>, _>(column);
    let address = text("address")?.and_then(|address| address.parse().ok());
    let browser = text("browser")?.and_then(|browser| DisplayName::parse(&browser).ok());
    Ok(Session {
        id: session,
        person: id(row, "person_id", PrincipalId::new)?,
        digest: kept(row)?.ok_or_else(unreadable)?,
        begun: moment(row, "begun_at")?,
        ends: moment(row, "ends_at")?,
        from: SignedInFrom { address, browser },
    })
}

fn invitation(row: &AnyRow) -> Result<Invitation, StoreError> {
    let invitation = id(row, "id", InvitationId::new)?;
    let unreadable = |what: &str| StoreError::unreadable(format!("{what} of invitation {invitation}"));
    let text = |column: &str| row.try_get::<String, _>(column);
    let inviter = row.try_get::<Option<i64>, _>("inviter_id")?;
    Ok(Invitation {
        id: invitation,
        organization: id(row, "organization_id", OrganizationId::new)?,
        email: EmailAddress::parse(&text("email")?).map_err(|_| unreadable("the address"))?,
        digest: kept(row)?.ok_or_else(|| unreadable("the digest"))?,
        created: moment(row, "created_at")?,
        expires: moment(row, "expires_at")?,
        terms: read_terms(&text("role")?, &text("granted")?).ok_or_else(|| unreadable("the terms"))?,
        inviter: inviter.and_then(|inviter| PrincipalId::new(u64::try_from(inviter).ok()?)),
    })
}

pub(super) fn moment(row: &AnyRow, column: &str) -> Result<Moment, StoreError> {
    let seconds = row.try_get(column)?;
    Moment::from_seconds(seconds).ok_or_else(|| StoreError::unreadable(format!("{column} {seconds}")))
}
