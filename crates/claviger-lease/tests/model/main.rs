//! The protocol in a model checker, on the code of this crate: every order of every step, with sending, reading, committing
//! and replying apart, while messages are lost, nodes crash and the primary is replaced.
//!
//! Whole, it keeps the promise; without any one of its [rules](rule), the checker finds the steps that break it. A rule is
//! taken out in the model, by using the crate otherwise than it says; nothing in the crate is switched.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cluster;
mod node;
mod rule;
mod steps;
mod store;
mod taken;

use stateright::{Checker, Model, Path};

use self::cluster::{Bounds, Cluster, PROGRESS, PROMISE};
use self::rule::Rule;
use self::steps::Step;

/// The steps that break the promise, and those after which all writes are answered, if there are any within the bounds.
struct Found {
    broken: Option<Vec<Step>>,
    answered: Option<Vec<Step>>,
}

/// Looks at everything within the bounds.
fn look(bounds: Bounds, removed: Option<Rule>) -> Found {
    let checker = Cluster { bounds, removed }.checker().spawn_bfs().join();
    let steps = |property| checker.discovery(property).map(Path::into_actions);
    let found = Found { broken: steps(PROMISE), answered: steps(PROGRESS) };
    println!("{bounds:?}, without {removed:?}: {} states", checker.unique_state_count());
    if let Some(steps) = &found.broken {
        println!("  broken by {} steps: {steps:?}", steps.len());
    }
    found
}

/// One node that answers, and another that writes, whose own life is left out.
const SMALL: Bounds = Bounds {
    nodes: 1,
    writers: 1,
    at_members: false,
    lease: 1,
    writes: 1,
    retries: 0,
    losses: 1,
    crashes: 0,
    joins: 1,
    failovers: 0,
    restores: 0,
    drift: false,
    two_step_checks: false,
};

/// A node that answers and writes, and a store that goes back in time.
const RESTORED: Bounds = Bounds { at_members: true, writes: 2, joins: 2, restores: 1, ..SMALL };

#[test]
fn the_promise_is_kept() {
    for bounds in [
        Bounds { writes: 2, joins: 2, ..SMALL },
        Bounds { lease: 2, drift: true, two_step_checks: true, ..SMALL },
        Bounds { joins: 2, crashes: 1, two_step_checks: true, ..SMALL },
        Bounds { nodes: 2, losses: 0, ..SMALL },
        Bounds { nodes: 2, losses: 0, at_members: true, ..SMALL },
        Bounds { joins: 2, failovers: 1, ..SMALL },
        Bounds { at_members: true, writes: 2, retries: 1, joins: 2, ..SMALL },
        Bounds { at_members: true, retries: 1, losses: 0, joins: 2, failovers: 1, ..SMALL },
        Bounds { at_members: false, ..RESTORED },
        Bounds { writes: 3, joins: 3, losses: 0, ..RESTORED },
        Bounds { crashes: 1, joins: 3, losses: 0, ..RESTORED },
        Bounds { lease: 2, drift: true, losses: 0, ..RESTORED },
    ] {
        let found = look(bounds, None);
        assert!(found.broken.is_none(), "{:?}", found.broken);
        assert!(found.answered.is_some(), "nothing comes about within {bounds:?}");
    }
}

#[test]
fn each_rule_is_needed() {
    for rule in Rule::ALL {
        let found = look(bounds_without(rule), Some(rule));
        assert!(found.broken.is_some(), "the promise is kept without {rule:?}: the model is too coarse");
    }
}

/// Where its want shows.
fn bounds_without(rule: Rule) -> Bounds {
    match rule {
        Rule::CountsFromBeforeTheReport
        | Rule::RowBeforeTheFirstReport
        | Rule::FirstLeaseFromAReport
        | Rule::Wait
        | Rule::WaitFromTheReply
        | Rule::WaitAfterUnknownOutcome => SMALL,
        Rule::NoRowNoLease | Rule::SecondReport | Rule::StoreJudgesMarkingOut | Rule::AppliedNeverGoesBack => {
            Bounds { writes: 2, ..SMALL }
        }
        Rule::DriftAllowance => Bounds { lease: 2, drift: true, ..SMALL },
        Rule::LeaseBeforeImage => Bounds { joins: 2, two_step_checks: true, ..SMALL },
        Rule::WaitForNothingToDo => {
            Bounds { nodes: 2, at_members: true, losses: 0, crashes: 1, joins: 2, retries: 1, ..SMALL }
        }
        Rule::ReportsReplicated | Rule::Marks => Bounds { writes: 2, failovers: 1, ..SMALL },
        Rule::RowsOfItsHistory => Bounds { joins: 2, failovers: 1, ..SMALL },
        Rule::OwnImageFirst => Bounds { at_members: true, losses: 0, ..SMALL },
        Rule::RowsReadByACommit => Bounds { failovers: 1, ..SMALL },
        Rule::WaitOfANewEpoch => Bounds { at_members: false, losses: 0, ..RESTORED },
        Rule::WhatWasSeenIsKept => Bounds { losses: 0, ..RESTORED },
        Rule::RowsOfThisLease => Bounds { losses: 0, ..RESTORED },
    }
}
