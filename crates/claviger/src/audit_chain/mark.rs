//! A mark: one line that says where the chain stood at a moment, to be kept outside of the host.
//!
//! Who later cuts the tail off, or begins the log anew with the key in his hands, does not come to the same digest at
//! the same event. A mark is made and checked with the key: a line that somebody made up is refused.

use std::fmt;

use claviger_access::Moment;

use super::series::Series;
use super::{ChainDigest, ChainKey, KeyRing};

/// The word that a mark begins with, also in the middle of a log's line.
const BEGINNING: &str = "claviger-audit-mark";

/// Where the chain stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditMark {
    /// The last event.
    pub event: i64,
    /// Its digest.
    pub digest: ChainDigest,
    /// When the mark was made, in seconds since the epoch.
    pub time: i64,
    key: String,
    seal: ChainDigest,
}

/// Why a text is no mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoMark {
    /// It has not the form of one.
    #[error("there is no mark in it; a mark begins with {BEGINNING} and is one line, as claviger audit mark prints it")]
    Form,
    /// Its key is not known.
    #[error("it was made with a key that the key file does not hold; name the file of this store by --audit-key-file")]
    Key,
    /// It was made up, or changed.
    #[error("it was not made with the key that it names, or was changed; take it from where it was kept")]
    Forged,
}

impl AuditMark {
    /// Makes one.
    pub fn new(key: &ChainKey, event: i64, digest: ChainDigest, now: Moment) -> Self {
        let time = now.seconds();
        Self { event, digest, time, key: key.id().to_owned(), seal: seal(key, event, &digest, time).finish() }
    }

    /// Reads the marks out of a text, which may be a log, by series and event. All of them: who cut the end off and let the
    /// log grow again gets new marks, that say nothing against it. What is no mark of these keys is passed over: a log
    /// holds what strangers send, too. An error where there is no mark at all.
    pub fn read(text: &str, ring: &KeyRing) -> Result<Vec<Self>, NoMark> {
        let mut marks: Vec<Self> = Vec::new();
        let mut refused = NoMark::Form;
        for (at, _) in text.match_indices(BEGINNING) {
            match Self::read_one(&text[at + BEGINNING.len()..], ring) {
                Ok(mark) => marks.push(mark),
                Err(NoMark::Form) => {}
                Err(other) => refused = other,
            }
        }
        marks.sort_by_key(|mark| (mark.event, mark.digest.0, mark.time));
        marks.dedup_by_key(|mark| (mark.event, mark.digest));
        if marks.is_empty() { Err(refused) } else { Ok(marks) }
    }

    /// Which chain it is of.
    pub const fn series(&self) -> Series {
        Series::of(self.event)
    }

    fn read_one(text: &str, ring: &KeyRing) -> Result<Self, NoMark> {
        let mut words = text.split_whitespace().map(|word| word.trim_matches(['"', '\\']));
        let mut value = |name: &str| words.next().and_then(|word| word.strip_prefix(name)).ok_or(NoMark::Form);
        let event = value("event=")?.parse().map_err(|_| NoMark::Form)?;
        let time = claviger_wire::time::parse(value("time=")?).map_err(|_| NoMark::Form)?;
        let digest = ChainDigest::parse(value("digest=")?).ok_or(NoMark::Form)?;
        let key = value("key=")?.to_owned();
        // A log in JSON goes on with quotes and brackets.
        let sealed = value("seal=")?;
        let sealed = sealed.get(..64).and_then(ChainDigest::parse).ok_or(NoMark::Form)?;
        let (_, known) = ring.find(&key).ok_or(NoMark::Key)?;
        if !seal(known, event, &digest, time).is(&sealed) {
            return Err(NoMark::Forged);
        }
        Ok(Self { event, digest, time, key, seal: sealed })
    }
}

fn seal(key: &ChainKey, event: i64, digest: &ChainDigest, time: i64) -> super::Sealing {
    let mut sealing = key.seal("claviger audit mark 1");
    sealing.number(event).digest(digest).number(time);
    sealing
}

impl fmt::Display for AuditMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, digest, time, key, seal } = self;
        let time = claviger_wire::time::print(*time).unwrap_or_default();
        write!(f, "{BEGINNING} event={event} time={time} digest={digest} key={key} seal={seal}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_out_of_a_log_and_no_other_is_believed() {
        let (key, other) = (ChainKey::new(&[1; 32]), ChainKey::new(&[2; 32]));
        let ring = KeyRing::new(vec![key.clone()]).expect("a key");
        let now = Moment::from_seconds(1_800_000_000).expect("a moment");
        let mark = |event| AuditMark::new(&key, event, key.seal("test").finish(), now);
        let line = mark(7).to_string();
        for text in [line.clone(), format!("\n  INFO audit: \"{line}\"\nnext"), format!("{{\"mark\":\"{line}\"}}}}\n")]
        {
            assert_eq!(AuditMark::read(&text, &ring), Ok(vec![mark(7)]), "{text}");
        }
        // A log holds marks of both chains, also several, and what strangers wrote, or another installation.
        let observed = mark(Series::Observations.after() + 3);
        let others = "claviger-audit-mark.b2f9ed.x claviger-audit-mark event=9";
        let foreign = AuditMark::new(&other, 9, key.seal("test").finish(), now);
        let text = format!("{others}\n{}\n{observed}\n{foreign}\n{line}\n{}\n{others}\n", mark(9), mark(6));
        assert_eq!(AuditMark::read(&text, &ring), Ok(vec![mark(6), mark(7), mark(9), observed]));
        let forged = line.replace("event=7", "event=8");
        assert_eq!(AuditMark::read(&forged, &ring), Err(NoMark::Forged));
        assert_eq!(
            AuditMark::read(&AuditMark::new(&other, 7, key.seal("test").finish(), now).to_string(), &ring),
            Err(NoMark::Key)
        );
        for text in ["", "claviger-audit-mark", "claviger-audit-mark event=x", &line[..line.len() - 1]] {
            assert_eq!(AuditMark::read(text, &ring), Err(NoMark::Form), "{text}");
        }
    }
}
