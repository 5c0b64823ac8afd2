//! What happens to second factors, written down. What codes are computed from is sealed here too.

use claviger_access::change::SecondFactorChange;
use claviger_access::credential::SecretDigest;
use claviger_access::identity::PrincipalId;
use claviger_access::second_factor::{SealedSecret, TimeStep};
use serde::{Deserialize, Serialize};

use super::super::rows::{digest, hex};
use super::{DIGEST_KIND, moment};

#[derive(Serialize, Deserialize)]
#[serde(tag = "second_factor", rename_all = "snake_case")]
pub(super) enum Stored {
    Enabled { person: u64, sealed: String, step: i64, digest_kind: String, recovery: Vec<String>, enabled: i64 },
    CodeUsed { person: u64, step: i64 },
    RecoveryCodeUsed { person: u64, digest_kind: String, digest: String },
    RecoveryCodesMade { person: u64, digest_kind: String, recovery: Vec<String> },
    Removed { person: u64 },
}

pub(super) fn stored(change: &SecondFactorChange) -> Stored {
    let digest_kind = DIGEST_KIND.to_owned();
    let texts = |digests: &[SecretDigest]| digests.iter().map(|digest| hex(digest.as_bytes())).collect();
    match change {
        SecondFactorChange::Enabled { person, sealed, step, recovery, enabled } => Stored::Enabled {
            person: person.number(),
            sealed: sealed.as_text().to_owned(),
            step: step.0,
            digest_kind,
            recovery: texts(recovery),
            enabled: enabled.seconds(),
        },
        SecondFactorChange::CodeUsed { person, step } => Stored::CodeUsed { person: person.number(), step: step.0 },
        SecondFactorChange::RecoveryCodeUsed { person, digest } => {
            Stored::RecoveryCodeUsed { person: person.number(), digest_kind, digest: hex(digest.as_bytes()) }
        }
        SecondFactorChange::RecoveryCodesMade { person, recovery } => {
            Stored::RecoveryCodesMade { person: person.number(), digest_kind, recovery: texts(recovery) }
        }
        SecondFactorChange::Removed { person } => Stored::Removed { person: person.number() },
    }
}

pub(super) fn read(stored: Stored) -> Option<SecondFactorChange> {
    let one = |kind: &str, text: &str| (kind == DIGEST_KIND).then(|| digest(text))?;
    let all = |kind: &str, texts: &[String]| texts.iter().map(|text| one(kind, text)).collect::<Option<Vec<_>>>();
    Some(match stored {
        Stored::Enabled { person, sealed, step, digest_kind, recovery, enabled } => SecondFactorChange::Enabled {
            person: PrincipalId::new(person)?,
            sealed: SealedSecret::from_text(sealed),
            step: TimeStep(step),
            recovery: all(&digest_kind, &recovery)?,
            enabled: moment(enabled)?,
        },
        Stored::CodeUsed { person, step } => {
            SecondFactorChange::CodeUsed { person: PrincipalId::new(person)?, step: TimeStep(step) }
        }
        Stored::RecoveryCodeUsed { person, digest_kind, digest } => SecondFactorChange::RecoveryCodeUsed {
            person: PrincipalId::new(person)?,
            digest: one(&digest_kind, &digest)?,
        },
        Stored::RecoveryCodesMade { person, digest_kind, recovery } => SecondFactorChange::RecoveryCodesMade {
            person: PrincipalId::new(person)?,
            recovery: all(&digest_kind, &recovery)?,
        },
        Stored::Removed { person } => SecondFactorChange::Removed { person: PrincipalId::new(person)? },
    })
}
