//! `claviger invitation`: who is invited to join the organization, and accepting.
//!
//! What must stay true: a token is printed by `send` and `resend` alone, and neither a token nor a password is taken from an
//! option.

mod accept;

use std::io::{self, Write};

use claviger_wire::invitations::{Invitation, InvitationStatus, Invite, SentInvitation};
use claviger_wire::roles::{OrganizationRoleName, ProjectRole, WorkspaceRole};

use super::connection::{Connection, ConnectionArgs};
use super::creation::{CreationArgs, not_made};
use super::exit::Failed;
use super::output::{CannotPrint, Form, OutputArgs, or_dash, print, shown, table};
use super::scope;

/// Invite people to join the organization, and accept an invitation.
#[derive(Debug, clap::Args)]
pub struct InvitationArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the invitations that were neither accepted nor withdrawn
    List {
        /// Only those whose address contains this
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
    },
    /// Invite somebody. The token is printed this once: hand it over
    Send(SendArgs),
    /// Give an invitation a new token and 72 hours more; the token before opens nothing any more
    Resend {
        /// Its id
        #[arg(value_parser = scope::id)]
        invitation: u64,
    },
    /// Take an invitation back
    Withdraw {
        /// Its id
        #[arg(value_parser = scope::id)]
        invitation: u64,
    },
    /// Accept an invitation with its token, and choose a password
    Accept(accept::AcceptArgs),
}

#[derive(Debug, clap::Args)]
struct SendArgs {
    /// Who is invited
    email: String,
    /// The role in the whole organization: owner, admin, billing_admin or member [default: member]
    #[arg(long, value_parser = scope::organization_role)]
    role: Option<OrganizationRoleName>,
    /// A role on this project, with all its workspaces; may be repeated. It is consumer unless it is named
    #[arg(long = "project", value_name = "ID[:ROLE]", value_parser = scope::project_role)]
    projects: Vec<ProjectRole>,
    /// A role on this workspace alone; may be repeated. It is consumer unless it is named
    #[arg(long = "workspace", value_name = "ID[:ROLE]", value_parser = scope::workspace_role)]
    workspaces: Vec<WorkspaceRole>,
    /// A team to become a member of; may be repeated
    #[arg(long = "team", value_name = "ID", value_parser = scope::id)]
    teams: Vec<u64>,
    #[command(flatten)]
    creation: CreationArgs,
}

impl InvitationArgs {
    /// Does what was asked for. `random` names a creation, so that it is made once if a gateway repeats it.
    pub async fn run(self, random: [u8; 16]) -> Result<(), Failed> {
        let Self { action, connection, output } = self;
        match action {
            Action::Accept(args) => args.run(connection, output).await,
            Action::Send(args) => args.run(&connection.connect()?, output, random).await,
            Action::List { search } => {
                let connection = connection.connect()?;
                let organization = connection.organization().await?;
                let invitations = connection.client().all_invitations(organization, search.as_deref()).await?;
                Ok(output.show(&invitations, |invitations| listed(invitations))?)
            }
            Action::Resend { invitation } => {
                let connection = connection.connect()?;
                let organization = connection.organization().await?;
                let sent = connection.client().resend_invitation(organization, invitation).await?;
                show(&sent, output).map_err(|error| Failed::TokenLost { id: sent.invitation.id, error })
            }
            Action::Withdraw { invitation } => {
                let connection = connection.connect()?;
                let organization = connection.organization().await?;
                connection.client().withdraw_invitation(organization, invitation).await?;
                Ok(output.done(&format!("Invitation {invitation} is withdrawn."))?)
            }
        }
    }
}

impl SendArgs {
    async fn run(self, connection: &Connection, output: OutputArgs, random: [u8; 16]) -> Result<(), Failed> {
        let key = self.creation.key(random);
        let organization = connection.organization().await?;
        let sent = connection.client().send_invitation(organization, &self.body(), &key).await;
        let sent = sent.map_err(|error| not_made(error, &key))?;
        show(&sent, output).map_err(|error| Failed::TokenLost { id: sent.invitation.id, error })
    }

    fn body(self) -> Invite {
        Invite {
            email: self.email,
            role: self.role,
            projects: (!self.projects.is_empty()).then_some(self.projects),
            workspaces: (!self.workspaces.is_empty()).then_some(self.workspaces),
            teams: (!self.teams.is_empty()).then_some(self.teams),
        }
    }
}

/// Prints the invitation with its token. As lines, not as a table: a table would wrap the token.
fn show(sent: &SentInvitation, output: OutputArgs) -> Result<(), CannotPrint> {
    if output.form() == Form::Json {
        return output.show(sent, |_| String::new());
    }
    let SentInvitation { invitation, token } = sent;
    print(&format!(
        "id       {}\nemail    {}\nexpires  {}\ntoken    {}",
        invitation.id,
        shown(&invitation.email),
        shown(&invitation.expires),
        shown(token.reveal()),
    ))?;
    // The token is out: a hint that cannot be written changes nothing.
    let _ = writeln!(
        io::stderr(),
        "\nHand the token over: it will not be shown again, and opens once. Whoever is invited runs claviger invitation accept."
    );
    Ok(())
}

fn listed(invitations: &[Invitation]) -> String {
    table(
        ["ID", "EMAIL", "ROLE", "STATUS", "EXPIRES", "INVITED BY"],
        invitations.iter().map(|invitation| {
            let status = match invitation.status {
                InvitationStatus::Open => "open",
                InvitationStatus::Expired => "expired",
            };
            [
                invitation.id.to_string(),
                invitation.email.clone(),
                invitation.role.to_string(),
                status.to_owned(),
                invitation.expires.clone(),
                or_dash(invitation.inviter_name.as_ref()),
            ]
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::parsing;

    fn parse(line: &str) -> Result<Action, String> {
        parsing::parse(line).map(|args: InvitationArgs| args.action)
    }

    #[test]
    fn an_invitation_may_give_several_things() {
        let line = "send ada@example.com --role admin --project 101:analyst --project 102 --workspace 201 --team 12";
        let Ok(Action::Send(args)) = parse(line) else { panic!("no invitation") };
        let body = args.body();
        assert_eq!(body.role, Some(OrganizationRoleName::Admin));
        assert_eq!(body.projects.map(|projects| projects.len()), Some(2));
        assert_eq!(body.teams, Some(vec![12]));
    }

    #[test]
    fn neither_token_nor_password_is_an_option() {
        for line in ["accept cvi_1_x", "accept --token cvi_1_x", "accept --password hush"] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert!(parse("accept --name Ada --token-file token --password-file password").is_ok());
    }
}
