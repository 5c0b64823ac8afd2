//! Fills an empty store with accounts that have a secret and two grants each, past the rules and the writer.
//!
//! What it writes is what as many requests would have left in the tables that a start reads; the log of changes and the
//! audit log stay empty. Rows are made by the database itself, a thousand a statement, in one transaction; the same
//! statements do for both engines.

use clap::Parser;
use claviger::config::StoreOptions;
use claviger::store::{Engine, Store};
use claviger_bench::{ACCOUNTS_OF_AN_ORGANIZATION, Ids, PROJECTS_OF_AN_ORGANIZATION, digest};
use sqlx::{AnyConnection, Executor};

/// Fill an empty store with accounts
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    store: StoreOptions,

    /// How many
    #[arg(long, value_name = "N")]
    accounts: u64,
}

/// A thousand numbers from $1 on, up to $2. Statements that need more than them have it after these.
macro_rules! numbered {
    ($sql:literal) => {
        concat!(
            "WITH RECURSIVE numbers (n) AS (SELECT CAST($1 AS BIGINT) WHERE $1 < $2 ",
            "UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < $2) ",
            $sql
        )
    };
}

const ORGANIZATIONS: &str = numbered!(
    "INSERT INTO organizations (id, name, created_at) SELECT $3 + n, 'Organization ' || CAST(n AS TEXT), 1700000000 \
     FROM numbers"
);
const PROJECTS: &str = numbered!(
    "INSERT INTO projects (id, organization_id, name, timezone, created_at) \
     SELECT $3 + n, $4 + n / $5, 'Project ' || CAST(n AS TEXT), 'UTC', 1700000000 FROM numbers"
);
const WORKSPACES: &str = numbered!(
    "INSERT INTO workspaces (id, project_id, name, is_default, is_restricted, is_visible, created_at) \
     SELECT $3 + n, $4 + n, 'All Project Data', 1, 0, 1, 1700000000 FROM numbers"
);
const ACCOUNTS: &str = numbered!(
    "INSERT INTO principals (id, kind, organization_id, username, created_at) SELECT $3 + 4 * n, 2, $4 + n / $5, \
     'nightly-export-' || substr(CAST(1000000000 + n AS TEXT), 2) || '.b0b0b0.service-account', 1700000000 FROM numbers"
);
/// $4 holds the digests of these accounts, one behind the other.
const SECRETS: &str = numbered!(
    "INSERT INTO secrets (id, principal_id, digest_kind, digest, created_at) SELECT $3 + 4 * n + 1, $3 + 4 * n, \
     'sha256', substr($4, CAST(64 * (n - $1) + 1 AS INTEGER), 64), 1700000000 FROM numbers"
);
/// Which of the two is $7; the projects of an organization follow each other.
const GRANTS: &str = numbered!(
    "INSERT INTO grants \
     (id, principal_id, principal_kind, home_organization_id, organization_id, project_id, role, created_at) \
     SELECT $3 + 4 * n + 2 + $7, $3 + 4 * n, 2, $4 + n / $5, $4 + n / $5, $6 + n / $5 * $8 + (n + $7) % $8, \
     CASE WHEN $7 = 0 THEN 'analyst' ELSE 'consumer' END, 1700000000 FROM numbers"
);
const HEAD: &str = "UPDATE head SET next_id = $1 WHERE id = 1";

/// Numbers of one statement.
const STEP: u64 = 1_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let ids = Ids::of(options.accounts);
    let store = Store::open(options.store.location()?).await?;
    let mut connection = store.reads().acquire().await?;
    let is_sqlite = store.engine() == Engine::Sqlite;
    if is_sqlite {
        // A population that is cut short is made anew; nothing needs to last before it is whole.
        connection.execute("PRAGMA synchronous = OFF; PRAGMA cache_size = -500000").await?;
    } else {
        connection.execute("SET statement_timeout = 0").await?;
    }
    connection.execute("BEGIN").await?;
    places(&mut connection, ids).await?;
    accounts(&mut connection, ids, options.accounts).await?;
    sqlx::query(HEAD).bind(bound(ids.account(options.accounts))).execute(&mut *connection).await?;
    connection.execute("COMMIT").await?;
    if is_sqlite {
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
    } else {
        connection.execute("VACUUM ANALYZE").await?;
    }
    drop(connection);
    store.close().await;
    println!("{} accounts in {} organizations", options.accounts, ids.organizations());
    Ok(())
}

async fn places(connection: &mut AnyConnection, ids: Ids) -> sqlx::Result<()> {
    for (from, to) in steps(ids.organizations()) {
        let insert = sqlx::query(ORGANIZATIONS).bind(bound(from)).bind(bound(to));
        insert.bind(bound(ids.organization(0))).execute(&mut *connection).await?;
    }
    for (from, to) in steps(ids.projects()) {
        let insert = sqlx::query(PROJECTS).bind(bound(from)).bind(bound(to)).bind(bound(ids.project(0)));
        let insert = insert.bind(bound(ids.organization(0))).bind(bound(PROJECTS_OF_AN_ORGANIZATION));
        insert.execute(&mut *connection).await?;
        let insert = sqlx::query(WORKSPACES).bind(bound(from)).bind(bound(to)).bind(bound(ids.workspace(0)));
        insert.bind(bound(ids.project(0))).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn accounts(connection: &mut AnyConnection, ids: Ids, accounts: u64) -> sqlx::Result<()> {
    let (account, organization) = (bound(ids.account(0)), bound(ids.organization(0)));
    for (from, to) in steps(accounts) {
        let insert = sqlx::query(ACCOUNTS).bind(bound(from)).bind(bound(to)).bind(account).bind(organization);
        insert.bind(bound(ACCOUNTS_OF_AN_ORGANIZATION)).execute(&mut *connection).await?;
        let digests: String = (from..to).flat_map(|number| *digest(number).as_bytes()).map(hex).collect();
        let insert = sqlx::query(SECRETS).bind(bound(from)).bind(bound(to)).bind(account);
        insert.bind(digests).execute(&mut *connection).await?;
        for which in 0..2 {
            let insert = sqlx::query(GRANTS).bind(bound(from)).bind(bound(to)).bind(account).bind(organization);
            let insert = insert.bind(bound(ACCOUNTS_OF_AN_ORGANIZATION)).bind(bound(ids.project(0)));
            let insert = insert.bind(bound(which)).bind(bound(PROJECTS_OF_AN_ORGANIZATION));
            insert.execute(&mut *connection).await?;
        }
    }
    Ok(())
}

fn steps(end: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..end).step_by(STEP as usize).map(move |from| (from, end.min(from + STEP)))
}

fn hex(byte: u8) -> String {
    format!("{byte:02x}")
}

fn bound(number: u64) -> i64 {
    number as i64
}
