//! The file that the audit log's keys are in: private, one key a line, the newest last.
//!
//! It is made once, for a store whose chain has not begun. Later a missing file is an error: another key in its place
//! would look like a log that somebody made anew.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use super::{ChainKey, KeyRing, read_hex};
use crate::private_file::{self, Unfit};

/// What stands above the key in a new file.
const PREFACE: &str = "\
# The key of Claviger's audit log. Keep a copy, not beside the database: without it the log cannot be verified.
# For a new key add a line; the last one is used, the others are known.
";

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum NoKeys {
    /// The file is not there, or not private.
    #[error("the audit log's key file {} {unfit}", path.display())]
    Unfit {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        unfit: Unfit,
    },
    /// It holds something else.
    #[error("line {line} of the audit log's key file {} is no key; a key is 64 of 0-9 and a-f", path.display())]
    NoKey {
        /// Which.
        path: PathBuf,
        /// Where in it.
        line: usize,
    },
    /// It is empty.
    #[error("the audit log's key file {} holds no key; bring back the one that was in it", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// It cannot be made.
    #[error("the audit log's key file {} cannot be made: {reason}", path.display())]
    NotMade {
        /// Which.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The log was chained with another key.
    #[error(
        "the audit log is chained with the key {wanted}, which {} does not hold; name its file by --audit-key-file. If that key is lost, claviger audit restart begins a new chain",
        path.display()
    )]
    Another {
        /// The file that was looked into.
        path: PathBuf,
        /// The name of the key.
        wanted: String,
    },
    /// The log is chained, and the file is gone.
    #[error(
        "the audit log is chained, and its key file {} is not there; bring it back, or name it by --audit-key-file. If it is lost, claviger audit restart begins a new chain",
        path.display()
    )]
    Gone {
        /// Where it was looked for.
        path: PathBuf,
    },
}

/// Reads the keys of a log that is chained.
pub fn read(path: &Path) -> Result<KeyRing, NoKeys> {
    let unfit = |unfit| match unfit {
        Unfit::Unreadable(reason) if reason.kind() == io::ErrorKind::NotFound => NoKeys::Gone { path: path.to_owned() },
        unfit => NoKeys::Unfit { path: path.to_owned(), unfit },
    };
    let text = private_file::read(path).map_err(unfit)?;
    let mut keys = Vec::new();
    for (at, line) in text.expose_secret().lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let bytes = read_hex(line).ok_or_else(|| NoKeys::NoKey { path: path.to_owned(), line: at + 1 })?;
        keys.push(ChainKey::new(&bytes));
    }
    KeyRing::new(keys).ok_or_else(|| NoKeys::Empty { path: path.to_owned() })
}

/// Reads the keys of a log whose chain has not begun, or makes the file with a key of these bytes.
pub fn read_or_make(path: &Path, random: &[u8; 32]) -> Result<KeyRing, NoKeys> {
    match read(path) {
        Err(NoKeys::Gone { .. }) => {}
        read => return read,
    }
    make(path, random).map_err(|reason| NoKeys::NotMade { path: path.to_owned(), reason })?;
    read(path)
}

/// Whole or not at all: half a key would be another one.
fn make(path: &Path, random: &[u8; 32]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let key: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(format!("{PREFACE}{key}\n").as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_made_once_private_and_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new").join("audit.key");
        assert!(matches!(read(&path), Err(NoKeys::Gone { .. })));
        let made = read_or_make(&path, &[7; 32]).expect("a key");
        assert_eq!(path.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
        let again = read_or_make(&path, &[8; 32]).expect("the same");
        assert_eq!(made.current().id(), again.current().id());
    }

    #[test]
    fn a_new_key_follows_an_old_one() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let keys = format!("# old\n{}\n\n  {}  \n", "0a".repeat(32), "0b".repeat(32));
        std::fs::write(file.path(), keys).expect("written");
        let ring = read(file.path()).expect("keys");
        assert_eq!(ring.current().id(), ChainKey::new(&[0x0b; 32]).id());
        assert_eq!(ring.find(ChainKey::new(&[0x0a; 32]).id()).map(|(place, _)| place), Some(0));
    }

    #[test]
    fn what_is_no_key_file_is_refused_without_quoting_it() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        for (text, line) in [("0A".repeat(32), 1), ("hush".to_owned(), 1), (format!("#\n{}0", "0a".repeat(32)), 2)] {
            std::fs::write(file.path(), &text).expect("written");
            let error = read(file.path()).expect_err("no key").to_string();
            assert!(error.contains(&format!("line {line} ")) && !error.contains(&text[..4]), "{error}");
        }
        std::fs::write(file.path(), "# nothing\n").expect("written");
        assert!(matches!(read(file.path()), Err(NoKeys::Empty { .. })));
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o640)).expect("a mode");
        assert!(matches!(read(file.path()), Err(NoKeys::Unfit { .. })));
    }
}
