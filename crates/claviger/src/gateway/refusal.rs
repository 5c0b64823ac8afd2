//! Who came with a credential that counts, and was refused at a gateway: counted, and noted for the audit log of his
//! organization, as whoever is refused by the API itself is.
//!
//! What must stay true: nothing of what is noted was written by the client. A path's words are among what he writes; a
//! project of his own organization is told by its id.

use claviger_access::authorize::Place;
use claviger_access::directory::PrincipalView;
use claviger_access::event::{EventName, Fact, Target};
use claviger_access::{Directory, Moment};

use super::forward_auth::PATH;
use crate::node::Node;
use crate::store::observed::Observation;
use crate::store::writing::Origin;

/// A caller that was refused.
pub(super) struct Refused<'r> {
    pub caller: PrincipalView<'r>,
    /// What was asked about, where there is such a place.
    pub place: Option<Place>,
    /// The answer's code.
    pub code: &'static str,
    pub origin: &'r Origin,
    pub now: Moment,
}

impl Refused<'_> {
    pub(super) fn note(self, node: &Node, directory: &Directory) {
        let Self { caller, place, code, origin, now } = self;
        let Some(organization) = caller.organization() else { return };
        node.refused.not_permitted(caller.id(), organization, origin.address, now);
        let (project, workspace) = match place {
            Some(Place::Project(project)) => (Some(project), None),
            Some(Place::Workspace(id)) => directory.workspace(id).map(|known| (known.project, known.id)).unzip(),
            None => (None, None),
        };
        let project = project.and_then(|id| directory.project(id));
        // That there is a project in another organization is in no log of this one.
        let project = project.filter(|known| known.organization == organization).map(|known| known.id);
        // Whichever way a gateway asks, it is one check.
        let mut facts = vec![Fact::new("reason", code), Fact::new("route", PATH)];
        let workspace = workspace.filter(|_| project.is_some());
        facts.extend(workspace.map(|id| Fact::new("named", format!("workspace {id}"))));
        node.observations.refused(Observation {
            name: EventName::RequestRefused,
            made: now,
            origin: origin.clone(),
            organization,
            project,
            actor: Some(caller.id()),
            target: project.map_or(Target::Organization(organization), Target::Project),
            facts,
        });
    }
}
