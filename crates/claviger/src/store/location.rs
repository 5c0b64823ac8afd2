//! Where a store is.

use std::fmt;
use std::path::{Path, PathBuf};

use super::StoreError;

/// The name of the database file in the data folder.
pub(super) const FILE_NAME: &str = "claviger.db";

/// A folder for SQLite, or an address for PostgreSQL. Shown without credentials.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// The data folder.
    Folder(PathBuf),
    /// A PostgreSQL URL, which may hold a password.
    Postgres(String),
}

impl Location {
    /// Reads a PostgreSQL URL.
    pub fn from_url(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self::Postgres(url.to_owned()))
        } else {
            let scheme = url.split(':').next().unwrap_or_default();
            Err(StoreError::Address { what: format!("{scheme}:...") })
        }
    }

    /// The database file, where there is one.
    pub fn file(&self) -> Option<PathBuf> {
        self.folder().map(|folder| folder.join(FILE_NAME))
    }

    /// The data folder, where there is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Postgres(_) => None,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Postgres(url) => {
                // The last @ ends the credentials, also where a slash in a password was not encoded.
                let after_scheme = url.split_once("://").map_or("", |(_, rest)| rest);
                let without_query = after_scheme.split('?').next().unwrap_or_default();
                let shown = without_query.rsplit('@').next().unwrap_or_default();
                write!(f, "postgres://{shown}")
            }
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        for (url, shown) in [
            (
                "postgres://user:p@ss@db.example:5432/claviger?sslmode=require&password=x",
                "postgres://db.example:5432/claviger",
            ),
            ("postgresql://db/claviger", "postgres://db/claviger"),
            ("postgres://user:pa/ss@db/claviger", "postgres://db/claviger"),
        ] {
            let location = Location::from_url(url).expect("an address");
            assert_eq!(location.to_string(), shown);
            assert_eq!(format!("{location:?}"), format!("Location({shown})"));
        }
    }

    #[test]
    fn another_scheme_is_refused_without_showing_the_rest() {
        let error = Location::from_url("mysql://user:secret@host/x").expect_err("no address of ours");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
