//! Texts with placeholders, and how a value is written where it stands.
//!
//! `{name}` stands for a value of the round, `{env:NAME}` for an environment variable, `{file:PATH}` for the text of a
//! private file, `{{` and `}}` for braces. What must stay true: a value changes nothing but the place where it stands. It is
//! percent-encoded in a URL, is a string in JSON, and is refused where it cannot be written at all. Which server is asked is
//! never a value's business, or an answer could send the next credential elsewhere.

use std::fmt::Write;

use secrecy::{ExposeSecret, SecretString};

use super::values::{Values, is_name};

/// Where the value of a placeholder comes from that is there before any round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source<'a> {
    /// An environment variable.
    Environment(&'a str),
    /// A private file.
    File(&'a str),
}

/// Looks up what is there before any round; the error continues a sentence about the placeholder.
pub type Outside<'a> = &'a dyn Fn(Source<'_>) -> Result<SecretString, String>;

/// Why a text is no template.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTemplate {
    /// A brace stands alone.
    #[error("has a brace without its other one; write {{{{ and }}}} for braces that are no placeholder")]
    Brace,
    /// Not a name, and no source.
    #[error(
        "has the placeholder {{{0}}}, and a placeholder is a name such as {{secret}}, {{env:NAME}} or {{file:PATH}}"
    )]
    Placeholder(String),
    /// What it names is not there.
    #[error("has the placeholder {{{placeholder}}}, and {reason}")]
    Outside {
        /// Which.
        placeholder: String,
        /// Why there is nothing.
        reason: String,
    },
}

/// Why a value cannot be written where it stands. The value is not quoted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// No answer gave it.
    #[error("there is no value {0}")]
    Missing(String),
    /// It is empty, or a dot or two, and would name another address.
    #[error("the value {0} is empty or made of dots, which would lead to another address")]
    NoSegment(String),
    /// A header takes visible ASCII.
    #[error("a value of the header {0} holds characters that no header takes")]
    Header(String),
    /// HTTP's Basic has no way to say it.
    #[error("the username holds a colon, which Basic cannot carry")]
    Colon,
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Value(String),
    Outside(SecretString),
}

/// A text with placeholders.
#[derive(Debug, Clone)]
pub struct Template(Vec<Part>);

impl Template {
    /// Reads one.
    pub fn parse(text: &str, outside: Outside<'_>) -> Result<Self, NoTemplate> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
                literal.push_str(&rest[..1]);
                rest = after;
                continue;
            }
            let (placeholder, after) =
                rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).ok_or(NoTemplate::Brace)?;
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(part(placeholder, outside)?);
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self(parts))
    }

    /// The names of the values that it takes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Value(name) => Some(name.as_str()),
            Part::Text(_) | Part::Outside(_) => None,
        })
    }

    /// Whether anything of it comes from the environment or a file.
    pub fn takes_from_outside(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Outside(_)))
    }

    /// As it is: for a string of JSON or of a form, whose writer encodes it, and for a password.
    pub fn plain(&self, values: &Values) -> Result<String, Unfit> {
        self.fill(values, |_, value, text| {
            text.push_str(value);
            Ok(())
        })
    }

    /// The path and the query of a URL.
    pub fn path(&self, values: &Values) -> Result<String, Unfit> {
        let path = self.fill(values, |name, value, text| {
            // Where it stands alone between slashes, such a value would lead elsewhere: delete what is above it, say.
            if value.is_empty() || value.bytes().all(|byte| byte == b'.') {
                return Err(Unfit::NoSegment(name.to_owned()));
            }
            percent_encoded(value, text);
            Ok(())
        })?;
        Ok(path)
    }

    /// The value of a header.
    pub fn header(&self, name: &str, values: &Values) -> Result<String, Unfit> {
        let header = self.plain(values)?;
        let fits = header.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if fits { Ok(header) } else { Err(Unfit::Header(name.to_owned())) }
    }

    fn fill(
        &self,
        values: &Values,
        write: impl Fn(&str, &str, &mut String) -> Result<(), Unfit>,
    ) -> Result<String, Unfit> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Value(name) => {
                    let value = values.get(name).ok_or_else(|| Unfit::Missing(name.clone()))?;
                    write(name, value, &mut text)?;
                }
                Part::Outside(secret) => write("of the environment or a file", secret.expose_secret(), &mut text)?,
            }
        }
        Ok(text)
    }
}

fn part(placeholder: &str, outside: Outside<'_>) -> Result<Part, NoTemplate> {
    let source = match placeholder.split_once(':') {
        Some(("env", name)) if !name.is_empty() => Source::Environment(name),
        Some(("file", path)) if !path.is_empty() => Source::File(path),
        None if is_name(placeholder) => return Ok(Part::Value(placeholder.to_owned())),
        _ => return Err(NoTemplate::Placeholder(placeholder.to_owned())),
    };
    let found = outside(source);
    found.map(Part::Outside).map_err(|reason| NoTemplate::Outside { placeholder: placeholder.to_owned(), reason })
}

/// Only what RFC 3986 never gives another meaning stays as it is.
fn percent_encoded(value: &str, text: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::Url;

    use super::*;

    fn parse(text: &str) -> Result<Template, NoTemplate> {
        Template::parse(text, &|source| match source {
            Source::Environment("TOKEN") => Ok(SecretString::from("hush")),
            Source::Environment(_) => Err("it is not set".to_owned()),
            Source::File(_) => Err("there is no such file".to_owned()),
        })
    }

    fn values(value: &str) -> Values {
        let mut values = Values::default();
        values.set("value", value.to_owned());
        values
    }

    #[test]
    fn a_text_is_filled() {
        let template = parse("a {{b}} {value} {env:TOKEN}.").expect("a template");
        assert_eq!(template.plain(&values("x y")).as_deref(), Ok("a {b} x y hush."));
        assert_eq!(template.names().collect::<Vec<_>>(), ["value"]);
        assert!(template.takes_from_outside());
        assert!(!format!("{template:?}").contains("hush"));
        assert_eq!(template.plain(&Values::default()), Err(Unfit::Missing("value".to_owned())));
    }

    #[test]
    fn what_is_no_placeholder_is_told() {
        for text in ["{", "}", "a}b", "{value", "{{}"] {
            assert_eq!(parse(text).expect_err(text), NoTemplate::Brace);
        }
        for text in ["{}", "{Value}", "{a b}", "{env:}", "{file:}", "{http:x}", "{a{b}"] {
            assert!(matches!(parse(text).expect_err(text), NoTemplate::Placeholder(_)), "{text}");
        }
        let error = parse("{env:NONE}").expect_err("not set").to_string();
        assert_eq!(error, "has the placeholder {env:NONE}, and it is not set");
    }

    #[test]
    fn a_value_that_would_lead_elsewhere_or_break_a_header_is_refused() {
        let path = parse("/accounts/{value}").expect("a template");
        for value in ["", ".", ".."] {
            assert_eq!(path.path(&values(value)), Err(Unfit::NoSegment("value".to_owned())), "{value}");
        }
        let header = parse("Bearer {value}").expect("a template");
        for value in ["a\r\nX: y", "a\0", "ä"] {
            assert_eq!(header.header("X", &values(value)), Err(Unfit::Header("X".to_owned())));
        }
    }

    proptest! {
        /// Whatever a value is, the request goes to the same server, and to a path of as many segments, with the value in its place.
        #[test]
        fn a_value_stays_where_it_stands_in_a_url(value in any::<String>()) {
            let template = parse("/accounts/{value}/secrets?of={value}").expect("a template");
            match template.path(&values(&value)) {
                Err(_) => prop_assert!(value.is_empty() || value.chars().all(|character| character == '.')),
                Ok(path) => {
                    let url = Url::parse(&format!("https://keys.example.com{path}")).expect("a URL");
                    prop_assert_eq!(url.host_str(), Some("keys.example.com"));
                    prop_assert_eq!(url.fragment(), None);
                    let segments: Vec<_> = url.path_segments().expect("segments").collect();
                    prop_assert_eq!(segments.len(), 3, "{}", url);
                    prop_assert_eq!((segments[0], segments[2]), ("accounts", "secrets"));
                    let queried: Vec<_> = url.query_pairs().collect();
                    prop_assert_eq!(queried, vec![("of".into(), value.as_str().into())]);
                }
            }
        }

        #[test]
        fn any_text_is_a_template_or_told_and_never_a_panic(text in "[a{}:.e n]{0,12}") {
            let _ = parse(&text);
        }
    }
}
