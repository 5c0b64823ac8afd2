//! The whole: stores, nodes, and what has been answered.

use stateright::{Model, Property};

use super::node::{NOW, Node, Writer, Writing};
use super::rule::Rule;
use super::steps::Step;
use super::store::{Store, Write};

/// A check that began after an answer is decided with what was answered.
pub(crate) const PROMISE: &str = "what was answered is everywhere";

/// The model is not so strict that nothing happens in it.
pub(crate) const PROGRESS: &str = "all writes are answered while all nodes answer";

/// How much may happen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) nodes: usize,
    pub(crate) writers: usize,
    /// Whether they are at those nodes, or at others that are left out.
    pub(crate) at_members: bool,
    /// In ticks.
    pub(crate) lease: u32,
    pub(crate) writes: u8,
    pub(crate) retries: u8,
    pub(crate) losses: u8,
    pub(crate) crashes: u8,
    pub(crate) joins: u8,
    pub(crate) failovers: u8,
    pub(crate) restores: u8,
    pub(crate) drift: bool,
    pub(crate) two_step_checks: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub(crate) bounds: Bounds,
    pub(crate) removed: Option<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) primary: Store,
    /// What the standby has, where there is one.
    pub(crate) standby: Option<Store>,
    /// A primary that was replaced and still runs.
    pub(crate) replaced: Option<Store>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) writers: Vec<Writer>,
    pub(crate) answered: Vec<Write>,
    pub(crate) check: Option<Check>,
    pub(crate) was_broken: bool,
    pub(crate) written: u8,
    pub(crate) retried: u8,
    pub(crate) lost: u8,
    pub(crate) crashed: u8,
    pub(crate) failed_over: u8,
    pub(crate) restored: u8,
    /// The store went back in time, and nobody has accepted it yet.
    pub(crate) is_to_accept: bool,
}

/// A request that began when so many writes had been answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Check {
    pub(crate) node: usize,
    pub(crate) answered: usize,
    /// Where the image is taken before the lease is looked at.
    pub(crate) image: Option<Vec<Write>>,
}

impl State {
    pub(crate) fn contains_answered(&self, image: &[Write], answered: usize) -> bool {
        self.answered[..answered].iter().all(|write| image.contains(write))
    }

    pub(crate) fn is_kept(&self) -> bool {
        !self.was_broken
            && self.nodes.iter().all(|node| {
                !node.member.holds(NOW)
                    || node.image.as_ref().is_some_and(|image| self.contains_answered(image, self.answered.len()))
            })
    }
}

impl Model for Cluster {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let store = Store::default();
        vec![State {
            primary: store.clone(),
            standby: (self.bounds.failovers > 0).then_some(store),
            replaced: None,
            nodes: vec![Node::new(self.lease()); self.bounds.nodes],
            writers: (0..self.bounds.writers)
                .map(|index| Writer {
                    node: self.bounds.at_members.then_some(index % self.bounds.nodes),
                    writing: Writing::Idle,
                })
                .collect(),
            answered: Vec::new(),
            check: None,
            was_broken: false,
            written: 0,
            retried: 0,
            lost: 0,
            crashed: 0,
            failed_over: 0,
            restored: 0,
            is_to_accept: false,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        self.possible(state, steps);
    }

    fn next_state(&self, state: &State, step: Step) -> Option<State> {
        let mut next = state.clone();
        self.take(&mut next, step);
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(PROMISE, |_, state: &State| state.is_kept()),
            Property::sometimes(PROGRESS, |model: &Cluster, state: &State| {
                state.answered.len() == usize::from(model.bounds.writes)
                    && state.nodes.iter().all(|node| node.member.holds(NOW))
            }),
        ]
    }
}
