//! `claviger service-account`: service accounts of an organization, from their creation to their end.
//!
//! What must stay true: a secret is printed by `create`, `secret create` and `rotate` alone, once; nothing is deleted without `--yes` or a yes.

mod create;
mod delete;
mod described;
pub(super) mod lifetime;
mod new_secret;
mod rotate;
mod secret;
mod state;

use claviger_wire::roles::{ProjectRole, RoleName};
use claviger_wire::service_accounts::{
    AddToProjects, Grant, ProjectMembers, RemoveFromProjects, ServiceAccount, SetWorkspaceRole,
};

use self::state::{State, StateArgs};
use super::connection::{Connection, ConnectionArgs};
use super::exit::Failed;
use super::granted;
use super::output::{OutputArgs, or_dash, or_never, table};
use super::scope::{self, GrantOn, RevokeOn, WorkspaceGrant};

/// Create, look at, change and delete service accounts.
#[derive(Debug, clap::Args)]
pub struct ServiceAccountArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Create a service account and print its secret, this once
    Create(create::CreateArgs),
    /// List the organization's service accounts
    List {
        /// Only those whose username contains this
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Only those that nobody looks after
        #[arg(long)]
        ownerless: bool,
        /// Only those with this label
        #[arg(long, value_name = "KEY[:VALUE]")]
        label: Option<String>,
    },
    /// Show one service account
    Show {
        /// Its id
        #[arg(value_parser = scope::id)]
        id: u64,
    },
    /// Show every grant that a service account has, and through whom
    Grants {
        /// Its id
        #[arg(value_parser = scope::id)]
        id: u64,
    },
    /// Delete service accounts: they stop working everywhere at once
    Delete(delete::DeleteArgs),
    /// Say who looks after a service account, what it is for, and its labels
    Set(described::SetArgs),
    /// Shut service accounts out everywhere at once; they keep what they have
    Disable(StateArgs),
    /// Let service accounts in again that were disabled
    Enable(StateArgs),
    /// Keep service accounts from being deleted
    Protect(StateArgs),
    /// Let protected service accounts be deleted again
    Unprotect(StateArgs),
    /// Make a new secret in place of another, which goes on for a while
    Rotate(rotate::RotateArgs),
    /// The secrets of a service account, one by one
    #[command(subcommand)]
    Secret(secret::Action),
    /// Give service accounts a role on a project or on a workspace
    Grant(GrantArgs),
    /// Take service accounts off a project or a workspace; they keep what they have elsewhere
    Revoke(RevokeArgs),
}

#[derive(Debug, clap::Args)]
struct GrantArgs {
    /// The ids of the accounts
    #[arg(required = true, value_name = "ID", value_parser = scope::id)]
    ids: Vec<u64>,
    #[command(flatten)]
    on: GrantOn,
}

#[derive(Debug, clap::Args)]
struct RevokeArgs {
    /// The ids of the accounts
    #[arg(required = true, value_name = "ID", value_parser = scope::id)]
    ids: Vec<u64>,
    #[command(flatten)]
    on: RevokeOn,
}

impl ServiceAccountArgs {
    /// Does what was asked for. `random` names a creation, so that it is made once if a gateway repeats it.
    pub async fn run(self, random: [u8; 16]) -> Result<(), Failed> {
        let Self { action, connection, output } = self;
        let connection = connection.connect()?;
        match action {
            Action::Create(args) => args.run(&connection, output, random).await,
            Action::List { search, ownerless, label } => {
                let (organization, search) = (connection.organization().await?, search.as_deref());
                let accounts = connection.client();
                let accounts = accounts.service_accounts_by(organization, search, ownerless, label.as_deref()).await?;
                Ok(output.show(&accounts, |accounts| accounts_table(accounts))?)
            }
            Action::Show { id } => {
                let organization = connection.organization().await?;
                let account = connection.client().service_account(organization, id).await?;
                Ok(output.show(&account, detail_table)?)
            }
            Action::Grants { id } => {
                let organization = connection.organization().await?;
                let grants = connection.client().grants(organization, id).await?;
                Ok(output.show(&grants, |grants| grants_table(grants))?)
            }
            Action::Delete(args) => args.run(&connection, output).await,
            Action::Set(args) => args.run(&connection, output).await,
            Action::Disable(args) => args.run(&connection, output, State::Disabled).await,
            Action::Enable(args) => args.run(&connection, output, State::Enabled).await,
            Action::Protect(args) => args.run(&connection, output, State::Protected).await,
            Action::Unprotect(args) => args.run(&connection, output, State::Unprotected).await,
            Action::Rotate(args) => args.run(&connection, output, random).await,
            Action::Secret(action) => action.run(&connection, output, random).await,
            Action::Grant(args) => args.run(&connection, output).await,
            Action::Revoke(args) => args.run(&connection, output).await,
        }
    }
}

impl GrantArgs {
    async fn run(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        let ids = self.ids;
        if let Some(project) = self.on.project {
            let organization = connection.organization().await?;
            let project = ProjectRole { role: project.role.or(Some(RoleName::Consumer)), ..project };
            let added = AddToProjects { projects: vec![project], service_account_ids: ids.clone() };
            connection.client().add_to_projects(organization, &added).await?;
            for id in &ids {
                output.done(&format!("Service account {id} now has its role on project {}.", project.id))?;
            }
        }
        if let Some(WorkspaceGrant { path, role }) = self.on.workspace {
            let role = SetWorkspaceRole { role: role.unwrap_or(RoleName::Consumer) };
            for id in ids {
                connection.client().set_workspace_role(path.project, path.workspace, id, &role).await?;
                output.done(&format!("Service account {id} now has its role on workspace {path}."))?;
            }
        }
        Ok(())
    }
}

impl RevokeArgs {
    async fn run(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        let ids = self.ids;
        if let Some(project) = self.on.project {
            let organization = connection.organization().await?;
            let members = ProjectMembers { id: project, service_account_ids: ids.clone() };
            let removed = RemoveFromProjects { projects: vec![members] };
            connection.client().remove_from_projects(organization, &removed).await?;
            for id in &ids {
                output.done(&format!("Service account {id} was taken off project {project}."))?;
            }
        }
        if let Some(path) = self.on.workspace {
            for id in ids {
                connection.client().remove_from_workspace(path.project, path.workspace, id).await?;
                output.done(&format!("Service account {id} was taken off workspace {path}."))?;
            }
        }
        Ok(())
    }
}

fn accounts_table(accounts: &[ServiceAccount]) -> String {
    table(
        ["ID", "USERNAME", "STATE", "LAST USED", "EXPIRES", "CREATED", "CREATED BY", "OWNER"],
        accounts.iter().map(|account| {
            [
                account.id.to_string(),
                account.username.clone(),
                state::shown(account),
                or_never(account.last_used.as_deref()),
                or_never(account.expires.as_deref()),
                account.created.clone(),
                or_dash(account.creator_name.as_ref()),
                described::owner_shown(account),
            ]
        }),
    )
}

/// One account, and what is said about it.
fn detail_table(account: &ServiceAccount) -> String {
    let said = table(
        ["DESCRIPTION", "LABELS"],
        [[
            or_dash(account.description.as_ref()),
            or_dash(Some(described::labels_shown(account)).filter(|l| !l.is_empty())),
        ]],
    );
    [accounts_table(std::slice::from_ref(account)), said].join("\n")
}

fn grants_table(grants: &[Grant]) -> String {
    table(
        ["ON", "NAME", "ROLE", "THROUGH"],
        grants.iter().map(|grant| {
            let on = granted::on(grant.scope, grant.id, grant.project_id);
            [on, grant.name.clone(), grant.role.clone(), granted::through(&grant.through)]
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::parsing;

    fn parse(line: &str) -> Result<Action, String> {
        parsing::parse(line).map(|args: ServiceAccountArgs| args.action)
    }

    #[test]
    fn a_grant_is_on_one_project_or_on_one_workspace() {
        let granted = parse("grant 43 --workspace 101/201:admin");
        assert!(matches!(
            granted,
            Ok(Action::Grant(GrantArgs { ids, on: GrantOn { project: None, workspace: Some(_) } })) if ids == [43]
        ));
        let revoked = parse("revoke 43 44 --project 101");
        assert!(matches!(
            revoked,
            Ok(Action::Revoke(RevokeArgs { ids, on: RevokeOn { project: Some(101), workspace: None } })) if ids == [43, 44]
        ));
        for line in [
            "grant --project 101",
            "revoke --project 101",
            "grant 43",
            "revoke 43",
            "grant 43 --project 101 --workspace 101/201",
            "revoke 43 --project 101:admin",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn options_of_the_connection_may_follow_the_command() {
        assert!(parse("list --search export --url https://keys.example.com --organization 7 --output json").is_ok());
    }

    #[test]
    fn no_option_takes_a_secret() {
        for line in ["list --secret cvg_hush", "list --token cvg_hush", "list --password cvg_hush"] {
            assert!(parse(line).expect_err(line).contains("unexpected argument"), "{line}");
        }
        let mut command = parsing::command::<ServiceAccountArgs>();
        command.build();
        let options = command.get_subcommands().flat_map(|command| command.get_arguments());
        let secret: Vec<_> = options.filter_map(|option| option.get_long()).filter(|o| o.contains("secret")).collect();
        assert!(secret.iter().all(|option| *option == "secret-file"), "{secret:?}");
    }

    #[test]
    fn an_account_ends_once_and_a_role_needs_a_project() {
        assert!(parse("create nightly --project 101:admin --project 102 --role analyst --expires-in 30d").is_ok());
        assert!(parse("create nightly --role analyst").is_err());
        assert!(parse("create nightly --expires-in 30d --expires 2030-01-01T00:00:00Z").is_err());
        assert!(parse("delete").is_err());
        assert!(parse("delete 43 44 --yes").is_ok());
    }

    #[test]
    fn an_account_has_one_owner_and_labels_with_values() {
        for line in ["create x --owner-team 12 --label team:data --label tier:", "set 43 --no-owner --no-labels"] {
            assert!(parse(line).is_ok(), "{line}");
        }
        for line in [
            "create x --owner-team 12 --owner-person 9",
            "create x --label team",
            "set 43 --no-owner --owner-team 12",
            "set 43 --no-labels --label a:b",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_secret_is_the_callers_own_unless_an_account_is_named() {
        assert!(matches!(parse("rotate --grace 0"), Ok(Action::Rotate(_))));
        for line in ["rotate 43 --replace 50 --expires never", "secret list", "secret revoke 50 51 --account 43 --yes"]
        {
            assert!(parse(line).is_ok(), "{line}");
        }
        for line in ["secret create", "secret revoke", "rotate 43 --grace 1", "rotate --expires never --expires-in 1d"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
