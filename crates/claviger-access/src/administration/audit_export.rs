//! Taking the audit log away as a file. Nothing changes in the directory: what is done is the record.

use crate::authorize::{ReadAuditLog, Scope, authorize};
use crate::decision::{Decided, Decision};
use crate::directory::Draft;
use crate::event::{Event, EventName, Target};
use crate::expiry::Moment;
use crate::refusal::Refusal;
use crate::{Caller, Permit};

/// A log, or a part of it, as a file.
#[derive(Debug, Clone)]
pub struct ExportAuditLog {
    /// Whose log.
    pub scope: Scope,
    /// In which form.
    pub format: &'static str,
    /// What was asked for, by name.
    pub filters: Vec<(&'static str, String)>,
}

/// Records that an export begins: whoever may read the log may take it away.
pub fn begin(draft: &Draft, caller: &Caller, command: &ExportAuditLog, now: Moment) -> Result<Decided<()>, Refusal> {
    let permit = authorize::<ReadAuditLog>(draft, caller, command.scope, now)?;
    let event = told(&permit, EventName::AuditLogExportCreated, command);
    Ok(Decided::Write(Decision::new(event, Vec::new()), ()))
}

/// Records that an export of so many events was whole.
pub fn end(
    draft: &Draft,
    caller: &Caller,
    command: &ExportAuditLog,
    events: u64,
    now: Moment,
) -> Result<Decided<()>, Refusal> {
    let permit = authorize::<ReadAuditLog>(draft, caller, command.scope, now)?;
    let event = told(&permit, EventName::AuditLogExportDownloaded, command).after("events", events);
    Ok(Decided::Write(Decision::new(event, Vec::new()), ()))
}

fn told(permit: &Permit<ReadAuditLog>, name: EventName, command: &ExportAuditLog) -> Event {
    let target = match command.scope {
        Scope::Organization(organization) => Target::Organization(organization),
        Scope::Project(project) => Target::Project(project),
    };
    let event = Event::under(permit, name, target).after("format", command.format);
    command.filters.iter().fold(event, |event, (name, value)| event.after(name, value))
}
