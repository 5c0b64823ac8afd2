//! `claviger audit list`.

use claviger_wire::audit::{AuditEvent, Fact};

use super::filter::FilterArgs;
use crate::commands::connection::ConnectionArgs;
use crate::commands::exit::Failed;
use crate::commands::output::{OutputArgs, or_dash, table};

/// So many events a page.
const PAGE_EVENTS: u32 = 500;

/// Which events, and how many.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl ListArgs {
    pub(super) async fn run(self) -> Result<(), Failed> {
        let Self { filter, limit, connection, output } = self;
        let connection = connection.connect()?;
        let (log, filter) = filter.of(&connection).await?;
        let (mut events, mut cursor) = (Vec::new(), None);
        loop {
            let left = limit - u32::try_from(events.len()).unwrap_or(limit);
            let page = connection.client().audit_log(log, &filter, left.min(PAGE_EVENTS), cursor.as_deref()).await?;
            let is_empty = page.results.is_empty();
            events.extend(page.results);
            cursor = page.next_cursor;
            if cursor.is_none() || is_empty || events.len() >= limit as usize {
                break;
            }
        }
        Ok(output.show(&events, |events| events_table(events))?)
    }
}

fn events_table(events: &[AuditEvent]) -> String {
    table(
        ["ID", "TIME", "WHO", "WHAT", "TO WHAT", "PROJECT", "BEFORE", "AFTER", "FROM"],
        events.iter().map(|event| {
            let who = event.actor.name.clone().unwrap_or_else(|| event.actor.kind.clone());
            let to_what = format!("{} {}", event.target.kind, event.target.id);
            let to_what = event.target.name.as_ref().map_or(to_what.clone(), |name| format!("{to_what} {name}"));
            [
                event.id.to_string(),
                event.time.clone(),
                who,
                event.action.clone(),
                to_what,
                or_dash(event.project),
                facts(&event.before),
                facts(&event.after),
                or_dash(event.address.as_ref()),
            ]
        }),
    )
}

fn facts(facts: &[Fact]) -> String {
    facts.iter().map(|fact| format!("{}={}", fact.name, fact.value)).collect::<Vec<_>>().join(", ")
}
