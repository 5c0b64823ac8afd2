//! What is wrong with the fields of a form that was sent: told above it, with links, and beside each of them.

/// What is wrong, by field. A field's name is its element's id.
#[derive(Default)]
pub(super) struct FieldErrors(Vec<(&'static str, String)>);

impl FieldErrors {
    /// One field's.
    pub(super) fn one(field: &'static str, text: impl Into<String>) -> Self {
        Self(vec![(field, text.into())])
    }

    /// One more.
    pub(super) fn add(&mut self, field: &'static str, text: impl Into<String>) {
        self.0.push((field, text.into()));
    }

    /// The value, or what is wrong with the field; the value is then none.
    pub(super) fn take<T>(&mut self, field: &'static str, read: Result<T, String>) -> Option<T> {
        read.map_err(|text| self.add(field, text)).ok()
    }

    /// Whether nothing is.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with a field, for its template.
    pub(super) fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == field).map(|(_, text)| text.as_str())
    }

    /// All of it.
    pub(super) fn each(&self) -> &[(&'static str, String)] {
        &self.0
    }

    /// How much: "One thing needs a change."
    pub(super) fn told(&self) -> String {
        const NUMBERS: [&str; 9] = ["One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];
        match self.0.len() {
            1 => "One thing needs a change.".to_owned(),
            number => match NUMBERS.get(number.wrapping_sub(1)) {
                Some(word) => format!("{word} things need a change."),
                None => format!("{number} things need a change."),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_has_its_own_and_the_number_is_told() {
        let mut errors = FieldErrors::default();
        assert!(errors.is_empty());
        assert_eq!(errors.take("name", Ok(7)), Some(7));
        assert_eq!(errors.take::<u8>("name", Err("Give it a name.".to_owned())), None);
        assert_eq!(errors.told(), "One thing needs a change.");
        errors.add("email", "Give an address.");
        assert_eq!(errors.told(), "Two things need a change.");
        assert_eq!((errors.of("email"), errors.of("role")), (Some("Give an address."), None));
    }
}
