//! A new secret of an account in place of another, which goes on for a while: the form, and what it does.
//!
//! The answer to the form is the page with the new secret. An account that holds as many secrets as it may has no form: one
//! is revoked first.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::administration::secret::{self, CreateSecret, NewSecret, RotateSecret, Rotated};
use claviger_access::administration::service_account::RequestedExpiry;
use claviger_access::authorize::{ManageSecrets, ReadServiceAccount, Scope, authorize};
use claviger_access::directory::{HeldSecret, Organization, PrincipalView};
use claviger_access::identity::{OrganizationId, PrincipalId, SecretId};
use claviger_access::text::DisplayName;
use claviger_access::{Directory, Expiry, Moment, Refusal};

use super::expiry::{self, Rules, Tile, first_date};
use super::row::short;
use crate::api::failure::status_of;
use crate::api::ids::{PathId, read};
use crate::clock;
use crate::console::base_url::BaseUrl;
use crate::console::error_page::ErrorPage;
use crate::console::frame::Frame;
use crate::console::mistakes::Mistakes;
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::place::{OrganizationPage, Place};
use crate::console::refused::{Wanted, refused, unwritten};
use crate::console::secret_once::{ROTATE_IT, SecretOnce};
use crate::console::service_account::{self, NOT_MADE, first_request};
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed::Typed;
use crate::console::{Console, once, words};
use crate::writer::WriteError;

const ROTATE: Wanted = Wanted { title: "Rotate", deed: "make secrets of its service accounts" };

type OfAccount = At<(PathId<OrganizationId>, PathId<PrincipalId>)>;

/// How long the replaced one goes on: value, label, seconds.
const GRACES: [(&str, &str, u64); 4] = [
    ("0", "Ends at once", 0),
    ("1h", "1 hour", 60 * 60),
    ("24h", "24 hours", 24 * 60 * 60),
    ("7d", "7 days", 7 * 24 * 60 * 60),
];

/// The one that is chosen before anybody chooses.
const GRACE_FIRST: &str = "24h";

struct GraceTile {
    value: &'static str,
    label: &'static str,
    is_checked: bool,
}

#[derive(Template)]
#[template(path = "console/service_account_rotate.html")]
struct Page<'p> {
    frame: &'p Frame,
    name: &'p str,
    username: &'p str,
    /// Of the list, of the account, of this form.
    list: String,
    account: String,
    path: String,
    undone: &'static str,
    mistakes: &'p Mistakes,
    once: String,
    form: &'p Form,
    /// Why there is no form.
    full: Option<String>,
    /// What is said of the secret that is replaced; nothing where there is none.
    replaced: Option<String>,
    graces: Vec<GraceTile>,
    expiry: &'p expiry::Asked,
    tiles: Vec<Tile>,
    first_date: String,
    rule: String,
    command: String,
}

/// What was typed, or is offered first.
struct Form {
    name: String,
    grace: String,
    expiry: expiry::Asked,
    /// The secret that is to be replaced, by its number; nothing for the newest.
    secret: String,
}

/// What is to be done: as parsed from the form.
struct Asked {
    name: Option<DisplayName>,
    grace_seconds: u64,
    expires: Option<RequestedExpiry>,
    secret: Option<SecretId>,
}

/// Whose secret it is, and who asks.
struct Desk<'d> {
    signed_in: &'d SignedIn,
    organization: &'d Organization,
    account: PrincipalView<'d>,
    /// What its secrets are called, where it has several.
    names: Vec<(SecretId, Option<String>)>,
}

/// "It holds 2 secrets, as many as Acme allows. Revoke one first." Nothing where one more fits, and where one is all that
/// it may hold: then the one before ends at once.
pub(in crate::console) fn full(
    directory: &Directory,
    organization: &Organization,
    account: &PrincipalView<'_>,
    now: Moment,
) -> Option<String> {
    let limit = directory.secrets_max(organization.id);
    let held = account.secrets().iter().filter(|secret| !secret.expires.has_passed(now)).count();
    (limit > 1 && held >= limit).then(|| told_full(held, &organization.name))
}

fn told_full(held: usize, organization: &str) -> String {
    let held = words::several(i64::try_from(held).unwrap_or(i64::MAX), "secret");
    format!("It holds {held}, as many as {organization} allows. Revoke one first.")
}

impl<'d> Desk<'d> {
    /// Where the account is not there: who deleted it, and what became of what was wanted.
    async fn new(
        console: &Console,
        signed_in: &'d SignedIn,
        organization: OrganizationId,
        account: PrincipalId,
        wanted: Option<&str>,
    ) -> Result<Self, ErrorPage> {
        let scope = Scope::Organization(organization);
        let permit = authorize::<ManageSecrets>(&signed_in.held, &signed_in.caller, scope, signed_in.now);
        permit.map_err(|refusal| refused(signed_in, place(organization), &ROTATE, &refusal))?;
        let known = signed_in.held.organization(organization).ok_or_else(ErrorPage::no_such_organization)?;
        let Some(account) = signed_in.held.service_account(organization, account) else {
            return Err(service_account::gone(console, signed_in, organization, account, wanted).await);
        };
        let mut names = Vec::new();
        if account.secrets().len() > 1 {
            let permit = authorize::<ReadServiceAccount>(&signed_in.held, &signed_in.caller, scope, signed_in.now);
            let permit = permit.map_err(|refusal| refused(signed_in, place(organization), &ROTATE, &refusal))?;
            let listed = console.node.store.secrets(&permit, account.id()).await;
            let unread = |error| ErrorPage::unread(&error, &signed_in.origin).inside(signed_in, place(organization));
            names = listed.map_err(unread)?.into_iter().map(|one| (one.id, one.name)).collect();
        }
        Ok(Self { signed_in, organization: known, account, names })
    }

    fn rules(&self) -> Rules<'d> {
        let Organization { policy, id, name, .. } = self.organization;
        Rules { policy, organization: *id, name, now: self.signed_in.now }
    }

    fn name(&self) -> &'d str {
        short(self.account.name())
    }

    fn path(&self) -> String {
        super::path_of(self.organization.id, self.account.id())
    }

    /// The secret that is replaced.
    fn replaced(&self, form: &Form) -> Option<&'d HeldSecret> {
        let named = read::<SecretId>(&form.secret).and_then(|id| self.account.secret(id));
        named.or_else(|| self.account.secrets().last())
    }

    /// The end that "as now" means, where that is still to come.
    fn end_now(&self, form: &Form) -> Option<Expiry> {
        self.replaced(form).map(|secret| secret.expires).filter(|end| !end.has_passed(self.signed_in.now))
    }

    fn first(&self, asked: &Typed) -> Form {
        let secret = asked.one("secret").to_owned();
        let is_one_all = self.signed_in.held.secrets_max(self.organization.id) == 1;
        let grace = if is_one_all { GRACES[0].0 } else { GRACE_FIRST };
        let form = Form { name: String::new(), grace: grace.to_owned(), expiry: expiry::Asked::same(), secret };
        let expiry = match self.end_now(&form) {
            Some(_) => expiry::Asked::same(),
            None => expiry::Asked::first(&self.rules()),
        };
        Form { expiry, ..form }
    }

    fn shown(&self, form: &Form, once: String, mistakes: &Mistakes) -> Response {
        let (rules, path) = (self.rules(), self.path());
        let now = self.signed_in.now.seconds();
        let told = |secret: &HeldSecret| {
            let name = self.names.iter().find(|(id, _)| *id == secret.id()).map(|(id, name)| match name {
                Some(name) => format!("“{name}” is replaced. It"),
                None => format!("Secret {id} is replaced. It"),
            });
            let which = |only: &str| name.clone().unwrap_or_else(|| only.to_owned());
            match secret.expires.moment().map(|end| end.seconds()) {
                None => format!("{} never expires.", which("The secret that it has now")),
                Some(end) if end <= now => format!("{} has ended.", which("The secret that it had")),
                Some(end) => format!("{} ends on {}.", which("The secret that it has now"), words::date(end)),
            }
        };
        let full = full(&self.signed_in.held, self.organization, &self.account, self.signed_in.now);
        let status = if full.is_some() { StatusCode::CONFLICT } else { mistakes.status() };
        let tile = |(value, label, _)| GraceTile { value, label, is_checked: value == form.grace };
        let grace = GRACES.iter().find(|(value, ..)| *value == form.grace).map_or(GRACE_FIRST, |(value, ..)| *value);
        let replace = read::<SecretId>(&form.secret).map(|id| format!(" --replace {id}")).unwrap_or_default();
        let end = form.expiry.as_option(&rules);
        let shown = Page {
            frame: &Frame::of(self.signed_in, place(self.organization.id)),
            name: self.name(),
            username: self.account.name(),
            list: OrganizationPage::ServiceAccounts.path(self.organization.id),
            account: path.clone(),
            path: format!("{path}/rotate"),
            undone: "Nothing was changed.",
            mistakes,
            once,
            full,
            replaced: self.replaced(form).map(told),
            graces: GRACES.into_iter().map(tile).collect(),
            expiry: &form.expiry,
            tiles: form.expiry.tiles(&rules, self.end_now(form)),
            first_date: first_date(rules.now),
            rule: rules.told().unwrap_or_default(),
            command: format!(
                "claviger service-account rotate {} --organization {}{replace} --grace {grace}{end}",
                self.account.id(),
                self.organization.id
            ),
            form,
        };
        page(status, &shown)
    }

    /// What is told at a field of what the rules refuse.
    fn blamed(&self, refusal: &Refusal) -> Option<Mistakes> {
        let (field, told) = match refusal {
            Refusal::TooManySecrets { limit, .. } => ("grace", told_full(*limit, &self.organization.name)),
            other => (expiry::FIELD, self.rules().refused(other)?),
        };
        let mut mistakes = Mistakes::default();
        mistakes.add_with(status_of(refusal), field, told);
        Some(mistakes)
    }

    /// The page with the new secret.
    fn shows(&self, new: &NewSecret, replaced_expires: Option<Expiry>, base_url: BaseUrl) -> Response {
        let now = clock::now();
        let name = self.name();
        let before = replaced_expires.map(|end| match end.moment() {
            Some(end) if end <= now => "The one before is refused from now on.".to_owned(),
            Some(end) => {
                let (date, time) = (words::date(end.seconds()), words::time(end.seconds()));
                format!("The one before goes on until {date}, {time} UTC.")
            }
            None => "The one before goes on.".to_owned(),
        });
        let goes_on = replaced_expires.is_some_and(|end| !end.has_passed(now));
        let end = new.expires.moment().map(|end| format!("It ends on {}.", words::date(end.seconds())));
        let end = end.unwrap_or_else(|| "It never expires.".to_owned());
        let shown = SecretOnce {
            title: format!("{name} has a {} secret", if goes_on { "second" } else { "new" }),
            lead: format!("{end} {}", before.unwrap_or_default()).trim().to_owned(),
            name,
            username: self.account.name(),
            secret: &new.secret,
            lost: ROTATE_IT.to_owned(),
            leads_to: self.path(),
            first_request: Some(first_request::path(self.organization.id, self.account.id(), new.id)),
            base_url,
        };
        shown.page(self.signed_in, place(self.organization.id))
    }
}

impl Form {
    fn of(typed: &Typed) -> Self {
        let text = |name| typed.one(name).trim().to_owned();
        Self { name: text("name"), grace: text("grace"), expiry: expiry::Asked::of(typed), secret: text("secret") }
    }

    fn asked(&mut self, rules: &Rules<'_>) -> Result<Asked, Mistakes> {
        let mut mistakes = Mistakes::default();
        let name = Some(self.name.as_str()).filter(|name| !name.is_empty()).map(DisplayName::parse).transpose();
        let name = name.map_err(|error| mistakes.add("name", words::sentence(&format!("the name {error}"))));
        if name.is_err() && claviger_access::credential::Secret::is_well_formed(&self.name) {
            self.name.clear();
        }
        let grace = GRACES.iter().find(|(value, ..)| *value == self.grace);
        if grace.is_none() {
            mistakes.add("grace", "Choose how long the one before goes on.");
        }
        let expires = self.expiry.requested(rules).map_err(|told| mistakes.add(expiry::FIELD, told));
        match (name, grace, expires) {
            (Ok(name), Some((_, _, grace_seconds)), Ok(expires)) => {
                Ok(Asked { name, grace_seconds: *grace_seconds, expires, secret: read(&self.secret) })
            }
            _ => Err(mistakes),
        }
    }
}

fn place(organization: OrganizationId) -> Place {
    Place::Organization(organization, OrganizationPage::ServiceAccounts)
}

/// The form; its address may name the secret.
pub(in crate::console) async fn show(
    State(console): State<Console>,
    signed_in: SignedIn,
    At((PathId(organization), PathId(account))): OfAccount,
    asked: Typed,
) -> Result<Response, ErrorPage> {
    let desk = Desk::new(&console, &signed_in, organization, account, None).await?;
    Ok(desk.shown(&desk.first(&asked), once::fresh()?, &Mistakes::default()))
}

/// Makes the secret, and shows it.
pub(in crate::console) async fn rotate(
    State(console): State<Console>,
    base_url: BaseUrl,
    At((PathId(organization), PathId(account))): OfAccount,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    let desk = Desk::new(&console, &signed_in, organization, account, NOT_MADE).await?;
    let key = once::key(signed_in.person, &typed)?;
    let sent_once = typed.one(once::FIELD).to_owned();
    let mut form = Form::of(&typed);
    let Asked { name, grace_seconds, expires, secret } = match form.asked(&desk.rules()) {
        Ok(asked) => asked,
        Err(mistakes) => return Ok(desk.shown(&form, sent_once, &mistakes)),
    };
    let (request, caller, writer) = (signed_in.write_request(organization), signed_in.caller, &console.node.writer);
    let made = match desk.account.secrets() {
        [] => {
            let expires = expires.unwrap_or(RequestedExpiry::Never);
            let command = CreateSecret { organization, account, name, expires };
            let decide = move |draft: &_, moment, random| secret::create(draft, &caller, &command, moment, random);
            writer.create(request, Some(key), decide).await.map(|new| (new, None))
        }
        _ => {
            let command = RotateSecret { organization, account, secret, grace_seconds, name, expires };
            let decide = move |draft: &_, moment, random| secret::rotate(draft, &caller, &command, moment, random);
            let rotated = writer.create(request, Some(key), decide).await;
            rotated.map(|Rotated { new, replaced_expires, .. }| (new, Some(replaced_expires)))
        }
    };
    match made {
        Ok((new, replaced_expires)) => Ok(desk.shows(&new, replaced_expires, base_url)),
        Err(WriteError::Refused(Refusal::AlreadyCreated { .. })) => {
            let strong = format!("{} got this secret already.", desk.name());
            let notice = Notice::warning(strong, "It was shown once and cannot be shown again.");
            Ok(notice.at(&console, &signed_in, &desk.path()))
        }
        Err(WriteError::Refused(refusal)) if let Some(mistakes) = desk.blamed(&refusal) => {
            Ok(desk.shown(&form, sent_once, &mistakes))
        }
        Err(WriteError::Refused(Refusal::NoSuchServiceAccount { .. })) => {
            Err(service_account::gone(&console, &signed_in, organization, account, NOT_MADE).await)
        }
        Err(error) => Err(unwritten(&signed_in, place(organization), &ROTATE, &error)),
    }
}
