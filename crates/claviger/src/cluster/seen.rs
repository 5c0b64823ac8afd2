//! How far the store had come: the newest place in its history that this node has answered with.
//!
//! A store that went back in time makes valid again what was revoked, and its next revisions carry old numbers. So a node
//! takes no image from a store that does not go through the place that it knows, unless an operator has begun another
//! [`Epoch`] since. The place is kept in memory, and a second late at most in a file outside of the store and of its backups, for
//! the next start: one file an epoch, named by its mark.
//!
//! What must stay true: a place is noted before anybody is told of it by an answer to a write, and at the latest when this
//! node looks whether it is still one of the others; a file that cannot be read is no reason to answer.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use claviger_access::{Mark, Revision};
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

impl Seen {
    /// What is kept in this folder; in memory alone where there is none.
    pub fn kept_in(folder: Option<PathBuf>) -> Self {
        Self { folder, known: Mutex::default() }
    }

    /// The store's epoch, if it goes through what is known, or has begun another epoch since. Asked before an image is loaded, which
    /// takes its time, and again after: the store may have gone back in between.
    pub async fn judge(&self, store: &Store) -> Result<Epoch, StoreError> {
        let mark = random::mark().map_err(|error| StoreError::unreadable(error.to_string()))?;
        let (epoch, head) = store.epoch(mark).await?;
        let known = *self.lock();
        let place = match known.epoch {
            Some(of) if of == epoch => known.place,
            Some(of) if of.number >= epoch.number => return Err(StoreError::EarlierEpoch),
            _ => self.read(epoch)?,
        };
        if let Some(place) = place
            && !store.goes_through(place.revision, place.mark).await?
        {
            return Err(StoreError::LostHistory { seen: place.revision, at: head });
        }
        let mut known = self.lock();
        if known.epoch != Some(epoch) {
            *known = Known { epoch: Some(epoch), place };
        }
        Ok(epoch)
    }

    /// This node may answer with this place, in this epoch. Of an epoch that it has left it says nothing.
    pub fn note(&self, epoch: Epoch, revision: Revision, mark: Mark) {
        let mut known = self.lock();
        if known.epoch == Some(epoch) && known.place.is_none_or(|place| place.revision < revision) {
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
            // Asked for first: an image of another epoch than this is not noted in it.
            let epoch = self.lock().epoch;
            if let (Some(epoch), Some((revision, mark))) = (epoch, cluster.answers_with()) {
                self.note(epoch, revision, mark);
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
                biased;
                () = next => {}
                () = stop.cancelled() => {}
            }
        }
    }

    fn read(&self, epoch: Epoch) -> Result<Option<Place>, StoreError> {
        let Some(folder) = &self.folder else { return Ok(None) };
        read(&file(folder, epoch))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn file(folder: &Path, epoch: Epoch) -> PathBuf {
    folder.join(format!("seen-{:032x}", u128::from_be_bytes(epoch.mark.0)))
}

fn read(path: &Path) -> Result<Option<Place>, StoreError> {
    let failed = |reason| StoreError::File { path: path.to_owned(), reason };
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text).map(Some).ok_or_else(|| {
            failed(std::io::Error::other(
                "it does not tell how far the store had come; look into the store, and remove this file",
            ))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// In the place of the one before, whole or not at all: a machine that loses power must not find half of it. What another
/// process has written there that is newer stays.
fn write(folder: &Path, epoch: Epoch, place: Place) -> Result<(), StoreError> {
    crate::store::prepare_folder(folder)?;
    let path = file(folder, epoch);
    let failed = |reason| StoreError::File { path: path.clone(), reason };
    // Held until the end.
    let lock = File::create(folder.join("lock")).map_err(failed)?;
    lock.lock().map_err(failed)?;
    if read(&path)?.is_some_and(|known| known.revision >= place.revision) {
        return Ok(());
    }
    let new = folder.join("new");
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(text(place).as_bytes())?;
        file.sync_data()?;
        std::fs::rename(&new, &path)?;
        File::open(folder)?.sync_all()
    });
    written.map_err(failed)
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
    fn what_another_process_wrote_that_is_newer_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = |revision| Place { revision: Revision(revision), mark: Mark([7; 16]) };
        for revision in [5, 9, 7] {
            write(folder.path(), epoch(1), place(revision)).expect("written");
        }
        assert_eq!(read(&file(folder.path(), epoch(1))).expect("read"), Some(place(9)));
    }

    #[test]
    fn an_older_place_or_one_of_another_epoch_is_not_noted() {
        let seen = Seen::default();
        *seen.lock() = Known { epoch: Some(epoch(1)), place: None };
        let known = |seen: &Seen| seen.lock().place.map(|place| place.revision.0);
        seen.note(epoch(1), Revision(9), Mark([9; 16]));
        seen.note(epoch(1), Revision(8), Mark([8; 16]));
        assert_eq!(known(&seen), Some(9));
        seen.note(epoch(2), Revision(12), Mark([9; 16]));
        assert_eq!(known(&seen), Some(9));
        seen.note(epoch(1), Revision(10), Mark([10; 16]));
        assert_eq!(known(&seen), Some(10));
    }
}
