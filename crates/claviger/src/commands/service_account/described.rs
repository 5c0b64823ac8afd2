//! What is said about an account on a command line: who looks after it, what it is for, its labels. And
//! `claviger service-account set`, which says something else.

use std::collections::BTreeMap;

use claviger_wire::service_accounts::{ChangeServiceAccount, NamedOwner, OwnerKind, ServiceAccount};

use crate::commands::connection::Connection;
use crate::commands::exit::Failed;
use crate::commands::output::OutputArgs;
use crate::commands::scope;

/// Why a text is no label. The server judges its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write a label as KEY:VALUE, such as team:data")]
pub(super) struct NoLabel;

/// What is said.
#[derive(Debug, Default, clap::Args)]
pub(super) struct DescribedArgs {
    /// The team that looks after it
    #[arg(long, value_name = "ID", value_parser = scope::id, conflicts_with = "owner_person")]
    owner_team: Option<u64>,
    /// The person who looks after it
    #[arg(long, value_name = "ID", value_parser = scope::id)]
    owner_person: Option<u64>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A label; may be repeated
    #[arg(long = "label", value_name = "KEY:VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
}

#[derive(Debug, clap::Args)]
pub(super) struct SetArgs {
    /// Its id
    #[arg(value_parser = scope::id)]
    id: u64,
    #[command(flatten)]
    described: DescribedArgs,
    /// Nobody looks after it
    #[arg(long, conflicts_with_all = ["owner_team", "owner_person"])]
    no_owner: bool,
    /// Take all of its labels away
    #[arg(long, conflicts_with = "labels")]
    no_labels: bool,
}

fn label(text: &str) -> Result<(String, String), NoLabel> {
    let (key, value) = text.split_once(':').ok_or(NoLabel)?;
    Ok((key.to_owned(), value.to_owned()))
}

impl DescribedArgs {
    pub(super) fn owner(&self) -> Option<NamedOwner> {
        let team = self.owner_team.map(|id| NamedOwner { kind: OwnerKind::Team, id });
        team.or(self.owner_person.map(|id| NamedOwner { kind: OwnerKind::Person, id }))
    }

    pub(super) fn description(&self) -> Option<String> {
        self.description.clone()
    }

    /// None where none is given. The last of one key counts.
    pub(super) fn labels(&self) -> Option<BTreeMap<String, String>> {
        (!self.labels.is_empty()).then(|| self.labels.iter().cloned().collect())
    }
}

impl SetArgs {
    pub(super) async fn run(self, connection: &Connection, output: OutputArgs) -> Result<(), Failed> {
        let organization = connection.organization().await?;
        let change = ChangeServiceAccount {
            owner: if self.no_owner { Some(None) } else { self.described.owner().map(Some) },
            description: self.described.description().map(Some),
            labels: if self.no_labels { Some(BTreeMap::new()) } else { self.described.labels() },
            ..Default::default()
        };
        let account = connection.client().change_service_account(organization, self.id, &change).await?;
        Ok(output.show(&account, super::detail_table)?)
    }
}

/// Who looks after an account, for tables.
pub(super) fn owner_shown(account: &ServiceAccount) -> String {
    match &account.owner {
        None => "-".to_owned(),
        Some(owner) => match owner.kind {
            OwnerKind::Person => owner.name.clone(),
            OwnerKind::Team => format!("team {}", owner.name),
        },
    }
}

/// Labels, for tables.
pub(super) fn labels_shown(account: &ServiceAccount) -> String {
    account.labels.iter().map(|(key, value)| format!("{key}:{value}")).collect::<Vec<_>>().join(", ")
}
