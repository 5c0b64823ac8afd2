//! `claviger audit export`: the log as a file, whole or not at all.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use claviger_client::{Error, Export, ExportFormat};
use indicatif::{ProgressBar, ProgressStyle};

use super::filter::FilterArgs;
use crate::commands::connection::ConnectionArgs;
use crate::commands::exit::Failed;
use crate::commands::host::HostFailed;
use crate::commands::output::{print, shown};

/// A server that sends nothing for so long is gone.
const PIECE_WITHIN: Duration = Duration::from_secs(60);

/// Which events, and where to.
#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// For spreadsheets or for programs
    #[arg(long, value_enum, value_name = "FORM", default_value_t = FormatArg::Ndjson)]
    format: FormatArg,
    /// The new file; only its owner may read it
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FormatArg {
    /// For spreadsheets: what they would run is defused
    Csv,
    /// For programs: an event a line, exact
    Ndjson,
}

impl ExportArgs {
    pub(super) async fn run(self) -> Result<(), Failed> {
        let Self { filter, format, to, connection } = self;
        if to.exists() {
            return Err(HostFailed::file(&to)(io::Error::other("exists already; name a new file")).into());
        }
        let connection = connection.connect()?;
        let (log, filter) = filter.of(&connection).await?;
        let format = match format {
            FormatArg::Csv => ExportFormat::Csv,
            FormatArg::Ndjson => ExportFormat::Ndjson,
        };
        let export = connection.client().export_audit_log(log, &filter, format).await?;
        let mut part = Part::beside(&to)?;
        let bytes = receive(export, &mut part, connection.client().server()).await?;
        part.become_whole(&to)?;
        Ok(print(&format!("{bytes} bytes in {}", shown(&to.display().to_string())))?)
    }
}

async fn receive(mut export: Export<'_>, part: &mut Part, server: &str) -> Result<u64, Failed> {
    let bar = io::stderr().is_terminal().then(|| {
        let style = ProgressStyle::with_template("{spinner} {bytes} of the audit log, {elapsed}");
        ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
    });
    let mut bytes = 0;
    loop {
        let piece = match tokio::time::timeout(PIECE_WITHIN, export.piece()).await {
            Ok(piece) => piece?,
            Err(_) => {
                let within_ms = PIECE_WITHIN.as_millis();
                return Err(Error::TimedOut { server: server.to_owned(), within_ms }.into());
            }
        };
        let Some(piece) = piece else { break };
        part.write(&piece)?;
        bytes += piece.len() as u64;
        if let Some(bar) = &bar {
            bar.set_position(bytes);
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(bytes)
}

/// A file that is not whole yet. It goes with this, unless it has become whole.
struct Part {
    file: File,
    path: PathBuf,
    is_whole: bool,
}

impl Part {
    fn beside(path: &Path) -> Result<Self, HostFailed> {
        let mut name = OsString::from(path.as_os_str());
        name.push(".partial");
        let path = PathBuf::from(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        Ok(Self { file: file.map_err(HostFailed::file(&path))?, path, is_whole: false })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), HostFailed> {
        self.file.write_all(bytes).map_err(HostFailed::file(&self.path))
    }

    fn become_whole(mut self, path: &Path) -> Result<(), HostFailed> {
        let whole = self.file.sync_all().and_then(|()| std::fs::rename(&self.path, path));
        whole.map_err(HostFailed::file(path))?;
        self.is_whole = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_whole {
            // Where even that fails, its name says what it is.
            drop(std::fs::remove_file(&self.path));
        }
    }
}
