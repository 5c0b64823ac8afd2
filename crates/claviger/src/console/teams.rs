//! Teams of an organization: making one, its page, and what is changed from there.

pub(super) mod delete;
pub(super) mod grants;
pub(super) mod members;
pub(super) mod new;
mod refusals;
pub(super) mod rename;
pub(super) mod show;

use claviger_access::Permit;
use claviger_access::administration::team;
use claviger_access::authorize::{ManageTeams, Scope, authorize};
use claviger_access::directory::{Organization, Team};
use claviger_access::identity::{OrganizationId, TeamId};

use self::refusals::unwritten_there;
use super::error_page::ErrorPage;
use super::refused::Wanted;
use super::signed_in::SignedIn;

/// Who may see and do what is here, with the organization.
fn permitted<'s>(
    signed_in: &'s SignedIn,
    organization: OrganizationId,
    wanted: &Wanted,
) -> Result<(Permit<ManageTeams>, &'s Organization), ErrorPage> {
    let scope = Scope::Organization(organization);
    let permit = authorize::<ManageTeams>(&signed_in.held, &signed_in.caller, scope, signed_in.now);
    let permit = permit.map_err(|refusal| unwritten_there(signed_in, (organization, None), wanted, &refusal.into()))?;
    let known = signed_in.held.organization(organization).ok_or_else(ErrorPage::no_such_organization)?;
    Ok((permit, known))
}

/// A team of it.
fn found<'s>(
    signed_in: &'s SignedIn,
    organization: OrganizationId,
    id: TeamId,
    wanted: &Wanted,
) -> Result<(&'s Organization, &'s Team), ErrorPage> {
    let (_, known) = permitted(signed_in, organization, wanted)?;
    let team = team::find(&signed_in.held, organization, id);
    let team = team.map_err(|refusal| unwritten_there(signed_in, (organization, None), wanted, &refusal.into()))?;
    Ok((known, team))
}

/// The address of a team's page.
fn path(organization: OrganizationId, id: TeamId) -> String {
    format!("/console/organizations/{organization}/teams/{id}")
}
