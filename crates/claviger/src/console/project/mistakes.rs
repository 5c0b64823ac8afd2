//! What is wrong in a form that was sent, for the form that is shown again: a summary that leads to the fields, and a
//! message at each.

use claviger_access::text::TextError;

/// A field, by its id on the page, with what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    pub field: &'static str,
    pub message: String,
}

/// All of a form.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mistakes {
    list: Vec<Mistake>,
    /// What was not done: "created", "changed".
    undone: &'static str,
}

impl Mistakes {
    /// None so far, in a form that does this.
    pub(super) fn of(undone: &'static str) -> Self {
        Self { list: Vec::new(), undone }
    }

    pub(super) fn add(&mut self, field: &'static str, message: impl Into<String>) {
        self.list.push(Mistake { field, message: message.into() });
    }

    /// The same with one more.
    pub(super) fn with(mut self, field: &'static str, message: impl Into<String>) -> Self {
        self.add(field, message);
        self
    }

    /// What was read, or its mistake.
    pub(super) fn take<T>(&mut self, field: &'static str, read: Result<T, String>) -> Option<T> {
        read.map_err(|message| self.add(field, message)).ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn list(&self) -> &[Mistake] {
        &self.list
    }

    /// The message at a field.
    pub(super) fn at(&self, field: &str) -> Option<&str> {
        self.list.iter().find(|mistake| mistake.field == field).map(|mistake| &*mistake.message)
    }

    /// "Nothing was created. Two things need a change."
    pub(super) fn summary(&self) -> String {
        let things = match self.list.len() {
            1 => "One thing needs a change.".to_owned(),
            2 => "Two things need a change.".to_owned(),
            more => format!("{more} things need a change."),
        };
        format!("Nothing was {}. {things}", self.undone)
    }
}

/// What to do about a text that was not accepted.
pub(super) fn text(error: &TextError) -> String {
    match error {
        TextError::Empty | TextError::Blank => "Give it a name.".to_owned(),
        TextError::TooLong { length_max } => format!("Use at most {length_max} characters."),
        TextError::Secret => {
            "This looks like a secret. Give it a name, and revoke the secret if others have seen it.".to_owned()
        }
        other => super::super::words::sentence(&format!("it {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_and_each_field_has_its_message() {
        let one = Mistakes::of("created").with("name", "Give it a name.");
        assert_eq!(one.summary(), "Nothing was created. One thing needs a change.");
        let two = one.with("expires", "That moment has passed.");
        assert_eq!(two.summary(), "Nothing was created. Two things need a change.");
        assert_eq!((two.at("expires"), two.at("role")), (Some("That moment has passed."), None));
    }
}
