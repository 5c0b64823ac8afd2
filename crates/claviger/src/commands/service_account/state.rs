//! `claviger service-account disable`, `enable`, `protect` and `unprotect`.

use claviger_wire::service_accounts::{ChangeServiceAccount, ServiceAccount};

use crate::commands::connection::Connection;
use crate::commands::exit::Failed;
use crate::commands::output::OutputArgs;
use crate::commands::scope;

#[derive(Debug, clap::Args)]
pub(super) struct StateArgs {
    /// The ids of the accounts
    #[arg(required = true, value_name = "ID", value_parser = scope::id)]
    ids: Vec<u64>,
}

/// What an account is to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum State {
    Disabled,
    Enabled,
    Protected,
    Unprotected,
}

impl State {
    fn change(self) -> ChangeServiceAccount {
        let (disabled, protected) = match self {
            Self::Disabled => (Some(true), None),
            Self::Enabled => (Some(false), None),
            Self::Protected => (None, Some(true)),
            Self::Unprotected => (None, Some(false)),
        };
        ChangeServiceAccount { disabled, protected, ..Default::default() }
    }

    fn told(self) -> &'static str {
        match self {
            Self::Disabled => "is disabled: it is refused everywhere, and keeps what it has",
            Self::Enabled => "is enabled",
            Self::Protected => "is protected: it cannot be deleted",
            Self::Unprotected => "is not protected: it can be deleted",
        }
    }
}

/// For tables.
pub(super) fn shown(account: &ServiceAccount) -> String {
    let states = [(account.is_disabled, "disabled"), (account.is_protected, "protected")];
    let states: Vec<&str> = states.into_iter().filter_map(|(is_so, state)| is_so.then_some(state)).collect();
    if states.is_empty() { "-".to_owned() } else { states.join(", ") }
}

impl StateArgs {
    pub(super) async fn run(self, connection: &Connection, output: OutputArgs, state: State) -> Result<(), Failed> {
        let organization = connection.organization().await?;
        for id in &self.ids {
            connection.client().change_service_account(organization, *id, &state.change()).await?;
            output.done(&format!("Service account {id} {}.", state.told()))?;
        }
        Ok(())
    }
}
