//! What has to be changed in a form before it can do anything: told once above the form, and again at each field.

use axum::http::StatusCode;

/// A number in a sentence is written out up to here.
const WRITTEN_OUT: [&str; 10] = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    /// The id of its field in the page.
    pub field: String,
    /// A sentence that says what to do.
    pub told: String,
    status: StatusCode,
}

/// All of them, in the order of the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// One alone.
    pub(super) fn one(field: impl Into<String>, told: impl Into<String>) -> Self {
        let mut mistakes = Self::default();
        mistakes.add(field, told);
        mistakes
    }

    /// What was read, or its mistake.
    pub(super) fn take<T>(&mut self, field: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|told| self.add(field, told)).ok()
    }

    /// What was typed into this field cannot be read, or is not there.
    pub(super) fn add(&mut self, field: impl Into<String>, told: impl Into<String>) {
        self.add_with(StatusCode::BAD_REQUEST, field, told);
    }

    /// The rules refuse what was chosen.
    pub(super) fn add_with(&mut self, status: StatusCode, field: impl Into<String>, told: impl Into<String>) {
        self.0.push(Mistake { field: field.into(), told: told.into(), status });
    }

    /// Of this field.
    pub(super) fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|mistake| mistake.field == field).map(|mistake| mistake.told.as_str())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn each(&self) -> &[Mistake] {
        &self.0
    }

    /// Of the page that tells them: theirs, where all have the same.
    pub(super) fn status(&self) -> StatusCode {
        match self.0.as_slice() {
            [] => StatusCode::OK,
            [first, others @ ..] if others.iter().all(|other| other.status == first.status) => first.status,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Such as "Two things need a change."
    pub(super) fn counted(&self) -> String {
        let number = self.0.len();
        let written = WRITTEN_OUT.get(number).map_or_else(|| number.to_string(), |word| (*word).to_owned());
        if number == 1 {
            format!("{written} thing needs a change.")
        } else {
            format!("{written} things need a change.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_counted_in_words_and_agree_on_a_status() {
        let mut mistakes = Mistakes::default();
        assert_eq!((mistakes.status(), mistakes.of("name")), (StatusCode::OK, None));
        assert_eq!((mistakes.take("name", Ok(7)), mistakes.is_empty()), (Some(7), true));
        let told = Mistakes::one("email", "Give an address.");
        assert_eq!(mistakes.take::<u8>("email", Err("Give an address.".to_owned())), None);
        assert_eq!((&mistakes, told.of("role")), (&told, None));
        let mut mistakes = Mistakes::default();
        mistakes.add_with(StatusCode::FORBIDDEN, "role", "You are Admin of Web shop.");
        assert_eq!(
            (mistakes.status(), mistakes.counted().as_str()),
            (StatusCode::FORBIDDEN, "One thing needs a change.")
        );
        mistakes.add("name", "Give it a name.");
        assert_eq!(
            (mistakes.status(), mistakes.counted().as_str()),
            (StatusCode::BAD_REQUEST, "Two things need a change.")
        );
        assert_eq!(mistakes.of("name"), Some("Give it a name."));
        (0..10).for_each(|_| mistakes.add("name", "x"));
        assert_eq!(mistakes.counted(), "12 things need a change.");
    }
}
