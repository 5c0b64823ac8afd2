//! Where a database may be: its addresses are tried in turn, and all connections lead to the same one.
//!
//! A PostgreSQL that fails over has another address afterwards. Whoever connects tries the address that was good last, then the
//! others, and passes over those that take no writes, which are standbys. What must stay true: once a connection was made to
//! another address, none that was made before is used again. A primary that was replaced and still runs answers reads, so a
//! node that followed there and reported elsewhere would wait for ever, and lists would be of a past that nobody is told of.

use std::sync::Arc;

use sqlx::any::AnyConnectOptions;
use tokio::sync::watch;

/// Where connections lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Led {
    /// The place of the address.
    place: usize,
    /// How often they were led elsewhere.
    turn: u64,
    /// Where the next connection is tried first.
    first: usize,
}

/// Which turn a connection was made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn(u64);

/// At least one, in the order in which they are tried. Clones lead to the same one.
#[derive(Clone)]
pub(super) struct Addresses {
    options: Arc<[AnyConnectOptions]>,
    led: Arc<watch::Sender<Led>>,
}

impl Addresses {
    /// None where there is no address.
    pub(super) fn new(options: Vec<AnyConnectOptions>) -> Option<Self> {
        let led = Led { place: 0, turn: 0, first: 0 };
        (!options.is_empty()).then(|| Self { options: options.into(), led: Arc::new(watch::Sender::new(led)) })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.options.len()
    }

    /// All of them, with their places, the one to be tried first in front.
    pub(super) fn in_turn(&self) -> impl Iterator<Item = (usize, &AnyConnectOptions)> {
        let first = self.led.borrow().first;
        (0..self.count()).map(move |nth| (first + nth) % self.count()).map(|place| (place, &self.options[place]))
    }

    /// The turn that connections are made in now.
    pub(super) fn turn(&self) -> Turn {
        Turn(self.led.borrow().turn)
    }

    /// A connection was made to this place, where writes are taken.
    pub(super) fn leads_to(&self, place: usize) -> Turn {
        self.led.send_if_modified(|led| {
            let is_news = led.place != place;
            if is_news {
                tracing::warn!(database = %shown(&self.options[place]), "this node goes on with another database");
                *led = Led { place, turn: led.turn + 1, first: place };
            }
            led.first = place;
            is_news
        });
        self.turn()
    }

    /// A connection of this turn was of no use: the next one is tried elsewhere first.
    pub(super) fn pass_over(&self, turn: Turn) {
        self.led.send_if_modified(|led| {
            if led.turn == turn.0 {
                led.first = (led.place + 1) % self.count();
            }
            false
        });
    }

    /// The place that connections lead to, and news of another.
    pub(super) fn followed(&self) -> (usize, watch::Receiver<Led>) {
        let mut led = self.led.subscribe();
        let place = led.borrow_and_update().place;
        (place, led)
    }

    /// Where connections lead that have no choice, and in which turn.
    pub(super) fn current(&self) -> (&AnyConnectOptions, Turn) {
        let led = *self.led.borrow();
        (&self.options[led.place], Turn(led.turn))
    }
}

/// Without credentials.
pub(super) fn shown(options: &AnyConnectOptions) -> String {
    super::location::without_credentials(options.database_url.as_str())
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    fn three() -> Addresses {
        let options = ["postgres://a/x", "postgres://b/x", "postgres://c/x"];
        let options = options.map(|url| AnyConnectOptions::from_str(url).expect("an address"));
        Addresses::new(options.into()).expect("addresses")
    }

    fn order(addresses: &Addresses) -> Vec<usize> {
        addresses.in_turn().map(|(place, _)| place).collect()
    }

    #[test]
    fn the_one_that_was_good_last_is_tried_first() {
        let addresses = three();
        assert_eq!(order(&addresses), [0, 1, 2]);
        let before = addresses.turn();
        assert_eq!(addresses.leads_to(0), before, "nothing is new");
        let after = addresses.leads_to(2);
        assert_ne!(after, before);
        assert_eq!((order(&addresses), addresses.current().1), (vec![2, 0, 1], after));
    }

    #[test]
    fn one_that_is_passed_over_is_tried_last_until_it_is_good_again() {
        let addresses = three();
        let turn = addresses.turn();
        addresses.pass_over(turn);
        assert_eq!((order(&addresses), addresses.turn()), (vec![1, 2, 0], turn), "what is connected stays");
        assert_eq!(addresses.leads_to(0), turn);
        assert_eq!(order(&addresses), [0, 1, 2]);
        let later = addresses.leads_to(1);
        addresses.pass_over(turn);
        assert_eq!(
            (order(&addresses), addresses.turn()),
            (vec![1, 2, 0], later),
            "one of an earlier turn tells nothing"
        );
    }
}
