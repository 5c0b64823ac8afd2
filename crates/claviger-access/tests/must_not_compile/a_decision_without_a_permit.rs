//! A decision holds an event, and an event is made from a permit, by a use case.

use claviger_access::{Change, Decision, Event};

fn without_an_event(changes: Vec<Change>) -> Decision {
    Decision { changes, events: Vec::new() }
}

fn outside_a_use_case(event: Event, changes: Vec<Change>) -> Decision {
    Decision::new(event, changes)
}

fn main() {}
