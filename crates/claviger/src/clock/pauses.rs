//! Pauses that the runtime's timers cannot make: those count whole milliseconds.
//!
//! A timer of the kernel's, set for each pause and waited for like a socket. What must stay true: it only wakes; whether
//! it is time is looked up by a clock.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Makes pauses, one at a time.
#[derive(Default)]
pub struct Pauses(OnceLock<Option<AsyncFd<OwnedFd>>>);

impl Pauses {
    /// Returns after so long. Where the kernel gives no timer, a pause is as long as one of the runtime's.
    pub async fn pause(&self, length: Duration) {
        #[cfg(test)]
        if crate::simulation::here::is_simulated() {
            return tokio::time::sleep(length).await;
        }
        let rung = match self.0.get_or_init(|| timer().ok()) {
            Some(timer) => rings_after(timer, length).await.is_ok(),
            None => false,
        };
        if !rung {
            tokio::time::sleep(length).await;
        }
    }
}

#[expect(
    deprecated,
    reason = "its successor is unsafe: a descriptor must stay the same one, which one that is owned does"
)]
fn timer() -> io::Result<AsyncFd<OwnedFd>> {
    let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    AsyncFd::with_interest(timer, Interest::READABLE)
}

async fn rings_after(timer: &AsyncFd<OwnedFd>, length: Duration) -> io::Result<()> {
    let nothing = Timespec { tv_sec: 0, tv_nsec: 0 };
    // A timer that is set to nothing does not ring.
    let length = Timespec::try_from(length.max(Duration::from_nanos(1))).map_err(io::Error::other)?;
    timerfd_settime(timer, TimerfdTimerFlags::empty(), &Itimerspec { it_interval: nothing, it_value: length })?;
    loop {
        // Of a pause that was given up, at first: what it rang is forgotten since it was set again.
        let mut ready = timer.readable().await?;
        if let Ok(rung) = ready.try_io(|timer| Ok(rustix::io::read(timer, &mut [0; 8])?)) {
            return rung.map(|_| ());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[tokio::test]
    async fn a_pause_is_as_long_as_it_should_be_also_after_one_that_was_given_up() {
        let pauses = Pauses::default();
        for given_up in [Duration::ZERO, Duration::from_micros(1), Duration::from_secs(60)] {
            let pause = pauses.pause(given_up);
            drop(tokio::time::timeout(Duration::from_millis(2), pause).await);
            let began = clock::instant();
            pauses.pause(Duration::from_millis(20)).await;
            assert!(clock::since(began) >= Duration::from_millis(20), "{given_up:?}");
        }
    }
}
