//! Who asks for a page: the person whose session's cookie is sent.
//!
//! The cookie alone is looked at, never `Authorization`: a credential of the API opens no page, as the API never looks at
//! the cookie.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use claviger_access::directory::PrincipalView;
use claviger_access::identity::{OrganizationId, PrincipalId, SessionId};
use claviger_access::{Caller, Moment};

use super::cookies::Cookie;
use super::earlier_forms::EarlierForms;
use super::error_page::ErrorPage;
use super::notice::Notice;
use super::return_to::ReturnTo;
use super::{Console, form, renewal, session, sign_in};
use crate::api::arrival::origin;
use crate::clock;
use crate::cluster::Held;
use crate::store::writing::Origin;
use crate::writer;

/// A person whose session counts, on the image that his request is decided with.
pub(super) struct SignedIn {
    pub caller: Caller,
    pub person: PrincipalId,
    pub held: Held,
    pub now: Moment,
    pub session: SessionId,
    pub origin: Origin,
    /// What became of what he did last, to be told on this page.
    pub notice: Option<Notice>,
    /// What it showed before it went on under the token that it has now.
    pub earlier_forms: EarlierForms,
    form_token: String,
}

impl SignedIn {
    /// The person in the image.
    pub(super) fn view(&self) -> Option<PrincipalView<'_>> {
        self.held.principal(self.person)
    }

    /// The same person on a newer image.
    pub(super) fn on(self, held: Held) -> Self {
        Self { held, ..self }
    }

    /// The token of the forms on a page of this session.
    pub(super) fn form_token(&self) -> &str {
        &self.form_token
    }

    /// Where a write of his comes from, and the organization in whose queue it waits.
    pub(super) fn write_request(&self, organization: OrganizationId) -> writer::Request {
        writer::Request { origin: self.origin.clone(), organization: Some(organization), weight: 1 }
    }
}

/// Why nobody is.
pub(super) enum NotSignedIn {
    /// No session that counts; with the page that was asked for, if one may be led back there.
    Nobody(Option<ReturnTo>),
    /// His session is older than a role of his, and he wants to change something by it.
    Outdated(Box<SignedIn>),
    /// It cannot be told now.
    Unavailable(ErrorPage),
}

impl IntoResponse for NotSignedIn {
    fn into_response(self) -> Response {
        match self {
            Self::Nobody(to) => Redirect::to(&sign_in::path(to.as_ref())).into_response(),
            Self::Outdated(_) => ErrorPage::outdated().into_response(),
            Self::Unavailable(page) => page.into_response(),
        }
    }
}

impl FromRequestParts<Console> for SignedIn {
    type Rejection = NotSignedIn;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, NotSignedIn> {
        let now = clock::now();
        let origin = origin(&parts.extensions);
        let nobody = || NotSignedIn::Nobody(ReturnTo::of(&parts.uri).filter(|_| parts.method == Method::GET));
        let presented = Cookie::Session.read(&parts.headers, console.transport).ok_or_else(nobody)?;
        let held = console.node.cluster.directory();
        let held = held.map_err(|error| NotSignedIn::Unavailable(ErrorPage::not_held(error, &origin)))?;
        let admitted = session::admit(&console.node, &held, presented, origin.address, now).ok_or_else(nobody)?;
        let form_token = form::token(presented);
        let notice = Notice::read(&parts.headers, console.transport, &form_token);
        let earlier_forms = EarlierForms::read(&parts.headers, console.transport, &form_token);
        let signed_in = Self {
            caller: admitted.caller,
            person: admitted.person,
            session: admitted.session,
            held,
            now,
            origin,
            notice,
            earlier_forms,
            form_token,
        };
        match !parts.method.is_safe() && renewal::is_due(&signed_in) {
            true => Err(NotSignedIn::Outdated(Box::new(signed_in))),
            false => Ok(signed_in),
        }
    }
}

/// Where a request comes from, whoever sends it.
pub(super) struct ComesFrom(pub Origin);

impl FromRequestParts<Console> for ComesFrom {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Console) -> Result<Self, Infallible> {
        Ok(Self(origin(&parts.extensions)))
    }
}
