//! Loading the directory: one snapshot, window by window of ids.
//!
//! Decoding a row costs more than reading it, so all rows of a window are packed into one text, the same way on both
//! engines: a million accounts come in some hundreds of rows. While one window is read, [`unpack`] reads the one before.

pub(super) mod account_details;
pub(super) mod people;
pub(super) mod policies;
pub(super) mod recovery;
pub(super) mod shared;
mod unpack;

use std::time::Duration;

use claviger_access::directory::{Loader, Workspace};
use claviger_access::identity::{OrganizationId, PrincipalId, ProjectId, ProjectSlug, UsernameSuffix, WorkspaceId};
use claviger_access::{Change, Directory, Moment, Revision};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Executor, Row};
use tokio::sync::mpsc;

use self::unpack::Window;
use super::change_format;
use super::rows::number;
use super::statements::statements;
use super::writing::read_head;
use super::{Engine, Store, StoreError};

statements! {
    READ_HEAD = "SELECT revision, mark, next_id, username_suffix FROM head WHERE id = 1";
    COUNT_PRINCIPALS = "SELECT COUNT(*) FROM principals";
    READ_ORGANIZATIONS = "SELECT id, name FROM organizations ORDER BY id";
    READ_PROJECTS = "SELECT id, organization_id, name, timezone, slug FROM projects ORDER BY id";
    READ_WORKSPACES = "SELECT id, project_id, name, description, is_default, is_restricted, is_visible, created_at, creator_id \
                       FROM workspaces ORDER BY id";
    /// These four are read in [`unpack`]. Without a GROUP BY, for which SQLite would sort; concat_ws leaves a NULL out.
    READ_ACCOUNTS = "SELECT string_agg(concat_ws(' ', id, organization_id, \
                     CASE WHEN deleted_at IS NULL THEN 0 ELSE 1 END + 2 * is_disabled + 4 * is_protected, username), ';') AS packed \
                     FROM principals WHERE kind = 2 AND id >= $1 AND id < $2";
    /// A field costs by being there, however short: the kind of digest and whether the secret is disabled, the same in
    /// nearly every row, have none. A digest of another kind is left out, and its row is none that can be read.
    READ_SECRETS = "SELECT string_agg(concat_ws(' ', principal_id, id, CASE WHEN digest_kind <> 'sha256' THEN NULL \
                    WHEN is_disabled = 0 THEN digest ELSE '!' || digest END, expires_at), ';') AS packed \
                    FROM secrets WHERE principal_id >= $1 AND principal_id < $2";
    READ_GRANTS = "SELECT string_agg(concat_ws(' ', principal_id, id, \
                   CASE WHEN project_id IS NULL THEN 'o' WHEN workspace_id IS NULL THEN 'p' ELSE 'w' END, \
                   COALESCE(workspace_id, project_id, organization_id), \
                   COALESCE(CAST(custom_role_id AS TEXT), role)), ';') AS packed \
                   FROM grants WHERE principal_id >= $1 AND principal_id < $2";
    READ_MEMBERSHIPS = "SELECT string_agg(concat_ws(' ', principal_id, team_id), ';') AS packed \
                        FROM team_members WHERE principal_id >= $1 AND principal_id < $2";
    READ_CHANGES = "SELECT revision, mark, body FROM changes WHERE revision > $1 ORDER BY revision LIMIT $2";
}

/// Each part of a load comes within this; of the largest installations some take a minute.
const LOADED_WITHIN: Duration = Duration::from_secs(330);

/// Ids are read in windows of so many.
const WINDOW: u64 = 1 << 14;

/// So many windows may be read before they are unpacked: enough that neither side waits for the other for long.
const WINDOWS_WAITING_MAX: usize = 4;

/// How far a load has come.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Principals that are in.
    pub loaded: usize,
    /// Principals in all.
    pub of: usize,
}

impl Store {
    /// Loads the directory as it stands, in one snapshot. Where there are other nodes, what they commit meanwhile is followed.
    pub async fn load_directory(
        &self,
        hash_key: u64,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<Directory, StoreError> {
        let begin = match self.engine {
            Engine::Sqlite => "BEGIN",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        // Not one of those that requests wait for, and none that may lead to a host that is gone.
        let mut snapshot = self.connector.connect().await?;
        if self.engine == Engine::Postgres {
            self.answered(snapshot.execute("SET statement_timeout = '300s'")).await?;
        }
        self.answered(snapshot.execute(begin)).await?;
        let head = self.answered(sqlx::query(READ_HEAD).fetch_one(&mut *snapshot)).await?;
        let (revision, mark) = read_head(&head)?;
        let next_id = id(&head, "next_id", Some)?;
        let of = self.loaded(async { Ok(sqlx::query(COUNT_PRINCIPALS).fetch_one(&mut *snapshot).await?) }).await?;
        let of = of.try_get::<i64, _>(0)?;
        let of = usize::try_from(of).unwrap_or_default();
        let mut loader = Loader::new(hash_key, of);
        let suffix = head.try_get::<String, _>("username_suffix")?;
        loader.username_suffix(UsernameSuffix::parse(&suffix).map_err(|_| StoreError::unreadable("the suffix"))?);
        self.loaded(read_places(&mut snapshot, &mut loader)).await?;
        self.loaded(shared::read(&mut snapshot, &mut loader)).await?;
        self.loaded(policies::read(&mut snapshot, &mut loader)).await?;
        self.loaded(account_details::read(&mut snapshot, &mut loader)).await?;
        let people = self.loaded(people::read(&mut snapshot, &mut loader)).await?;
        self.loaded(recovery::read(&mut snapshot, &mut loader)).await?;
        let mut loaded = people.len();
        let (windows, waiting) = mpsc::channel(WINDOWS_WAITING_MAX);
        let unpacking = tokio::task::spawn_blocking(move || unpack::into_loader(loader, people, waiting));
        for from in (0..next_id).step_by(WINDOW as usize) {
            let window = self.loaded(read_window(&mut snapshot, from, from + WINDOW)).await?;
            loaded += window.account_count();
            // Whoever reads them has stopped, and says below why.
            if windows.send(window).await.is_err() {
                break;
            }
            progress(Progress { loaded, of });
        }
        drop(windows);
        self.answered(snapshot.execute("COMMIT")).await?;
        let loader = unpacking.await.map_err(|error| StoreError::unreadable(error.to_string()))??;
        Ok(loader.finish(revision, mark, next_id))
    }

    /// Waits for a part of a load, but not for ever: a host may be gone.
    async fn loaded<T>(&self, part: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::time::timeout(LOADED_WITHIN, part).await.unwrap_or_else(|_| Err(StoreError::no_answer()))
    }

    /// The changes after a revision, in order, at most so many: what an image follows.
    pub async fn changes_after(
        &self,
        revision: Revision,
        limit: i64,
    ) -> Result<Vec<(Revision, claviger_access::Mark, Vec<Change>)>, StoreError> {
        let rows = sqlx::query(READ_CHANGES).bind(number(revision.0)).bind(limit).fetch_all(&self.reads()).await?;
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
        let (name, timezone) = (row.try_get("name")?, row.try_get("timezone")?);
        let slug = row.try_get::<Option<String>, _>("slug")?.map(|slug| ProjectSlug::parse(&slug)).transpose();
        let slug = slug.map_err(|_| StoreError::unreadable("the slug of a project"))?;
        loader.project(id(&row, "id", ProjectId::new)?, organization, name, timezone, slug);
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

/// The rows of a window of ids, packed.
async fn read_window(snapshot: &mut AnyConnection, from: u64, to: u64) -> Result<Window, StoreError> {
    Ok(Window {
        end: to,
        accounts: read_packed(snapshot, READ_ACCOUNTS, from, to).await?,
        secrets: read_packed(snapshot, READ_SECRETS, from, to).await?,
        grants: read_packed(snapshot, READ_GRANTS, from, to).await?,
        memberships: read_packed(snapshot, READ_MEMBERSHIPS, from, to).await?,
    })
}

async fn read_packed(
    connection: &mut AnyConnection,
    statement: &'static str,
    from: u64,
    to: u64,
) -> Result<String, StoreError> {
    let row = sqlx::query(statement).bind(number(from)).bind(number(to)).fetch_one(connection).await?;
    Ok(row.try_get::<Option<String>, _>("packed")?.unwrap_or_default())
}

fn id<T>(row: &AnyRow, column: &str, new: impl Fn(u64) -> Option<T>) -> Result<T, StoreError> {
    let number = row.try_get::<i64, _>(column)?;
    let id = u64::try_from(number).ok().and_then(new);
    id.ok_or_else(|| StoreError::unreadable(format!("{column} {number}")))
}

/// SQLite gives a SMALLINT as a whole number of 64 bits, PostgreSQL as one of 16.
pub(super) fn flag(row: &AnyRow, column: &str) -> Result<bool, StoreError> {
    let flag = row.try_get::<i64, _>(column).or_else(|_| row.try_get::<i16, _>(column).map(i64::from))?;
    Ok(flag != 0)
}
