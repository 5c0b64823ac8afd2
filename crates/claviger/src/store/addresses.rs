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
    /// Where a report has ended last, and in which turn.
    confirmed: Option<(usize, u64)>,
}

/// Which turn a connection was made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn(u64);

/// What somebody knew who began to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Begun {
    turn: u64,
    first: usize,
}

/// At least one, in the order in which they are tried. Clones lead to the same one.
#[derive(Clone)]
pub(super) struct Addresses {
    options: Arc<[AnyConnectOptions]>,
    led: Arc<watch::Sender<Led>>,
}

impl Addresses {
    /// None where there is no address.
    pub(super) fn new(options: Vec<AnyConnectOptions>) -> Option<Self> {
        let led = Led { place: 0, turn: 0, first: 0, confirmed: None };
        (!options.is_empty()).then(|| Self { options: options.into(), led: Arc::new(watch::Sender::new(led)) })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.options.len()
    }

    /// Whoever connects begins with this.
    pub(super) fn begun(&self) -> Begun {
        let led = *self.led.borrow();
        Begun { turn: led.turn, first: led.first }
    }

    /// All of them, with their places, the one to be tried first in front.
    pub(super) fn in_turn(&self, begun: Begun) -> impl Iterator<Item = (usize, &AnyConnectOptions)> {
        let places = (0..self.count()).map(move |nth| (begun.first + nth) % self.count());
        places.map(|place| (place, &self.options[place]))
    }

    /// The turn that connections are made in now.
    pub(super) fn turn(&self) -> Turn {
        Turn(self.led.borrow().turn)
    }

    /// A connection was made to this place, where writes are taken. None where connections were led elsewhere meanwhile: it is of
    /// no use.
    pub(super) fn leads_to(&self, place: usize, begun: Begun) -> Option<Turn> {
        let mut turn = None;
        self.led.send_if_modified(|led| {
            if led.turn != begun.turn {
                turn = (led.place == place).then_some(Turn(led.turn));
                return false;
            }
            // Passed over meanwhile: that stays.
            if led.first == begun.first {
                led.first = place;
            }
            let is_news = led.place != place;
            if is_news {
                tracing::warn!(database = %shown(&self.options[place]), "this node goes on with another database");
                (led.place, led.turn) = (place, led.turn + 1);
            }
            turn = Some(Turn(led.turn));
            is_news
        });
        turn
    }

    /// Connections of this turn were of no use: the next one is tried at the next place first.
    pub(super) fn pass_over(&self, turn: Turn) {
        self.led.send_if_modified(|led| {
            if led.turn == turn.0 {
                led.first = (led.first + 1) % self.count();
            }
            false
        });
    }

    /// A report ended well on a connection of this turn.
    pub(super) fn confirm(&self, turn: Turn) {
        self.led.send_if_modified(|led| {
            if led.turn == turn.0 {
                led.confirmed = Some((led.place, led.turn));
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

    /// Where it is read beside the image, and in which turn: where a report has ended. Whoever never reports reads where connections
    /// lead.
    pub(super) fn read_from(&self) -> (&AnyConnectOptions, Turn) {
        let led = *self.led.borrow();
        let (place, turn) = led.confirmed.unwrap_or((led.place, led.turn));
        (&self.options[place], Turn(turn))
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
        addresses.in_turn(addresses.begun()).map(|(place, _)| place).collect()
    }

    fn connected(addresses: &Addresses, place: usize) -> Turn {
        addresses.leads_to(place, addresses.begun()).expect("nobody else led them elsewhere")
    }

    #[test]
    fn the_one_that_was_good_last_is_tried_first() {
        let addresses = three();
        assert_eq!(order(&addresses), [0, 1, 2]);
        let before = addresses.turn();
        assert_eq!(connected(&addresses, 0), before, "nothing is new");
        let after = connected(&addresses, 2);
        assert_ne!(after, before);
        assert_eq!((order(&addresses), addresses.turn()), (vec![2, 0, 1], after));
    }

    #[test]
    fn what_is_passed_over_is_tried_last_and_one_after_the_other_is() {
        let addresses = three();
        let turn = addresses.turn();
        addresses.pass_over(turn);
        assert_eq!((order(&addresses), addresses.turn()), (vec![1, 2, 0], turn), "what is connected stays");
        // The next one does not even let in whoever comes.
        addresses.pass_over(turn);
        assert_eq!(order(&addresses), [2, 0, 1]);
        assert_eq!(connected(&addresses, 0), turn);
        assert_eq!(order(&addresses), [0, 1, 2]);
        let later = connected(&addresses, 1);
        addresses.pass_over(turn);
        assert_eq!(
            (order(&addresses), addresses.turn()),
            (vec![1, 2, 0], later),
            "one of an earlier turn tells nothing"
        );
    }

    #[test]
    fn whoever_began_before_leads_nobody_back() {
        let addresses = three();
        let begun = addresses.begun();
        let turn = connected(&addresses, 1);
        assert_eq!(addresses.leads_to(0, begun), None);
        assert_eq!(addresses.leads_to(1, begun), Some(turn), "the same place");
        let begun = addresses.begun();
        addresses.pass_over(turn);
        assert_eq!(addresses.leads_to(1, begun), Some(turn));
        assert_eq!(order(&addresses), [2, 0, 1], "passed over meanwhile");
    }

    #[test]
    fn it_is_read_where_a_report_has_ended() {
        let addresses = three();
        let reads_at = |addresses: &Addresses| addresses.read_from().0.database_url.host_str().map(str::to_owned);
        assert_eq!(reads_at(&addresses).as_deref(), Some("a"));
        let first = addresses.turn();
        let second = connected(&addresses, 1);
        assert_eq!(reads_at(&addresses).as_deref(), Some("b"), "nobody reports");
        addresses.confirm(second);
        let third = connected(&addresses, 2);
        assert_eq!(reads_at(&addresses).as_deref(), Some("b"));
        addresses.confirm(first);
        assert_eq!(reads_at(&addresses).as_deref(), Some("b"), "one of an earlier turn tells nothing");
        addresses.confirm(third);
        assert_eq!(reads_at(&addresses).as_deref(), Some("c"));
    }
}
