//! `docs/reference/audit-events.md` tells every event that there is, and no other.

use std::collections::BTreeSet;
use std::path::Path;

use claviger_access::event::EventName;

#[test]
fn every_event_has_its_row() {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/audit-events.md");
    let text = std::fs::read_to_string(reference).expect("docs/reference/audit-events.md");
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let named = rows.flat_map(|row| row.split(" | ").next().unwrap_or_default().split('`').skip(1).step_by(2));
    let named: BTreeSet<&str> = named.filter(|name| name.contains('.')).collect();
    let known: BTreeSet<&str> = EventName::ALL.iter().map(|name| name.text()).collect();
    assert_eq!(named, known);
}
