//! Deleting several accounts: which, what was used lately, and how many, which is typed to confirm.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use claviger_access::administration::service_account::{self, DELETED_AT_ONCE_MAX, DeleteServiceAccounts};
use claviger_access::identity::{OrganizationId, PrincipalId};

use super::super::filter::Filter;
use super::super::row::{Row, Tone};
use super::selection::{Selection, is_lately, selection, sent};
use super::{Desk, SHOWN_MAX, accounts, place};
use crate::api::failure::status_of;
use crate::api::ids::{PathId, read};
use crate::clock;
use crate::console::error_page::ErrorPage;
use crate::console::frame::Frame;
use crate::console::mistakes::Mistakes;
use crate::console::notice::Notice;
use crate::console::page::page;
use crate::console::path::At;
use crate::console::refused::{Wanted, unwritten};
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::typed::Typed;
use crate::console::{Console, words};
use crate::writer::WriteError;

const DELETE: Wanted = Wanted { title: "Delete service accounts", deed: "delete its service accounts" };

/// The id of the field that is typed to confirm.
const CONFIRM: &str = "confirm";

/// A row of those that are shown.
struct Shown {
    row: Row,
    is_ticked: bool,
    is_protected: bool,
}

#[derive(Template)]
#[template(path = "console/service_accounts_delete.html")]
struct Page<'p> {
    frame: &'p Frame,
    /// Of the list, and of this form.
    list: String,
    path: String,
    undone: &'static str,
    mistakes: &'p Mistakes,
    /// The numbers of all.
    all: String,
    rows: Vec<Shown>,
    /// "2 of these 23 were used in the last 7 days."; nothing where none was.
    lately: Option<String>,
    /// "The first 50 are shown. The other 950 go with them."
    unseen: Option<String>,
    left_out: Option<String>,
    /// How many go that are not shown.
    others: usize,
    has_protected: bool,
    organization: OrganizationId,
    /// How many go, as a number and with the word.
    number: usize,
    counted: String,
    typed: String,
    command: Option<String>,
}

impl Desk<'_> {
    fn deletes(
        &self,
        mut selection: Selection,
        ticked: Option<&BTreeSet<PrincipalId>>,
        typed: &str,
        mistakes: &Mistakes,
    ) -> Response {
        let now = self.signed_in.now.seconds();
        if let Some(ticked) = ticked {
            selection.keep_unticked_in_sight(ticked);
        }
        let spared = selection.spare_protected();
        let all = selection.accounts.len();
        let shown = selection.accounts.iter().take(SHOWN_MAX).map(|account| {
            let by_itself = !is_lately(account, now) && !account.is_protected;
            Shown {
                is_ticked: ticked.map_or(by_itself, |ticked| ticked.contains(&account.id) && !account.is_protected),
                is_protected: account.is_protected,
                row: Row::of(&self.signed_in.held, self.organization, account, now),
            }
        });
        let rows: Vec<Shown> = shown.collect();
        let unseen = all - rows.len();
        let going: Vec<String> =
            rows.iter().filter(|shown| shown.is_ticked).map(|shown| shown.row.id.to_string()).collect();
        let number = going.len() + unseen;
        let count = words::count;
        let lately = (selection.lately > 0).then(|| {
            let (some, of) = (count(selection.lately), count(all));
            let were = if selection.lately == 1 { "was" } else { "were" };
            format!("{some} of these {of} {were} used in the last 7 days.")
        });
        let most = count(DELETED_AT_ONCE_MAX);
        let too_many = (selection.left_out > 0)
            .then(|| format!("{} more stay out: at most {most} are deleted at a time.", count(selection.left_out)));
        let are = if spared == 1 { "is protected and stays" } else { "are protected and stay" };
        let spared = (spared > 0).then(|| format!("{} more {are} out.", count(spared)));
        let left_out = [too_many, spared].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let shown = Page {
            frame: &Frame::of(self.signed_in, place(self.organization.id)),
            list: self.list(),
            path: format!("{}/delete", self.list()),
            undone: "Nothing was deleted.",
            mistakes,
            all: selection.numbers(),
            unseen: (unseen > 0)
                .then(|| format!("The first {} are shown. The other {} go with them.", rows.len(), count(unseen))),
            lately,
            left_out: Some(left_out).filter(|told| !told.is_empty()),
            others: unseen,
            has_protected: rows.iter().any(|shown| shown.is_protected),
            organization: self.organization.id,
            number,
            counted: accounts(number),
            typed: typed.to_owned(),
            command: (unseen == 0 && number > 0).then(|| {
                format!("claviger service-account delete {} --organization {}", going.join(" "), self.organization.id)
            }),
            rows,
        };
        page(mistakes.status(), &shown)
    }
}

/// What the list was narrowed to that leads here.
fn filter(asked: &Typed) -> Option<Filter> {
    Filter::named(asked.one("project"), asked.one("role"))
}

/// The page that asks for confirmation.
pub(in crate::console) async fn show(
    State(console): State<Console>,
    signed_in: SignedIn,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    asked: Typed,
) -> Result<Response, ErrorPage> {
    let desk = Desk::new(&signed_in, organization, &DELETE)?;
    let selection = selection(&console, &desk, &asked, filter(&asked), DELETED_AT_ONCE_MAX).await?;
    if selection.accounts.is_empty() {
        return Err(desk.nothing_chosen(DELETE.title));
    }
    Ok(desk.deletes(selection, None, "", &Mistakes::default()))
}

/// Those of a form that go: of those that were shown the ticked ones, and all that were not shown.
fn going(typed: &Typed, all: &[PrincipalId]) -> BTreeSet<PrincipalId> {
    let ticked: BTreeSet<PrincipalId> = typed.all("id").filter_map(read).collect();
    let (shown, unseen) = all.split_at(all.len().min(SHOWN_MAX));
    shown.iter().filter(|id| ticked.contains(id)).chain(unseen).copied().collect()
}

/// Deletes them.
pub(in crate::console) async fn delete(
    State(console): State<Console>,
    At(PathId(organization)): At<PathId<OrganizationId>>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    let desk = Desk::new(&signed_in, organization, &DELETE)?;
    let going = going(&typed, &sent(&typed));
    let confirmed: String = typed.one(CONFIRM).chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
    let mut mistakes = Mistakes::default();
    let number = going.len();
    let command = DeleteServiceAccounts::new(organization, going.clone());
    match command {
        Some(command) if confirmed == number.to_string() => {
            let caller = signed_in.caller;
            let request = signed_in.write_request(organization).of_many(number);
            let decide = move |draft: &_, moment, _| service_account::delete_several(draft, &caller, &command, moment);
            match console.node.writer.perform(request, decide).await {
                Ok(()) => return Ok(done(&console, &desk, number)),
                Err(WriteError::Refused(refusal)) if let Some(told) = desk.blamed(&refusal) => {
                    mistakes.add_with(status_of(&refusal), CONFIRM, told);
                }
                Err(error) => return Err(unwritten(&signed_in, place(organization), &DELETE, &error)),
            }
        }
        Some(_) => mistakes.add(CONFIRM, format!("That is not the number. Type {number}.")),
        None if number == 0 => mistakes.add(CONFIRM, "Tick at least one."),
        None => {
            let most = words::count(DELETED_AT_ONCE_MAX);
            mistakes.add(CONFIRM, format!("At most {most} are deleted at a time."));
        }
    }
    let selection = selection(&console, &desk, &typed, filter(&typed), DELETED_AT_ONCE_MAX).await?;
    if selection.accounts.is_empty() {
        return Err(desk.nothing_chosen(DELETE.title));
    }
    Ok(desk.deletes(selection, Some(&going), typed.one(CONFIRM), &mistakes))
}

fn done(console: &Console, desk: &Desk<'_>, number: usize) -> Response {
    let were = if number == 1 { "was" } else { "were" };
    let strong = format!("{} {were} deleted.", accounts(number));
    let more = format!("Refused as of {} UTC.", words::time(clock::now().seconds()));
    Notice::done(strong, more).at(console, desk.signed_in, &desk.list())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_count_for_what_was_shown_alone() {
        let all: Vec<PrincipalId> = (1..=60).filter_map(PrincipalId::new).collect();
        let typed = Typed::parse(b"id=2&id=50&id=51&id=99&id=x").expect("a form");
        let numbers: Vec<u64> = going(&typed, &all).into_iter().map(PrincipalId::number).collect();
        assert_eq!(numbers, [2, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60]);
        assert!(going(&typed, &all[2..40]).is_empty());
    }
}
