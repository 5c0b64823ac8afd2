//! `claviger audit verify`: follows the chains, on the host, beside a server that runs.

use std::io::IsTerminal;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::audit_chain::mark::AuditMark;
use crate::audit_chain::series::Series;
use crate::audit_chain::{KeyRing, key_file};
use crate::commands::exit::Failed;
use crate::commands::host::{self, HostFailed};
use crate::commands::output::{Form, OutputArgs, print};
use crate::config::{AuditKeyOptions, StoreOptions};
use crate::store::verification::Verified;
use crate::store::{Store, StoreError};

/// What a mark begins with: what does not is a file's name.
const MARK_BEGINNING: &str = "claviger-audit-mark ";

/// Which store, and what to compare with.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    audit_key: AuditKeyOptions,
    /// A mark that was kept outside of this host: the line itself, or a file, such as a log; all marks in it count
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
        let marks = mark.transpose()?.unwrap_or_default();
        let store = Store::connect(location).await.map_err(HostFailed::from)?;
        let followed = follow(&store, &ring, &marks).await;
        store.close().await;
        let followed = followed.map_err(HostFailed::from)?;
        let broken = followed.iter().find_map(|chain| Some((chain.verified.broken.clone()?, chain.verified.whole)));
        if self.output.form() == Form::Json {
            print(&as_json(&followed).to_string())?;
        } else if broken.is_none() {
            let sentences: Vec<String> = followed.iter().filter_map(Followed::sentence).collect();
            print(&sentences.join("\n"))?;
        }
        match broken {
            None => Ok(()),
            Some((broken, whole)) => Err(HostFailed::ChainBroken { broken, whole }.into()),
        }
    }
}

/// A chain, and what was found.
struct Followed<'m> {
    series: Series,
    verified: Verified,
    marks: &'m [AuditMark],
}

async fn follow<'m>(store: &Store, ring: &KeyRing, marks: &'m [AuditMark]) -> Result<Vec<Followed<'m>>, StoreError> {
    let mut followed = Vec::new();
    let (of_mutations, of_observations) =
        marks.split_at(marks.partition_point(|mark| mark.event <= Series::Mutations.up_to()));
    for (series, marks) in [(Series::Mutations, of_mutations), (Series::Observations, of_observations)] {
        let verified = store.verify_audit_log(series, ring, marks, progress_bar()).await?;
        followed.push(Followed { series, verified, marks });
    }
    Ok(followed)
}

impl Followed<'_> {
    /// Nothing where nothing was ever observed.
    fn sentence(&self) -> Option<String> {
        let Verified { whole, begun_after, removed_to, last, .. } = &self.verified;
        let what = match self.series {
            Series::Mutations => "The audit log is whole",
            Series::Observations if last == &self.series.after() => return None,
            Series::Observations => "So is what was observed",
        };
        let mut text = format!("{what}: {whole} events are chained, up to event {last}.");
        if removed_to > begun_after {
            text.push_str(&format!(" Events up to {removed_to} were removed by age."));
        } else if removed_to > &self.series.after() {
            text.push_str(&format!(" Events up to {removed_to} were not there when the chain began."));
        }
        if begun_after > removed_to {
            text.push_str(&format!(" Events up to {begun_after} are from before the chain, and not covered."));
        }
        match self.marks {
            [mark] => text.push_str(&format!(" It goes through the mark, which was made at event {}.", mark.event)),
            [.., last] => {
                let marks = self.marks.len();
                text.push_str(&format!(
                    " It goes through {marks} marks, the last of which was made at event {}.",
                    last.event
                ));
            }
            [] => text.push_str(
                " Without a mark from outside, an end that was cut off with the head row changed does not show.",
            ),
        }
        Some(text)
    }

    fn as_json(&self) -> serde_json::Value {
        let Verified { whole, begun_after, removed_to, last, broken } = &self.verified;
        json!({
            "chained_events": whole,
            "last_event": last,
            "not_covered_up_to": begun_after,
            "removed_up_to": removed_to,
            "mark_at_event": self.marks.last().map(|mark| mark.event),
            "broken": broken.as_ref().map(|broken| json!({
                "kind": broken.kind(), "event": broken.event(), "sentence": broken.to_string(),
            })),
        })
    }
}

fn as_json(followed: &[Followed<'_>]) -> serde_json::Value {
    let mut all = json!({ "whole": followed.iter().all(|chain| chain.verified.broken.is_none()) });
    for chain in followed {
        all[chain.series.text()] = chain.as_json();
    }
    all
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
