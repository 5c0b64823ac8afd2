//! `claviger explain`: what somebody may do in a project or a workspace, and which grants give it.
//!
//! What must stay true: a no is an answer and no failure, so the exit code is the same as for a yes.

use claviger_client::{Place, Question};
use claviger_wire::explanation::{ExplainedGrant, Explanation};

use super::connection::ConnectionArgs;
use super::exit::Failed;
use super::output::{OutputArgs, or_dash, shown, table};
use super::{granted, scope};

/// Explain what somebody may do in a project or a workspace.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// The id of a service account or a person
    #[arg(value_parser = scope::id)]
    principal: u64,
    #[command(flatten)]
    place: PlaceArgs,
    /// Say whether this is allowed there, such as data:write
    #[arg(long, value_name = "NAME")]
    permission: Option<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct PlaceArgs {
    /// In this project
    #[arg(long, value_name = "ID", value_parser = scope::id)]
    project: Option<u64>,
    /// In this workspace
    #[arg(long, value_name = "ID", value_parser = scope::id)]
    workspace: Option<u64>,
}

impl PlaceArgs {
    /// One of the two is there: the command line is not read otherwise.
    fn place(&self) -> Option<Place> {
        self.project.map(Place::Project).or(self.workspace.map(Place::Workspace))
    }
}

impl ExplainArgs {
    /// Asks and prints.
    pub async fn run(self) -> Result<(), Failed> {
        let connection = self.connection.connect()?;
        let organization = connection.organization().await?;
        if let Some(place) = self.place.place() {
            let question = Question { principal: self.principal, place, permission: self.permission.as_deref() };
            let explanation = connection.client().explain(organization, question).await?;
            self.output.show(&explanation, tables)?;
        }
        Ok(())
    }
}

fn tables(explanation: &Explanation) -> String {
    let on = match explanation.workspace_id {
        Some(workspace) => format!("workspace {}/{workspace}", explanation.project_id),
        None => format!("project {}", explanation.project_id),
    };
    let summary = table(
        ["ID", "NAME", "ON", "ROLE", "PERMISSIONS"],
        [[
            explanation.principal_id.to_string(),
            explanation.principal_name.clone(),
            on.clone(),
            or_dash(explanation.role.as_ref()),
            explanation.permissions.join(", "),
        ]],
    );
    let disabled = explanation.is_disabled.then(|| {
        let name = &explanation.principal_name;
        shown(&format!("{name} is disabled: it is refused, whatever it holds"))
    });
    let parts = [answer(explanation, &on), disabled, Some(summary), Some(grants(explanation))];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// Yes or no, where a permission was asked for.
fn answer(explanation: &Explanation, on: &str) -> Option<String> {
    let (name, permission) = (&explanation.principal_name, explanation.permission.as_ref()?);
    let sentence = match explanation.allowed? {
        true => format!("yes: {name} has {permission} on {on}"),
        false => format!("no: {name} does not have {permission} on {on}"),
    };
    Some(shown(&sentence))
}

fn grants(explanation: &Explanation) -> String {
    let on = |grant: &ExplainedGrant| granted::on(grant.scope, grant.id, Some(explanation.project_id));
    let rows = explanation.grants.iter();
    if explanation.permission.is_none() {
        return table(
            ["ON", "NAME", "ROLE", "THROUGH"],
            rows.map(|grant| [on(grant), grant.name.clone(), role(grant), granted::through(&grant.through)]),
        );
    }
    table(
        ["ON", "NAME", "ROLE", "THROUGH", "ALLOWS IT"],
        rows.map(|grant| {
            let allows = if grant.allows == Some(true) { "yes" } else { "no" };
            [on(grant), grant.name.clone(), role(grant), granted::through(&grant.through), allows.to_owned()]
        }),
    )
}

/// A custom role by its name and its number.
fn role(grant: &ExplainedGrant) -> String {
    if grant.role == grant.role_name { grant.role.clone() } else { format!("{} ({})", grant.role_name, grant.role) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::parsing;

    #[test]
    fn one_place_is_asked_for() {
        let place = |line: &str| parsing::parse::<ExplainArgs>(line).ok()?.place.place();
        assert_eq!(place("43 --project 101 --permission data:write"), Some(Place::Project(101)));
        assert_eq!(place("43 --workspace 201"), Some(Place::Workspace(201)));
        for line in ["43", "--project 101", "43 --project 101 --workspace 201", "43 --workspace 101/201"] {
            assert_eq!(place(line), None, "{line}");
        }
    }
}
