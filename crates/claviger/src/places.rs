//! Places by address: of everything that a stranger may hold open, one address holds so much and no more.
//!
//! What must stay true: a place is free again when it is dropped; an address that holds nothing takes no memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::limiter::neighbourhood;

/// How many places each address has taken.
#[derive(Debug)]
pub struct Places {
    of_one_address_max: usize,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

impl Places {
    /// So many for each address.
    pub fn new(of_one_address_max: usize) -> Arc<Self> {
        Arc::new(Self { of_one_address_max, taken: Mutex::default() })
    }

    /// One more for this address, if it may have it.
    pub fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = neighbourhood(address.to_canonical());
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(address).or_insert(0);
        if *count >= self.of_one_address_max {
            return None;
        }
        *count += 1;
        Some(Place { places: Arc::clone(self), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_counts_as_one_address() {
        let counted = |text: &str| {
            let place = Places::new(1).take(text.parse().expect("an address"));
            place.expect("a place").address.to_string()
        };
        assert_eq!(counted("2001:db8:1:2:3:4:5:6"), counted("2001:db8:1:2::1"));
        assert_ne!(counted("2001:db8:1:2::1"), counted("2001:db8:1:3::1"));
        assert_eq!(counted("::ffff:192.0.2.7"), "192.0.2.7");
        assert_ne!(counted("192.0.2.7"), counted("192.0.2.8"));
    }

    #[test]
    fn an_address_has_its_places_and_no_others() {
        let places = Places::new(2);
        let (one, other) = ([192, 0, 2, 7].into(), [192, 0, 2, 8].into());
        let held = [places.take(one), places.take(one)];
        assert!(held.iter().all(Option::is_some) && places.take(one).is_none());
        assert!(places.take(other).is_some());
        drop(held);
        assert!(places.taken.lock().unwrap().is_empty());
        assert!(places.take(one).is_some());
    }
}
