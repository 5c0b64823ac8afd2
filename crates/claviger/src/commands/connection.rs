//! Where the server is, and who asks.
//!
//! Each setting is taken from the first place that has it: the option, the environment, the profile file. **No option
//! takes a secret**, since it would stand in the list of processes and in the shell's history: it comes from a private
//! file, from `CLAVIGER_SECRET`, from the profile, or is typed on the terminal.
//!
//! What must stay true: a profile's secret goes to the profile's own server, as the profile's own user, and nowhere
//! else, whatever else is said by options or the environment.

mod profile;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use claviger_client::{Client, Credential, NoCredential, SetupError};
use etcetera::BaseStrategy;
use secrecy::{ExposeSecret, SecretString};

use self::profile::Profile;
use super::exit::Failed;
use super::output::shown;
use super::terminal;
use crate::private_file::{self, Unfit};

/// Where the server is, and who asks.
#[derive(Debug, Default, clap::Args)]
pub struct ConnectionArgs {
    /// The server, such as https://keys.example.com
    // Hidden in the help text, since people put passwords in URLs.
    #[arg(long, env = "CLAVIGER_URL", hide_env_values = true, global = true, help_heading = "Connection")]
    url: Option<String>,
    /// The full username, such as nightly-export.b2f9ed.service-account
    #[arg(long, env = "CLAVIGER_USERNAME", global = true, value_name = "NAME", help_heading = "Connection")]
    username: Option<String>,
    /// A file with the secret and nothing else, which only you can read. Or set CLAVIGER_SECRET to the secret itself
    #[arg(long, env = "CLAVIGER_CREDENTIAL_FILE", global = true, value_name = "FILE", help_heading = "Connection")]
    secret_file: Option<PathBuf>,
    /// A file with url, username, secret and organization, which only you can read [default: claviger/profile in your
    /// configuration folder]
    #[arg(long, env = "CLAVIGER_PROFILE", global = true, value_name = "FILE", help_heading = "Connection")]
    profile: Option<PathBuf>,
    /// The organization's id; not needed if you belong to one alone
    #[arg(long, env = "CLAVIGER_ORGANIZATION", global = true, value_name = "ID", help_heading = "Connection")]
    organization: Option<u64>,
}

/// A server to ask, and the organization that is meant.
#[derive(Debug)]
pub struct Connection {
    client: Client,
    organization: Option<u64>,
}

/// Why it is not known whom to ask, or with what.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// No place names a server.
    #[error("no server is named; give --url, set CLAVIGER_URL, or write url in the profile {profile}")]
    NoUrl {
        /// The profile that was looked for.
        profile: String,
    },
    /// No place names a user.
    #[error(
        "no username is given; give --username, set CLAVIGER_USERNAME, or write username in the profile {profile}, which counts for its own url alone"
    )]
    NoUsername {
        /// The profile that was looked for.
        profile: String,
    },
    /// No place has a secret, and nobody can be asked.
    #[error(
        "no secret is given for {username}; set CLAVIGER_SECRET, name a file with --secret-file, or write it in the profile {profile}, which counts for its own url and username alone"
    )]
    NoSecret {
        /// Whose.
        username: String,
        /// The profile that was looked for.
        profile: String,
    },
    /// The variable holds bytes that are no text.
    #[error("CLAVIGER_SECRET is not UTF-8 text; a secret is ASCII and begins with cvg_")]
    SecretNotText,
    /// A file with a secret is not private, or cannot be read.
    #[error("{path} {unfit}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        unfit: Unfit,
    },
    /// The profile has another form. Its text is not quoted, since it holds a secret.
    #[error(
        "{path} is no profile: line {line} is not right; it holds url = \"...\" and username = \"...\", and may hold secret = \"...\" and organization = 7",
        path = path.display()
    )]
    Profile {
        /// Which file.
        path: PathBuf,
        /// Where reading ended.
        line: usize,
    },
    /// No place has what must be secret, and nobody can be asked.
    #[error("no {what} is given; set {variable}, or name a file with {option}")]
    NothingSecret {
        /// What it is.
        what: &'static str,
        /// The variable that may hold it.
        variable: &'static str,
        /// The option that names a file.
        option: &'static str,
    },
    /// Another variable holds bytes that are no text.
    #[error("{variable} is not UTF-8 text")]
    NotText {
        /// Which.
        variable: &'static str,
    },
    /// The terminal failed while the secret was typed.
    #[error("the secret cannot be read from the terminal: {0}; set CLAVIGER_SECRET or name a file with --secret-file")]
    Terminal(#[source] io::Error),
    /// What was given cannot be used.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// What was given is no credential.
    #[error(transparent)]
    Credential(#[from] NoCredential),
}

impl ConnectionArgs {
    /// Makes the client. Nothing is sent yet.
    pub fn connect(self) -> Result<Connection, ConnectionError> {
        let connection = self.connect_with(std::env::var_os("CLAVIGER_SECRET"), typed)?;
        if connection.client.is_exposed() {
            let server = shown(connection.client.server());
            // A warning that cannot be written is no reason to stop.
            let _ = writeln!(io::stderr(), "warning: your secret goes to {server} unencrypted; use https:// instead");
        }
        Ok(connection)
    }

    /// A client without a credential, for what needs none. The server is named as for any other command.
    pub fn without_credential(self) -> Result<Client, ConnectionError> {
        let path = self.profile.clone().or_else(default_profile);
        let profile_name = path.as_deref().map_or_else(|| "file".to_owned(), |path| path.display().to_string());
        let url = match (self.url, &path) {
            (Some(url), _) => Some(url),
            (None, Some(path)) if self.profile.is_some() || path.exists() => Some(Profile::read(path)?.url),
            (None, _) => None,
        };
        let client = Client::without_credential(&url.ok_or(ConnectionError::NoUrl { profile: profile_name })?)?;
        if client.is_exposed() {
            let server = shown(client.server());
            // A warning that cannot be written is no reason to stop.
            let _ = writeln!(io::stderr(), "warning: what you type goes to {server} unencrypted; use https:// instead");
        }
        Ok(client)
    }

    /// The same with the variable's value, and with whom to `ask` for a secret that is nowhere.
    fn connect_with(
        self,
        secret_variable: Option<OsString>,
        ask: impl FnOnce(&str, String) -> Result<SecretString, ConnectionError>,
    ) -> Result<Connection, ConnectionError> {
        let path = self.profile.clone().or_else(default_profile);
        let profile_name = path.as_deref().map_or_else(|| "file".to_owned(), |path| path.display().to_string());
        let profile = match &path {
            // A file that was named must be there; the default may be absent.
            Some(path) if self.profile.is_some() || path.exists() => Some(Profile::read(path)?),
            _ => None,
        };
        let profile = profile.filter(|profile| self.url.as_deref().is_none_or(|url| same_server(url, &profile.url)));

        let url = self.url.as_deref().or(profile.as_ref().map(|profile| profile.url.as_str()));
        let url = url.ok_or_else(|| ConnectionError::NoUrl { profile: profile_name.clone() })?;
        let username = self.username.as_deref().or(profile.as_ref().map(|profile| profile.username.as_str()));
        let username = username.ok_or_else(|| ConnectionError::NoUsername { profile: profile_name.clone() })?;
        let kept = profile.as_ref().filter(|profile| profile.username == username);
        let kept = kept.and_then(|profile| profile.secret.clone());
        let secret = match secret(self.secret_file.as_deref(), secret_variable, kept)? {
            Some(secret) => secret,
            None => ask(username, profile_name)?,
        };
        let client = Client::new(url, Credential::new(username, secret)?)?;
        let organization = self.organization.or(profile.and_then(|profile| profile.organization));
        Ok(Connection { client, organization })
    }
}

impl Connection {
    /// The client that speaks to the server.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The organization that is meant: the one that was named, or else the only one that the caller belongs to.
    pub async fn organization(&self) -> Result<u64, Failed> {
        if let Some(organization) = self.organization {
            return Ok(organization);
        }
        let organizations = self.client.me().await?.organizations;
        match organizations.keys().collect::<Vec<_>>()[..] {
            [only] => Ok(*only),
            ref several => Err(Failed::WhichOrganization { count: several.len() }),
        }
    }
}

/// Where something secret comes from that is no credential: a private file, the environment, the terminal. Never an
/// option.
#[derive(Debug, Clone, Copy)]
pub(super) struct SecretSource {
    /// What it is.
    pub(super) what: &'static str,
    /// The variable that may hold it.
    pub(super) variable: &'static str,
    /// The option that names a file, for the sentence that says so.
    pub(super) option: &'static str,
}

impl SecretSource {
    /// Reads it from the first place that has it. Of a file the line break at its end is left out, and nothing else.
    pub(super) fn read(self, file: Option<&Path>, question: &str) -> Result<SecretString, ConnectionError> {
        let Self { what, variable, option } = self;
        if let Some(path) = file {
            let text = private_file::read(path).map_err(|unfit| ConnectionError::File { path: path.into(), unfit })?;
            return Ok(SecretString::from(text.expose_secret().trim_end_matches(['\r', '\n'])));
        }
        match std::env::var_os(variable) {
            Some(text) if !text.is_empty() => {
                let text = text.into_string().map_err(|_| ConnectionError::NotText { variable })?;
                Ok(SecretString::from(text))
            }
            _ if terminal::is_attended() => terminal::ask_secret(question).map_err(ConnectionError::Terminal),
            _ => Err(ConnectionError::NothingSecret { what, variable, option }),
        }
    }
}

/// A secret from the first place that has one.
fn secret(
    file: Option<&Path>,
    variable: Option<OsString>,
    profile: Option<SecretString>,
) -> Result<Option<SecretString>, ConnectionError> {
    if let Some(path) = file {
        let text = private_file::read(path).map_err(|unfit| ConnectionError::File { path: path.into(), unfit })?;
        return Ok(Some(SecretString::from(text.expose_secret().trim())));
    }
    match variable {
        // Set to nothing is a shell's way of unsetting.
        Some(variable) if !variable.is_empty() => {
            let secret = variable.into_string().map_err(|_| ConnectionError::SecretNotText)?;
            Ok(Some(SecretString::from(secret)))
        }
        _ => Ok(profile),
    }
}

/// Asks the person, if there is one.
fn typed(username: &str, profile: String) -> Result<SecretString, ConnectionError> {
    if !terminal::is_attended() {
        return Err(ConnectionError::NoSecret { username: username.to_owned(), profile });
    }
    let secret = terminal::ask_secret(&format!("Secret of {}: ", shown(username)));
    let secret = secret.map_err(ConnectionError::Terminal)?;
    Ok(SecretString::from(secret.expose_secret().trim()))
}

fn same_server(one: &str, other: &str) -> bool {
    one.trim().trim_end_matches('/') == other.trim().trim_end_matches('/')
}

fn default_profile() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(folders.config_dir().join("claviger").join("profile"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const PROFILE: &str = "url = 'http://127.0.0.1:1'\nusername = 'ada'\nsecret = 'cvg_profile'\norganization = 7\n";

    fn file(text: &str, mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).expect("a mode");
        file
    }

    fn with_profile(profile: &tempfile::NamedTempFile) -> ConnectionArgs {
        ConnectionArgs { profile: Some(profile.path().to_owned()), ..Default::default() }
    }

    fn nobody(username: &str, profile: String) -> Result<SecretString, ConnectionError> {
        Err(ConnectionError::NoSecret { username: username.to_owned(), profile })
    }

    /// The server and the organization, or the sentence. Nobody is there to be asked.
    fn outcome(args: ConnectionArgs, variable: Option<&str>) -> Result<String, String> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        match args.connect_with(variable.map(OsString::from), nobody) {
            Ok(connection) => Ok(format!("{} {:?}", connection.client.server(), connection.organization)),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_profile_says_everything() {
        let profile = file(PROFILE, 0o600);
        assert_eq!(outcome(with_profile(&profile), None), Ok("http://127.0.0.1:1 Some(7)".to_owned()));
    }

    #[test]
    fn an_option_goes_before_the_profile() {
        let profile = file(PROFILE, 0o600);
        let args = ConnectionArgs { organization: Some(8), ..with_profile(&profile) };
        assert_eq!(outcome(args, None), Ok("http://127.0.0.1:1 Some(8)".to_owned()));
    }

    #[test]
    fn the_secret_of_a_profile_goes_to_its_own_server_as_its_own_user() {
        let profile = file(PROFILE, 0o600);
        let same = ConnectionArgs { url: Some("http://127.0.0.1:1/".to_owned()), ..with_profile(&profile) };
        assert!(outcome(same, None).is_ok());
        let elsewhere = ConnectionArgs { url: Some("http://127.0.0.1:2".to_owned()), ..with_profile(&profile) };
        let error = outcome(elsewhere, None).expect_err("the profile is another server's");
        assert!(error.starts_with("no username is given"), "{error}");
        let somebody = ConnectionArgs { username: Some("bob".to_owned()), ..with_profile(&profile) };
        let error = outcome(somebody, None).expect_err("the secret is another user's");
        assert!(error.starts_with("no secret is given for bob"), "{error}");
        let somebody = ConnectionArgs { username: Some("bob".to_owned()), ..with_profile(&profile) };
        assert!(outcome(somebody, Some("cvg_bob")).is_ok());
    }

    #[test]
    fn a_profile_that_was_named_must_be_there() {
        let args = ConnectionArgs { profile: Some("/nonexistent/profile".into()), ..Default::default() };
        let error = outcome(args, None).expect_err("no file");
        assert!(error.starts_with("/nonexistent/profile cannot be read: "), "{error}");
    }

    #[test]
    fn a_file_goes_before_the_variable_and_the_variable_before_the_profile() {
        let kept = || Some(SecretString::from("cvg_profile"));
        let named = file("cvg_file\n", 0o400);
        let text = |secret: Result<Option<SecretString>, ConnectionError>| {
            secret.expect("no error").map(|secret| secret.expose_secret().to_owned())
        };
        let variable = || Some(OsString::from("cvg_variable"));
        assert_eq!(text(secret(Some(named.path()), variable(), kept())).as_deref(), Some("cvg_file"));
        assert_eq!(text(secret(None, variable(), kept())).as_deref(), Some("cvg_variable"));
        assert_eq!(text(secret(None, Some(OsString::new()), kept())).as_deref(), Some("cvg_profile"));
        assert_eq!(text(secret(None, None, None)), None);
    }

    #[test]
    fn files_that_others_can_read_are_refused() {
        for mode in [0o640, 0o604, 0o644, 0o660, 0o601] {
            let profile = file(PROFILE, mode);
            let error = outcome(with_profile(&profile), None).expect_err("too open");
            let path = profile.path().display();
            assert_eq!(error, format!("{path} is open to other users (mode {mode:04o}); run chmod 600 on it"));
            assert!(secret(Some(profile.path()), None, None).is_err());
        }
    }

    #[test]
    fn a_profile_that_cannot_be_read_is_not_quoted() {
        for text in [
            "url = 'u'\nusername = 'ada'\nsecret = cvg_hush\n",
            "url = 'u'\nusername = 'ada'\norganization = 'cvg_hush'\n",
            "url = 'u'\nusername = 'ada'\ncvg_hush = 1\n",
        ] {
            let profile = file(text, 0o600);
            let error = outcome(with_profile(&profile), None).expect_err("no profile");
            assert!(error.contains("line 3") && !error.contains("hush"), "{error}");
        }
    }
}
