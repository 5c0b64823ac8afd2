//! `claviger meter`: measures for how long a server accepts credentials that it has answered to be revoked.
//!
//! The measurement is [`claviger_meter`]; here are its options, its end, and what it prints.

mod printed;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use claviger_meter::canary::Canary;
use claviger_meter::carrying::{NoConnections, NotDone, Patience};
use claviger_meter::plan::{Address, NoAddress, NoPlan, Plan};
use claviger_meter::round::{Pace, Round, Rounds};
use claviger_meter::statistics::{Counts, Statistics, Verdict};
use claviger_meter::template::Source;
use claviger_meter::{example, picture};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Failed};
use super::host::HostFailed;
use super::output::{OutputArgs, print, shown};
use super::serve;
use crate::private_file;
use crate::telemetry::LogOptions;
use crate::{clock, metrics_page, random};

/// After a round that failed, so that a server that is down is not asked without pause.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// Measure for how long a server, any server, accepts what it has revoked.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("until").required(true))]
pub struct MeterArgs {
    /// How credentials are created, used and revoked there: a file in TOML
    #[arg(long, value_name = "FILE", required_unless_present = "example")]
    plan: Option<PathBuf>,
    /// So many rounds
    #[arg(long, value_name = "N", group = "until", value_parser = clap::value_parser!(u64).range(1..))]
    rounds: Option<u64>,
    /// Rounds for this long, such as 90s or 15m
    #[arg(long, value_name = "TIME", group = "until", value_parser = time)]
    duration: Option<Duration>,
    /// Rounds until it is told to stop
    #[arg(long, group = "until")]
    for_ever: bool,
    /// Print a plan for Claviger servers at these URLs instead; given once for each node
    #[arg(long, value_name = "URL", group = "until", conflicts_with = "plan", value_parser = base_url)]
    example: Vec<String>,
    /// From the beginning of a round to the next one's; without it, each begins when the one before is over
    #[arg(long, value_name = "TIME", value_parser = time)]
    every: Option<Duration>,
    /// Connections to each address
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    connections: u16,
    /// Between two uses on one connection; the longer, the coarser is what is measured
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = time)]
    pause: Duration,
    /// For how long a credential is used, once it is accepted everywhere, before it is revoked
    #[arg(long, value_name = "TIME", default_value = "200ms", value_parser = time)]
    hold: Duration,
    /// A round is over once nobody was accepted for this long
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time)]
    settle: Duration,
    /// And once each connection was refused so often
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    refusals: u64,
    /// A credential that is not accepted everywhere, not revoked, or not refused everywhere after this ends its round
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = time)]
    give_up: Duration,
    /// For how long an answer is waited for
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    timeout: Duration,
    /// Draw the windows into this file, as SVG
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Where Prometheus finds what is measured, at /metrics; for whoever reaches it, so name an address inside
    #[arg(long, value_name = "ADDR")]
    metrics_listen: Option<SocketAddr>,
    #[command(flatten)]
    log: LogOptions,
    #[command(flatten)]
    output: OutputArgs,
}

/// Why nothing was measured, or what was is no good news.
#[derive(Debug, thiserror::Error)]
pub enum MeterFailed {
    /// The plan's file.
    #[error("the plan {file} cannot be read: {reason}")]
    File {
        /// Which.
        file: String,
        /// What the system says.
        reason: io::Error,
    },
    /// There is no plan to go by.
    #[error(transparent)]
    Plan(#[from] NoPlan),
    /// No connections.
    #[error(transparent)]
    Connections(#[from] NoConnections),
    /// What comes before all rounds.
    #[error("prepare: {0}")]
    Prepare(NotDone),
    /// Somebody was accepted.
    #[error(
        "{accepted} uses were accepted after their revocation was answered, in {} of {} rounds",
        counts.late,
        counts.run
    )]
    Late {
        /// So many uses.
        accepted: u64,
        /// Of all rounds.
        counts: Counts,
    },
    /// Some rounds prove nothing.
    #[error(
        "{} of {} rounds prove nothing: in {} an address gave no refusals, {} failed",
        counts.run - counts.clean - counts.late,
        counts.run,
        counts.unproven,
        counts.failed
    )]
    NotMeasured {
        /// Of all rounds.
        counts: Counts,
    },
    /// It was stopped before the first round was over.
    #[error("no round was finished, so nothing is measured")]
    Nothing,
    /// Credentials are left behind.
    #[error("{0} credentials are, or may be, still there: they could not be revoked; the result names them")]
    LeftBehind(u64),
}

impl MeterFailed {
    /// The exit code that tells a script.
    pub fn exit(&self) -> Exit {
        match self {
            Self::File { .. } | Self::Plan(_) => Exit::Usage,
            Self::Connections(_) => Exit::Unexpected,
            Self::Late { .. } => Exit::Late,
            Self::Prepare(_) | Self::NotMeasured { .. } | Self::Nothing | Self::LeftBehind(_) => Exit::NotMeasured,
        }
    }
}

impl MeterArgs {
    /// Measures, and prints what it found.
    pub async fn run(self) -> Result<(), Failed> {
        let Some(file) = &self.plan else {
            return Ok(print(example::plan(&self.example).trim_end())?);
        };
        self.log.start().map_err(HostFailed::from)?;
        let stop = serve::stop_on_signal("stopping: the credential of this round is revoked")?;
        let plan = read(file)?;
        for server in plan.exposed() {
            // A warning that cannot be written is no reason to stop.
            let _ = writeln!(io::stderr(), "warning: secrets go to {} unencrypted; use https://", shown(&server));
        }
        let canary = Canary::new();
        self.show_metrics(&canary, stop.clone()).await?;
        let rounds = Rounds::prepare(plan, self.pace()).await.map_err(MeterFailed::from)?;
        let rounds = rounds.map_err(MeterFailed::Prepare)?;
        let statistics = self.measure(&rounds, &canary, &stop).await?;
        if let Some(file) = &self.picture {
            std::fs::write(file, picture::draw(&statistics)).map_err(HostFailed::file(file))?;
        }
        let report = statistics.report();
        self.output.show(&report, printed::tables)?;
        Ok(judged(&statistics)?)
    }

    fn pace(&self) -> Pace {
        Pace {
            connections: usize::from(self.connections),
            pause: self.pause,
            hold: self.hold,
            settle: self.settle,
            refusals_min: self.refusals,
            give_up: self.give_up,
            patience: Patience { connect: self.timeout.min(Duration::from_secs(10)), total: self.timeout },
        }
    }

    async fn show_metrics(&self, canary: &Canary, stop: CancellationToken) -> Result<(), HostFailed> {
        let Some(address) = self.metrics_listen else { return Ok(()) };
        let bound = TcpListener::bind(address).await;
        let bound = bound.map_err(|reason| HostFailed::System { what: address.to_string(), reason })?;
        tokio::spawn(serve::metrics::serve(bound, metrics_page::page(canary.registry()), stop));
        Ok(())
    }

    async fn measure(&self, rounds: &Rounds, canary: &Canary, stop: &CancellationToken) -> Result<Statistics, Failed> {
        let began = clock::instant();
        let series: String = random::idempotency_key()?[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        let mut statistics = Statistics::default();
        for number in 0.. {
            let began_round = clock::instant();
            let is_over = self.rounds.is_some_and(|rounds| number >= rounds)
                || self.duration.is_some_and(|duration| began_round >= began + duration);
            if is_over || stop.is_cancelled() {
                break;
            }
            let round = rounds.run(number, &format!("meter-{series}-{number}"), stop).await;
            let verdict = statistics.add(&round);
            canary.count(&round, verdict);
            tell(number, &round, verdict);
            let is_last = self.rounds.is_some_and(|rounds| number + 1 >= rounds);
            if !is_last && let Some(next) = self.next(began_round, verdict) {
                let next = self.duration.map_or(next, |duration| next.min(began + duration));
                tokio::select! {
                    () = tokio::time::sleep_until(next.into()) => {}
                    () = stop.cancelled() => {}
                }
            }
        }
        Ok(statistics)
    }

    /// When the next round begins, if not at once.
    fn next(&self, began_round: Instant, verdict: Option<Verdict>) -> Option<Instant> {
        let after_a_failure = (verdict == Some(Verdict::Failed)).then(|| clock::instant() + AFTER_A_FAILURE);
        self.every.map(|every| began_round + every).max(after_a_failure)
    }
}

/// The plan, with what it takes from the environment and from private files.
fn read(file: &Path) -> Result<Plan, MeterFailed> {
    let text = std::fs::read_to_string(file)
        .map_err(|reason| MeterFailed::File { file: file.display().to_string(), reason })?;
    Ok(Plan::read(&text, &outside)?)
}

fn outside(source: Source<'_>) -> Result<SecretString, String> {
    match source {
        Source::Environment(name) => match std::env::var(name) {
            Ok(value) => Ok(SecretString::from(value)),
            Err(std::env::VarError::NotPresent) => Err(format!("the environment variable {name} is not set")),
            Err(std::env::VarError::NotUnicode(_)) => Err(format!("the environment variable {name} is not UTF-8 text")),
        },
        Source::File(path) => {
            let read = private_file::read(Path::new(path)).map_err(|unfit| format!("the file {unfit}"))?;
            Ok(SecretString::from(read.expose_secret().trim_end_matches(['\n', '\r'])))
        }
    }
}

/// One line a round. Of the credential it says its name or id, and that only if it is left behind.
fn tell(number: u64, round: &Round, verdict: Option<Verdict>) {
    match round {
        Round::Measured(measured) => {
            let verdict = verdict.map_or("", Verdict::text);
            let window_ms = measured.window().as_secs_f64() * 1_000.0;
            let (accepted_after, is_settled) = (measured.accepted_after(), measured.is_settled);
            let no_answers = measured.no_answers();
            if verdict == Verdict::Clean.text() {
                tracing::info!(number, verdict, window_ms, no_answers, "round");
            } else {
                tracing::warn!(number, verdict, accepted_after, window_ms, is_settled, no_answers, "round");
            }
        }
        Round::Failed(failed) => {
            tracing::warn!(number, verdict = "failed", reason = %shown(&failed.reason), "round");
            left_behind(failed.left.as_deref());
        }
        Round::Stopped { left } => {
            tracing::info!(number, "round stopped");
            left_behind(left.as_deref());
        }
    }
}

fn left_behind(left: Option<&str>) {
    if let Some(left) = left {
        tracing::error!(credential = %shown(left), "could not be revoked: it is, or may be, still there");
    }
}

/// What is the news.
fn judged(statistics: &Statistics) -> Result<(), MeterFailed> {
    let (counts, accepted) = (statistics.counts(), statistics.accepted_after());
    match counts {
        counts if counts.late > 0 => Err(MeterFailed::Late { accepted, counts }),
        counts if counts.run == 0 => Err(MeterFailed::Nothing),
        counts if counts.clean < counts.run => Err(MeterFailed::NotMeasured { counts }),
        _ if statistics.left_behind_count() > 0 => Err(MeterFailed::LeftBehind(statistics.left_behind_count())),
        _ => Ok(()),
    }
}

fn time(typed: &str) -> Result<Duration, String> {
    let time = typed.parse::<jiff::SignedDuration>().map_err(|_| "a time, such as 30s, 500ms or 15m".to_owned())?;
    let time = Duration::try_from(time).map_err(|_| "a time that is not negative".to_owned())?;
    // Ten years: whoever adds it to a moment gets a moment.
    if time > Duration::from_secs(10 * 366 * 86_400) { Err("a time of ten years at most".to_owned()) } else { Ok(time) }
}

/// As the command line takes it: with `/api/app` behind it, it means the same.
fn base_url(typed: &str) -> Result<String, NoAddress> {
    Ok(Address::parse(typed.trim())?.name.trim_end_matches("/api/app").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_with_its_unit() {
        assert_eq!(
            (time("250ms"), time("15m"), time("0s")),
            (Ok(Duration::from_millis(250)), Ok(Duration::from_secs(900)), Ok(Duration::ZERO))
        );
        for typed in ["", "5", "-5s", "five", "99999h"] {
            assert!(time(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn the_worst_news_is_told() {
        let counts = |run, clean, late| Counts { run, clean, late, ..Counts::default() };
        let exit = |failed: MeterFailed| failed.exit() as u8;
        assert_eq!(exit(MeterFailed::Late { accepted: 1, counts: counts(3, 1, 1) }), 9);
        assert_eq!(exit(MeterFailed::NotMeasured { counts: counts(3, 2, 0) }), 10);
        let sentence = MeterFailed::NotMeasured { counts: Counts { failed: 1, ..counts(3, 2, 0) } }.to_string();
        assert_eq!(sentence, "1 of 3 rounds prove nothing: in 0 an address gave no refusals, 1 failed");
    }
}
