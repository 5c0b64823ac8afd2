//! What is said about an account, its role in the organization, and where it may call from. Its name cannot change.
//!
//! The role is changed only by who changed it on the page: somebody may have given another one meanwhile.

use std::fmt::Write;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use claviger_access::Moment;
use claviger_access::administration::policy;
use claviger_access::administration::service_account::ChangeServiceAccount;
use claviger_access::directory::Directory;
use claviger_access::effective;
use claviger_access::labels::Labels;
use claviger_access::policy::Addresses;
use claviger_access::role::OrganizationRole;
use claviger_access::text::Description;

use super::super::error_page::ErrorPage;
use super::super::frame::Frame;
use super::super::notice::Notice;
use super::super::page::page;
use super::super::path::At;
use super::super::signed_in::SignedIn;
use super::super::submitted::Submitted;
use super::super::typed::{Field, Typed};
use super::super::{Console, words};
use super::state::{change, unchanged};
use super::{Head, NOT_MADE, OfAccount, Seen, as_of, place, seen, to_change, undone};
use crate::api::ids::PathId;

/// A role in the organization to choose.
struct RoleOption {
    value: &'static str,
    name: &'static str,
    told: &'static str,
    is_chosen: bool,
}

/// What stands in the forms.
struct Fields {
    description: Field,
    labels: Field,
    role: Field,
    addresses: String,
}

#[derive(Template)]
#[template(path = "console/service_account_edit.html")]
struct Page<'p> {
    frame: &'p Frame,
    head: &'p Head,
    fields: &'p Fields,
    roles: Vec<RoleOption>,
    errors: Vec<(&'static str, String)>,
    command: String,
}

impl Page<'_> {
    fn is_wrong(&self, field: &str) -> bool {
        self.errors.iter().any(|(wrong, _)| *wrong == field)
    }
}

impl Fields {
    /// With what is there now, or with what was typed where the form is shown again.
    fn of(directory: &Directory, seen: &Seen<'_>, typed: Option<&Typed>) -> Self {
        let details = directory.account_details(seen.view.id()).cloned().unwrap_or_default();
        let description = details.description.unwrap_or_default();
        let labels = details.labels.iter().fold(String::new(), |mut text, (key, value)| {
            let _ = writeln!(text, "{key}: {value}");
            text
        });
        Self {
            description: Field::of("description", &description, typed),
            labels: Field::of("labels", &labels, typed),
            role: Field::of("role", role_of(seen).name(), typed),
            addresses: directory.addresses_of(seen.view.id()).iter().collect::<Vec<_>>().join("\n"),
        }
    }
}

fn role_of(seen: &Seen<'_>) -> OrganizationRole {
    effective::organization_role(&seen.view, seen.organization.id).unwrap_or(OrganizationRole::Member)
}

/// Those that he may give.
fn roles(signed_in: &SignedIn, seen: &Seen<'_>, chosen: &str) -> Vec<RoleOption> {
    let own = signed_in.view().and_then(|view| effective::organization_role(&view, seen.organization.id));
    let mine = OrganizationRole::ALL.into_iter().filter(|role| own.is_some_and(|own| own.may_give(*role)));
    let option = |role: OrganizationRole| RoleOption {
        value: role.name(),
        name: words::role(role),
        told: match role {
            OrganizationRole::Member => "Reaches what it is granted",
            OrganizationRole::BillingAdmin => "Also manages billing",
            OrganizationRole::Admin => "Admin of every project",
            OrganizationRole::Owner => "Owner of every project",
        },
        is_chosen: role.name() == chosen,
    };
    mine.map(option).collect()
}

fn form(signed_in: &SignedIn, seen: &Seen<'_>, fields: &Fields, errors: Vec<(&'static str, String)>) -> Response {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let mut command = format!("claviger service-account set {}{}", seen.view.id(), seen.on_organization());
    let description = fields.description.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let _ = write!(command, " --description {}", words::shell_word(&description));
    let labels = labels_typed(&fields.labels.text);
    for (key, value) in labels.iter().flatten() {
        let _ = write!(command, " --label {}", words::shell_word(&format!("{key}:{value}")));
    }
    if labels.is_some_and(|labels| labels.is_empty()) {
        command.push_str(" --no-labels");
    }
    let template = Page {
        frame: &Frame::of(signed_in, place(seen.organization.id)),
        head: &seen.head(),
        fields,
        roles: roles(signed_in, seen, &fields.role.text),
        errors,
        command,
    };
    page(status, &template)
}

pub(super) async fn show(
    State(console): State<Console>,
    signed_in: SignedIn,
    At((PathId(organization), PathId(account))): OfAccount,
) -> Result<Response, ErrorPage> {
    let seen = to_change(&console, &signed_in, organization, account).await?;
    let fields = Fields::of(&signed_in.held, &seen, None);
    Ok(form(&signed_in, &seen, &fields, Vec::new()))
}

/// A label a line, such as `team: data`. `None` for a line without a colon.
fn labels_typed(text: &str) -> Option<Vec<(&str, &str)>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| line.split_once(':').map(|(key, value)| (key.trim(), value.trim()))).collect()
}

/// What is to be different, or what is wrong with each field.
fn wanted(typed: &Typed, command: ChangeServiceAccount) -> Result<ChangeServiceAccount, Vec<(&'static str, String)>> {
    let mut errors = Vec::new();
    // Browsers send line breaks as two characters.
    let description = Description::parse(&typed.one("description").replace("\r\n", "\n"));
    let description =
        description.map_err(|error| errors.push(("description", words::sentence(&format!("the description {error}")))));
    let labels = match labels_typed(typed.one("labels")) {
        Some(labels) => Labels::parse(labels.into_iter()).map_err(|error| words::sentence(&error.to_string())),
        None => Err("Write each label as a key, a colon and a value, such as team: data.".to_owned()),
    };
    let labels = labels.map_err(|text| errors.push(("labels", text)));
    let organization_role = OrganizationRole::parse(typed.one("role")).filter(|_| typed.is_changed("role"));
    if typed.is_changed("role") && organization_role.is_none() {
        errors.push(("role", "Choose a role.".to_owned()));
    }
    match (description, labels) {
        (Ok(description), Ok(labels)) if errors.is_empty() => Ok(ChangeServiceAccount {
            organization_role,
            description: Some(description).filter(|_| typed.is_changed("description")),
            labels: Some(labels).filter(|_| typed.is_changed("labels")),
            ..command
        }),
        _ => Err(errors),
    }
}

/// Says it.
pub(super) async fn edit(
    State(console): State<Console>,
    At((PathId(organization), PathId(account))): OfAccount,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    match wanted(&typed, unchanged(organization, account)) {
        Ok(command) => {
            let told = |name: &str| (format!("{name} was changed."), as_of("In effect"));
            change(&console, &signed_in, command, told).await
        }
        Err(errors) => {
            let seen = seen(&console, &signed_in, organization, account, NOT_MADE).await?;
            Ok(form(&signed_in, &seen, &Fields::of(&signed_in.held, &seen, Some(&typed)), errors))
        }
    }
}

/// Says where it may call from; nothing means everywhere.
pub(super) async fn addresses(
    State(console): State<Console>,
    At((PathId(organization), PathId(account))): OfAccount,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    let seen = seen(&console, &signed_in, organization, account, NOT_MADE).await?;
    let text = typed.one("addresses");
    let parts = text.split(|c: char| c.is_whitespace() || c == ',').filter(|part| !part.is_empty());
    let addresses = match Addresses::parse(parts) {
        Ok(addresses) => addresses,
        Err(error) => {
            let addresses = typed.shown("addresses").to_owned();
            let fields = Fields { addresses, ..Fields::of(&signed_in.held, &seen, None) };
            let errors = vec![("addresses", words::sentence(&error.to_string()))];
            return Ok(form(&signed_in, &seen, &fields, errors));
        }
    };
    let are_all = addresses.are_all();
    let caller = signed_in.caller;
    let of = (organization, account);
    let decide = move |draft: &_, moment: Moment, _| policy::restrict_account(draft, &caller, of, &addresses, moment);
    if let Err(error) = console.node.writer.perform(signed_in.write_request(organization), decide).await {
        return Err(undone(&console, &signed_in, of, &error).await);
    }
    let (name, path) = (seen.name(), seen.address());
    let notice = match are_all {
        true => Notice::done(format!("{name} may call from everywhere."), "As far as the organization allows it."),
        false => Notice::done(format!("{name} may call from those addresses alone."), as_of("Refused from elsewhere")),
    };
    Ok(notice.at(&console, &signed_in, &path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_line_with_a_colon() {
        assert_eq!(labels_typed("team: data\r\n\r\n tier:1:2 \n"), Some(vec![("team", "data"), ("tier", "1:2")]));
        assert_eq!(labels_typed(""), Some(vec![]));
        assert_eq!(labels_typed("team"), None);
    }
}
