//! How far the store had come: the newest place in its history that this node has answered with.
//!
//! A store that went back in time makes valid again what was revoked, and its next revisions carry old numbers. So a node
//! takes no image from a store that does not go through the place that it knows, unless an operator has begun another
//! [`Epoch`] since. The place is kept in memory, and a second late at most in a file outside of the store and of its backups, for
//! the next start: one file an epoch, named by its mark.
//!
//! What must stay true: a place is noted once this node may answer with it, and never before; a file that cannot be read is
//! no reason to answer.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use claviger_access::{Directory, Mark, Revision};
use tokio_util::sync::CancellationToken;

use super::Cluster;
use crate::random;
use crate::store::epoch::Epoch;
use crate::store::{Store, StoreError};

/// What is new is in the file after this.
const KEPT_WITHIN: Duration = Duration::from_millis(800);

/// A place in the history of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    revision: Revision,
    mark: Mark,
}

/// The newest place that is known.
#[derive(Default)]
pub struct Seen {
    folder: Option<PathBuf>,
    known: Mutex<Known>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Known {
    /// Of the store that the image was loaded from.
    epoch: Option<Epoch>,
    /// In that epoch.
    place: Option<Place>,
}

/// What the history of a store is to what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// It goes on from there, as far as is known.
    SameHistory,
    /// An operator has begun another epoch since.
    AnotherEpoch,
}

impl Seen {
    /// What is kept in this folder; in memory alone where there is none.
    pub fn kept_in(folder: Option<PathBuf>) -> Self {
        Self { folder, known: Mutex::default() }
    }

    /// Whether the store that this image was loaded from goes through what is known, or has begun another epoch since.
    pub async fn judge(&self, store: &Store, directory: &Directory) -> Result<Judged, StoreError> {
        let mark = random::mark().map_err(|error| StoreError::unreadable(error.to_string()))?;
        let epoch = store.epoch(mark).await?;
        let known = *self.lock();
        let (place, judged) = match known.epoch {
            None => (self.read(epoch)?, Judged::SameHistory),
            Some(of) if of == epoch => (known.place, Judged::SameHistory),
            Some(of) if of.number < epoch.number => (None, Judged::AnotherEpoch),
            Some(of) => return Err(StoreError::EarlierEpoch { known: of.number, found: epoch.number }),
        };
        if let Some(place) = place
            && (directory.revision() < place.revision || !store.goes_through(place.revision, place.mark).await?)
        {
            return Err(StoreError::LostHistory { seen: place.revision, at: directory.revision() });
        }
        *self.lock() = Known { epoch: Some(epoch), place };
        Ok(judged)
    }

    /// This node may answer with it.
    pub fn note(&self, revision: Revision, mark: Mark) {
        let mut known = self.lock();
        if known.place.is_none_or(|place| place.revision < revision) {
            known.place = Some(Place { revision, mark });
        }
    }

    /// Keeps the file up to date until it is stopped. `cluster` tells what this node answers with, and when there is news.
    pub async fn keep(self: Arc<Self>, cluster: Arc<Cluster>, stop: CancellationToken) {
        let Some(folder) = &self.folder else { return };
        let (mut news, mut kept, mut is_told) = (cluster.news(), None, false);
        loop {
            let is_last = stop.is_cancelled();
            news.mark_unchanged();
            if let Some((revision, mark)) = cluster.answers_with() {
                self.note(revision, mark);
            }
            let known = *self.lock();
            if let Known { epoch: Some(epoch), place: Some(place) } = known
                && kept != Some(known)
            {
                let folder = folder.clone();
                match tokio::task::spawn_blocking(move || write(&folder, epoch, place)).await {
                    Ok(Ok(())) => (kept, is_told) = (Some(known), false),
                    Ok(Err(error)) if !is_told => {
                        is_told = true;
                        tracing::error!(%error, "it cannot be kept how far the store has come: where it is restored later, nobody may notice");
                    }
                    Ok(Err(_)) | Err(_) => {}
                }
            }
            if is_last {
                return;
            }
            let next = async {
                tokio::time::sleep(KEPT_WITHIN).await;
                // The sender lives as long as the cluster does.
                _ = news.changed().await;
            };
            tokio::select! {
                () = next => {}
                () = stop.cancelled() => {}
            }
        }
    }

    fn read(&self, epoch: Epoch) -> Result<Option<Place>, StoreError> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let path = file(folder, epoch);
        let failed = |reason| StoreError::File { path: path.clone(), reason };
        match std::fs::read_to_string(&path) {
            Ok(text) => parse(&text).map(Some).ok_or_else(|| {
                failed(std::io::Error::other(
                    "it does not tell how far the store had come; look into the store, and remove this file",
                ))
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn file(folder: &Path, epoch: Epoch) -> PathBuf {
    folder.join(format!("seen-{:032x}", u128::from_be_bytes(epoch.mark.0)))
}

/// In the place of the one before, whole or not at all: a machine that loses power must not find half of it.
fn write(folder: &Path, epoch: Epoch, place: Place) -> Result<(), StoreError> {
    crate::store::prepare_folder(folder)?;
    let path = file(folder, epoch);
    let new = path.with_extension(std::process::id().to_string());
    let written = std::fs::File::create(&new).and_then(|mut file| {
        file.write_all(text(place).as_bytes())?;
        file.sync_data()?;
        std::fs::rename(&new, &path)
    });
    written.map_err(|reason| StoreError::File { path, reason })
}

fn text(place: Place) -> String {
    format!("{} {:032x}\n", place.revision, u128::from_be_bytes(place.mark.0))
}

fn parse(text: &str) -> Option<Place> {
    let (revision, mark) = text.strip_suffix('\n')?.split_once(' ')?;
    let mark = if mark.len() == 32 { u128::from_str_radix(mark, 16).ok()? } else { return None };
    Some(Place { revision: Revision(revision.parse().ok()?), mark: Mark(mark.to_be_bytes()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(number: u64) -> Epoch {
        Epoch { number, mark: Mark([number as u8; 16]) }
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place { revision: Revision(152), mark: Mark([7; 16]) };
        write(&folder.path().join("claviger"), epoch(1), place).expect("written");
        let seen = Seen::kept_in(Some(folder.path().join("claviger")));
        assert_eq!(seen.read(epoch(1)).expect("read"), Some(place));
        assert_eq!(seen.read(epoch(2)).expect("read"), None, "another epoch");
        for wrong in ["", "152", "152 7\n", "x 07070707070707070707070707070707\n", &text(place)[..20]] {
            std::fs::write(file(&folder.path().join("claviger"), epoch(1)), wrong).expect("written");
            assert!(seen.read(epoch(1)).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_older_place_is_not_noted() {
        let seen = Seen::default();
        let known = |seen: &Seen| seen.lock().place.map(|place| place.revision.0);
        seen.note(Revision(9), Mark([9; 16]));
        seen.note(Revision(8), Mark([8; 16]));
        assert_eq!(known(&seen), Some(9));
        seen.note(Revision(10), Mark([10; 16]));
        assert_eq!(known(&seen), Some(10));
    }
}
