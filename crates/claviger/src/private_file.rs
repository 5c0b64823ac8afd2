//! Files that hold a secret: read only if they are ours and nobody else can read or write them.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use secrecy::SecretString;

/// A secret has 42 characters and a profile a few lines.
const LENGTH_MAX: u64 = 16 * 1024;

/// What is wrong with a file. Continues a sentence that begins with its path.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// The system does not let us.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// Somebody else's.
    #[error("belongs to another user ({owner}, and you are {you}); use a file of your own")]
    NotYours {
        /// The owner's user id.
        owner: u32,
        /// Ours.
        you: u32,
    },
    /// Others may read or change it.
    #[error("is open to other users (mode {mode:04o}); run chmod 600 on it")]
    OpenToOthers {
        /// The permission bits.
        mode: u32,
    },
    /// Surely another file.
    #[error("is longer than {LENGTH_MAX} bytes, so it is another kind of file; name the right one")]
    TooLong,
}

/// Reads a private file. The file that is looked at is the one that is read, whatever happens to its name meanwhile.
pub(crate) fn read(path: &Path) -> Result<SecretString, Unfit> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    let you = rustix::process::geteuid().as_raw();
    if about.uid() != you {
        return Err(Unfit::NotYours { owner: about.uid(), you });
    }
    let mode = about.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(Unfit::OpenToOthers { mode });
    }
    let mut text = String::new();
    file.take(LENGTH_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LENGTH_MAX {
        return Err(Unfit::TooLong);
    }
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_another_kind_of_file() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "x".repeat(20_000)).expect("written");
        assert!(matches!(read(file.path()), Err(Unfit::TooLong)));
    }

    #[test]
    fn a_folder_and_a_missing_file_cannot_be_read() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("a mode");
        assert!(matches!(read(folder.path()), Err(Unfit::Unreadable(_))));
        assert!(matches!(read(&folder.path().join("none")), Err(Unfit::Unreadable(_))));
    }
}
