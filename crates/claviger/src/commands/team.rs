//! `claviger team`: teams of an organization, their members, and their roles on projects and workspaces.
//!
//! What must stay true: nothing is deleted without `--yes` or a yes.

mod delete;

use claviger_wire::roles::{RoleName, SetRole};
use claviger_wire::teams::{NameTeam, Team, TeamDetail, TeamMembers};

use super::connection::{Connection, ConnectionArgs};
use super::creation::{CreationArgs, not_made};
use super::exit::Failed;
use super::output::{OutputArgs, table};
use super::scope::{self, GrantOn, RevokeOn, WorkspaceGrant};

/// Create, look at, change and delete teams.
#[derive(Debug, clap::Args)]
pub struct TeamArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the organization's teams
    List {
        /// Only those whose name contains this
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
    },
    /// Show one team, who is in it and what it holds
    Show {
        /// Its id
        #[arg(value_parser = scope::id)]
        team: u64,
    },
    /// Create a team, without members
    Create(CreateArgs),
    /// Give a team another name
    Rename {
        /// Its id
        #[arg(value_parser = scope::id)]
        team: u64,
        /// What it is called from now on
        name: String,
    },
    /// Delete teams: their members lose what came through them
    Delete(delete::DeleteArgs),
    /// Make service accounts and people members of a team
    AddMember(MembersArgs),
    /// Take members out of a team; they keep what they have through others
    RemoveMember(MembersArgs),
    /// Give a team a role on a project or on a workspace
    Grant(GrantArgs),
    /// Take a team's role on a project or on a workspace away; it keeps what it has elsewhere
    Revoke(RevokeArgs),
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// What it is called; no other team of the organization is called so
    name: String,
    #[command(flatten)]
    creation: CreationArgs,
}

#[derive(Debug, clap::Args)]
struct MembersArgs {
    /// The team's id
    #[arg(value_parser = scope::id)]
    team: u64,
    /// The ids of service accounts and people
    #[arg(required = true, value_name = "USER", value_parser = scope::id)]
    users: Vec<u64>,
}

#[derive(Debug, clap::Args)]
struct GrantArgs {
    /// The team's id
    #[arg(value_parser = scope::id)]
    team: u64,
    #[command(flatten)]
    on: GrantOn,
}

#[derive(Debug, clap::Args)]
struct RevokeArgs {
    /// The team's id
    #[arg(value_parser = scope::id)]
    team: u64,
    #[command(flatten)]
    on: RevokeOn,
}

impl TeamArgs {
    /// Does what was asked for. `random` names a creation, so that it is made once if a gateway repeats it.
    pub async fn run(self, random: [u8; 16]) -> Result<(), Failed> {
        let Self { action, connection, output } = self;
        let connection = connection.connect()?;
        match action {
            Action::List { search } => {
                let organization = connection.organization().await?;
                let teams = connection.client().all_teams(organization, search.as_deref()).await?;
                Ok(output.show(&teams, |teams| teams_table(teams))?)
            }
            Action::Show { team } => {
                let organization = connection.organization().await?;
                let team = connection.client().team(organization, team).await?;
                Ok(output.show(&team, detail_tables)?)
            }
            Action::Create(args) => args.run(&connection, output, random).await,
            Action::Rename { team, name } => {
                let organization = connection.organization().await?;
                let team = connection.client().rename_team(organization, team, &NameTeam { name }).await?;
                Ok(output.show(&team, detail_tables)?)
            }
            Action::Delete(args) => args.run(&connection, output).await,
            Action::AddMember(args) => args.add(&connection, output).await,
            Action::RemoveMember(args) => args.remove(&connection, output).await,
            Action::Grant(args) => args.run(&connection, output).await,
            Action::Revoke(args) => args.run(&connection, output).await,
        }
    }
}

impl CreateArgs {
    async fn run(self, connection: &Connection, output: OutputArgs, random: [u8; 16]) -> Result<(), Failed> {
        let key = self.creation.key(random);
        let organization = connection.organization().await?;
        let made = connection.client().create_team(organization, &NameTeam { name: self.name }, &key).await;
        Ok(output.show(&made.map_err(|error| not_made(error, &key))?, detail_tables)?)
    }
}

impl MembersArgs {
    async fn add(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        let Self { team, users } = self;
        let organization = connection.organization().await?;
        let sentence = format!("In team {team} now: {}.", listed(&users));
        connection.client().add_team_members(organization, team, &TeamMembers { user_ids: users }).await?;
        Ok(output.done(&sentence)?)
    }

    async fn remove(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        let Self { team, users } = self;
        let organization = connection.organization().await?;
        let sentence = format!("Not in team {team} any more: {}.", listed(&users));
        connection.client().remove_team_members(organization, team, &TeamMembers { user_ids: users }).await?;
        Ok(output.done(&sentence)?)
    }
}

impl GrantArgs {
    async fn run(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        let team = self.team;
        if let Some(project) = self.on.project {
            let role = SetRole { role: project.role.unwrap_or(RoleName::Consumer) };
            connection.client().set_project_team_role(project.id, team, &role).await?;
            output.done(&format!("Team {team} now has its role on project {}.", project.id))?;
        }
        if let Some(WorkspaceGrant { path, role }) = self.on.workspace {
            let role = SetRole { role: role.unwrap_or(RoleName::Consumer) };
            connection.client().set_workspace_team_role(path.project, path.workspace, team, &role).await?;
            output.done(&format!("Team {team} now has its role on workspace {path}."))?;
        }
        Ok(())
    }
}

impl RevokeArgs {
    async fn run(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        let team = self.team;
        if let Some(project) = self.on.project {
            connection.client().take_project_team_role(project, team).await?;
            output.done(&format!("Team {team} has no role of its own on project {project} any more."))?;
        }
        if let Some(path) = self.on.workspace {
            connection.client().take_workspace_team_role(path.project, path.workspace, team).await?;
            output.done(&format!("Team {team} has no role of its own on workspace {path} any more."))?;
        }
        Ok(())
    }
}

fn listed(ids: &[u64]) -> String {
    ids.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}

fn teams_table<'a>(teams: impl IntoIterator<Item = &'a Team>) -> String {
    table(
        ["ID", "NAME", "MEMBERS"],
        teams.into_iter().map(|team| [team.id.to_string(), team.name.clone(), team.member_count.to_string()]),
    )
}

fn detail_tables(detail: &TeamDetail) -> String {
    let members = table(
        ["MEMBER", "NAME", "KIND"],
        detail.members.iter().map(|member| {
            let kind = if member.is_service_account { "service account" } else { "person" };
            [member.id.to_string(), member.name.clone(), kind.to_owned()]
        }),
    );
    let projects = detail.projects.iter().map(|on| (format!("project {}", on.id), on));
    let workspaces = detail.workspaces.iter().map(|on| (format!("workspace {}/{}", on.project_id, on.id), on));
    let roles = table(
        ["ON", "NAME", "ROLE"],
        projects.chain(workspaces).map(|(place, on)| [place, on.name.clone(), on.role.clone()]),
    );
    [teams_table([&detail.team]), members, roles].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::parsing;

    fn parse(line: &str) -> Result<Action, String> {
        parsing::parse(line).map(|args: TeamArgs| args.action)
    }

    #[test]
    fn a_role_is_given_and_taken_on_one_project_or_on_one_workspace() {
        let granted = parse("grant 12 --workspace 101/201:9");
        let role = |action| match action {
            Ok(Action::Grant(GrantArgs { team: 12, on: GrantOn { project: None, workspace } })) => workspace?.role,
            _ => None,
        };
        assert_eq!(role(granted), Some(RoleName::Custom(9)));
        assert!(parse("revoke 12 --project 101").is_ok());
        for line in
            ["grant 12", "revoke 12", "grant 12 --project 101 --workspace 101/201", "revoke 12 --project 101:admin"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn several_come_and_go_at_once() {
        let users = |action| match action {
            Ok(Action::AddMember(args) | Action::RemoveMember(args)) => args.users,
            _ => Vec::new(),
        };
        assert_eq!(users(parse("add-member 12 43 44")), [43, 44]);
        assert_eq!(users(parse("remove-member 12 43")), [43]);
        assert!(parse("add-member 12").is_err());
        assert!(parse("delete").is_err());
        assert!(parse("delete 12 13 --yes").is_ok());
    }
}
