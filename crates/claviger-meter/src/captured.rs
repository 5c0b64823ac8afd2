//! Taking values out of an answer: by a JSON pointer (RFC 6901), in which `*` stands for the only member there is.
//!
//! The answer is JSON, or lines of `key=value`, which are read as an object of strings. What must stay true: no error quotes an
//! answer, since it holds a secret.

use serde_json::{Map, Value};

use super::values::Values;

/// A place in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    written: String,
    tokens: Vec<String>,
}

/// The text is no pointer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no JSON pointer; write it as /results/token, with ~1 for a slash and ~0 for a tilde in a name")]
pub struct NoPointer(String);

/// Why a value is not there. The answer is not quoted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCaptured {
    /// Neither JSON nor lines of `key=value`.
    #[error("the answer is neither JSON nor lines of key=value")]
    Unreadable,
    /// Nothing is at the place.
    #[error("the answer has nothing at {0}")]
    Nothing(String),
    /// What is there is no text and no number.
    #[error("what the answer has at {0} is neither a text nor a number")]
    NoValue(String),
}

impl Pointer {
    /// Reads one. The whole answer cannot be meant, since it is no value.
    pub fn parse(text: &str) -> Result<Self, NoPointer> {
        let wrong = || NoPointer(text.to_owned());
        let rest = text.strip_prefix('/').ok_or_else(wrong)?;
        let tokens = rest.split('/').map(|token| unescaped(token).ok_or_else(wrong)).collect::<Result<_, _>>()?;
        Ok(Self { written: text.to_owned(), tokens })
    }

    fn find<'a>(&self, answer: &'a Value) -> Option<&'a Value> {
        self.tokens.iter().try_fold(answer, |place, token| match place {
            Value::Object(members) => match (members.get(token), token.as_str(), members.len()) {
                (Some(member), _, _) => Some(member),
                (None, "*", 1) => members.values().next(),
                _ => None,
            },
            Value::Array(members) if token == "*" => members.first().filter(|_| members.len() == 1),
            Value::Array(members) => {
                let is_index =
                    token == "0" || (!token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit()));
                members.get(token.parse::<usize>().ok().filter(|_| is_index)?)
            }
            _ => None,
        })
    }
}

fn unescaped(token: &str) -> Option<String> {
    let mut unescaped = String::new();
    let mut rest = token;
    while let Some((before, after)) = rest.split_once('~') {
        unescaped.push_str(before);
        unescaped.push(match after.as_bytes().first()? {
            b'0' => '~',
            b'1' => '/',
            _ => return None,
        });
        rest = &after[1..];
    }
    unescaped.push_str(rest);
    Some(unescaped)
}

/// Takes what is asked for out of an answer. What is there is taken even where something else is missing: what was made must
/// be found again.
pub fn capture(answer: &[u8], wanted: &[(String, Pointer)], into: &mut Values) -> Result<(), NotCaptured> {
    if wanted.is_empty() {
        return Ok(());
    }
    let answer = read(answer).ok_or(NotCaptured::Unreadable)?;
    let mut missing = Ok(());
    for (name, pointer) in wanted {
        let at = || pointer.written.clone();
        match pointer.find(&answer) {
            Some(Value::String(text)) => into.set(name, text.clone()),
            Some(Value::Number(number)) => into.set(name, number.to_string()),
            Some(_) => missing = missing.and(Err(NotCaptured::NoValue(at()))),
            None => missing = missing.and(Err(NotCaptured::Nothing(at()))),
        }
    }
    missing
}

fn read(answer: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(answer).ok()?;
    if let Ok(json) = serde_json::from_str::<Value>(text) {
        return Some(json);
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let pairs = lines.map(|line| line.split_once('=').map(|(key, value)| (key.to_owned(), Value::from(value))));
    let pairs: Map<String, Value> = pairs.collect::<Option<_>>()?;
    (!pairs.is_empty()).then_some(Value::Object(pairs))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn captured(answer: &str, pointer: &str) -> Result<String, String> {
        let wanted = [("value".to_owned(), Pointer::parse(pointer).map_err(|error| error.to_string())?)];
        let mut values = Values::default();
        capture(answer.as_bytes(), &wanted, &mut values).map_err(|error| error.to_string())?;
        Ok(values.get("value").expect("a value").to_owned())
    }

    #[test]
    fn values_are_found_by_where_they_are() {
        let answer = r#"{"results": {"id": 7, "a/b": "slash", "m~n": "tilde", "list": [{"x": "first"}], "only": {"9": {"id": 9}}, "": "empty"}}"#;
        for (pointer, expected) in [
            ("/results/id", "7"),
            ("/results/a~1b", "slash"),
            ("/results/m~0n", "tilde"),
            ("/results/list/0/x", "first"),
            ("/results/list/*/x", "first"),
            ("/results/only/*/id", "9"),
            ("/results/", "empty"),
        ] {
            assert_eq!(captured(answer, pointer).as_deref(), Ok(expected), "{pointer}");
        }
        for pointer in ["/none", "/results/list/1/x", "/results/list/00/x", "/results/*/id", "/results/id/x"] {
            let error = captured(answer, pointer).expect_err(pointer);
            assert_eq!(error, format!("the answer has nothing at {pointer}"));
        }
        assert!(captured(answer, "/results/list").expect_err("a list").contains("neither a text nor a number"));
        for pointer in ["", "results", "/a~2", "/a~"] {
            assert!(captured(answer, pointer).expect_err(pointer).contains("is no JSON pointer"));
        }
    }

    #[test]
    fn lines_are_read_as_an_object_and_rubbish_is_not_quoted() {
        assert_eq!(captured("id=7\nsecret=a=b\n", "/secret").as_deref(), Ok("a=b"));
        for answer in ["hush", "", "<html>hush</html>", "{\"secret\": \"hush\""] {
            let error = captured(answer, "/secret").expect_err(answer);
            assert_eq!(error, "the answer is neither JSON nor lines of key=value");
        }
    }

    #[test]
    fn what_is_there_is_taken_where_something_else_is_missing() {
        let pointer = |text| Pointer::parse(text).expect("a pointer");
        let wanted = [("id".to_owned(), pointer("/id")), ("a".to_owned(), pointer("/a"))];
        let mut values = Values::default();
        let missing = capture(br#"{"id": "17"}"#, &wanted, &mut values).expect_err("no secret");
        assert_eq!((missing, values.get("id")), (NotCaptured::Nothing("/a".to_owned()), Some("17")));
    }

    proptest! {
        /// As serde_json reads pointers, but for `*`.
        #[test]
        fn a_pointer_finds_what_it_finds_elsewhere(
            tokens in prop::collection::vec(prop::sample::select(vec!["a", "b", "0", "1", "2", "00", "01", "~0", "a~1", "", "+1"]), 1..4)
        ) {
            let pointer: String = tokens.iter().map(|token| format!("/{token}")).collect();
            let answer = json!({"a": {"b": [1, 2], "~": 3, "a/": "x"}, "0": "y", "b": ["z", {"1": 5}], "ab": {"a": 1, "b": 2}});
            let parsed = Pointer::parse(&pointer).expect("a pointer");
            prop_assert_eq!(parsed.find(&answer), answer.pointer(&pointer));
        }
    }
}
