//! The `claviger` program: reads the command line and runs one command.

use std::process::ExitCode;

use clap::Parser;
use claviger::commands::exit::{self, Failed};
use claviger::commands::{Command, CommandLine};
use claviger::random;

#[tokio::main]
async fn main() -> ExitCode {
    // With one provider named, no dependency can bring a second one in unnoticed.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("error: another TLS provider was installed before ours");
        return ExitCode::FAILURE;
    }
    exit::report(run(CommandLine::parse().command).await)
}

async fn run(command: Command) -> Result<(), Failed> {
    match command {
        Command::Serve(serve) => Ok(serve.run().await?),
        Command::Init(init) => Ok(init.run().await?),
        Command::Organization(organization) => Ok(organization.run().await?),
        Command::RecoverOwner(recover) => Ok(recover.run().await?),
        Command::SetUpLink(link) => Ok(link.run().await?),
        Command::RecoverPerson(recover) => Ok(recover.run().await?),
        Command::ResetPassword(reset) => Ok(reset.run().await?),
        Command::Backup(backup) => Ok(backup.run().await?),
        Command::MigrateStore(migrate) => Ok(migrate.run().await?),
        Command::Restore(restore) => Ok(restore.run().await?),
        Command::Nodes(nodes) => nodes.run().await,
        Command::ServiceAccount(service_account) => service_account.run(random::idempotency_key()?).await,
        Command::Member(member) => member.run().await,
        Command::Invitation(invitation) => invitation.run(random::idempotency_key()?).await,
        Command::Team(team) => team.run(random::idempotency_key()?).await,
        Command::Role(role) => role.run(random::idempotency_key()?).await,
        Command::Project(project) => project.run(random::idempotency_key()?).await,
        Command::Workspace(workspace) => workspace.run(random::idempotency_key()?).await,
        Command::Policy(policy) => policy.run().await,
        Command::Audit(audit) => audit.run().await,
        Command::Routes(routes) => routes.run().await,
        Command::Explain(explain) => explain.run().await,
        Command::Meter(meter) => meter.run().await,
        Command::Me(me) => me.run().await,
        Command::Completions(completions) => Ok(completions.run()?),
        Command::ManPages(pages) => Ok(pages.run()?),
    }
}
