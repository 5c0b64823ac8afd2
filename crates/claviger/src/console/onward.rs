//! Where somebody goes on when he has signed in: to the page that he had asked for, or to what he had typed into a form when
//! his session ended. It goes with him through the steps of signing in, in hidden fields.
//!
//! What he had typed is shown once more, and sent when he says so: it may be somebody else who signs in.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::page::page;
use super::return_to::ReturnTo;
use super::typed::Typed;
use super::{form, once, words};

/// The hidden fields, as they were sent or will be.
#[derive(Deserialize, Default)]
pub(super) struct Onward {
    #[serde(default)]
    pub return_to: String,
    #[serde(default)]
    pub kept: String,
}

/// What was typed when the session ended.
#[derive(Template)]
#[template(path = "console/send_again.html")]
struct SendAgain<'p> {
    form_token: &'p str,
    to: &'p str,
    pairs: &'p [(String, String)],
}

impl SendAgain<'_> {
    /// What is worth showing of it.
    fn shown(&self) -> impl Iterator<Item = (String, &str)> {
        let told = self.pairs.iter().filter(|(name, value)| name != once::FIELD && !value.is_empty());
        told.map(|(name, value)| (words::label(&name.replace('_', " ")), value.as_str()))
    }
}

impl Onward {
    /// To this page.
    pub(super) fn to(to: ReturnTo) -> Self {
        Self { return_to: to.as_str().to_owned(), kept: String::new() }
    }

    /// To this form, with what was typed into it.
    pub(super) fn with(to: ReturnTo, kept: &Typed) -> Self {
        Self { return_to: to.as_str().to_owned(), kept: kept.encoded() }
    }

    /// On, with a session that has this token; to the console's entrance where nothing else was asked for.
    pub(super) fn go(&self, session: &str) -> Response {
        let Some(to) = ReturnTo::parse(&self.return_to) else { return Redirect::to("/console").into_response() };
        match Typed::parse(self.kept.as_bytes()).map(Typed::without_secrets) {
            Some(kept) if !kept.pairs().is_empty() => {
                let form_token = form::token(session);
                page(StatusCode::OK, &SendAgain { form_token: &form_token, to: to.as_str(), pairs: kept.pairs() })
            }
            _ => Redirect::to(to.as_str()).into_response(),
        }
    }
}
