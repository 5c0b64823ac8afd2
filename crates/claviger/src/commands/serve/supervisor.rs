//! Tells who started this process how far it is, as systemd's units of `Type=notify` are told: one datagram to the socket
//! that `NOTIFY_SOCKET` names, nothing where it names none.
//!
//! *Ready* is told once requests are decided, not when the address is bound: `systemctl start`, and what is ordered after the
//! unit, wait until the directory is loaded. A supervisor that cannot be told is no reason to end.

use sd_notify::NotifyState;

/// Requests are decided from now on.
pub(super) fn ready() {
    tell(NotifyState::Ready);
}

/// Running requests are finished; then it ends.
pub(super) fn stopping() {
    tell(NotifyState::Stopping);
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the supervisor that NOTIFY_SOCKET names could not be told how far this process is");
    }
}
