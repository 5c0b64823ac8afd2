//! Why a PostgreSQL cannot be connected to, where trying again changes nothing: what is wrong, and where to repair it.
//!
//! Everything else, a server that is starting or a network that is gone, stays an error of the database.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use sqlx::error::DatabaseError;

use super::{Location, StoreError};

/// PostgreSQL's codes for a password that is not the role's, and for who is not let in at all.
const INVALID_PASSWORD: &str = "28P01";
const INVALID_AUTHORIZATION: &str = "28000";

/// Its codes for a database that is not there, and for one that the role may not enter.
const NO_SUCH_DATABASE: &str = "3D000";
const NOT_ALLOWED: &str = "42501";

/// What a first connection failed with, as a sentence for whoever set it up.
pub(super) fn explained(location: &Location, error: sqlx::Error) -> StoreError {
    let reason = match &error {
        sqlx::Error::Database(told) => said_by_server(&**told),
        sqlx::Error::Io(reason) => on_the_way(reason),
        sqlx::Error::Tls(reason) => Some(format!("{reason}, and sslmode demands it")),
        sqlx::Error::Configuration(reason) => Some(reason.to_string()),
        _ => None,
    };
    match reason {
        Some(reason) => StoreError::NoConnection { store: location.to_string(), reason },
        None => StoreError::Database(error),
    }
}

fn said_by_server(told: &dyn DatabaseError) -> Option<String> {
    let message = told.message();
    match told.code()?.as_ref() {
        INVALID_PASSWORD => Some(match open_to_others() {
            Some(file) => format!(
                "{message}; others may read the password file {}, so it is ignored: run chmod 600 on it",
                file.display()
            ),
            None => format!("{message}; set it in CLAVIGER_DATABASE, PGPASSWORD or a password file (PGPASSFILE)"),
        }),
        INVALID_AUTHORIZATION => {
            Some(format!("{message}; the server's pg_hba.conf says who is let in, and if only over TLS (sslmode)"))
        }
        NO_SUCH_DATABASE | NOT_ALLOWED => Some(message.to_owned()),
        _ => None,
    }
}

fn on_the_way(reason: &std::io::Error) -> Option<String> {
    if reason.kind() == ErrorKind::NotFound {
        return Some(
            "a file is not there: the one of sslrootcert, sslcert or sslkey, or the server's socket".to_owned(),
        );
    }
    let rustls::Error::InvalidCertificate(why) = reason.get_ref()?.downcast_ref()? else { return None };
    Some(format!(
        "its certificate is not accepted, {why}; name its authority by sslrootcert, and the host as the certificate does"
    ))
}

/// The password file that the driver passes over, as libpq does.
fn open_to_others() -> Option<PathBuf> {
    let named = std::env::var_os("PGPASSFILE").map(PathBuf::from);
    let at_home = std::env::home_dir().map(|home| home.join(".pgpass"));
    let is_open = |file: &PathBuf| file.metadata().is_ok_and(|about| about.permissions().mode() & 0o077 != 0);
    named.into_iter().chain(at_home).find(is_open)
}
