//! What the newest released program sends must go on working while newer ones have brought the schema up to date: its
//! statements are kept in `released_statements.sql`, and prepared on today's schema.
//!
//! With a release, today's statements take the place of those: `RELEASED_STATEMENTS=write cargo test -p claviger --test suite
//! released_statements`.

use claviger::store::all_statements;
use sqlx::{AssertSqlSafe, Executor, SqlSafeStr};

use crate::world::on_both_stores;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/released_statements.sql");

/// In the file each statement has its name above it.
fn written() -> String {
    let mut statements: Vec<_> = all_statements().map(|(name, sql)| format!("-- {name}\n{sql};\n")).collect();
    statements.sort();
    statements.concat()
}

fn released() -> Vec<(String, String)> {
    if std::env::var_os("RELEASED_STATEMENTS").is_some_and(|asked| asked == "write") {
        std::fs::write(FILE, written()).unwrap();
    }
    let text = std::fs::read_to_string(FILE).unwrap();
    let statements = text.split_terminator(";\n").map(|statement| {
        let (name, sql) =
            statement.strip_prefix("-- ").and_then(|rest| rest.split_once('\n')).expect("a name above it");
        (name.to_owned(), sql.to_owned())
    });
    statements.collect()
}

on_both_stores! {
    /// a node of the version before goes on while newer ones run
    async fn what_an_older_node_sends_can_be_prepared(world: World) {
        let node = world.node();
        let released = released();
        assert!(released.len() > 150, "{} statements", released.len());
        for (name, sql) in released {
            let sql = AssertSqlSafe(sql).into_sql_str();
            let prepared = node.store.reads().acquire().await.unwrap().prepare(sql).await;
            assert!(prepared.is_ok(), "an older node's {name}: {:?}", prepared.err());
        }
    }
}
