//! Loading the directory: one snapshot, window by window of ids.
//!
//! Decoding a row costs more than reading it, so many rows are packed into one text, the same way on both engines: a
//! million accounts come in some thousands of rows. Usernames hold neither blanks nor semicolons, which separate.

use std::collections::BTreeMap;

use claviger_access::directory::{HeldSecret, Loader, Principal, Workspace};
use claviger_access::grant::{Grant, Granted};
use claviger_access::identity::{
    GrantId, OrganizationId, PrincipalId, PrincipalKind, ProjectId, SecretId, UsernameSuffix, WorkspaceId,
};
use claviger_access::role::{OrganizationRole, Role};
use claviger_access::{Change, Directory, Moment, Revision};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::change_format::{self, read_expiry, read_kind};
use super::rows::{digest, number};
use super::statements::statements;
use super::writing::read_head;
use super::{Engine, Store, StoreError};

statements! {
    READ_HEAD = "SELECT revision, mark, next_id, username_suffix FROM head WHERE id = 1";
    COUNT_PRINCIPALS = "SELECT COUNT(*) FROM principals";
    READ_ORGANIZATIONS = "SELECT id, name FROM organizations ORDER BY id";
    READ_PROJECTS = "SELECT id, organization_id, name, timezone FROM projects ORDER BY id";
    READ_WORKSPACES = "SELECT id, project_id, name, description, is_default, is_restricted, is_visible, created_at, creator_id \
                       FROM workspaces ORDER BY id";
    READ_PEOPLE = "SELECT id, display_name, CASE WHEN deleted_at IS NULL THEN 0 ELSE 1 END AS deleted \
                   FROM principals WHERE kind = 1 ORDER BY id";
    READ_ACCOUNTS = "SELECT string_agg(CAST(id AS TEXT) || ' ' || CAST(organization_id AS TEXT) || ' ' || \
                     CASE WHEN deleted_at IS NULL THEN '0' ELSE '1' END || ' ' || username, ';') AS packed \
                     FROM principals WHERE kind = 2 AND id >= $1 AND id < $2 GROUP BY id / 1024";
    READ_SECRETS = "SELECT string_agg(CAST(principal_id AS TEXT) || ' ' || CAST(id AS TEXT) || ' ' || digest_kind || ' ' || \
                    digest || ' ' || COALESCE(CAST(expires_at AS TEXT), '-'), ';') AS packed \
                    FROM secrets WHERE principal_id >= $1 AND principal_id < $2 GROUP BY principal_id / 1024";
    READ_GRANTS = "SELECT string_agg(CAST(principal_id AS TEXT) || ' ' || CAST(id AS TEXT) || ' ' || \
                   CASE WHEN project_id IS NULL THEN 'o ' || CAST(organization_id AS TEXT) \
                   WHEN workspace_id IS NULL THEN 'p ' || CAST(project_id AS TEXT) \
                   ELSE 'w ' || CAST(workspace_id AS TEXT) END || ' ' || role, ';') AS packed \
                   FROM grants WHERE principal_id >= $1 AND principal_id < $2 GROUP BY principal_id / 1024";
    READ_CHANGES = "SELECT revision, mark, body FROM changes WHERE revision > $1 ORDER BY revision LIMIT $2";
}

/// Ids are read in windows of so many.
const WINDOW: u64 = 1 << 16;

/// How far a load has come.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Principals that are in.
    pub loaded: usize,
    /// Principals in all.
    pub of: usize,
}

impl Store {
    /// Loads the directory as it stands, in one snapshot, which holds every write that was begun before.
    ///
    /// A process that was killed, or a connection that was lost, may have left PostgreSQL a commit that it still carries
    /// out after the lock has gone to us: taking the head waits for that.
    pub async fn load_directory(
        &self,
        hash_key: u64,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<Directory, StoreError> {
        let begin = match self.engine {
            Engine::Sqlite => "BEGIN",
            Engine::Postgres => {
                self.begin_at_head().await?.roll_back().await?;
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
            }
        };
        let mut snapshot = self.reads.begin_with(begin).await?;
        let head = sqlx::query(READ_HEAD).fetch_one(&mut *snapshot).await?;
        let (revision, mark) = read_head(&head)?;
        let next_id = id(&head, "next_id", Some)?;
        let of = sqlx::query(COUNT_PRINCIPALS).fetch_one(&mut *snapshot).await?.try_get::<i64, _>(0)?;
        let of = usize::try_from(of).unwrap_or_default();
        let mut loader = Loader::new(hash_key, of);
        let suffix = head.try_get::<String, _>("username_suffix")?;
        loader.username_suffix(UsernameSuffix::parse(&suffix).map_err(|_| StoreError::unreadable("the suffix"))?);
        read_places(&mut snapshot, &mut loader).await?;
        let mut people = read_people(&mut snapshot).await?;
        let mut loaded = 0;
        for from in (0..next_id).step_by(WINDOW as usize) {
            let later = people.split_off(&(from + WINDOW));
            let window = read_window(&mut snapshot, from, from + WINDOW, std::mem::replace(&mut people, later)).await?;
            loaded += window.len();
            window.values().for_each(|principal| loader.principal(principal));
            progress(Progress { loaded, of });
        }
        snapshot.commit().await?;
        Ok(loader.finish(revision, mark, next_id))
    }

    /// The changes after a revision, in order, at most so many: what an image follows.
    pub async fn changes_after(
        &self,
        revision: Revision,
        limit: i64,
    ) -> Result<Vec<(Revision, claviger_access::Mark, Vec<Change>)>, StoreError> {
        let rows = sqlx::query(READ_CHANGES).bind(number(revision.0)).bind(limit).fetch_all(&self.reads).await?;
        rows.iter()
            .map(|row| {
                let (revision, mark) = read_head(row)?;
                let changes = change_format::read(&row.try_get::<String, _>("body")?)
                    .ok_or_else(|| StoreError::unreadable(format!("the change of revision {revision}")))?;
                Ok((revision, mark, changes))
            })
            .collect()
    }
}

async fn read_places(snapshot: &mut AnyConnection, loader: &mut Loader) -> Result<(), StoreError> {
    for row in sqlx::query(READ_ORGANIZATIONS).fetch_all(&mut *snapshot).await? {
        loader.organization(id(&row, "id", OrganizationId::new)?, row.try_get("name")?);
    }
    for row in sqlx::query(READ_PROJECTS).fetch_all(&mut *snapshot).await? {
        let organization = id(&row, "organization_id", OrganizationId::new)?;
        loader.project(id(&row, "id", ProjectId::new)?, organization, row.try_get("name")?, row.try_get("timezone")?);
    }
    for row in sqlx::query(READ_WORKSPACES).fetch_all(&mut *snapshot).await? {
        let created = Moment::from_seconds(row.try_get("created_at")?);
        let creator = row.try_get::<Option<i64>, _>("creator_id")?;
        loader.workspace(Workspace {
            id: id(&row, "id", WorkspaceId::new)?,
            project: id(&row, "project_id", ProjectId::new)?,
            name: row.try_get("name")?,
            description: row.try_get("description")?,
            is_default: flag(&row, "is_default")?,
            is_restricted: flag(&row, "is_restricted")?,
            is_visible: flag(&row, "is_visible")?,
            created: created.ok_or_else(|| StoreError::unreadable("when a workspace was made"))?,
            creator: creator.and_then(|creator| PrincipalId::new(u64::try_from(creator).ok()?)),
        });
    }
    Ok(())
}

async fn read_people(snapshot: &mut AnyConnection) -> Result<BTreeMap<u64, Principal>, StoreError> {
    let mut people = BTreeMap::new();
    for row in sqlx::query(READ_PEOPLE).fetch_all(&mut *snapshot).await? {
        let id = id(&row, "id", PrincipalId::new)?;
        let deleted = row.try_get::<i64, _>("deleted").or_else(|_| row.try_get::<i32, _>("deleted").map(i64::from))?;
        people.insert(
            id.number(),
            Principal {
                id,
                kind: PrincipalKind::Person,
                organization: None,
                name: row.try_get("display_name")?,
                deleted: deleted != 0,
                secrets: Vec::new(),
                grants: Vec::new(),
            },
        );
    }
    Ok(people)
}

/// The principals of a window of ids, people among them, with their secrets and grants.
async fn read_window(
    snapshot: &mut AnyConnection,
    from: u64,
    to: u64,
    mut principals: BTreeMap<u64, Principal>,
) -> Result<BTreeMap<u64, Principal>, StoreError> {
    for packed in read_packed(snapshot, READ_ACCOUNTS, from, to).await? {
        for line in packed.split(';') {
            let account = account(line).ok_or_else(|| unreadable("an account", line))?;
            principals.insert(account.id.number(), account);
        }
    }
    for packed in read_packed(snapshot, READ_SECRETS, from, to).await? {
        for line in packed.split(';') {
            let (principal, secret) = secret(line).ok_or_else(|| unreadable("a secret", line))?;
            principals.get_mut(&principal).ok_or_else(|| unreadable("a secret", line))?.secrets.push(secret);
        }
    }
    for packed in read_packed(snapshot, READ_GRANTS, from, to).await? {
        for line in packed.split(';') {
            let (principal, grant) = grant(line).ok_or_else(|| unreadable("a grant", line))?;
            principals.get_mut(&principal).ok_or_else(|| unreadable("a grant", line))?.grants.push(grant);
        }
    }
    for principal in principals.values_mut() {
        principal.secrets.sort_unstable_by_key(|secret| secret.id);
        principal.grants.sort_unstable();
    }
    Ok(principals)
}

async fn read_packed(
    snapshot: &mut AnyConnection,
    statement: &'static str,
    from: u64,
    to: u64,
) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(statement).bind(number(from)).bind(number(to)).fetch_all(snapshot).await?;
    rows.iter().map(|row| Ok(row.try_get::<String, _>("packed")?)).collect()
}

fn account(line: &str) -> Option<Principal> {
    let mut parts = line.split(' ');
    let account = Principal {
        id: PrincipalId::new(parts.next()?.parse().ok()?)?,
        kind: read_kind(2)?,
        organization: Some(OrganizationId::new(parts.next()?.parse().ok()?)?),
        deleted: parts.next()? == "1",
        name: parts.next()?.to_owned(),
        secrets: Vec::new(),
        grants: Vec::new(),
    };
    parts.next().is_none().then_some(account)
}

fn secret(line: &str) -> Option<(u64, HeldSecret)> {
    let mut parts = line.split(' ');
    let principal = parts.next()?.parse().ok()?;
    let id = SecretId::new(parts.next()?.parse().ok()?)?;
    if parts.next()? != "sha256" {
        return None;
    }
    let digest = digest(parts.next()?)?;
    let expires = match parts.next()? {
        "-" => None,
        seconds => Some(seconds.parse().ok()?),
    };
    Some((principal, HeldSecret { id, digest, expires: read_expiry(expires)? }))
}

fn grant(line: &str) -> Option<(u64, Grant)> {
    let mut parts = line.split(' ');
    let principal = parts.next()?.parse().ok()?;
    let id = GrantId::new(parts.next()?.parse().ok()?)?;
    let (scope, on, role) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
    let granted = match scope {
        "o" => Granted::Organization(OrganizationId::new(on)?, OrganizationRole::parse(role)?),
        "p" => Granted::Project(ProjectId::new(on)?, Role::parse(role)?),
        _ => Granted::Workspace(WorkspaceId::new(on)?, Role::parse(role)?),
    };
    Some((principal, Grant { id, granted }))
}

/// Names the row by its first number alone: the rest may be a digest.
fn unreadable(what: &str, line: &str) -> StoreError {
    StoreError::unreadable(format!("{what} of principal {}", line.split(' ').next().unwrap_or_default()))
}

fn id<T>(row: &AnyRow, column: &str, new: impl Fn(u64) -> Option<T>) -> Result<T, StoreError> {
    let number = row.try_get::<i64, _>(column)?;
    let id = u64::try_from(number).ok().and_then(new);
    id.ok_or_else(|| StoreError::unreadable(format!("{column} {number}")))
}

/// SQLite gives a SMALLINT as a whole number of 64 bits, PostgreSQL as one of 16.
fn flag(row: &AnyRow, column: &str) -> Result<bool, StoreError> {
    let flag = row.try_get::<i64, _>(column).or_else(|_| row.try_get::<i16, _>(column).map(i64::from))?;
    Ok(flag != 0)
}
