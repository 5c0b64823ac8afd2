//! Where somebody goes on when he has signed in: to the page that he had asked for, or to what he had typed into a form when
//! his session ended. It goes with him through the steps of signing in, in hidden fields.
//!
//! What he had typed is shown once more, and sent when he says so: it may be somebody else who signs in. The fields carry a
//! seal that the page they were on had to give them.
//!
//! What must stay true: an address brings a page to go on to, and never what was typed; nor does a form that no page of ours
//! gave this browser. Else a link would put another's form before whoever signs in by it.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::page::page;
use super::return_to::ReturnTo;
use super::typed::Typed;
use super::{form, once, words};

/// Where to, and with what.
#[derive(Default)]
pub(super) struct Onward {
    to: Option<ReturnTo>,
    kept: String,
}

/// The hidden fields, as a form has sent them.
#[derive(Deserialize, Default)]
pub(super) struct Sent {
    #[serde(default)]
    return_to: String,
    #[serde(default)]
    kept: String,
    #[serde(default)]
    kept_seal: String,
}

impl Sent {
    /// What they say, of a page whose forms have this token. What that page has not sealed was not typed here.
    pub(super) fn by_page(&self, form_token: &str) -> Onward {
        let to = ReturnTo::parse(&self.return_to);
        let sealed = to.as_ref().map(|to| sealed_text(to, &self.kept));
        let is_ours = sealed.is_some_and(|text| form::is_sealed(form_token, &text, &self.kept_seal));
        Onward { to, kept: if is_ours { self.kept.clone() } else { String::new() } }
    }
}

/// What was typed is sealed with where it goes.
fn sealed_text(to: &ReturnTo, kept: &str) -> String {
    format!("onward\n{}\n{kept}", to.as_str())
}

/// What a form carries for itself, and nobody typed.
const CARRIED: [&str; 13] = [
    once::FIELD,
    "all",
    "confirmed",
    "kept",
    "kept_seal",
    "on",
    "return_to",
    "sealed",
    "seen",
    "sort",
    "stamp",
    "view",
    "warned",
];

/// What was typed when the session ended.
#[derive(Template)]
#[template(path = "console/send_again.html")]
struct SendAgain<'p> {
    form_token: &'p str,
    /// Why it was not done.
    why: &'static str,
    to: &'p ReturnTo,
    pairs: &'p [(String, String)],
}

impl SendAgain<'_> {
    /// What is worth showing of it.
    fn shown(&self) -> impl Iterator<Item = (String, &str)> {
        let is_typed = |name: &str| !CARRIED.contains(&name) && !name.ends_with("_was");
        let told = self.pairs.iter().filter(move |(name, value)| is_typed(name) && !value.is_empty());
        told.map(|(name, value)| (words::label(&name.replace('_', " ")), value.as_str()))
    }
}

impl Onward {
    /// To this page.
    pub(super) fn to(to: Option<ReturnTo>) -> Self {
        Self { to, kept: String::new() }
    }

    /// To this form, with what was typed into it.
    pub(super) fn with(to: ReturnTo, kept: &Typed) -> Self {
        Self { to: Some(to), kept: kept.encoded() }
    }

    /// For whose session goes on under another token while he typed: what he typed, and why it is not done, to be sent by
    /// a page whose forms have this token.
    pub(super) fn ask_again(to: &ReturnTo, typed: &Typed, why: &'static str, form_token: &str) -> Response {
        page(StatusCode::FORBIDDEN, &SendAgain { form_token, why, to, pairs: typed.pairs() })
    }

    /// The page, where one was asked for.
    pub(super) fn page(&self) -> Option<&ReturnTo> {
        self.to.as_ref()
    }

    /// What was typed, as a form's body has it; nothing where nothing was.
    pub(super) fn kept(&self) -> &str {
        &self.kept
    }

    /// What goes beside it on a page whose forms have this token.
    pub(super) fn seal(&self, form_token: &str) -> String {
        self.to.as_ref().map(|to| form::seal(form_token, &sealed_text(to, &self.kept))).unwrap_or_default()
    }

    /// On, with a session that has this token; to the console's entrance where nothing else was asked for.
    pub(super) fn go(&self, session: &str) -> Response {
        let Some(to) = &self.to else { return Redirect::to("/console").into_response() };
        match Typed::parse(self.kept.as_bytes()).map(Typed::without_secrets) {
            Some(kept) if !kept.pairs().is_empty() => {
                let (form_token, why) = (form::token(session), "You are signed in.");
                page(StatusCode::OK, &SendAgain { form_token: &form_token, why, to, pairs: kept.pairs() })
            }
            _ => Redirect::to(to.as_str()).into_response(),
        }
    }
}
