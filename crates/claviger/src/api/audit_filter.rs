//! Filters of the audit log as they are written: in the API's query and in the console's, and back again.

use claviger_access::event::EventName;
use claviger_access::identity::PrincipalId;
use claviger_wire::time::print;

use super::ids;
use crate::store::audit_log::{ActionFilter, EventFilter};

/// What an event can be about.
pub(crate) const TARGET_KINDS: [&str; 7] =
    ["organization", "project", "workspace", "principal", "team", "custom_role", "invitation"];

/// The number of a person or of a service account.
pub(crate) fn id(text: &str) -> Option<u64> {
    ids::read::<PrincipalId>(text).map(PrincipalId::number)
}

/// The name of an event, or all of a kind: `service_account.*`.
pub(crate) fn action(text: &str) -> Option<ActionFilter> {
    let mut known = EventName::ALL.iter().map(|name| name.text());
    match text.strip_suffix('*') {
        Some(beginning) if beginning.ends_with('.') && known.any(|name| name.starts_with(beginning)) => {
            Some(ActionFilter::Beginning(beginning.to_owned()))
        }
        Some(_) => None,
        None => known.find(|name| *name == text).map(|name| ActionFilter::Named(name.to_owned())),
    }
}

/// A kind and a number: `team:12`.
pub(crate) fn target(text: &str) -> Option<(String, u64)> {
    let (kind, number) = text.split_once(':')?;
    let number = id(number)?;
    TARGET_KINDS.contains(&kind).then(|| (kind.to_owned(), number))
}

/// What a filter asks for, by the names of the query, as it is written there. A name comes again where there are several.
pub(crate) fn written(filter: &EventFilter) -> Vec<(&'static str, String)> {
    let time = |seconds: i64| print(seconds).unwrap_or_else(|| seconds.to_string());
    let action = filter.action.as_ref().map(|action| match action {
        ActionFilter::Named(name) => name.clone(),
        ActionFilter::Beginning(beginning) => format!("{beginning}*"),
    });
    let times = [("from", filter.from.map(time)), ("to", filter.to.map(time))];
    let times = times.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let actors = filter.actors.iter().map(|actor| ("actor", actor.to_string()));
    let action = action.map(|action| ("action", action));
    let targets = filter.targets.iter().map(|(kind, id)| ("target", format!("{kind}:{id}")));
    let project = filter.project.map(|project| ("project", project.to_string()));
    times.chain(actors).chain(action).chain(targets).chain(project).collect()
}
