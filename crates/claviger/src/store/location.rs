//! Where a store is.

use std::fmt;
use std::path::{Path, PathBuf};

use super::StoreError;

/// The name of the database file in the data folder.
pub(super) const FILE_NAME: &str = "claviger.db";

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// A folder for SQLite, or an address for PostgreSQL. Shown without credentials.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// The data folder.
    Folder(PathBuf),
    /// PostgreSQL URLs, at least one, which may hold passwords: where it may be.
    Postgres(Vec<String>),
}

impl Location {
    /// Reads one PostgreSQL URL, or several that are parted by commas.
    pub fn from_url(urls: &str) -> Result<Self, StoreError> {
        let urls = parted(urls);
        match urls.iter().find(|url| !SCHEMES.iter().any(|scheme| url.starts_with(scheme))) {
            None => Ok(Self::Postgres(urls.into_iter().map(str::to_owned).collect())),
            Some(url) => {
                let scheme = url.split(':').next().unwrap_or_default();
                Err(StoreError::Address { what: format!("{scheme}:...") })
            }
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
            Self::Postgres(urls) => {
                f.write_str(&urls.iter().map(|url| without_credentials(url)).collect::<Vec<_>>().join(","))
            }
        }
    }
}

/// A comma that is followed by an address parts two; others may be part of one.
pub(crate) fn parted(urls: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut begin = 0;
    for (comma, _) in urls.match_indices(',') {
        let rest = urls[comma + 1..].trim_start();
        if SCHEMES.iter().any(|scheme| rest.starts_with(scheme)) {
            parts.push(urls[begin..comma].trim());
            begin = comma + 1;
        }
    }
    parts.push(urls[begin..].trim());
    parts
}

/// The last @ ends the credentials, also where a slash in a password was not encoded. Where a question mark was not, nobody can
/// tell what they are: then nothing is shown.
pub(super) fn without_credentials(url: &str) -> String {
    let after_scheme = url.split_once("://").map_or("", |(_, rest)| rest);
    let (address, query) = after_scheme.split_once('?').unwrap_or((after_scheme, ""));
    match query.contains('@') {
        true => "postgres://...".to_owned(),
        false => format!("postgres://{}", address.rsplit('@').next().unwrap_or_default()),
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
            ("postgres://user:pa?ss@db/claviger", "postgres://..."),
            ("postgres://db/claviger?password=p@ss", "postgres://..."),
        ] {
            let location = Location::from_url(url).expect("an address");
            assert_eq!(location.to_string(), shown);
            assert_eq!(format!("{location:?}"), format!("Location({shown})"));
        }
    }

    #[test]
    fn several_addresses_are_parted_by_commas() {
        let two = "postgres://u:a,b@one/x?options=-c%20a=1,2, postgresql://two/x";
        let Location::Postgres(urls) = Location::from_url(two).expect("addresses") else { panic!("not PostgreSQL") };
        assert_eq!(urls, ["postgres://u:a,b@one/x?options=-c%20a=1,2", "postgresql://two/x"]);
        assert_eq!(Location::Postgres(urls).to_string(), "postgres://one/x,postgres://two/x");
        let error =
            Location::from_url("mysql://u:secret@one/x,postgres://two/x").expect_err("one is no address of ours");
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn another_scheme_is_refused_without_showing_the_rest() {
        let error = Location::from_url("mysql://user:secret@host/x").expect_err("no address of ours");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
