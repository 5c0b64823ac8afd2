//! `claviger member`: the people of the organization.
//!
//! What must stay true: nobody is removed without `--yes` or a yes.

use claviger_wire::people::{ChangeMember, Member};
use claviger_wire::roles::OrganizationRoleName;

use super::confirmation::{ConfirmationArgs, confirm};
use super::connection::ConnectionArgs;
use super::exit::Failed;
use super::output::{OutputArgs, shown, table};
use super::scope;

/// Look at the people of the organization, change their roles in it, and remove them.
#[derive(Debug, clap::Args)]
pub struct MemberArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the people of the organization
    List {
        /// Only those whose name or address contains this
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
    },
    /// Show one person
    Show {
        /// The user id
        #[arg(value_parser = scope::id)]
        user: u64,
    },
    /// Give a person another role in the whole organization
    SetRole {
        /// The user id
        #[arg(value_parser = scope::id)]
        user: u64,
        /// The role: owner, admin, billing_admin or member
        #[arg(value_parser = scope::organization_role)]
        role: OrganizationRoleName,
    },
    /// Take people out of the organization, with their teams and all of their roles there
    Remove {
        /// The user ids
        #[arg(required = true, value_name = "USER", value_parser = scope::id)]
        users: Vec<u64>,
        #[command(flatten)]
        confirmation: ConfirmationArgs,
    },
}

impl MemberArgs {
    /// Does what was asked for.
    pub async fn run(self) -> Result<(), Failed> {
        let Self { action, connection, output } = self;
        let connection = connection.connect()?;
        let client = connection.client();
        match action {
            Action::List { search } => {
                let members = client.all_members(connection.organization().await?, search.as_deref()).await?;
                Ok(output.show(&members, |members| listed(members))?)
            }
            Action::Show { user } => {
                let member = client.member(connection.organization().await?, user).await?;
                Ok(output.show(&member, |member| listed([member]))?)
            }
            Action::SetRole { user, role } => {
                let change = ChangeMember { role };
                let member = client.change_member(connection.organization().await?, user, &change).await?;
                Ok(output.show(&member, |member| listed([member]))?)
            }
            Action::Remove { users, confirmation } => {
                let is_asked = confirmation.is_asked()?;
                let organization = connection.organization().await?;
                if is_asked {
                    let mut question = String::new();
                    for id in &users {
                        let member = client.member(organization, *id).await?;
                        let (name, email) = (shown(&member.name), shown(&member.email));
                        question.push_str(&format!("{name} ({email}, user {id}, {})\n", member.role));
                    }
                    question.push_str("Remove? Teams and roles in this organization go along. [y/N] ");
                    confirm(&question)?;
                }
                for id in users {
                    client.remove_member(organization, id).await?;
                    output.done(&format!("User {id} is no member any more."))?;
                }
                Ok(())
            }
        }
    }
}

fn listed<'a>(members: impl IntoIterator<Item = &'a Member>) -> String {
    table(
        ["ID", "NAME", "EMAIL", "ROLE", "CREATED"],
        members.into_iter().map(|member| {
            let (name, email) = (member.name.clone(), member.email.clone());
            [member.id.to_string(), name, email, member.role.to_string(), member.created.clone()]
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::parsing;

    #[test]
    fn members_are_named_by_their_ids() {
        let parse = |line: &str| parsing::parse::<MemberArgs>(line).is_ok();
        assert!(parse("set-role 42 billing_admin") && parse("remove 42 43 --yes") && parse("list --search ada"));
        assert!(!parse("set-role 42 analyst") && !parse("remove") && !parse("show ada"));
    }
}
