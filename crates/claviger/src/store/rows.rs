//! What each change does to the rows.

pub(super) mod account_details;
pub(super) mod custom_role;
pub(super) mod invitation;
pub(super) mod password_reset;
pub(super) mod person;
pub(super) mod policy;
pub(super) mod principal;
pub(super) mod second_factor;
pub(super) mod secret;
pub(super) mod service_account;
pub(super) mod session;
pub(super) mod set_up_link;
pub(super) mod team;

use claviger_access::change::WorkspaceProperties;
use claviger_access::credential::SecretDigest;
use claviger_access::identity::{OrganizationId, PrincipalId, ProjectId, ProjectSlug, WorkspaceId};
use claviger_access::{Change, Directory, Moment};
use sqlx::AnyConnection;
use sqlx::any::AnyArguments;
use sqlx::query::Query;

use super::gathered::Gathered;
use super::statements::statements;

statements! {
    CHOOSE_SUFFIX = "UPDATE head SET username_suffix = $1 WHERE id = 1";
    INSERT_ORGANIZATION = "INSERT INTO organizations (id, name, created_at) VALUES ($1, $2, $3)";
    INSERT_PROJECT = "INSERT INTO projects (id, organization_id, name, timezone, slug, created_at, creator_id) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7)";
    UPDATE_PROJECT = "UPDATE projects SET name = $2, timezone = $3, slug = $4 WHERE id = $1";
    DELETE_PROJECT_GRANTS = "DELETE FROM grants WHERE project_id = $1";
    DELETE_PROJECT_ROLES = "DELETE FROM custom_roles WHERE project_id = $1";
    DELETE_PROJECT_WORKSPACES = "DELETE FROM workspaces WHERE project_id = $1";
    DELETE_PROJECT = "DELETE FROM projects WHERE id = $1";
    INSERT_WORKSPACE = "INSERT INTO workspaces \
                        (id, project_id, name, description, is_default, is_restricted, is_visible, created_at, creator_id) \
                        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    UPDATE_WORKSPACE = "UPDATE workspaces SET name = $2, description = $3, is_restricted = $4, is_visible = $5 \
                        WHERE id = $1";
    DELETE_WORKSPACE_GRANTS = "DELETE FROM grants WHERE workspace_id = $1";
    DELETE_WORKSPACE = "DELETE FROM workspaces WHERE id = $1";
}

/// Writes the rows of a decision's changes, or gathers them to be sent with others. `directory` is the state with the whole
/// decision applied.
pub(super) async fn write(
    connection: &mut AnyConnection,
    gathered: &mut Gathered,
    directory: &Directory,
    changes: &[Change],
) -> Result<(), sqlx::Error> {
    for change in changes {
        gathered.make_way_for(connection, change).await?;
        write_one(connection, gathered, directory, change).await?;
    }
    Ok(())
}

async fn write_one(
    connection: &mut AnyConnection,
    gathered: &mut Gathered,
    directory: &Directory,
    change: &Change,
) -> Result<(), sqlx::Error> {
    match change {
        Change::UsernameSuffixChosen { suffix } => {
            run(connection, sqlx::query(CHOOSE_SUFFIX).bind(suffix.as_str().to_owned())).await
        }
        Change::OrganizationFounded { id, name, created } => {
            let insert = sqlx::query(INSERT_ORGANIZATION).bind(number(id.number()));
            run(connection, insert.bind(name.clone()).bind(created.seconds())).await
        }
        Change::ProjectCreated { id, organization, name, timezone, slug, created, creator } => {
            let properties = (name.as_str(), timezone.as_str(), slug.as_ref());
            insert_project(connection, *id, *organization, properties, *created, *creator).await
        }
        Change::ProjectChanged { id, name, timezone, slug } => {
            let update = sqlx::query(UPDATE_PROJECT)
                .bind(number(id.number()))
                .bind(name.clone())
                .bind(timezone.clone())
                .bind(slug.as_ref().map(ProjectSlug::to_string));
            run(connection, update).await
        }
        Change::ProjectDeleted { id } => {
            let statements = [DELETE_PROJECT_GRANTS, DELETE_PROJECT_ROLES, DELETE_PROJECT_WORKSPACES, DELETE_PROJECT];
            run_each(connection, statements, id.number()).await
        }
        Change::WorkspaceCreated { id, project, properties, is_default, created, creator } => {
            insert_workspace(connection, *id, *project, properties, *is_default, *created, *creator).await
        }
        Change::WorkspaceChanged { id, properties } => {
            let update = sqlx::query(UPDATE_WORKSPACE)
                .bind(number(id.number()))
                .bind(properties.name.clone())
                .bind(properties.description.clone())
                .bind(i16::from(properties.is_restricted))
                .bind(i16::from(properties.is_visible));
            run(connection, update).await
        }
        Change::WorkspaceDeleted { id } => {
            run_each(connection, [DELETE_WORKSPACE_GRANTS, DELETE_WORKSPACE], id.number()).await
        }
        Change::PrincipalCreated { .. }
        | Change::PrincipalDeleted { .. }
        | Change::SecretIssued { .. }
        | Change::GrantGiven { .. }
        | Change::GrantTaken { .. } => gathered.add(directory, change),
        Change::SecretExpiryChanged { id, expires, .. } => secret::end_at(connection, *id, *expires).await,
        Change::Secret(change) => secret::write(connection, change).await,
        Change::ServiceAccount(change) => service_account::write(connection, change).await,
        Change::Team(change) => team::write(connection, directory, change).await,
        Change::CustomRole(change) => custom_role::write(connection, change).await,
        Change::Policy(change) => policy::write(connection, change).await,
        Change::Invitation(change) => invitation::write(connection, change).await,
        Change::Session(change) => session::write(connection, change).await,
        Change::SetUpLink(change) => set_up_link::write(connection, change).await,
        Change::Person(change) => person::write(connection, change).await,
        Change::SecondFactor(change) => second_factor::write(connection, change).await,
        Change::PasswordReset(change) => password_reset::write(connection, change).await,
    }
}

async fn insert_project(
    connection: &mut AnyConnection,
    id: ProjectId,
    organization: OrganizationId,
    (name, timezone, slug): (&str, &str, Option<&ProjectSlug>),
    created: Moment,
    creator: Option<PrincipalId>,
) -> Result<(), sqlx::Error> {
    let insert = sqlx::query(INSERT_PROJECT)
        .bind(number(id.number()))
        .bind(number(organization.number()))
        .bind(name.to_owned())
        .bind(timezone.to_owned())
        .bind(slug.map(ProjectSlug::to_string))
        .bind(created.seconds())
        .bind(creator.map(|creator| number(creator.number())));
    run(connection, insert).await
}

async fn insert_workspace(
    connection: &mut AnyConnection,
    id: WorkspaceId,
    project: ProjectId,
    properties: &WorkspaceProperties,
    is_default: bool,
    created: Moment,
    creator: Option<PrincipalId>,
) -> Result<(), sqlx::Error> {
    let insert = sqlx::query(INSERT_WORKSPACE)
        .bind(number(id.number()))
        .bind(number(project.number()))
        .bind(properties.name.clone())
        .bind(properties.description.clone())
        .bind(i16::from(is_default))
        .bind(i16::from(properties.is_restricted))
        .bind(i16::from(properties.is_visible))
        .bind(created.seconds())
        .bind(creator.map(|creator| number(creator.number())));
    run(connection, insert).await
}

async fn run(connection: &mut AnyConnection, query: Query<'_, sqlx::Any, AnyArguments>) -> Result<(), sqlx::Error> {
    query.execute(connection).await.map(|_| ())
}

async fn run_each<const N: usize>(
    connection: &mut AnyConnection,
    statements: [&'static str; N],
    id: u64,
) -> Result<(), sqlx::Error> {
    for statement in statements {
        run(connection, sqlx::query(statement).bind(number(id))).await?;
    }
    Ok(())
}

/// An id as the databases hold it; ids end below 2^53.
pub(super) fn number(id: u64) -> i64 {
    id as i64
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let (mut bytes, mut seen) = ([0; N], 0);
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let (high, low) = (HEX_DIGITS[usize::from(pair[0])], HEX_DIGITS[usize::from(pair[1])]);
        seen |= high | low;
        *byte = high << 4 | low;
    }
    (seen & NO_HEX_DIGIT == 0).then_some(bytes)
}

const NO_HEX_DIGIT: u8 = 1 << 7;

/// What each byte is as a digit. A start with a million accounts reads 64 million digits, and as they are random, a branch
/// on each would be foretold wrongly half the time.
const HEX_DIGITS: [u8; 256] = {
    let mut digits = [NO_HEX_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    digits
};

pub(super) fn digest(text: &str) -> Option<SecretDigest> {
    unhex(text).map(SecretDigest::from_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_back_from_their_digits_and_from_nothing_else() {
        let bytes: [u8; 256] = std::array::from_fn(|byte| byte as u8);
        assert_eq!(unhex(&hex(&bytes)), Some(bytes));
        let read = |text: &str| unhex::<2>(text);
        assert_eq!(read("09af"), Some([0x09, 0xaf]));
        for text in ["", "09a", "09aff", "09aF", "G9af", "09a/", "0:af", "`9af", " 9af", "+9af", "\u{e9}af"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
