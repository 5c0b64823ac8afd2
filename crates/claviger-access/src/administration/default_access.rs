//! Default access: the role on a project that every member of its organization has.

use super::holding::{Gathered, Holding};
use super::standing::Standing;
use crate::authorize::{Caller, ManageMembers, Scope, authorize};
use crate::decision::Decided;
use crate::directory::Draft;
use crate::expiry::Moment;
use crate::grant::Granted;
use crate::identity::ProjectId;
use crate::refusal::Refusal;
use crate::role::ProjectRole;

/// Gives every member of the organization a role on the project; `None` takes it away.
pub fn set(
    draft: &Draft,
    caller: &Caller,
    project: ProjectId,
    role: Option<ProjectRole>,
    moment: Moment,
) -> Result<Decided<()>, Refusal> {
    let permit = authorize::<ManageMembers>(draft, caller, Scope::Project(project), moment)?;
    let known = draft.project(project).ok_or(Refusal::NoSuchProject { project })?;
    let standing = Standing::new(draft, caller, permit.organization());
    let (holding, mut done) = (Holding::of_every_member(known), Gathered::default());
    match role {
        Some(role) => {
            standing.may_give_in_project(project, role)?;
            let granted = Granted::Project(project, role);
            holding.set(&permit, &standing, granted, &mut draft.ids(), moment, &mut done)?;
        }
        None => holding.take(&permit, &standing, |_| true, &mut done)?,
    }
    Ok(done.decided())
}
