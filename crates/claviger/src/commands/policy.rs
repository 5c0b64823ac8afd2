//! `claviger policy`: what an organization demands of its service accounts, and where one of them may call from.

use claviger_access::policy::Lifetime;
use claviger_wire::policies::{AllowedAddresses, ChangePolicy, Policy};

use super::connection::ConnectionArgs;
use super::exit::Failed;
use super::output::{OutputArgs, table};
use super::scope;
use super::service_account::lifetime;

/// Show and change what an organization demands of its service accounts.
#[derive(Debug, clap::Args)]
pub struct PolicyArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show what the organization demands
    Show,
    /// Change what the organization demands; what is not named stays
    Set(SetArgs),
    /// Where one service account may call from, within what the organization allows
    #[command(subcommand)]
    Addresses(AddressesAction),
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct SetArgs {
    /// The longest that a secret lives: 36h, 90d, or none for as long as one likes
    #[arg(long, value_name = "LIFETIME", value_parser = lifetime_or_none)]
    secret_lifetime_max: Option<OrNone<u64>>,
    /// Whether each secret must have an end
    #[arg(long, value_name = "BOOL")]
    expiry_required: Option<bool>,
    /// How many secrets an account holds at most
    #[arg(long, value_name = "N")]
    secrets_max: Option<u64>,
    /// Whether owners and admins of a project make service accounts in its settings
    #[arg(long, value_name = "BOOL")]
    project_admins_create: Option<bool>,
    /// Whether username:secret counts as plain text; in base64 it always does
    #[arg(long, value_name = "BOOL")]
    plain_text_basic: Option<bool>,
    /// A regular expression that names must match as a whole, or none for any name
    #[arg(long, value_name = "PATTERN", value_parser = text_or_none)]
    name_pattern: Option<OrNone<String>>,
    /// Calls may come from here: 10.0.0.0/8 or one address; several are parted by commas
    #[arg(long, value_name = "CIDR", value_delimiter = ',', conflicts_with = "any_address")]
    allowed_addresses: Option<Vec<String>>,
    /// Calls may come from everywhere
    #[arg(long)]
    any_address: bool,
}

#[derive(Debug, clap::Subcommand)]
enum AddressesAction {
    /// Show where a service account may call from
    Show {
        /// Its id
        #[arg(value_parser = scope::id)]
        account: u64,
    },
    /// Say where a service account may call from; from everywhere where nothing is named
    Set {
        /// Its id
        #[arg(value_parser = scope::id)]
        account: u64,
        /// 10.0.0.0/8 or one address
        #[arg(value_name = "CIDR")]
        addresses: Vec<String>,
    },
}

/// What is set, or that nothing is demanded.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OrNone<T>(Option<T>);

fn lifetime_or_none(text: &str) -> Result<OrNone<u64>, String> {
    if text == "none" {
        return Ok(OrNone(None));
    }
    lifetime::seconds(text).map(|seconds| OrNone(Some(seconds))).map_err(|error| error.to_string())
}

fn text_or_none(text: &str) -> Result<OrNone<String>, std::convert::Infallible> {
    Ok(OrNone((text != "none").then(|| text.to_owned())))
}

impl PolicyArgs {
    /// Does what was asked for.
    pub async fn run(self) -> Result<(), Failed> {
        let Self { action, connection, output } = self;
        let connection = connection.connect()?;
        let organization = connection.organization().await?;
        let client = connection.client();
        match action {
            Action::Show => {
                let policy = client.policy(organization).await?;
                Ok(output.show(&policy, policy_table)?)
            }
            Action::Set(args) => {
                let policy = client.change_policy(organization, &args.change()).await?;
                Ok(output.show(&policy, policy_table)?)
            }
            Action::Addresses(AddressesAction::Show { account }) => {
                let allowed = client.allowed_addresses(organization, account).await?;
                Ok(output.show(&allowed, |allowed| addresses_sentence(account, allowed))?)
            }
            Action::Addresses(AddressesAction::Set { account, addresses }) => {
                let allowed = AllowedAddresses { allowed_addresses: addresses };
                let allowed = client.set_allowed_addresses(organization, account, &allowed).await?;
                Ok(output.show(&allowed, |allowed| addresses_sentence(account, allowed))?)
            }
        }
    }
}

impl SetArgs {
    fn change(self) -> ChangePolicy {
        ChangePolicy {
            secret_lifetime_max: self.secret_lifetime_max.map(|OrNone(seconds)| seconds),
            expiry_required: self.expiry_required,
            secrets_max: self.secrets_max,
            project_admins_create: self.project_admins_create,
            plain_text_basic: self.plain_text_basic,
            name_pattern: self.name_pattern.map(|OrNone(pattern)| pattern),
            allowed_addresses: if self.any_address { Some(Vec::new()) } else { self.allowed_addresses },
        }
    }
}

fn policy_table(policy: &Policy) -> String {
    let yes = |yes: bool| (if yes { "yes" } else { "no" }).to_owned();
    let most = policy.secret_lifetime_max.map_or_else(|| "for ever".to_owned(), told);
    let pattern = policy.name_pattern.clone().unwrap_or_else(|| "any name".to_owned());
    table(
        ["POLICY", "IS"],
        [
            ["secrets live at most".to_owned(), most],
            ["secrets must end".to_owned(), yes(policy.expiry_required || policy.secret_lifetime_max.is_some())],
            ["secrets of an account at most".to_owned(), policy.secrets_max.to_string()],
            ["project admins make accounts".to_owned(), yes(policy.project_admins_create)],
            ["plain-text Basic counts".to_owned(), yes(policy.plain_text_basic)],
            ["names match".to_owned(), pattern],
            ["calls come from".to_owned(), places(&policy.allowed_addresses)],
        ],
    )
}

fn told(seconds: u64) -> String {
    Lifetime::from_seconds(seconds).map_or_else(|| format!("{seconds} seconds"), |most| most.to_string())
}

fn addresses_sentence(account: u64, allowed: &AllowedAddresses) -> String {
    format!("Service account {account} may call from {}.", places(&allowed.allowed_addresses))
}

fn places(addresses: &[String]) -> String {
    if addresses.is_empty() { "everywhere".to_owned() } else { addresses.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::parsing;

    fn change(line: &str) -> Option<ChangePolicy> {
        match parsing::parse::<PolicyArgs>(line).ok()?.action {
            Action::Set(args) => Some(args.change()),
            Action::Show | Action::Addresses(_) => None,
        }
    }

    #[test]
    fn what_is_named_changes_and_none_takes_away() {
        let changed = change("set --secret-lifetime-max 90d --name-pattern none --allowed-addresses 10.0.0.0/8,::1");
        let changed = changed.expect("a change");
        assert_eq!(changed.secret_lifetime_max, Some(Some(90 * 86_400)));
        assert_eq!(changed.name_pattern, Some(None));
        assert_eq!(changed.allowed_addresses, Some(vec!["10.0.0.0/8".to_owned(), "::1".to_owned()]));
        assert_eq!((changed.expiry_required, changed.secrets_max), (None, None));
        let opened = change("set --secret-lifetime-max none --any-address --plain-text-basic false");
        let opened = opened.expect("a change");
        assert_eq!((opened.secret_lifetime_max, opened.allowed_addresses), (Some(None), Some(Vec::new())));
        assert_eq!(opened.plain_text_basic, Some(false));
        for line in ["set", "set --any-address --allowed-addresses ::1", "set --secret-lifetime-max soon"] {
            assert!(change(line).is_none(), "{line}");
        }
    }
}
