//! The route table that is in force, read anew when its file changes or when the process is told to.
//!
//! What must stay true: a table with a mistake never comes into force. At the start it stops the server; later the one
//! before stays, and the log says on which lines the mistakes are.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use tokio::signal::unix::Signal;
use tokio_util::sync::CancellationToken;

use super::route_table::{Mistake, Mistakes, RouteTable};

/// The file is looked at so often. It is small, and looking at it is one read.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A larger file is no table.
const LENGTH_MAX: usize = 4 << 20;

/// A table, and the file that it is read from.
pub struct WatchedTable {
    file: PathBuf,
    table: ArcSwap<RouteTable>,
    readings: Family<Reading, Counter>,
}

/// What became of a file that had changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reading {
    outcome: &'static str,
}

/// Why a file gives no table.
#[derive(Debug, thiserror::Error)]
pub enum NoTable {
    /// It cannot be read.
    #[error("{}: {reason}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// It is read, and is wrong.
    #[error("{} has {}", file.display(), counted(mistakes))]
    Wrong {
        /// Which file.
        file: PathBuf,
        /// All of them.
        mistakes: Mistakes,
    },
}

fn counted(mistakes: &Mistakes) -> String {
    match mistakes.0.len() {
        1 => "a mistake".to_owned(),
        many => format!("{many} mistakes"),
    }
}

impl NoTable {
    /// Writes each mistake into the log.
    fn log(&self) {
        if let Self::Wrong { file, mistakes } = self {
            let file = file.display();
            mistakes.0.iter().for_each(|Mistake { line, what }| tracing::error!("{file}:{line}: {what}"));
        }
    }
}

/// Reads the table of a file.
pub fn read(file: &Path) -> Result<RouteTable, NoTable> {
    parse(file, &text(file)?)
}

fn text(file: &Path) -> Result<String, NoTable> {
    let unreadable = |reason| NoTable::Unreadable { file: file.to_owned(), reason };
    let bytes = std::fs::read(file).map_err(unreadable)?;
    if bytes.len() > LENGTH_MAX {
        let reason = format!("is larger than {LENGTH_MAX} bytes");
        return Err(unreadable(std::io::Error::new(std::io::ErrorKind::FileTooLarge, reason)));
    }
    String::from_utf8(bytes).map_err(|error| unreadable(std::io::Error::new(std::io::ErrorKind::InvalidData, error)))
}

fn parse(file: &Path, text: &str) -> Result<RouteTable, NoTable> {
    RouteTable::parse(text).map_err(|mistakes| NoTable::Wrong { file: file.to_owned(), mistakes })
}

impl WatchedTable {
    /// The table of a file as it is now. Mistakes are told in the log, each with its line.
    pub fn open(file: PathBuf) -> Result<Self, NoTable> {
        let table = read(&file).inspect_err(NoTable::log)?;
        Ok(Self { file, table: ArcSwap::from_pointee(table), readings: Family::default() })
    }

    /// The table that is in force.
    pub fn table(&self) -> Arc<RouteTable> {
        self.table.load_full()
    }

    /// Has it shown how often the file was read anew, and whether what it held came into force.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Readings of a route table that had changed, by what became of it";
        registry.register("route_table_readings", help, self.readings.clone());
    }

    fn count(&self, outcome: &'static str) {
        self.readings.get_or_create(&Reading { outcome }).inc();
    }

    /// Follows the file until the end. `told` is the signal by which the process is told to read it now.
    pub async fn follow(&self, mut told: Signal, end: CancellationToken) {
        let mut seen = text(&self.file).ok();
        loop {
            let is_told = tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => false,
                _ = told.recv() => true,
                () = end.cancelled() => return,
            };
            let file = self.file.clone();
            let Ok(read) = tokio::task::spawn_blocking(move || text(&file)).await else { continue };
            match read {
                // While it is being replaced it may not be there.
                Err(error) if is_told => {
                    self.count("unreadable");
                    tracing::error!("the routes stay as they were: {error}");
                }
                Err(_) => {}
                Ok(text) if !is_told && seen.as_ref() == Some(&text) => {}
                Ok(text) => {
                    self.take(&text);
                    seen = Some(text);
                }
            }
        }
    }

    fn take(&self, text: &str) {
        match parse(&self.file, text) {
            Ok(table) => {
                tracing::info!(routes = table.routes().len(), file = %self.file.display(), "the routes were read anew");
                self.table.store(Arc::new(table));
                self.count("in_force");
            }
            Err(error) => {
                error.log();
                self.count("refused");
                tracing::error!("the routes stay as they were: {error}");
            }
        }
    }
}
