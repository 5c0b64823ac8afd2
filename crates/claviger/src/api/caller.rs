//! Who asks: found before anything else of a request is read. Checks for gateways find it in the same way.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use claviger_access::authorize::admit;
use claviger_access::credential::Presented;
use claviger_access::directory::PrincipalView;
use claviger_access::identity::PrincipalId;
use claviger_access::{Caller, Directory, Moment, Refusal, credential};

use super::arrival::origin;
use super::failure::Failure;
use super::refusals::KnownCaller;
use crate::clock;
use crate::cluster::Held;
use crate::last_used::User;
use crate::node::Node;
use crate::store::writing::Origin;
use crate::writer;

/// A caller whose credential counts, on the image that his request is decided with.
pub(super) struct Identified {
    pub caller: Caller,
    pub principal: PrincipalId,
    pub held: Held,
    pub now: Moment,
    origin: Origin,
}

impl Identified {
    /// The caller in the image.
    pub(super) fn view(&self) -> Result<PrincipalView<'_>, Failure> {
        self.held.principal(self.principal).ok_or_else(|| Refusal::NotAuthenticated.into())
    }

    /// Where a write of this request comes from.
    pub(super) fn write_request(&self) -> writer::Request {
        let organization = self.held.principal(self.principal).and_then(|view| view.organization());
        writer::Request { origin: self.origin.clone(), organization, weight: 1 }
    }
}

impl FromRequestParts<Node> for Identified {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, node: &Node) -> Result<Self, Failure> {
        let now = clock::now();
        let held = node.cluster.directory()?;
        let origin = origin(&parts.extensions);
        let (caller, view) = let_in(node, &held, &parts.headers, &AUTHORIZATION, &origin, now)?;
        let principal = view.id();
        if let Some(known) = parts.extensions.get::<KnownCaller>() {
            known.is(principal);
        }
        Ok(Self { caller, principal, held, now, origin })
    }
}

/// What is presented in this header.
fn presented<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Presented<'h>, Refusal> {
    let values = headers.get_all(name).iter().map(|value| value.as_bytes());
    credential::present(values).ok_or(Refusal::NotAuthenticated)
}

/// Lets in who presents a credential in this header, and notes that he did, or that he was refused.
pub(crate) fn let_in<'d>(
    node: &Node,
    directory: &'d Directory,
    headers: &HeaderMap,
    name: &HeaderName,
    origin: &Origin,
    now: Moment,
) -> Result<(Caller, PrincipalView<'d>), Failure> {
    let presented = presented(headers, name)?;
    match admit(directory, &presented, origin.address, now) {
        Ok((caller, admitted)) => {
            let view = admitted.principal;
            // People have no secrets.
            if let Some(organization) = view.organization() {
                let user = User { secret: admitted.secret, account: view.id(), organization };
                node.last_used.note(user, origin.address, now);
            }
            Ok((caller, view))
        }
        Err(refused) => {
            node.metrics.not_admitted(refused.why);
            node.refused.not_admitted(&refused, origin.address, now);
            node.observations.not_admitted(presented.username(), &refused, origin, now);
            node.attempts.refused(presented.username(), origin.address).map_err(Failure::too_many_attempts)?;
            Err(refused.refusal.into())
        }
    }
}

/// Who presents a credential in this header, if he would be let in. Nothing is noted of it.
pub(crate) fn admitted<'d>(
    directory: &'d Directory,
    headers: &HeaderMap,
    name: &HeaderName,
    origin: &Origin,
    now: Moment,
) -> Result<PrincipalView<'d>, Refusal> {
    let presented = presented(headers, name)?;
    let admitted = admit(directory, &presented, origin.address, now);
    admitted.map(|(_, admitted)| admitted.principal).map_err(|refused| refused.refusal)
}

/// Whoever asks for something that needs no credential.
pub(super) struct Stranger {
    /// Where a write of this request comes from.
    pub origin: Origin,
}

impl<S: Send + Sync> FromRequestParts<S> for Stranger {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Ok(Self { origin: origin(&parts.extensions) })
    }
}
