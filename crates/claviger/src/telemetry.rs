//! Logs: structured, on standard error, with request ids and without secrets.

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

/// How logs are written.
#[derive(Args, Debug, Clone)]
pub struct LogOptions {
    /// What is logged: a level, or more exactly as in `info,claviger=debug`
    #[arg(long, value_name = "FILTER", env = "CLAVIGER_LOG", default_value = "info")]
    log: String,

    /// In which form
    #[arg(long, value_name = "FORM", env = "CLAVIGER_LOG_FORM", default_value = "text")]
    log_form: LogForm,
}

/// The form of a log line.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogForm {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The filter is none.
#[derive(Debug, thiserror::Error)]
#[error("--log is no filter: {0}; try info, debug, or info,claviger=debug")]
pub struct NoFilter(String);

impl LogOptions {
    /// Begins to log. sqlx would log statements, so it is kept to warnings unless the filter names it otherwise.
    pub fn start(&self) -> Result<(), NoFilter> {
        // What sqlx says of a connection's settings it says with their values: a line of a password file among them.
        let filter = format!("sqlx=warn,sqlx_postgres::options=error,{}", self.log);
        let filter = EnvFilter::try_new(filter).map_err(|error| NoFilter(error.to_string()))?;
        let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        // A second start in one process finds the first one's subscriber in place and keeps it.
        let _ = match self.log_form {
            LogForm::Text => lines.with_ansi(false).try_init(),
            LogForm::Json => lines.json().try_init(),
        };
        Ok(())
    }
}
