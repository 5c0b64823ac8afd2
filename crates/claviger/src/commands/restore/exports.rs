//! The files that `--revocations` names: exports of audit logs, an event a line.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use crate::commands::host::HostFailed;
use crate::lost_history::{Exports, LostHistory, NotTold, RestoredLogs};

/// Reads all of them. `others` says whether something is said of organizations that none of them tells of.
pub(super) fn read(files: &[PathBuf], ends: &RestoredLogs, others: bool) -> Result<LostHistory, HostFailed> {
    let not_told = |file: Option<&PathBuf>| {
        let file = file.cloned();
        move |reason: NotTold| HostFailed::Revocations { file, reason }
    };
    let mut exports = Exports::new(ends);
    for file in files {
        let lines = BufReader::new(File::open(file).map_err(HostFailed::file(file))?);
        for (number, line) in lines.split(b'\n').enumerate() {
            let line = line.map_err(HostFailed::file(file))?;
            exports.read(number + 1, &line).map_err(not_told(Some(file)))?;
        }
        exports.end_of_file().map_err(not_told(Some(file)))?;
    }
    exports.end(others).map_err(not_told(None))
}
