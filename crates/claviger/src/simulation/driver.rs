//! A driver for sqlx that speaks to the simulated database, in the place of the one for PostgreSQL.
//!
//! What is below the store's own code and above the network is this, and nothing else: statements go out as messages, and what
//! comes back are rows. sqlx reaches drivers through its `Any` types alone here, so most of what a driver is made of is never used.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use sqlx::any::{AnyArguments, AnyConnectOptions, AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migration};
use sqlx::{ColumnIndex, Either, Error, Row};
use sqlx_core::any::AnyConnectionBackend;
use sqlx_core::any::driver::AnyDriver;
use sqlx_core::sql_str::SqlStr;
use tokio::sync::oneshot;
use url::Url;

use super::here;
use super::message::{ConnectionId, Done, Message, Said, Statement};

/// For the addresses of PostgreSQL.
pub(super) const DRIVER: AnyDriver = AnyDriver::without_migrate::<Simulated>();

/// A connection of a node.
#[derive(Debug)]
pub(super) struct Connection {
    node: usize,
    id: ConnectionId,
    depth: usize,
}

fn broken() -> Error {
    Error::Io(std::io::Error::new(std::io::ErrorKind::ConnectionReset, "the connection is gone"))
}

impl Connection {
    fn says(&self, said: Said) {
        here::send(Message { node: self.node, connection: self.id, said });
    }

    /// Sent at once, and awaited.
    fn asks(&self, sql: &str, arguments: Option<AnyArguments>) -> BoxFuture<'static, Result<Done, Error>> {
        let (reply, replied) = oneshot::channel();
        self.says(Said::Statement(Statement::new(sql, arguments), reply));
        async { replied.await.map_err(|_| broken())?.map_err(Error::Protocol) }.boxed()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.says(Said::Goodbye);
    }
}

impl AnyConnectionBackend for Connection {
    fn name(&self) -> &str {
        "simulated"
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, sqlx::Result<()>> {
        async { Ok(()) }.boxed()
    }

    fn close_hard(self: Box<Self>) -> BoxFuture<'static, sqlx::Result<()>> {
        async { Ok(()) }.boxed()
    }

    fn ping(&mut self) -> BoxFuture<'_, sqlx::Result<()>> {
        self.asks("SELECT 1", None).map(|done| done.map(|_| ())).boxed()
    }

    fn begin(&mut self, statement: Option<SqlStr>) -> BoxFuture<'_, sqlx::Result<()>> {
        let begun = self.asks(statement.as_ref().map_or("BEGIN", SqlStr::as_str), None);
        async {
            begun.await?;
            self.depth = 1;
            Ok(())
        }
        .boxed()
    }

    fn commit(&mut self) -> BoxFuture<'_, sqlx::Result<()>> {
        self.depth = 0;
        self.asks("COMMIT", None).map(|done| done.map(|_| ())).boxed()
    }

    fn rollback(&mut self) -> BoxFuture<'_, sqlx::Result<()>> {
        self.depth = 0;
        self.asks("ROLLBACK", None).map(|done| done.map(|_| ())).boxed()
    }

    fn start_rollback(&mut self) {
        self.depth = 0;
        drop(self.asks("ROLLBACK", None));
    }

    fn get_transaction_depth(&self) -> usize {
        self.depth
    }

    fn shrink_buffers(&mut self) {}

    fn flush(&mut self) -> BoxFuture<'_, sqlx::Result<()>> {
        async { Ok(()) }.boxed()
    }

    fn should_flush(&self) -> bool {
        false
    }

    fn as_migrate(&mut self) -> sqlx::Result<&mut (dyn Migrate + Send + 'static)> {
        Ok(self)
    }

    fn fetch_many(
        &mut self,
        query: SqlStr,
        _persistent: bool,
        arguments: Option<AnyArguments>,
    ) -> BoxStream<'_, sqlx::Result<Either<AnyQueryResult, AnyRow>>> {
        let done = self.asks(query.as_str(), arguments).map(|done| {
            stream::iter(match done {
                Ok(Done { rows, affected }) => {
                    let result = AnyQueryResult { rows_affected: affected, last_insert_id: None };
                    rows.into_iter().map(|row| Ok(Either::Right(row))).chain([Ok(Either::Left(result))]).collect()
                }
                Err(error) => vec![Err(error)],
            })
        });
        done.flatten_stream().boxed()
    }

    fn fetch_optional(
        &mut self,
        query: SqlStr,
        _persistent: bool,
        arguments: Option<AnyArguments>,
    ) -> BoxFuture<'_, sqlx::Result<Option<AnyRow>>> {
        self.asks(query.as_str(), arguments).map(|done| done.map(|done| done.rows.into_iter().next())).boxed()
    }

    fn prepare_with<'c, 'q: 'c>(
        &'c mut self,
        _sql: SqlStr,
        _parameters: &[AnyTypeInfo],
    ) -> BoxFuture<'c, sqlx::Result<AnyStatement>> {
        async { Err(Error::Protocol("nothing is prepared here".to_owned())) }.boxed()
    }

    fn describe(&mut self, _sql: SqlStr) -> BoxFuture<'_, sqlx::Result<sqlx::Describe<sqlx::Any>>> {
        async { Err(Error::Protocol("nothing is described here".to_owned())) }.boxed()
    }
}

/// The schema is up to date: a simulation begins with a store that is set up.
impl Migrate for Connection {
    fn create_schema_if_not_exists<'e>(&'e mut self, _: &'e str) -> BoxFuture<'e, Result<(), MigrateError>> {
        async { Ok(()) }.boxed()
    }

    fn ensure_migrations_table<'e>(&'e mut self, _: &'e str) -> BoxFuture<'e, Result<(), MigrateError>> {
        async { Ok(()) }.boxed()
    }

    fn dirty_version<'e>(&'e mut self, _: &'e str) -> BoxFuture<'e, Result<Option<i64>, MigrateError>> {
        async { Ok(None) }.boxed()
    }

    fn list_applied_migrations<'e>(
        &'e mut self,
        _: &'e str,
    ) -> BoxFuture<'e, Result<Vec<AppliedMigration>, MigrateError>> {
        let asked = self.asks("SELECT version, checksum FROM _sqlx_migrations ORDER BY version", None);
        async {
            let applied = asked.await?.rows.into_iter().map(|row| {
                let checksum = row.try_get::<Vec<u8>, _>("checksum")?;
                Ok(AppliedMigration { version: row.try_get("version")?, checksum: Cow::Owned(checksum) })
            });
            applied.collect::<sqlx::Result<_>>().map_err(MigrateError::Execute)
        }
        .boxed()
    }

    fn lock(&mut self) -> BoxFuture<'_, Result<(), MigrateError>> {
        async { Ok(()) }.boxed()
    }

    fn unlock(&mut self) -> BoxFuture<'_, Result<(), MigrateError>> {
        async { Ok(()) }.boxed()
    }

    fn apply<'e>(&'e mut self, _: &'e str, _: &'e Migration) -> BoxFuture<'e, Result<Duration, MigrateError>> {
        async { Err(MigrateError::VersionMissing(0)) }.boxed()
    }

    fn revert<'e>(&'e mut self, _: &'e str, _: &'e Migration) -> BoxFuture<'e, Result<Duration, MigrateError>> {
        async { Err(MigrateError::VersionMissing(0)) }.boxed()
    }
}

/// `postgres://node-2@...`: who connects.
#[derive(Debug, Clone)]
pub(super) struct Options {
    node: usize,
}

impl TryFrom<&AnyConnectOptions> for Options {
    type Error = Error;

    fn try_from(options: &AnyConnectOptions) -> Result<Self, Error> {
        <Self as sqlx::ConnectOptions>::from_url(&options.database_url)
    }
}

impl FromStr for Options {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self, Error> {
        <Self as sqlx::ConnectOptions>::from_url(&url.parse().map_err(|_| broken())?)
    }
}

impl sqlx::ConnectOptions for Options {
    type Connection = Connection;

    fn from_url(url: &Url) -> Result<Self, Error> {
        let node = url.username().strip_prefix("node-").and_then(|node| node.parse().ok());
        Ok(Self { node: node.ok_or_else(broken)? })
    }

    async fn connect(&self) -> Result<Connection, Error> {
        let connection = Connection { node: self.node, id: here::next_connection(), depth: 0 };
        let (reply, replied) = oneshot::channel();
        connection.says(Said::Hello(reply));
        replied.await.map_err(|_| broken())?.map_err(Error::Protocol)?;
        Ok(connection)
    }

    fn log_statements(self, _: log::LevelFilter) -> Self {
        self
    }

    fn log_slow_statements(self, _: log::LevelFilter, _: Duration) -> Self {
        self
    }
}

impl sqlx::Connection for Connection {
    type Database = Simulated;
    type Options = Options;

    async fn close(self) -> Result<(), Error> {
        Ok(())
    }

    async fn close_hard(self) -> Result<(), Error> {
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Error> {
        AnyConnectionBackend::ping(self).await
    }

    async fn begin(&mut self) -> Result<sqlx::Transaction<'_, Simulated>, Error> {
        Err(broken())
    }

    fn shrink_buffers(&mut self) {}

    async fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn should_flush(&self) -> bool {
        false
    }
}

/// What a database is made of for sqlx. Of its types only connections are used; of the others nothing is ever made.
#[derive(Debug)]
pub(super) struct Simulated;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Never {}

impl sqlx::Database for Simulated {
    type Connection = Connection;
    type TransactionManager = Transactions;
    type Row = Never;
    type QueryResult = NoResult;
    type Column = Never;
    type TypeInfo = Never;
    type Value = Never;
    type ValueRef<'r> = Never;
    type Arguments = NoArguments;
    type ArgumentBuffer = ();
    type Statement = NoStatement;

    const NAME: &'static str = "simulated";
    const URL_SCHEMES: &'static [&'static str] = &["postgres"];
}

pub(super) struct Transactions;

impl sqlx_core::transaction::TransactionManager for Transactions {
    type Database = Simulated;

    async fn begin(connection: &mut Connection, statement: Option<SqlStr>) -> Result<(), Error> {
        AnyConnectionBackend::begin(connection, statement).await
    }

    async fn commit(connection: &mut Connection) -> Result<(), Error> {
        AnyConnectionBackend::commit(connection).await
    }

    async fn rollback(connection: &mut Connection) -> Result<(), Error> {
        AnyConnectionBackend::rollback(connection).await
    }

    fn start_rollback(connection: &mut Connection) {
        AnyConnectionBackend::start_rollback(connection);
    }

    fn get_transaction_depth(connection: &Connection) -> usize {
        connection.depth
    }
}

impl Row for Never {
    type Database = Simulated;

    fn columns(&self) -> &[Never] {
        match *self {}
    }

    fn try_get_raw<I: ColumnIndex<Self>>(&self, _: I) -> Result<Never, Error> {
        match *self {}
    }
}

impl sqlx::Column for Never {
    type Database = Simulated;

    fn ordinal(&self) -> usize {
        match *self {}
    }

    fn name(&self) -> &str {
        match *self {}
    }

    fn type_info(&self) -> &Never {
        match *self {}
    }
}

impl Display for Never {
    fn fmt(&self, _: &mut Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl sqlx::TypeInfo for Never {
    fn is_null(&self) -> bool {
        match *self {}
    }

    fn name(&self) -> &str {
        match *self {}
    }
}

impl sqlx::Value for Never {
    type Database = Simulated;

    fn as_ref(&self) -> Never {
        match *self {}
    }

    fn type_info(&self) -> Cow<'_, Never> {
        match *self {}
    }

    fn is_null(&self) -> bool {
        match *self {}
    }
}

impl sqlx::ValueRef<'_> for Never {
    type Database = Simulated;

    fn to_owned(&self) -> Never {
        match *self {}
    }

    fn type_info(&self) -> Cow<'_, Never> {
        match *self {}
    }

    fn is_null(&self) -> bool {
        match *self {}
    }
}

#[derive(Debug, Default)]
pub(super) struct NoResult;

impl Extend<NoResult> for NoResult {
    fn extend<T: IntoIterator<Item = NoResult>>(&mut self, _: T) {}
}

#[derive(Debug, Default)]
pub(super) struct NoArguments;

impl sqlx::Arguments for NoArguments {
    type Database = Simulated;

    fn reserve(&mut self, _: usize, _: usize) {}

    fn add<'t, T>(&mut self, _: T) -> Result<(), sqlx::error::BoxDynError>
    where
        T: sqlx::Encode<'t, Simulated> + sqlx::Type<Simulated>,
    {
        Err(broken().into())
    }

    fn len(&self) -> usize {
        0
    }
}

sqlx_core::impl_into_arguments_for_arguments!(NoArguments);

#[derive(Debug, Clone)]
pub(super) struct NoStatement(SqlStr);

impl sqlx::Statement for NoStatement {
    type Database = Simulated;

    fn into_sql(self) -> SqlStr {
        self.0
    }

    fn sql(&self) -> &SqlStr {
        &self.0
    }

    fn parameters(&self) -> Option<Either<&[Never], usize>> {
        None
    }

    fn columns(&self) -> &[Never] {
        &[]
    }

    sqlx_core::impl_statement_query!(NoArguments);
}
