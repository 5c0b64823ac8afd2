//! What a round knows: the name that it made up, and what was captured out of answers.
//!
//! Any of them may be a secret, so all are held as one: nothing here can be printed. `name` and `id` alone are ever shown,
//! which is how a plan's author says which value is none.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

/// Values by their names.
#[derive(Debug, Clone, Default)]
pub struct Values(BTreeMap<String, SecretString>);

impl Values {
    /// Sets one.
    pub fn set(&mut self, name: &str, value: String) {
        self.0.insert(name.to_owned(), SecretString::from(value));
    }

    /// One of them, in clear: for what is about to be sent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(ExposeSecret::expose_secret)
    }

    /// All of them, in clear: for a command's environment.
    pub fn each(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.expose_secret()))
    }

    /// What a person finds the credential by: its id, or else the name that it was asked for under.
    pub fn shown(&self) -> String {
        match (self.get("id"), self.get("name")) {
            (Some(id), Some(name)) => format!("id {id} ({name})"),
            (Some(only), None) | (None, Some(only)) => only.to_owned(),
            (None, None) => "a credential without a name".to_owned(),
        }
    }
}

/// Whether values may be called this: it becomes a part of an environment variable's name.
pub fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 40
        && bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_id_and_the_name_is_shown() {
        let mut values = Values::default();
        values.set("secret", "hush".to_owned());
        assert_eq!(values.shown(), "a credential without a name");
        values.set("name", "meter-1".to_owned());
        assert_eq!(values.shown(), "meter-1");
        values.set("id", "17".to_owned());
        assert_eq!(values.shown(), "id 17 (meter-1)");
        assert!(!format!("{values:?}").contains("hush"));
        assert_eq!(
            ["secret", "a_1", "", "1a", "A", "a-b", "env:x"].map(is_name),
            [true, true, false, false, false, false, false]
        );
    }
}
