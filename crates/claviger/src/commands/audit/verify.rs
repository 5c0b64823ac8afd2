//! `claviger audit verify`: follows the chain, on the host, beside a server that runs.

use std::io::IsTerminal;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::audit_chain::key_file;
use crate::audit_chain::mark::AuditMark;
use crate::commands::exit::Failed;
use crate::commands::host::{self, HostFailed};
use crate::commands::output::{Form, OutputArgs, print};
use crate::config::{AuditKeyOptions, StoreOptions};
use crate::store::Store;
use crate::store::verification::Verified;

/// What a mark begins with: what does not is a file's name.
const MARK_BEGINNING: &str = "claviger-audit-mark ";

/// Which store, and what to compare with.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    audit_key: AuditKeyOptions,
    /// A mark that was kept outside of this host: the line itself, or a file, such as a log, whose last one counts
    #[arg(long, value_name = "LINE|FILE")]
    mark: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

impl VerifyArgs {
    pub(super) async fn run(self) -> Result<(), Failed> {
        let location = host::existing(&self.store)?;
        let ring = key_file::read(&self.audit_key.path(&self.store).map_err(HostFailed::from)?);
        let ring = ring.map_err(|no_keys| HostFailed::Store(no_keys.into()))?;
        let mark = self.mark.as_deref().map(|mark| {
            let text = if mark.starts_with(MARK_BEGINNING) {
                mark.to_owned()
            } else {
                std::fs::read_to_string(mark).map_err(HostFailed::file(Path::new(mark)))?
            };
            AuditMark::read(&text, &ring).map_err(HostFailed::Mark)
        });
        let mark = mark.transpose()?;
        let store = Store::connect(location).await.map_err(HostFailed::from)?;
        let verified = store.verify_audit_log(&ring, mark.as_ref(), progress_bar()).await;
        store.close().await;
        let verified = verified.map_err(HostFailed::from)?;
        if self.output.form() == Form::Json {
            print(&as_json(&verified, mark.as_ref()).to_string())?;
        } else if verified.broken.is_none() {
            print(&sentence(&verified, mark.as_ref()))?;
        }
        match verified.broken {
            None => Ok(()),
            Some(broken) => Err(HostFailed::ChainBroken { broken, whole: verified.whole }.into()),
        }
    }
}

fn sentence(verified: &Verified, mark: Option<&AuditMark>) -> String {
    let Verified { whole, begun_after, removed_to, last, .. } = verified;
    let mut text = format!("The audit log is whole: {whole} events are chained, up to event {last}.");
    if removed_to > &0 {
        text.push_str(&format!(" Events up to {removed_to} were removed by age."));
    }
    if begun_after > removed_to {
        text.push_str(&format!(" Events up to {begun_after} are from before the chain, and not covered."));
    }
    match mark {
        Some(mark) => text.push_str(&format!(" It goes through the mark, which was made at event {}.", mark.event)),
        None => text
            .push_str(" Without a mark from outside, an end that was cut off with the head row changed does not show."),
    }
    text
}

fn as_json(verified: &Verified, mark: Option<&AuditMark>) -> serde_json::Value {
    json!({
        "whole": verified.broken.is_none(),
        "chained_events": verified.whole,
        "last_event": verified.last,
        "not_covered_up_to": verified.begun_after,
        "removed_up_to": verified.removed_to,
        "mark_at_event": mark.map(|mark| mark.event),
        "broken": verified.broken.as_ref().map(|broken| json!({
            "kind": broken.kind(), "event": broken.event(), "sentence": broken.to_string(),
        })),
    })
}

/// Progress on a terminal, on standard error.
fn progress_bar() -> impl FnMut(i64, i64) {
    let mut bar: Option<ProgressBar> = None;
    let terminal = std::io::stderr().is_terminal();
    move |done, of| {
        if !terminal {
            return;
        }
        let bar = bar.get_or_insert_with(|| {
            let style =
                ProgressStyle::with_template("verifying {wide_bar} {human_pos} of {human_len} events, {eta} left");
            let bar = ProgressBar::new(u64::try_from(of).unwrap_or_default());
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_position(u64::try_from(done).unwrap_or_default());
        if done >= of {
            bar.finish_and_clear();
        }
    }
}
