//! Sending an invitation again, and taking it back. Each is one press: nothing of what anybody has ends by it.

use axum::extract::State;
use axum::response::Response;
use claviger_access::administration::invitation;
use claviger_access::identity::{InvitationId, OrganizationId};

use super::sent::{Sent, shown};
use super::{path, permitted, place};
use crate::api::ids::PathId;
use crate::console::Console;
use crate::console::above_own::not_written;
use crate::console::base_url::BaseUrl;
use crate::console::error_page::ErrorPage;
use crate::console::notice::Notice;
use crate::console::path::At;
use crate::console::refused::{Wanted, refused};
use crate::console::submitted::Submitted;

const RESEND: Wanted = Wanted { title: "Send again", deed: "invite people" };
const WITHDRAW: Wanted = Wanted { title: "Withdraw", deed: "withdraw invitations" };

/// Gives it a new link, which this answer shows.
pub(in crate::console) async fn resend(
    State(console): State<Console>,
    base_url: BaseUrl,
    At((PathId(organization), PathId(id))): At<(PathId<OrganizationId>, PathId<InvitationId>)>,
    submitted: Submitted,
) -> Result<Response, ErrorPage> {
    let signed_in = submitted.signed_in;
    permitted(&signed_in, organization, &RESEND)?;
    let caller = signed_in.caller;
    let decide = move |draft: &_, moment, random| invitation::resend(draft, &caller, organization, id, moment, random);
    let sent = console.node.writer.perform(signed_in.write_request(organization), decide).await;
    let sent = sent.map_err(|error| not_written(&signed_in, place(organization), &RESEND, &error))?;
    shown(&console, &signed_in, &Sent { organization, sent, is_again: true, base_url })
}

/// Takes it back.
pub(in crate::console) async fn withdraw(
    State(console): State<Console>,
    At((PathId(organization), PathId(id))): At<(PathId<OrganizationId>, PathId<InvitationId>)>,
    submitted: Submitted,
) -> Result<Response, ErrorPage> {
    let signed_in = submitted.signed_in;
    permitted(&signed_in, organization, &WITHDRAW)?;
    let known = invitation::find(&signed_in.held, organization, id);
    let known = known.map_err(|refusal| refused(&signed_in, place(organization), &WITHDRAW, &refusal))?;
    let email = known.email.as_str().to_owned();
    let caller = signed_in.caller;
    let decide = move |draft: &_, moment, _| invitation::withdraw(draft, &caller, organization, id, moment);
    let done = console.node.writer.perform(signed_in.write_request(organization), decide).await;
    done.map_err(|error| not_written(&signed_in, place(organization), &WITHDRAW, &error))?;
    let notice = Notice::done(format!("The invitation of {email} was withdrawn."), "Its link opens nothing any more.");
    Ok(notice.at(&console, &signed_in, &path(organization)))
}
