//! How gateways ask this server, and by which table it answers.

use std::path::PathBuf;
use std::sync::Arc;

use axum::http::HeaderName;
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::commands::host::HostFailed;
use crate::gateway::Asking;
use crate::gateway::forward_auth::OriginalRequest;
use crate::gateway::watched_table::WatchedTable;

/// How checks are answered.
#[derive(Args, Debug)]
pub struct GatewayOptions {
    /// The route table: what each request to the API behind a gateway must be allowed. Read anew when it changes, and on
    /// SIGHUP
    #[arg(long, value_name = "FILE", env = "CLAVIGER_ROUTES")]
    routes: Option<PathBuf>,

    /// The headers with which gateways say what the original request is. Others are not looked at
    #[arg(long, value_enum, value_name = "FAMILY", env = "CLAVIGER_ORIGINAL_REQUEST", default_value_t = OriginalRequest::XForwarded)]
    original_request: OriginalRequest,

    /// The header in which checks find the caller's credential, where an API needs Authorization for itself
    #[arg(long, value_name = "NAME", env = "CLAVIGER_CHECK_CREDENTIAL_HEADER", default_value = "authorization")]
    check_credential_header: HeaderName,
}

/// The table, and the signal by which the process is told to read it anew.
pub struct Followed {
    /// What checks are answered by.
    pub table: Arc<WatchedTable>,
    told: Signal,
}

impl GatewayOptions {
    /// The table, if there is one; a mistake in it ends the start.
    pub fn routes(&self) -> Result<Option<Followed>, HostFailed> {
        let Some(file) = &self.routes else { return Ok(None) };
        let table = Arc::new(WatchedTable::open(file.clone())?);
        let told = signal(SignalKind::hangup());
        let told = told.map_err(|reason| HostFailed::System { what: "signals".to_owned(), reason })?;
        Ok(Some(Followed { table, told }))
    }

    /// How gateways ask.
    pub fn asking(&self) -> Asking {
        Asking { original: self.original_request, credential: self.check_credential_header.clone() }
    }
}

/// Tells in the log by which table checks are answered, if by any.
pub fn tell(table: Option<&WatchedTable>) {
    match table {
        Some(table) => table.tell(),
        None => tracing::info!("no route table: a check without a query lets every credential through"),
    }
}

impl Followed {
    /// Reads the table anew whenever its file changes, until the end.
    pub async fn follow(self, end: CancellationToken) {
        self.table.follow(self.told, end).await;
    }
}
