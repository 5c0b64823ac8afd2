//! Where a secret that a command made goes: to standard output, or into a file in one step.
//!
//! What must stay true: whoever reads the file at any moment finds the old secret or the new one, whole; and nobody but
//! its owner can read it.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use claviger_wire::secrets::{NewSecret, ReplacedSecret, RotatedSecret, Secret};
use claviger_wire::token::Token;
use serde::Serialize;

use crate::commands::exit::Failed;
use crate::commands::host::HostFailed;
use crate::commands::output::{CannotPrint, Form, OutputArgs, print, shown};
use crate::commands::shown_once::new_private_file;

/// Where it goes.
#[derive(Debug, clap::Args)]
pub(super) struct DestinationArgs {
    /// Write the secret into this file in place of what it holds, readable by you alone, and do not print it
    #[arg(long, value_name = "FILE")]
    write_to: Option<PathBuf>,
}

/// The same, found out before the secret is made: one that cannot be handed over is lost.
pub(super) enum Destination {
    Output,
    File(NewFile),
}

/// A file that is to take the place of another.
pub(super) struct NewFile {
    file: File,
    /// Where it is until it is whole.
    beside: PathBuf,
    path: PathBuf,
}

/// Why a secret that was made, or what it is, did not arrive.
pub(super) enum NotHandedOver {
    /// It is gone.
    Lost { id: u64, reason: String },
    /// It is in its file, and that could not be told.
    Untold(CannotPrint),
}

impl From<NotHandedOver> for Failed {
    fn from(error: NotHandedOver) -> Self {
        match error {
            NotHandedOver::Lost { id, reason } => Self::NewSecretLost { id, reason },
            NotHandedOver::Untold(error) => Self::Output(error),
        }
    }
}

/// What is told of a secret that is in a file.
#[derive(Serialize)]
struct Kept<'a> {
    #[serde(flatten)]
    secret: &'a Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced: Option<&'a ReplacedSecret>,
}

impl DestinationArgs {
    pub(super) fn prepare(&self) -> Result<Destination, HostFailed> {
        let Some(path) = &self.write_to else { return Ok(Destination::Output) };
        // Where the name is a link, what it leads to is replaced.
        let path = path.canonicalize().unwrap_or_else(|_| path.clone());
        let mut beside = path.clone().into_os_string();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let exists = "exists already and may hold the newest secret, from a run that was stopped; look, and move it";
        let file = new_private_file(&beside, exists)?;
        Ok(Destination::File(NewFile { file, beside, path }))
    }
}

impl Destination {
    /// Nothing was made.
    pub(super) fn withdraw(self) {
        if let Self::File(NewFile { beside, .. }) = self {
            // An empty file that stays is taken up by the next run.
            let _ = std::fs::remove_file(beside);
        }
    }

    /// Hands one more secret over.
    pub(super) fn hand_over(self, new: &NewSecret, output: OutputArgs) -> Result<(), NotHandedOver> {
        self.hand(new, None, output, || output.show(new, |_| String::new()))
    }

    /// Hands a secret over that was made in place of another.
    pub(super) fn hand_over_rotated(self, rotated: &RotatedSecret, output: OutputArgs) -> Result<(), NotHandedOver> {
        self.hand(&rotated.new, Some(&rotated.replaced), output, || output.show(rotated, |_| String::new()))
    }

    fn hand(
        self,
        new: &NewSecret,
        replaced: Option<&ReplacedSecret>,
        output: OutputArgs,
        show_whole: impl FnOnce() -> Result<(), CannotPrint>,
    ) -> Result<(), NotHandedOver> {
        let lost = |reason: String| NotHandedOver::Lost { id: new.secret.id, reason };
        match (self, output.form()) {
            (Self::Output, Form::Json) => show_whole().map_err(|error| lost(error.to_string())),
            (Self::Output, Form::Table) => {
                print_lines(new, replaced).map_err(|error| lost(error.to_string()))?;
                // The secret is out: a warning that cannot be written changes nothing.
                let _ = writeln!(io::stderr(), "\nCopy the secret now: it will not be shown again.");
                Ok(())
            }
            (Self::File(file), form) => {
                let path = file.fill(&new.token).map_err(|error| lost(error.to_string()))?;
                let told = match form {
                    Form::Json => output.show(&Kept { secret: &new.secret, replaced }, |_| String::new()),
                    Form::Table => output.done(&kept(new.secret.id, replaced, &path)),
                };
                told.map_err(NotHandedOver::Untold)
            }
        }
    }
}

impl NewFile {
    /// Writes the secret and puts the file in its place.
    fn fill(mut self, token: &Token) -> Result<PathBuf, HostFailed> {
        let written = self.file.write_all(format!("{}\n", token.reveal()).as_bytes());
        let placed =
            written.and_then(|()| self.file.sync_all()).and_then(|()| std::fs::rename(&self.beside, &self.path));
        placed.map_err(HostFailed::file(&self.beside))?;
        // The name is lasting once its folder is; where the system does not do that, the secret is there all the same.
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(self.path)
    }
}

fn kept(id: u64, replaced: Option<&ReplacedSecret>, path: &Path) -> String {
    let replaced = replaced.map_or_else(String::new, |old| {
        format!(" Secret {} ends at {}.", old.id, old.expires.as_deref().unwrap_or("never"))
    });
    format!("Secret {id} is in {}.{replaced}", path.display())
}

/// As lines, not as a table: a table would wrap the secret.
fn print_lines(new: &NewSecret, replaced: Option<&ReplacedSecret>) -> Result<(), CannotPrint> {
    let NewSecret { secret, token } = new;
    let name = secret.name.as_deref().map_or_else(String::new, |name| format!("name      {}\n", shown(name)));
    let replaced = replaced.map_or_else(String::new, |old| {
        format!("replaces  {}, which ends at {}\n", old.id, shown(old.expires.as_deref().unwrap_or("never")))
    });
    print(&format!(
        "id        {}\n{name}expires   {}\n{replaced}secret    {}",
        secret.id,
        shown(secret.expires.as_deref().unwrap_or("never")),
        shown(token.reveal()),
    ))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn fill(path: &Path, secret: &str) -> Result<PathBuf, HostFailed> {
        let destination = DestinationArgs { write_to: Some(path.to_owned()) }.prepare();
        match destination.unwrap_or_else(|error| panic!("{error}")) {
            Destination::File(file) => file.fill(&Token::new(secret)),
            Destination::Output => panic!("a file was named"),
        }
    }

    #[test]
    fn a_file_is_replaced_whole_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, link) = (folder.path().join("secret"), folder.path().join("link"));
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        for (name, secret) in [(&path, "one"), (&link, "two"), (&path, "three")] {
            fill(name, secret).expect("written");
            assert_eq!(std::fs::read_to_string(&path).expect("a file"), format!("{secret}\n"));
            assert_eq!(std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 2, "nothing is left over");
    }

    #[test]
    fn a_secret_that_a_stopped_run_left_is_not_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        let named = DestinationArgs { write_to: Some(path.clone()) };
        std::fs::write(folder.path().join("secret.new"), "the newest").expect("written");
        let error = named.prepare().err().expect("refused").to_string();
        assert!(error.contains("may hold the newest secret"), "{error}");
        std::fs::remove_file(folder.path().join("secret.new")).expect("removed");
        named.prepare().expect("free").withdraw();
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
