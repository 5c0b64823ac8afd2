//! Logs: structured, on standard error, with request ids and without secrets.

use clap::{Args, ValueEnum};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::store::warnings;

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
        let filter = filter(&format!("sqlx=warn,sqlx_postgres::options=error,{}", self.log))?;
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let lines = match self.log_form {
            LogForm::Text => lines.with_ansi(false).boxed(),
            LogForm::Json => lines.json().boxed(),
        };
        // A second start in one process finds the first one's subscriber in place and keeps it.
        _ = tracing_subscriber::registry().with(lines.with_filter(filter)).with(warnings::layer()).try_init();
        Ok(())
    }
}

/// What is asked for, without what nobody is to read however much he asks for: the layer that looks at forms names the
/// address of each request, and the address of a link holds its token.
pub fn filter(asked: &str) -> Result<EnvFilter, NoFilter> {
    EnvFilter::try_new(format!("{asked},tower_http::csrf::service=off")).map_err(|error| NoFilter(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_withheld_whatever_is_asked_for() {
        for asked in ["trace", "info,tower_http=trace", "tower_http::csrf::service=trace"] {
            let filter = filter(asked).expect("a filter").to_string();
            assert!(filter.split(',').any(|directive| directive == "tower_http::csrf::service=off"), "{filter}");
            assert!(!filter.contains("service=trace"), "{filter}");
        }
        assert!(filter("info,=,").is_err());
    }
}
