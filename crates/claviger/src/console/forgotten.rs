//! `/console/forgotten`: for whoever has forgotten his password.
//!
//! Where mail is sent, he gives his address and a link goes there. The answer is the same whether somebody has the address,
//! and comes before anything is looked up: the rest happens behind it. No letter goes to who was handed a link that is still
//! open. Where no mail is sent, the page says whom to ask.
//! What must stay true: a link goes to an address that the store holds, and is made from the address that the operator has
//! given; nothing of the request is in it.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use claviger_access::administration::password_reset;
use claviger_access::authorize::{Actor, sign_in};
use claviger_access::email::EmailAddress;
use secrecy::SecretString;
use serde::Deserialize;

use super::cookies::Cookie;
use super::error_page::ErrorPage;
use super::form::{Checked, Fields};
use super::form_outside::BoundTo;
use super::page::page;
use super::sign_in::too_many;
use super::signed_in::ComesFrom;
use super::{Console, reset, session};
use crate::mail::{Letter, Mailer};
use crate::node::Node;
use crate::public_url::PublicUrl;
use crate::store::writing::Origin;
use crate::writer::WriteError;

/// Where it is.
pub(super) const PATH: &str = "/console/forgotten";

#[derive(Template)]
#[template(path = "console/forgotten.html")]
struct Page<'p> {
    form_token: &'p str,
    step: Step,
}

/// What the page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Give the address.
    Asks,
    /// It was given.
    Asked,
    /// No mail is sent from here.
    WithoutMail,
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    email: String,
}

impl Fields for Typed {
    const BOUND_TO: Cookie = Cookie::Form;
}

/// The page.
pub(super) async fn show(State(console): State<Console>, headers: HeaderMap) -> Result<Response, ErrorPage> {
    let step = if console.letters().is_some() { Step::Asks } else { Step::WithoutMail };
    shown(&console, &headers, step)
}

/// Has a link sent, if somebody has the address.
pub(super) async fn ask(
    State(console): State<Console>,
    ComesFrom(origin): ComesFrom,
    headers: HeaderMap,
    Checked { fields: typed, .. }: Checked<Typed>,
) -> Result<Response, ErrorPage> {
    let Some((mailer, url)) = console.letters() else { return shown(&console, &headers, Step::WithoutMail) };
    console.tries.count_from(origin.address).map_err(too_many)?;
    let (node, tries, mailer, url) = (console.node.clone(), console.tries.clone(), mailer.clone(), url.clone());
    tokio::spawn(async move {
        if let Ok(email) = EmailAddress::parse(&typed.email)
            && tries.count_letter(&email)
        {
            send(&node, &mailer, &url, email, origin).await;
        }
    });
    shown(&console, &headers, Step::Asked)
}

/// Makes a link for the person of that address, and sends it there.
async fn send(node: &Node, mailer: &Mailer, url: &PublicUrl, email: EmailAddress, origin: Origin) {
    let Ok(held) = node.cluster.directory() else { return };
    let Some(permit) = sign_in(&held, &email) else { return };
    let Actor::Principal(person, _) = permit.by() else { return };
    drop(held);
    let decide = move |draft: &_, moment, random| password_reset::ask_by_mail(draft, person, moment, random);
    match node.writer.perform(session::request(node, person, origin), decide).await {
        Ok(Some(made)) => {
            let link = url.link(&reset::path(&made));
            mailer.post(Letter { to: email, subject: SUBJECT, text: text(&link) });
        }
        // He was handed a link, which is still open; or he left a moment before.
        Ok(None) | Err(WriteError::Refused(_)) => {}
        Err(error) => tracing::warn!(%error, "a link for a new password was not made"),
    }
}

const SUBJECT: &str = "Choose another password";

fn text(link: &str) -> SecretString {
    SecretString::from(format!(
        "Somebody asked for another password for the Claviger account of this address.\n\
         Open this link within an hour to choose one. It works once:\n\
         \n\
         {link}\n\
         \n\
         If it was not you, do nothing. Your password stays as it is.\n"
    ))
}

fn shown(console: &Console, headers: &HeaderMap, step: Step) -> Result<Response, ErrorPage> {
    let bound_to = BoundTo::of(headers, console.transport)?;
    let page = page(StatusCode::OK, &Page { form_token: &bound_to.token(), step });
    Ok(bound_to.given_with(page))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_letter_holds_the_link_and_no_text_of_anybody() {
        let text = text("https://keys.example.com/console/reset/cvr_1_x");
        let lines: Vec<&str> = text.expose_secret().lines().collect();
        assert!(lines.contains(&"https://keys.example.com/console/reset/cvr_1_x"), "{lines:?}");
        assert!(text.expose_secret().is_ascii() && !text.expose_secret().contains('@'));
    }

    #[test]
    fn without_mail_the_page_says_whom_to_ask() {
        let text = |step| Page { form_token: "f", step }.render().expect("a page");
        assert!(text(Step::WithoutMail).contains("Ask an owner") && !text(Step::WithoutMail).contains("<form"));
        assert!(text(Step::Asks).contains("name=\"email\"") && !text(Step::Asked).contains("<form"));
    }
}
