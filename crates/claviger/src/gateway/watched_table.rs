//! The route table that is in force, read anew when its file changes or when the process is told to.
//!
//! What must stay true: a table with a mistake never comes into force. At the start it stops the server; later the one
//! before stays, and the log says on which lines the mistakes are. Nor does one that is still being written: the beginning of
//! a table is often a table, with less in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::signal::unix::Signal;
use tokio_util::sync::CancellationToken;

use super::route_table::{Mistake, Mistakes, RouteTable, Wrong};

/// The file is looked at so often. It is small, and looking at it is one read.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A larger file is no table.
const LENGTH_MAX: usize = 4 << 20;

/// While a file is replaced it may be away for a look or two; after so many in a row it is told that it is.
const AWAY_MAX: u32 = 5;

/// What becomes of a file that had changed.
const OUTCOMES: [&str; 3] = ["in_force", "refused", "unreadable"];

/// A table, and the file that it is read from.
pub struct WatchedTable {
    file: PathBuf,
    table: ArcSwap<RouteTable>,
    routes: Gauge,
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
    if !text.is_empty() && !text.ends_with('\n') {
        let mistake = Mistake { line: text.lines().count(), what: Wrong::NoEnd };
        return Err(NoTable::Wrong { file: file.to_owned(), mistakes: Mistakes(vec![mistake]) });
    }
    RouteTable::parse(text).map_err(|mistakes| NoTable::Wrong { file: file.to_owned(), mistakes })
}

impl WatchedTable {
    /// The table of a file as it is now. Mistakes are told in the log, each with its line.
    pub fn open(file: PathBuf) -> Result<Self, NoTable> {
        let table = read(&file).inspect_err(NoTable::log)?;
        let (routes, readings) = (Gauge::default(), Family::default());
        // From the start, or the first one would not be seen as more than before.
        OUTCOMES.iter().for_each(|outcome| drop(readings.get_or_create(&Reading { outcome })));
        routes.set(length(&table));
        Ok(Self { file, table: ArcSwap::from_pointee(table), routes, readings })
    }

    /// Tells in the log which table is in force.
    pub fn tell(&self) {
        tracing::info!(routes = self.table().routes().len(), file = %self.file.display(), "the routes are in force");
    }

    /// The table that is in force.
    pub fn table(&self) -> Arc<RouteTable> {
        self.table.load_full()
    }

    /// Has it shown how often the file was read anew, and whether what it held came into force.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Readings of a route table that had changed, by what became of it";
        registry.register("route_table_readings", help, self.readings.clone());
        registry.register("routes", "Routes that are in force", self.routes.clone());
    }

    fn count(&self, outcome: &'static str) {
        self.readings.get_or_create(&Reading { outcome }).inc();
    }

    /// Follows the file until the end. `told` is the signal by which the process is told to read it now.
    pub async fn follow(&self, mut told: Signal, end: CancellationToken) {
        let mut seen = text(&self.file).ok();
        let (mut before, mut away) = (seen.clone(), 0);
        loop {
            let is_told = tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => false,
                _ = told.recv() => true,
                () = end.cancelled() => return,
            };
            let file = self.file.clone();
            let Ok(read) = tokio::task::spawn_blocking(move || text(&file)).await else { continue };
            match read {
                Err(error) => {
                    (before, away) = (None, away + 1);
                    if is_told || away == AWAY_MAX {
                        self.count("unreadable");
                        tracing::error!("the routes stay as they were: {error}");
                    }
                }
                Ok(text) => {
                    let is_written = is_told || before.as_ref() == Some(&text);
                    let is_new = is_told || seen.as_ref() != Some(&text);
                    if is_written && is_new {
                        self.take(&text);
                        seen = Some(text.clone());
                    }
                    (before, away) = (Some(text), 0);
                }
            }
        }
    }

    fn take(&self, text: &str) {
        match parse(&self.file, text) {
            Ok(table) => {
                tracing::info!(routes = table.routes().len(), file = %self.file.display(), "the routes were read anew");
                self.routes.set(length(&table));
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

fn length(table: &RouteTable) -> i64 {
    i64::try_from(table.routes().len()).unwrap_or(i64::MAX)
}
