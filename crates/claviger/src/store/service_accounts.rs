//! Lists of service accounts, with what the directory does not hold: who made them, when, and when they were used.
//!
//! Each read asks for a [`Permit`] and takes its scope from it, never again from a path.

use claviger_access::Permit;
use claviger_access::authorize::{ManageServiceAccounts, ReadServiceAccount, Scope};
use claviger_access::identity::{PrincipalId, WorkspaceId};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, Row};

use super::load::flag;
use super::rows::number;
use super::statements::statements;
use super::{Store, StoreError};

/// An account as every list reads it. It ends when its longest-lived secret does.
macro_rules! accounts_where {
    ($($condition:tt)+) => {
        concat!(
            "SELECT p.id, p.username, p.created_at, p.creator_id, p.is_disabled, p.is_protected, \
             COALESCE(c.username, c.display_name) AS creator_name, COALESCE(c.username, c.email) AS creator_email, \
             (SELECT MAX(s.last_used_at) FROM secrets s WHERE s.principal_id = p.id) AS last_used_at, \
             (SELECT CASE WHEN COUNT(*) = COUNT(s.expires_at) THEN MAX(s.expires_at) ELSE NULL END \
              FROM secrets s WHERE s.principal_id = p.id) AS expires_at \
             FROM principals p LEFT JOIN principals c ON c.id = p.creator_id \
             WHERE p.kind = 2 AND p.deleted_at IS NULL AND ",
            $($condition)+
        )
    };
}

/// Which accounts reach a project, or one workspace of it. Whether the project is open to all is asked once, not for each
/// account: that is why it is counted, where `EXISTS` would become a join with all grants of the project.
macro_rules! in_project {
    () => {
        "p.id IN ( \
            SELECT g.principal_id FROM grants g \
            WHERE g.project_id = $1 AND (g.workspace_id IS NULL OR g.workspace_id = $2) \
            UNION SELECT m.principal_id FROM grants g JOIN team_members m ON m.team_id = g.team_id \
            WHERE g.project_id = $1 AND (g.workspace_id IS NULL OR g.workspace_id = $2) \
            UNION SELECT g.principal_id FROM grants g \
            WHERE g.organization_id = $3 AND g.project_id IS NULL AND g.role IN ('admin', 'owner') \
            UNION SELECT a.id FROM principals a WHERE a.organization_id = $3 AND 0 < ( \
                SELECT COUNT(*) FROM grants g WHERE g.project_id = $1 AND g.principal_id IS NULL AND g.team_id IS NULL))"
    };
}

statements! {
    LIST_IN_ORGANIZATION = accounts_where!(
        "p.organization_id = $1 AND p.id > $2 AND lower(p.username) LIKE $3 ESCAPE '!' ORDER BY p.id LIMIT $4"
    );
    /// With the filters: whether only ownerless ones; which label, and whether with one value alone.
    LIST_FILTERED = accounts_where!(
        "p.organization_id = $1 \
         AND ($2 = 0 OR (NOT EXISTS ( \
                SELECT 1 FROM grants g LEFT JOIN account_details d ON d.principal_id = p.id \
                WHERE g.principal_kind = 1 AND g.organization_id = p.organization_id AND g.project_id IS NULL \
                AND g.principal_id = CASE COALESCE(d.owner_kind, 'creator') \
                    WHEN 'creator' THEN p.creator_id WHEN 'person' THEN d.owner_id END) \
            AND NOT EXISTS ( \
                SELECT 1 FROM account_details d JOIN teams t ON t.id = d.owner_id \
                WHERE d.principal_id = p.id AND d.owner_kind = 'team' AND t.organization_id = p.organization_id))) \
         AND ($3 = '' OR EXISTS ( \
                SELECT 1 FROM account_labels l \
                WHERE l.principal_id = p.id AND l.name = $3 AND ($4 = 0 OR l.value = $5))) \
         AND p.id > $6 AND lower(p.username) LIKE $7 ESCAPE '!' ORDER BY p.id LIMIT $8"
    );
    LIST_IN_PROJECT = accounts_where!(
        in_project!(),
        " AND p.id > $4 AND lower(p.username) LIKE $5 ESCAPE '!' ORDER BY p.id LIMIT $6"
    );
    /// Packed into one text, as a start reads accounts: decoding a row costs more than reading it.
    LIST_USES = "SELECT string_agg(concat_ws(' ', id, created_at, creator, used), ';') AS packed FROM ( \
                 SELECT p.id, p.created_at, COALESCE(p.creator_id, 0) AS creator, \
                 COALESCE((SELECT MAX(s.last_used_at) FROM secrets s WHERE s.principal_id = p.id), -1) AS used \
                 FROM principals p WHERE p.organization_id = $1 AND p.id > $2 AND p.kind = 2 AND p.deleted_at IS NULL \
                 ORDER BY p.id LIMIT $3) accounts";
    FIND_IN_ORGANIZATION = accounts_where!("p.organization_id = $1 AND p.id = $2");
}

/// An account as lists show it. Times are seconds since the epoch.
#[derive(Debug, Clone)]
pub struct ListedAccount {
    /// Its id.
    pub id: PrincipalId,
    /// Its full username.
    pub username: String,
    /// When it was made.
    pub created: i64,
    /// Who made it.
    pub creator: Option<PrincipalId>,
    /// The name of who made it.
    pub creator_name: Option<String>,
    /// The e-mail address of who made it; the username of a service account.
    pub creator_email: Option<String>,
    /// When one of its secrets was last used, as far as it was flushed.
    pub last_used: Option<i64>,
    /// When its longest-lived secret ends.
    pub expires: Option<i64>,
    /// Whether it is refused, though it keeps all that it has.
    pub disabled: bool,
    /// Whether it must be unprotected before it is deleted.
    pub protected: bool,
}

/// So many accounts are read at a time by [`Store::account_uses`].
pub const USES_AT_ONCE: usize = 20_000;

/// What the directory does not hold of an account: how it came to be, and when it was used. Times are seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountUse {
    /// Its id.
    pub id: PrincipalId,
    /// When it was made.
    pub created: i64,
    /// Who made it.
    pub creator: Option<PrincipalId>,
    /// When one of its secrets was last used, as far as it was flushed.
    pub last_used: Option<i64>,
}

impl From<&ListedAccount> for AccountUse {
    fn from(listed: &ListedAccount) -> Self {
        Self { id: listed.id, created: listed.created, creator: listed.creator, last_used: listed.last_used }
    }
}

/// Which accounts of an organization.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those whom nobody looks after.
    pub ownerless: bool,
    /// Only those with this label; with this value, if one is there.
    pub label: Option<(String, Option<String>)>,
}

/// Which part of a list.
#[derive(Debug, Clone, Default)]
pub struct Window {
    /// Only what comes after this id.
    pub after: Option<PrincipalId>,
    /// At most so many; `None` for all.
    pub limit: Option<u32>,
    /// Only usernames that hold this text, in any case. Every character means itself.
    pub search: Option<String>,
}

impl Window {
    fn after(&self) -> i64 {
        self.after.map_or(0, |id| number(id.number()))
    }

    fn limit(&self) -> i64 {
        self.limit.map_or(i64::MAX, i64::from)
    }

    fn pattern(&self) -> String {
        let mut pattern = String::from("%");
        for character in self.search.iter().flat_map(|search| search.chars()) {
            if matches!(character, '%' | '_' | '!') {
                pattern.push('!');
            }
            pattern.extend(character.to_lowercase());
        }
        if pattern.len() > 1 {
            pattern.push('%');
        }
        pattern
    }
}

impl Store {
    /// The accounts of the permit's organization, by id.
    pub async fn service_accounts(
        &self,
        permit: &Permit<ManageServiceAccounts>,
        window: &Window,
    ) -> Result<Vec<ListedAccount>, StoreError> {
        self.list(sqlx::query(LIST_IN_ORGANIZATION).bind(number(permit.organization().number())), window).await
    }

    /// The accounts of the permit's organization after that id, by id: [`USES_AT_ONCE`], or all that are left.
    pub async fn account_uses(
        &self,
        permit: &Permit<ManageServiceAccounts>,
        after: Option<PrincipalId>,
    ) -> Result<Vec<AccountUse>, StoreError> {
        let read = sqlx::query(LIST_USES)
            .bind(number(permit.organization().number()))
            .bind(after.map_or(0, |id| number(id.number())))
            .bind(number(USES_AT_ONCE as u64));
        let row = self.answered(read.fetch_one(&self.reads())).await?;
        let packed = row.try_get::<Option<String>, _>("packed")?.unwrap_or_default();
        let uses = packed.split(';').filter(|one| !one.is_empty()).map(|one| {
            account_use(one).ok_or_else(|| StoreError::unreadable(format!("when an account was used: {one}")))
        });
        let mut uses: Vec<AccountUse> = uses.collect::<Result<_, _>>()?;
        uses.sort_unstable_by_key(|one| one.id);
        Ok(uses)
    }

    /// Those of them that a filter lets through.
    pub async fn filtered_service_accounts(
        &self,
        permit: &Permit<ManageServiceAccounts>,
        filter: &Filter,
        window: &Window,
    ) -> Result<Vec<ListedAccount>, StoreError> {
        let (name, value) = filter.label.clone().unwrap_or_default();
        let list = sqlx::query(LIST_FILTERED)
            .bind(number(permit.organization().number()))
            .bind(i32::from(filter.ownerless))
            .bind(name)
            .bind(i32::from(value.is_some()))
            .bind(value.unwrap_or_default());
        self.list(list, window).await
    }

    /// The accounts that reach the permit's project, or this workspace of it; by id.
    pub async fn service_accounts_reaching(
        &self,
        permit: &Permit<ManageServiceAccounts>,
        workspace: Option<WorkspaceId>,
        window: &Window,
    ) -> Result<Vec<ListedAccount>, StoreError> {
        let Scope::Project(project) = permit.scope() else {
            return self.service_accounts(permit, window).await;
        };
        let list = sqlx::query(LIST_IN_PROJECT)
            .bind(number(project.number()))
            .bind(workspace.map_or(0, |workspace| number(workspace.number())))
            .bind(number(permit.organization().number()));
        self.list(list, window).await
    }

    /// The part of a list that is asked for; its statement takes the window last.
    async fn list(
        &self,
        list: Query<'_, Any, AnyArguments>,
        window: &Window,
    ) -> Result<Vec<ListedAccount>, StoreError> {
        let list = list.bind(window.after()).bind(window.pattern()).bind(window.limit());
        let rows = self.answered(list.fetch_all(&self.reads())).await?;
        rows.iter().map(listed).collect()
    }

    /// One account of the permit's organization.
    pub async fn service_account(
        &self,
        permit: &Permit<ReadServiceAccount>,
        account: PrincipalId,
    ) -> Result<Option<ListedAccount>, StoreError> {
        let find = sqlx::query(FIND_IN_ORGANIZATION)
            .bind(number(permit.organization().number()))
            .bind(number(account.number()));
        let row = self.answered(find.fetch_optional(&self.reads())).await?;
        row.as_ref().map(listed).transpose()
    }
}

fn account_use(packed: &str) -> Option<AccountUse> {
    let mut fields = packed.split(' ');
    let mut next = || fields.next()?.parse::<i64>().ok();
    let principal = |id: i64| u64::try_from(id).ok().and_then(PrincipalId::new);
    let (id, created, creator, used) = (principal(next()?)?, next()?, principal(next()?), next()?);
    Some(AccountUse { id, created, creator, last_used: Some(used).filter(|used| *used >= 0) })
}

fn listed(row: &AnyRow) -> Result<ListedAccount, StoreError> {
    let id = row.try_get::<i64, _>("id")?;
    let creator = row.try_get::<Option<i64>, _>("creator_id")?;
    let principal = |id: i64| u64::try_from(id).ok().and_then(PrincipalId::new);
    Ok(ListedAccount {
        id: principal(id).ok_or_else(|| StoreError::unreadable(format!("principal {id}")))?,
        username: row.try_get("username")?,
        created: row.try_get("created_at")?,
        creator: creator.and_then(principal),
        creator_name: row.try_get("creator_name")?,
        creator_email: row.try_get("creator_email")?,
        last_used: row.try_get("last_used_at")?,
        expires: row.try_get("expires_at")?,
        disabled: flag(row, "is_disabled")?,
        protected: flag(row, "is_protected")?,
    })
}

#[cfg(test)]
mod tests {
    use claviger_access::role::OrganizationRole;

    use super::*;

    #[test]
    fn the_roles_that_a_list_reaches_a_project_by_are_those_of_the_rule() {
        let roles = OrganizationRole::ALL.into_iter().filter(|role| role.in_projects().is_some());
        let names: Vec<String> = roles.map(|role| format!("'{}'", role.name())).collect();
        assert!(LIST_IN_PROJECT.contains(&format!("g.role IN ({})", names.join(", "))), "{LIST_IN_PROJECT}");
    }
}
