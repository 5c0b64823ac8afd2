//! What the server is told of the world outside: the address under which people reach it, and how mail is sent.

use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;

use crate::console::Outside;
use crate::mail::{Mailer, NoMailer};
use crate::private_file::{self, Unfit};
use crate::public_url::PublicUrl;

/// How people reach this server, and it reaches them.
#[derive(Args, Debug)]
pub struct OutsideOptions {
    /// The address under which people reach this server, such as https://keys.example.com: links are made from it, and the
    /// console answers under no other name. Without it no mail is sent
    #[arg(long, value_name = "URL", env = "CLAVIGER_PUBLIC_URL")]
    pub public_url: Option<PublicUrl>,

    /// The server that mail is sent by: smtps://user:password@mail.example.com. One with a password belongs in the
    /// environment variable or in a file, not on the command line
    #[arg(
        long,
        value_name = "URL",
        env = "CLAVIGER_SMTP_URL",
        hide_env_values = true,
        conflicts_with = "smtp_url_file"
    )]
    smtp_url: Option<String>,

    /// A private file with that URL and nothing else
    #[arg(long, value_name = "FILE", env = "CLAVIGER_SMTP_URL_FILE")]
    smtp_url_file: Option<PathBuf>,

    /// The address that mail comes from
    #[arg(long, value_name = "ADDRESS", env = "CLAVIGER_MAIL_FROM")]
    mail_from: Option<String>,
}

/// Why no mail can be sent as asked.
#[derive(Debug, thiserror::Error)]
pub enum NoMail {
    /// It would stand in the list of processes and in the shell's history.
    #[error(
        "--smtp-url holds a password, which every user of this machine can see in the list of processes; put the URL into CLAVIGER_SMTP_URL, or into a file for --smtp-url-file"
    )]
    PasswordOnCommandLine,
    /// The file cannot be used.
    #[error("the file {} {unfit}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        unfit: Unfit,
    },
    /// Something is left out.
    #[error("to send mail, give --smtp-url or --smtp-url-file, --mail-from and --public-url together; {0} is missing")]
    Missing(&'static str),
    /// What was given is wrong.
    #[error("{option}: {error}")]
    Mailer {
        /// Which option.
        option: &'static str,
        /// What is wrong.
        error: NoMailer,
    },
}

impl OutsideOptions {
    /// What the console needs to know.
    pub fn read(&self) -> Result<Outside, NoMail> {
        let public_url = self.public_url.clone();
        let mailer = match (self.smtp_url()?, &self.mail_from) {
            (None, None) => None,
            (None, Some(_)) => return Err(NoMail::Missing("--smtp-url")),
            (Some(_), None) => return Err(NoMail::Missing("--mail-from")),
            (Some(_), Some(_)) if public_url.is_none() => return Err(NoMail::Missing("--public-url")),
            (Some(url), Some(from)) => Some(Mailer::new(&url, from).map_err(|error| {
                let option = if error == NoMailer::From { "--mail-from" } else { "--smtp-url" };
                NoMail::Mailer { option, error }
            })?),
        };
        Ok(Outside { public_url, mailer })
    }

    fn smtp_url(&self) -> Result<Option<SecretString>, NoMail> {
        if let Some(path) = &self.smtp_url_file {
            let read = private_file::read(path);
            return read.map(Some).map_err(|unfit| NoMail::File { path: path.clone(), unfit });
        }
        let Some(url) = &self.smtp_url else { return Ok(None) };
        let from_environment = std::env::var("CLAVIGER_SMTP_URL").is_ok_and(|value| value == *url);
        let has_password = url.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
        if has_password && !from_environment {
            return Err(NoMail::PasswordOnCommandLine);
        }
        Ok(Some(SecretString::from(url.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(public_url: Option<&str>, smtp_url: Option<&str>, mail_from: Option<&str>) -> OutsideOptions {
        OutsideOptions {
            public_url: public_url.map(|url| url.parse().expect("an address")),
            smtp_url: smtp_url.map(str::to_owned),
            smtp_url_file: None,
            mail_from: mail_from.map(str::to_owned),
        }
    }

    #[tokio::test]
    async fn mail_needs_all_three_and_no_password_in_sight() {
        let (url, smtp, from) =
            (Some("https://keys.example.com"), Some("smtp://127.0.0.1:2525"), Some("c@example.com"));
        assert!(options(url, smtp, from).read().is_ok_and(|outside| outside.mailer.is_some()));
        assert!(options(url, None, None).read().is_ok_and(|outside| outside.mailer.is_none()));
        assert!(options(None, None, None).read().is_ok());
        for (options, missing) in [
            (options(None, smtp, from), "--public-url"),
            (options(url, None, from), "--smtp-url"),
            (options(url, smtp, None), "--mail-from"),
        ] {
            assert!(matches!(options.read(), Err(NoMail::Missing(what)) if what == missing), "{missing}");
        }
        let error = options(url, Some("smtps://u:hush@mail.example.com"), from).read().expect_err("in sight");
        assert!(matches!(error, NoMail::PasswordOnCommandLine) && !error.to_string().contains("hush"), "{error}");
    }

    #[tokio::test]
    async fn the_url_may_stand_in_a_private_file() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "smtps://u:hush@mail.example.com\n").expect("written");
        let mut options = options(Some("https://keys.example.com"), None, Some("c@example.com"));
        options.smtp_url_file = Some(file.path().to_owned());
        assert!(options.read().is_ok_and(|outside| outside.mailer.is_some()));
        std::fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("a mode");
        assert!(matches!(options.read(), Err(NoMail::File { .. })));
    }
}
