//! Handing over a new secret: on a terminal, or into a file that only its owner may read.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use claviger_access::credential::Secret;
use claviger_access::identity::Username;
use rustix::fs::OFlags;

use super::host::HostFailed;

/// Where a secret will go, found out before it is made: a secret that cannot be handed over is lost.
pub(super) enum Handover {
    /// A person reads along.
    Terminal,
    /// Into this file, which is there, empty and private.
    File(File, PathBuf),
}

impl Handover {
    /// The file where one is named, or where standard output is no terminal.
    pub(super) fn prepare(named: Option<&Path>, otherwise: &Path) -> Result<Self, HostFailed> {
        if named.is_none() && io::stdout().is_terminal() {
            return Ok(Self::Terminal);
        }
        let path = named.unwrap_or(otherwise);
        let elsewhere = "exists already and may hold a secret; move it away, or name another with --secret-file";
        let file = new_private_file(path, elsewhere)?;
        let path = path.canonicalize().map_err(HostFailed::file(path))?;
        Ok(Self::File(file, path))
    }

    /// Hands the secret over, and says how to use it at this address. The file is written before anything is said:
    /// whoever listens may have gone.
    pub(super) fn hand_over(
        self,
        preface: &str,
        username: &Username,
        secret: &Secret,
        base_url: &str,
    ) -> Result<(), HostFailed> {
        let mut out = io::stdout().lock();
        let told = match self {
            Self::Terminal => writeln!(
                out,
                "\n{preface}\n\n  username  {username}\n  secret    {}\n\n  The secret is shown this once. Claviger keeps only a digest of it.\n\n  Try it:\n\n    curl -u '{username}:{}' {base_url}/api/app/me\n",
                secret.reveal(),
                secret.reveal(),
            ),
            Self::File(mut file, path) => {
                let written =
                    file.write_all(format!("{}\n", secret.reveal()).as_bytes()).and_then(|()| file.sync_all());
                written.map_err(HostFailed::file(&path))?;
                let path = quoted(&path);
                writeln!(
                    out,
                    "\n{preface}\n\n  username     {username}\n  secret file  {path}\n\n  The secret is in that file alone; Claviger keeps only a digest of it.\n\n  Try it:\n\n    curl -u \"{username}:$(cat {path})\" {base_url}/api/app/me\n"
                )
            }
        };
        told.and_then(|()| out.flush())
            .map_err(|reason| HostFailed::System { what: "standard output".to_owned(), reason })
    }

    /// Takes the empty file away again: nothing was made.
    pub(super) fn withdraw(self) {
        if let Self::File(_, path) = self
            && let Err(error) = std::fs::remove_file(&path)
        {
            tracing::warn!(%error, path = %path.display(), "an empty file for a secret is left over");
        }
    }
}

/// A new file that only its owner may read, or an empty one that was left. One that holds something is not touched.
pub(super) fn new_private_file(path: &Path, exists: &'static str) -> Result<File, HostFailed> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.or_else(|reason| left_empty(path).ok_or(reason)).map_err(|reason| {
        let exists = (reason.kind() == io::ErrorKind::AlreadyExists).then(|| io::Error::other(exists));
        HostFailed::System { what: path.display().to_string(), reason: exists.unwrap_or(reason) }
    })
}

/// A private file without a letter in it: a start that was killed before it made anything has left it.
fn left_empty(path: &Path) -> Option<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().write(true).custom_flags(flags).open(path).ok()?;
    let about = file.metadata().ok()?;
    let private = about.uid() == rustix::process::geteuid().as_raw() && about.mode() & 0o077 == 0;
    (about.is_file() && about.len() == 0 && private).then_some(file)
}

/// A path as a shell reads it, within double quotes or without.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    if plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_blanks_can_be_pasted() {
        assert_eq!(quoted(Path::new("/var/lib/claviger/owner-secret")), "/var/lib/claviger/owner-secret");
        assert_eq!(quoted(Path::new("/home/it's me/x")), "'/home/it'\\''s me/x'");
    }
}
