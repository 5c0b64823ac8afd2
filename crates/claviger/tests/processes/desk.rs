//! Somebody who works at the command line of a running server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::process::{Ended, run};
use crate::secrets;
use crate::server::{Founded, Server, Store, set_mode};

/// A server, and somebody who works at its command line.
pub(crate) struct Desk {
    pub(crate) store: Store,
    pub(crate) server: Option<Server>,
    pub(crate) url: String,
    pub(crate) founded: Founded,
    pub(crate) profile: PathBuf,
}

impl Desk {
    pub(crate) fn at(store: Store) -> Self {
        let founded = store.init();
        let server = store.serve();
        let url = server.url().to_owned();
        let profile = store.home().join("profile");
        let text = format!("url = \"{url}\"\nusername = \"{}\"\nsecret = \"{}\"\n", founded.username, founded.secret);
        write_private(&profile, &text);
        Self { store, server: Some(server), url, founded, profile }
    }

    /// A command of the owner's, whose credential is in the profile.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.store.claviger(words);
        command.arg("--profile").arg(&self.profile);
        command
    }

    /// A command of somebody whose secret is in a file of its own.
    fn command_as(&self, somebody: &Made, words: &[&str]) -> Command {
        let mut command = self.store.claviger(words);
        command.args(["--url", &self.url, "--username", &somebody.username]).arg("--secret-file").arg(&somebody.file);
        command
    }

    /// Runs a command that must not print a secret.
    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        quiet(words, run(self.command(words)))
    }

    pub(crate) fn run_as(&self, somebody: &Made, words: &[&str]) -> Ended {
        quiet(words, run(self.command_as(somebody, words)))
    }

    pub(crate) fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.run(&[words, &["-o", "json"]].concat()).ok()).expect("JSON")
    }

    /// `create`, and the secret into a file as a script would do it.
    pub(crate) fn create(&self, words: &[&str]) -> Made {
        let words = [&["service-account", "create"], words, &["--output", "json"]].concat();
        let ended = run(self.command(&words));
        assert_eq!(ended.err, "", "a script is told nothing beside the answer");
        let made: Value = serde_json::from_str(&ended.ok()).expect("JSON");
        let text = |field: &str| made[field].as_str().unwrap_or_else(|| panic!("no {field}")).to_owned();
        let (username, token) = (text("username"), text("token"));
        secrets::handed_out(&username, &token);
        let file = self.store.home().join(format!("secret-of-{username}"));
        write_private(&file, &format!("{token}\n"));
        Made { id: made["id"].as_u64().expect("an id").to_string(), username, file }
    }

    /// `invitation send` or `resend`, and the token into a file as a script would do it: the invitation's id, the file.
    pub(crate) fn invite(&self, words: &[&str]) -> (String, PathBuf) {
        let words = [&["invitation"], words, &["--output", "json"]].concat();
        let sent: Value = serde_json::from_str(&run(self.command(&words)).ok()).expect("JSON");
        let token = sent["token"].as_str().expect("a token");
        secrets::handed_out("invitation", token);
        let file = self.store.home().join(format!("token-of-{}", &token[token.len() - 6..]));
        write_private(&file, &format!("{token}\n"));
        (sent["id"].to_string(), file)
    }

    /// Accepts without a credential, with a password in a file of its own.
    pub(crate) fn accept(&self, token: &Path, name: &str, password: &str) -> Ended {
        let file = self.store.home().join(format!("password-of-{name}"));
        write_private(&file, &format!("{password}\n"));
        let words = ["invitation", "accept", "--url", &self.url, "--name", name];
        let mut command = self.store.claviger(&words);
        command.arg("--token-file").arg(token).arg("--password-file").arg(&file);
        quiet(&words, run(command))
    }
}

/// An account, and the file that its secret was put into.
pub(crate) struct Made {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) file: PathBuf,
}

fn write_private(path: &Path, text: &str) {
    fs::write(path, text).expect("written");
    set_mode(path, 0o600);
}

/// No command but `create` prints a secret.
pub(crate) fn quiet(words: &[&str], ended: Ended) -> Ended {
    secrets::are_not_in(&format!("the output of {words:?}"), &ended.out);
    secrets::are_not_in(&format!("the complaints of {words:?}"), &ended.err);
    ended
}
