//! Giving a team another name.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use claviger_access::administration::team;
use claviger_access::identity::{OrganizationId, TeamId};
use claviger_access::text::DisplayName;

use super::new::{is_about_the_name, read, taken};
use super::refusals::unwritten_there;
use super::{found, path, show};
use crate::api::failure::status_of;
use crate::api::ids::PathId;
use crate::console::Console;
use crate::console::error_page::ErrorPage;
use crate::console::listing::Listing;
use crate::console::mistakes::Mistakes;
use crate::console::notice::Notice;
use crate::console::path::At;
use crate::console::refused::Wanted;
use crate::console::submitted::Submitted;
use crate::writer::WriteError;

const RENAME: Wanted = Wanted { title: "Rename {}", deed: "rename teams" };

/// Renames it.
pub(in crate::console) async fn rename(
    State(console): State<Console>,
    At((PathId(organization), PathId(id))): At<(PathId<OrganizationId>, PathId<TeamId>)>,
    submitted: Submitted,
) -> Result<Response, ErrorPage> {
    let Submitted { signed_in, typed } = submitted;
    let (known, before) = found(&signed_in, organization, id, &RENAME)?;
    let again = async |status: StatusCode, text: String| {
        let typed = typed.shown("name").chars().take(DisplayName::LENGTH_MAX + 1).collect();
        let renamed = Some((typed, Mistakes::one("name", text)));
        show::shown(&console, &signed_in, (organization, id), &Listing::default(), status, renamed).await
    };
    let name = match read(typed.one("name")) {
        Ok(name) => name,
        Err(text) => return again(StatusCode::BAD_REQUEST, text).await,
    };
    let (caller, wanted) = (signed_in.caller, name.clone());
    let decide = move |draft: &_, moment, _| team::rename(draft, &caller, organization, id, &wanted, moment);
    match console.node.writer.perform(signed_in.write_request(organization), decide).await {
        Ok(()) => {
            let notice = Notice::done(format!("{} is called {} now.", before.name, name.as_str()), "");
            Ok(notice.at(&console, &signed_in, &path(organization, id)).into_response())
        }
        Err(WriteError::Refused(refusal)) if is_about_the_name(&refusal) => {
            again(status_of(&refusal), taken(&known.name, name.as_str())).await
        }
        Err(error) => Err(unwritten_there(&signed_in, (organization, Some(before)), &RENAME, &error)),
    }
}
