//! Where what a row shows can be changed, when it is not here: the team's page, default access, the account.

use claviger_access::authorize::{ManageMembers, ManageServiceAccounts, ManageTeams, Scope};
use claviger_access::directory::PrincipalView;
use claviger_access::effective::Through;
use claviger_access::identity::PrincipalKind;

use super::Shown;
use super::reached::Reached;
use super::spot::Spot;
use crate::console::frame::Link;
use crate::console::place::{OrganizationPage, ProjectPage, may};
use crate::console::signed_in::SignedIn;

/// The link, if the way that counts is changed elsewhere and he may go there. `list` is the list of the whole project.
pub(super) fn link(
    signed_in: &SignedIn,
    shown: Shown<'_>,
    spot: Spot,
    reached: &Reached,
    view: &PrincipalView<'_>,
    list: ProjectPage,
) -> Option<Link> {
    if reached.own(spot).next().is_some() {
        return None;
    }
    let (organization, project) = (shown.organization.id, shown.project.id);
    let scope = Scope::Organization(organization);
    let manages_accounts = || may::<ManageServiceAccounts>(signed_in, scope);
    let manages_people = || may::<ManageMembers>(signed_in, scope);
    let (path, text) = match (reached.first()?.through, view.kind()) {
        (Through::Team(team), _) if may::<ManageTeams>(signed_in, scope) => {
            (format!("/console/organizations/{organization}/teams/{team}"), "Open team")
        }
        (Through::EveryMember, _) => {
            (format!("{}#default-access", ProjectPage::Overview.path(project)), "Default access")
        }
        (Through::Organization(_), PrincipalKind::ServiceAccount) if manages_accounts() => {
            (account(shown, view), "Open account")
        }
        (Through::Organization(_), PrincipalKind::Person) if manages_people() => {
            (OrganizationPage::UsersAndTeams.path(organization), "Users & Teams")
        }
        (Through::Individual, _) => (list.path(project), "Whole project"),
        _ => return None,
    };
    Some(Link { path, text: text.to_owned(), is_current: false })
}

/// The account's own page in its organization.
pub(super) fn account(shown: Shown<'_>, view: &PrincipalView<'_>) -> String {
    format!("{}/{}", OrganizationPage::ServiceAccounts.path(shown.organization.id), view.id())
}
