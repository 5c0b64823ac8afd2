//! How changes are written down: a versioned format, so that a node of another version knows whether it can follow.
//!
//! A form that was released is never changed: a new one gets a new version beside it.

mod custom_role;
mod invitation;
mod password_reset;
mod person;
mod policy;
mod second_factor;
mod secret;
mod service_account;
mod session;
mod set_up_link;
mod team;

use claviger_access::change::WorkspaceProperties;
use claviger_access::credential::SecretDigest;
use claviger_access::email::EmailAddress;
use claviger_access::grant::{Granted, Holder};
use claviger_access::identity::{
    GrantId, OrganizationId, PrincipalId, PrincipalKind, ProjectId, ProjectSlug, SecretId, TeamId, UsernameSuffix,
    WorkspaceId,
};
use claviger_access::role::OrganizationRole;
use claviger_access::{Change, Expiry, Moment};
use serde::{Deserialize, Serialize};

use super::grants::read_role;
use super::rows::{digest, hex};

/// The version that this program writes, and the only one so far.
const VERSION: u32 = 1;

/// The digest of tokens and secrets.
const DIGEST_KIND: &str = "sha256";

#[derive(Serialize, Deserialize)]
struct Body {
    version: u32,
    changes: Vec<Stored>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
enum Stored {
    UsernameSuffixChosen {
        suffix: String,
    },
    OrganizationFounded {
        id: u64,
        name: String,
        created: i64,
    },
    ProjectCreated {
        id: u64,
        organization: u64,
        name: String,
        timezone: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        slug: Option<String>,
        created: i64,
        creator: Option<u64>,
    },
    ProjectChanged {
        id: u64,
        name: String,
        timezone: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        slug: Option<String>,
    },
    ProjectDeleted {
        id: u64,
    },
    WorkspaceCreated {
        id: u64,
        project: u64,
        properties: StoredProperties,
        is_default: bool,
        created: i64,
        creator: Option<u64>,
    },
    WorkspaceChanged {
        id: u64,
        properties: StoredProperties,
    },
    WorkspaceDeleted {
        id: u64,
    },
    PrincipalCreated {
        id: u64,
        kind: u8,
        organization: Option<u64>,
        name: String,
        email: Option<String>,
        created: i64,
        creator: Option<u64>,
    },
    PrincipalDeleted {
        id: u64,
        deleted: i64,
    },
    SecretIssued {
        id: u64,
        principal: u64,
        digest_kind: String,
        digest: String,
        expires: Option<i64>,
        created: i64,
    },
    SecretExpiryChanged {
        id: u64,
        principal: u64,
        expires: Option<i64>,
    },
    GrantGiven {
        id: u64,
        holder: StoredHolder,
        scope: StoredScope,
        on: u64,
        role: String,
        created: i64,
    },
    GrantTaken {
        id: u64,
        holder: StoredHolder,
    },
    Secret(secret::Stored),
    ServiceAccount(service_account::Stored),
    Team(team::Stored),
    CustomRole(custom_role::Stored),
    Policy(policy::Stored),
    Invitation(invitation::Stored),
    Session(session::Stored),
    SetUpLink(set_up_link::Stored),
    Person(person::Stored),
    SecondFactor(second_factor::Stored),
    PasswordReset(password_reset::Stored),
}

#[derive(Serialize, Deserialize)]
struct StoredProperties {
    name: String,
    description: Option<String>,
    is_restricted: bool,
    is_visible: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredScope {
    Organization,
    Project,
    Workspace,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredHolder {
    Principal(u64),
    Team(u64),
    EveryMember(u64),
}

/// Writes the changes of one revision.
pub(super) fn write(changes: &[Change]) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Body { version: VERSION, changes: changes.iter().map(stored).collect() })
}

/// Reads the changes of one revision; `None` where this program does not know the form.
pub(super) fn read(body: &str) -> Option<Vec<Change>> {
    let body: Body = serde_json::from_str(body).ok()?;
    if body.version != VERSION {
        return None;
    }
    body.changes.into_iter().map(change).collect()
}

fn stored(change: &Change) -> Stored {
    match change {
        Change::UsernameSuffixChosen { suffix } => Stored::UsernameSuffixChosen { suffix: suffix.as_str().to_owned() },
        Change::OrganizationFounded { id, name, created } => {
            Stored::OrganizationFounded { id: id.number(), name: name.clone(), created: created.seconds() }
        }
        Change::ProjectCreated { id, organization, name, timezone, slug, created, creator } => Stored::ProjectCreated {
            id: id.number(),
            organization: organization.number(),
            name: name.clone(),
            timezone: timezone.clone(),
            slug: slug.as_ref().map(ProjectSlug::to_string),
            created: created.seconds(),
            creator: creator.map(PrincipalId::number),
        },
        Change::ProjectChanged { id, name, timezone, slug } => Stored::ProjectChanged {
            id: id.number(),
            name: name.clone(),
            timezone: timezone.clone(),
            slug: slug.as_ref().map(ProjectSlug::to_string),
        },
        Change::ProjectDeleted { id } => Stored::ProjectDeleted { id: id.number() },
        Change::WorkspaceCreated { id, project, properties, is_default, created, creator } => {
            stored_workspace((*id, *project), properties, *is_default, *created, *creator)
        }
        Change::WorkspaceChanged { id, properties } => {
            Stored::WorkspaceChanged { id: id.number(), properties: stored_properties(properties) }
        }
        Change::WorkspaceDeleted { id } => Stored::WorkspaceDeleted { id: id.number() },
        Change::PrincipalCreated { id, kind, organization, name, email, created, creator } => {
            Stored::PrincipalCreated {
                id: id.number(),
                kind: *kind as u8,
                organization: organization.map(OrganizationId::number),
                name: name.clone(),
                email: email.as_ref().map(|email| email.as_str().to_owned()),
                created: created.seconds(),
                creator: creator.map(PrincipalId::number),
            }
        }
        Change::PrincipalDeleted { id, deleted } => {
            Stored::PrincipalDeleted { id: id.number(), deleted: deleted.seconds() }
        }
        Change::SecretIssued { id, principal, digest, expires, created } => {
            stored_secret(*id, *principal, digest, *expires, *created)
        }
        Change::SecretExpiryChanged { id, principal, expires } => Stored::SecretExpiryChanged {
            id: id.number(),
            principal: principal.number(),
            expires: expires.moment().map(Moment::seconds),
        },
        Change::GrantGiven { id, holder, granted, created } => stored_grant(*id, *holder, granted, *created),
        Change::GrantTaken { id, holder } => Stored::GrantTaken { id: id.number(), holder: stored_holder(*holder) },
        Change::Secret(change) => Stored::Secret(secret::stored(change)),
        Change::ServiceAccount(change) => Stored::ServiceAccount(service_account::stored(change)),
        Change::Team(change) => Stored::Team(team::stored(change)),
        Change::CustomRole(change) => Stored::CustomRole(custom_role::stored(change)),
        Change::Policy(change) => Stored::Policy(policy::stored(change)),
        Change::Invitation(change) => Stored::Invitation(invitation::stored(change)),
        Change::Session(change) => Stored::Session(session::stored(change)),
        Change::SetUpLink(change) => Stored::SetUpLink(set_up_link::stored(change)),
        Change::Person(change) => Stored::Person(person::stored(change)),
        Change::SecondFactor(change) => Stored::SecondFactor(second_factor::stored(change)),
        Change::PasswordReset(change) => Stored::PasswordReset(password_reset::stored(change)),
    }
}

fn stored_workspace(
    (id, project): (WorkspaceId, ProjectId),
    properties: &WorkspaceProperties,
    is_default: bool,
    created: Moment,
    creator: Option<PrincipalId>,
) -> Stored {
    Stored::WorkspaceCreated {
        id: id.number(),
        project: project.number(),
        properties: stored_properties(properties),
        is_default,
        created: created.seconds(),
        creator: creator.map(PrincipalId::number),
    }
}

fn stored_secret(
    id: SecretId,
    principal: PrincipalId,
    digest: &SecretDigest,
    expires: Expiry,
    created: Moment,
) -> Stored {
    Stored::SecretIssued {
        id: id.number(),
        principal: principal.number(),
        digest_kind: "sha256".to_owned(),
        digest: hex(digest.as_bytes()),
        expires: expires.moment().map(Moment::seconds),
        created: created.seconds(),
    }
}

fn stored_grant(id: GrantId, holder: Holder, granted: &Granted, created: Moment) -> Stored {
    let (scope, on, role) = stored_granted(granted);
    Stored::GrantGiven { id: id.number(), holder: stored_holder(holder), scope, on, role, created: created.seconds() }
}

fn stored_granted(granted: &Granted) -> (StoredScope, u64, String) {
    match granted {
        Granted::Organization(on, role) => (StoredScope::Organization, on.number(), role.to_string()),
        Granted::Project(on, role) => (StoredScope::Project, on.number(), role.to_string()),
        Granted::Workspace(on, role) => (StoredScope::Workspace, on.number(), role.to_string()),
    }
}

fn stored_holder(holder: Holder) -> StoredHolder {
    match holder {
        Holder::Principal(id) => StoredHolder::Principal(id.number()),
        Holder::Team(id) => StoredHolder::Team(id.number()),
        Holder::EveryMember(project) => StoredHolder::EveryMember(project.number()),
    }
}

fn read_holder(stored: StoredHolder) -> Option<Holder> {
    Some(match stored {
        StoredHolder::Principal(id) => Holder::Principal(PrincipalId::new(id)?),
        StoredHolder::Team(id) => Holder::Team(TeamId::new(id)?),
        StoredHolder::EveryMember(project) => Holder::EveryMember(ProjectId::new(project)?),
    })
}

fn change(stored: Stored) -> Option<Change> {
    Some(match stored {
        Stored::UsernameSuffixChosen { suffix } => {
            Change::UsernameSuffixChosen { suffix: UsernameSuffix::parse(&suffix).ok()? }
        }
        Stored::OrganizationFounded { id, name, created } => {
            Change::OrganizationFounded { id: OrganizationId::new(id)?, name, created: moment(created)? }
        }
        Stored::ProjectCreated { id, organization, name, timezone, slug, created, creator } => Change::ProjectCreated {
            id: ProjectId::new(id)?,
            organization: OrganizationId::new(organization)?,
            name,
            timezone,
            slug: read_slug(slug)?,
            created: moment(created)?,
            creator: creator.and_then(PrincipalId::new),
        },
        Stored::ProjectChanged { id, name, timezone, slug } => {
            Change::ProjectChanged { id: ProjectId::new(id)?, name, timezone, slug: read_slug(slug)? }
        }
        Stored::ProjectDeleted { id } => Change::ProjectDeleted { id: ProjectId::new(id)? },
        Stored::WorkspaceCreated { id, project, properties, is_default, created, creator } => {
            Change::WorkspaceCreated {
                id: WorkspaceId::new(id)?,
                project: ProjectId::new(project)?,
                properties: read_properties(properties),
                is_default,
                created: moment(created)?,
                creator: creator.and_then(PrincipalId::new),
            }
        }
        Stored::WorkspaceChanged { id, properties } => {
            Change::WorkspaceChanged { id: WorkspaceId::new(id)?, properties: read_properties(properties) }
        }
        Stored::WorkspaceDeleted { id } => Change::WorkspaceDeleted { id: WorkspaceId::new(id)? },
        Stored::Secret(stored) => Change::Secret(secret::read(stored)?),
        Stored::ServiceAccount(stored) => Change::ServiceAccount(service_account::read(stored)?),
        Stored::Team(stored) => Change::Team(team::read(stored)?),
        Stored::CustomRole(stored) => Change::CustomRole(custom_role::read(stored)?),
        Stored::Policy(stored) => Change::Policy(policy::read(stored)?),
        Stored::Invitation(stored) => Change::Invitation(invitation::read(stored)?),
        Stored::Session(stored) => Change::Session(session::read(stored)?),
        Stored::SetUpLink(stored) => Change::SetUpLink(set_up_link::read(stored)?),
        Stored::Person(stored) => Change::Person(person::read(stored)?),
        Stored::SecondFactor(stored) => Change::SecondFactor(second_factor::read(stored)?),
        Stored::PasswordReset(stored) => Change::PasswordReset(password_reset::read(stored)?),
        of_principal => return principal_change(of_principal),
    })
}

fn principal_change(stored: Stored) -> Option<Change> {
    Some(match stored {
        Stored::PrincipalCreated { id, kind, organization, name, email, created, creator } => {
            Change::PrincipalCreated {
                id: PrincipalId::new(id)?,
                kind: read_kind(i64::from(kind))?,
                organization: organization.and_then(OrganizationId::new),
                name,
                email: match email {
                    Some(email) => Some(EmailAddress::parse(&email).ok()?),
                    None => None,
                },
                created: moment(created)?,
                creator: creator.and_then(PrincipalId::new),
            }
        }
        Stored::PrincipalDeleted { id, deleted } => {
            Change::PrincipalDeleted { id: PrincipalId::new(id)?, deleted: moment(deleted)? }
        }
        Stored::SecretIssued { id, principal, digest_kind, digest: text, expires, created } => Change::SecretIssued {
            id: SecretId::new(id)?,
            principal: PrincipalId::new(principal)?,
            digest: (digest_kind == "sha256").then(|| digest(&text))??,
            expires: read_expiry(expires)?,
            created: moment(created)?,
        },
        Stored::SecretExpiryChanged { id, principal, expires } => Change::SecretExpiryChanged {
            id: SecretId::new(id)?,
            principal: PrincipalId::new(principal)?,
            expires: read_expiry(expires)?,
        },
        Stored::GrantGiven { id, holder, scope, on, role, created } => Change::GrantGiven {
            id: GrantId::new(id)?,
            holder: read_holder(holder)?,
            granted: match scope {
                StoredScope::Organization => {
                    Granted::Organization(OrganizationId::new(on)?, OrganizationRole::parse(&role)?)
                }
                StoredScope::Project => Granted::Project(ProjectId::new(on)?, read_role(&role)?),
                StoredScope::Workspace => Granted::Workspace(WorkspaceId::new(on)?, read_role(&role)?),
            },
            created: moment(created)?,
        },
        Stored::GrantTaken { id, holder } => Change::GrantTaken { id: GrantId::new(id)?, holder: read_holder(holder)? },
        Stored::UsernameSuffixChosen { .. }
        | Stored::OrganizationFounded { .. }
        | Stored::ProjectCreated { .. }
        | Stored::ProjectChanged { .. }
        | Stored::ProjectDeleted { .. }
        | Stored::WorkspaceCreated { .. }
        | Stored::WorkspaceChanged { .. }
        | Stored::WorkspaceDeleted { .. }
        | Stored::Secret(_)
        | Stored::ServiceAccount(_)
        | Stored::Team(_)
        | Stored::CustomRole(_)
        | Stored::Policy(_)
        | Stored::Invitation(_)
        | Stored::Session(_)
        | Stored::SetUpLink(_)
        | Stored::Person(_)
        | Stored::SecondFactor(_)
        | Stored::PasswordReset(_) => return None,
    })
}

fn stored_properties(properties: &WorkspaceProperties) -> StoredProperties {
    StoredProperties {
        name: properties.name.clone(),
        description: properties.description.clone(),
        is_restricted: properties.is_restricted,
        is_visible: properties.is_visible,
    }
}

fn read_properties(stored: StoredProperties) -> WorkspaceProperties {
    WorkspaceProperties {
        name: stored.name,
        description: stored.description,
        is_restricted: stored.is_restricted,
        is_visible: stored.is_visible,
    }
}

/// What was stored before there were slugs has none.
fn read_slug(stored: Option<String>) -> Option<Option<ProjectSlug>> {
    stored.map(|slug| ProjectSlug::parse(&slug)).transpose().ok()
}

fn moment(seconds: i64) -> Option<Moment> {
    Moment::from_seconds(seconds)
}

/// An end that was stored; `None` where it is no moment.
pub(super) fn read_expiry(seconds: Option<i64>) -> Option<Expiry> {
    match seconds {
        None => Some(Expiry::NEVER),
        Some(seconds) => moment(seconds).map(Expiry::at),
    }
}

/// The kind of a principal as the rows have it.
pub(super) fn read_kind(kind: i64) -> Option<PrincipalKind> {
    match kind {
        1 => Some(PrincipalKind::Person),
        2 => Some(PrincipalKind::ServiceAccount),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROJECT: Option<ProjectId> = ProjectId::new(101);

    #[test]
    fn what_was_written_before_there_were_slugs_is_read_still() {
        let body = r#"{"version":1,"changes":[
            {"change":"project_created","id":101,"organization":1,"name":"Shop","timezone":"UTC","created":7,"creator":null},
            {"change":"project_changed","id":101,"name":"Books","timezone":"UTC"}]}"#;
        let changes = read(body).expect("changes");
        let [
            Change::ProjectCreated { id: created, slug: first, .. },
            Change::ProjectChanged { id: changed, slug: second, .. },
        ] = &changes[..]
        else {
            panic!("{changes:?}")
        };
        assert_eq!((Some(*created), Some(*changed)), (PROJECT, PROJECT));
        assert_eq!((first, second), (&None, &None));
        assert_eq!(write(&changes).expect("a body"), body.replace("\n            ", ""), "and written the same");
    }

    #[test]
    fn a_slug_is_read_back_and_what_is_none_is_not_read() {
        let slug = ProjectSlug::parse("web-shop").ok();
        let (id, name, timezone) = (PROJECT.expect("an id"), "Shop".to_owned(), "UTC".to_owned());
        let body = write(&[Change::ProjectChanged { id, name, timezone, slug: slug.clone() }]).expect("a body");
        assert!(
            matches!(&read(&body).expect("changes")[..], [Change::ProjectChanged { slug: read, .. }] if *read == slug)
        );
        assert!(read(&body.replace("web-shop", "Web shop")).is_none());
    }
}
