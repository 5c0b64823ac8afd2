//! What a form sends, as pairs of name and value: a name may come several times, such as one for each row that is ticked.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use claviger_access::text::holds_secret;

use super::form_body;

/// The fields that hold what must not be kept: all whose names are these, in whatever form.
const WITHHELD: [&str; 8] = ["form_token", "token", "password", "current", "new", "again", "code", "recovery_code"];

/// The fields of a form, in the order in which they were sent.
#[derive(Clone, Default)]
pub(super) struct Typed(Vec<(String, String)>);

impl Typed {
    /// Reads a form's body. `None` where a part of it is no text.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        serde_urlencoded::from_bytes(body).ok().filter(|_| form_body::is_text(body)).map(Self)
    }

    /// The value of a field that comes once; of several the first; nothing for none.
    pub(super) fn one(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// The same for a page that shows again what was typed: nothing where a secret was pasted into the wrong field.
    pub(super) fn shown(&self, name: &str) -> &str {
        Some(self.one(name)).filter(|typed| !holds_secret(typed)).unwrap_or_default()
    }

    /// Whether somebody changed what stood in a field: the form carries that as `<name>_was`. What he left as it was is not
    /// written, so that he does not undo what somebody else wrote meanwhile.
    pub(super) fn is_changed(&self, name: &str) -> bool {
        // Browsers send line breaks as two characters, and add none of their own.
        self.was(name).is_none_or(|was| !was.lines().eq(self.one(name).lines()))
    }

    /// What stood in a field when the form was shown, if the form says so.
    pub(super) fn was(&self, name: &str) -> Option<&str> {
        self.all(&format!("{name}_was")).next()
    }

    /// Whether there is such a field: a button that was pressed, a box that is ticked.
    pub(super) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// All values of a field.
    pub(super) fn all<'t>(&'t self, name: &str) -> impl Iterator<Item = &'t str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All fields.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// As an address's query or a form's body has it.
    pub(super) fn encoded(&self) -> String {
        serde_urlencoded::to_string(&self.0).unwrap_or_default()
    }

    /// Without what must not be kept: tokens, passwords and codes.
    pub(super) fn without_secrets(self) -> Self {
        Self(self.0.into_iter().filter(|(name, _)| !WITHHELD.contains(&&**name)).collect())
    }
}

/// A field of a form that says what stood in it when the form was first shown.
pub(super) struct Field {
    /// What stands in it.
    pub text: String,
    /// For `<name>_was`.
    pub was: String,
}

impl Field {
    /// With what is there now, or with what was typed where the form is shown again.
    pub(super) fn of(name: &str, now: &str, typed: Option<&Typed>) -> Self {
        let text = typed.map_or(now, |typed| typed.shown(name)).to_owned();
        Self { text, was: typed.and_then(|typed| typed.was(name)).unwrap_or(now).to_owned() }
    }
}

/// Of an address's query; what cannot be read there is as if it were not.
impl<S: Sync> FromRequestParts<S> for Typed {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.uri.query().and_then(|query| Self::parse(query.as_bytes())).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_come_several_times_and_secrets_are_not_kept() {
        let body =
            b"name=a+b&id=1&id=2&add=1&form_token=x&password=p&current=p&new=p&again=p&code=123456&empty=&secrets=2";
        let typed = Typed::parse(body).expect("a form");
        assert_eq!((typed.one("name"), typed.one("missing"), typed.one("empty")), ("a b", "", ""));
        assert_eq!(typed.all("id").collect::<Vec<_>>(), ["1", "2"]);
        assert!(typed.has("add") && typed.has("empty") && !typed.has("remove"));
        assert!(Typed::parse(b"name=%C3%A9").is_some() && Typed::parse(b"name=%E9").is_none());
        assert_eq!(typed.without_secrets().encoded(), "name=a+b&id=1&id=2&add=1&empty=&secrets=2");
    }

    #[test]
    fn a_field_is_changed_where_it_is_not_as_it_was() {
        let typed = Typed::parse(b"a=1&a_was=1&b=2&b_was=1&c=x%0D%0Ay&c_was=x%0Ay%0A&d=&d_was=x&e=").expect("a form");
        let changed = ["a", "b", "c", "d", "e", "f"].map(|name| typed.is_changed(name));
        assert_eq!(changed, [false, true, false, true, true, true]);
    }

    #[test]
    fn a_form_that_is_shown_again_says_still_what_was_there_at_first() {
        let field = |body: Option<&str>| {
            let typed = body.map(|body| Typed::parse(body.as_bytes()).expect("a form"));
            let Field { text, was } = Field::of("name", "now", typed.as_ref());
            (text, was)
        };
        let both = |text: &str, was: &str| (text.to_owned(), was.to_owned());
        assert_eq!(field(None), both("now", "now"));
        assert_eq!(field(Some("name=typed&name_was=before")), both("typed", "before"));
        assert_eq!(field(Some("name=typed")), both("typed", "now"), "a form that does not say it");
        assert_eq!(field(Some("name=&name_was=")), both("", ""), "emptied by hand, and empty before");
    }

    #[test]
    fn every_field_that_hides_what_is_typed_is_withheld() {
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/console"))];
        let mut hidden = std::collections::BTreeSet::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).expect("a template");
                for input in text.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap_or_default()) {
                    let is_hidden = input.contains("type=\"password\"") || input.contains("one-time-code");
                    let name = input.split(" name=\"").nth(1).and_then(|rest| rest.split('"').next());
                    hidden.extend(name.filter(|_| is_hidden).map(str::to_owned));
                }
            }
        }
        assert!(hidden.len() >= 5, "{hidden:?}");
        assert!(hidden.iter().all(|name| WITHHELD.contains(&&**name)), "{hidden:?}");
    }
}
