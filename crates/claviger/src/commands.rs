//! The command line: one file a command.
//!
//! `serve`, `init`, `organization create`, `recover-owner`, `recover-person`, `reset-password`, `set-up-link`, `backup`,
//! `migrate-store`, `nodes`, `restore accept`, `audit verify`, `mark` and `restart` open the
//! house: they work on the store itself, on the host. All others speak to a running server through `claviger-client`.

pub mod audit;
pub mod backup;
pub mod completions;
pub mod confirmation;
pub mod connection;
pub mod exit;
pub mod explain;
pub mod host;
pub mod init;
pub mod invitation;
pub mod man_pages;
pub mod me;
pub mod member;
pub mod meter;
pub mod migrate_store;
pub mod nodes;
pub mod organization;
pub mod output;
pub mod policy;
pub mod project;
pub mod recover_owner;
pub mod recover_person;
pub mod reset_password;
pub mod restore;
pub mod role;
pub mod routes;
pub mod serve;
pub mod service_account;
pub mod set_up_link;
pub mod team;
pub mod terminal;
pub mod workspace;

mod creation;
mod granted;
#[cfg(test)]
mod parsing;
mod scope;
mod shown_once;

use clap::{Parser, Subcommand};

/// Service accounts for any product, self-hosted
#[derive(Parser, Debug)]
#[command(name = "claviger", version, about, propagate_version = true)]
pub struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run the server
    Serve(Box<serve::Serve>),
    /// Set a new store up without serving
    Init(init::Init),
    /// Found one more organization, on the host
    #[command(subcommand)]
    Organization(organization::Organization),
    /// Make a new owner for an organization that has lost its credentials, on the host
    RecoverOwner(recover_owner::RecoverOwner),
    /// Make a link by which a person becomes the first owner, on the host
    SetUpLink(set_up_link::SetUpLink),
    /// Turn off the second factor of a person who has lost it, on the host
    RecoverPerson(recover_person::RecoverPerson),
    /// Make a link by which a person chooses another password, on the host
    ResetPassword(reset_password::ResetPassword),
    /// Copy the store into a new file, while it runs
    Backup(backup::Backup),
    /// Move an installation from an embedded store into PostgreSQL, on the host
    MigrateStore(migrate_store::MigrateStore),
    /// Go on with a store that went back in time, on the host
    #[command(subcommand)]
    Restore(restore::Restore),
    /// List the nodes that share a PostgreSQL store, on the host
    Nodes(nodes::NodesArgs),
    /// Service accounts of a running server
    ServiceAccount(service_account::ServiceAccountArgs),
    /// People of a running server
    Member(member::MemberArgs),
    /// Invitations to join an organization of a running server
    Invitation(invitation::InvitationArgs),
    /// Teams of a running server
    Team(team::TeamArgs),
    /// Custom roles of a running server's projects
    Role(role::RoleArgs),
    /// Projects of a running server
    Project(project::ProjectArgs),
    /// Workspaces of a running server's projects
    Workspace(workspace::WorkspaceArgs),
    /// What an organization of a running server demands of its service accounts
    Policy(policy::PolicyArgs),
    /// The audit log: read it at a running server, verify it on the host
    #[command(subcommand)]
    Audit(audit::Audit),
    /// The route table by which requests to somebody else's API are checked, on the host
    #[command(subcommand)]
    Routes(routes::Routes),
    /// What somebody may do at a running server, and why
    Explain(explain::ExplainArgs),
    /// Measure for how long a server, any server, accepts what it has revoked
    Meter(Box<meter::MeterArgs>),
    /// Who the caller is at a running server
    Me(me::MeArgs),
    /// Print what a shell reads to complete commands and options
    Completions(completions::CompletionsArgs),
    /// Write the manual's pages into a folder
    ManPages(man_pages::ManPagesArgs),
}
