//! Which paths a route is for.
//!
//! `/v1/projects/{project}/orders/*` names segments one after the other: text means itself, `*` is any one segment, and
//! `{name}` is any one that goes on under this name. `**` at the end is whatever follows, also nothing: `/admin/**` is
//! for `/admin`, `/admin/` and all below. Elsewhere a slash at the end counts: `/a/` is another path than `/a`.

use std::fmt;

use super::request_path::{PathError, RequestPath};

/// A pattern of paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    segments: Vec<Segment>,
    /// Whether it ends with `**`.
    is_open: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// This text.
    Text(String),
    /// Any one.
    Any,
    /// Any one, which goes on under a name.
    Named(String),
}

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// No request has such a path.
    #[error("matches no request: a path that {0}")]
    Path(#[from] PathError),
    /// It is no path at all.
    #[error("does not begin with /: write it as /v1/orders")]
    NotAPath,
    /// It goes on with a query, which is not looked at.
    #[error("has a ?: routes are found by the path alone; leave the query out")]
    Query,
    /// It is written as paths on the wire are.
    #[error("is encoded: write the text itself, such as a space for %20")]
    Encoded,
    /// `**` that is not the last segment.
    #[error("has ** before its end: what follows could not be told from it")]
    OpenBeforeEnd,
    /// A segment that is neither text nor a wildcard as a whole.
    #[error("has the segment {0}: *, ** and {{name}} stand alone between slashes")]
    Mixed(String),
    /// A name that is none.
    #[error("has the segment {0}: a name is lower case ASCII letters, digits and _, and begins with a letter")]
    Name(String),
    /// One name for two segments.
    #[error("names two segments {{{0}}}")]
    NameTwice(String),
}

impl Pattern {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.contains('%') {
            return Err(PatternError::Encoded);
        }
        if text.contains('?') {
            return Err(PatternError::Query);
        }
        if !text.starts_with('/') {
            return Err(PatternError::NotAPath);
        }
        // What stands for itself must be the text of a path that is accepted.
        let ascii: String = text.chars().map(|c| if c.is_ascii() && c != ' ' { c } else { 'x' }).collect();
        RequestPath::parse(ascii.as_bytes())?;
        let mut parts: Vec<&str> = text[1..].split('/').collect();
        let is_open = parts.last() == Some(&"**");
        if is_open {
            parts.pop();
        }
        let segments = parts.into_iter().map(Segment::parse).collect::<Result<Vec<_>, _>>()?;
        let names: Vec<&str> = segments.iter().filter_map(Segment::name).collect();
        if let Some(twice) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
            return Err(PatternError::NameTwice((*twice.1).to_owned()));
        }
        Ok(Self { segments, is_open })
    }

    /// What its names stand for in a path, in the order of [`Pattern::names`]; `None` where it is not for the path.
    pub fn matches<'p>(&self, path: &'p RequestPath<'_>) -> Option<Vec<&'p str>> {
        let mut named = Vec::new();
        let mut there = path.segments();
        for segment in &self.segments {
            let text = there.next()?;
            let is_it = match segment {
                Segment::Text(wanted) => wanted == text,
                Segment::Any | Segment::Named(_) => !text.is_empty(),
            };
            if !is_it {
                return None;
            }
            if matches!(segment, Segment::Named(_)) {
                named.push(text);
            }
        }
        (self.is_open || there.next().is_none()).then_some(named)
    }

    /// The names of its segments.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(Segment::name)
    }

    /// Whether it is for every path that the other is for.
    pub fn covers(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.segments, &other.segments);
        let is_long_enough = if self.is_open {
            // What is open beyond its segments is open beyond more of them.
            ours.len() <= theirs.len()
        } else {
            ours.len() == theirs.len() && !other.is_open
        };
        is_long_enough && ours.iter().zip(theirs).all(|(ours, theirs)| ours.covers(theirs))
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, PatternError> {
        if let Some(name) = text.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            return if is_name { Ok(Self::Named(name.to_owned())) } else { Err(PatternError::Name(text.to_owned())) };
        }
        match text {
            "*" => Ok(Self::Any),
            "**" => Err(PatternError::OpenBeforeEnd),
            _ if text.contains(['*', '{', '}']) => Err(PatternError::Mixed(text.to_owned())),
            _ => Ok(Self::Text(text.to_owned())),
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::Text(_) | Self::Any => None,
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(ours), Self::Text(theirs)) => ours == theirs,
            (Self::Text(_), Self::Any | Self::Named(_)) => false,
            (Self::Any | Self::Named(_), Self::Text(theirs)) => !theirs.is_empty(),
            (Self::Any | Self::Named(_), Self::Any | Self::Named(_)) => true,
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => write!(f, "/{text}")?,
                Segment::Any => f.write_str("/*")?,
                Segment::Named(name) => write!(f, "/{{{name}}}")?,
            }
        }
        if self.is_open { f.write_str("/**") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap_or_else(|error| panic!("{text} {error}"))
    }

    fn found(text: &str, path: &str) -> Option<String> {
        let path = RequestPath::parse(path.as_bytes()).expect("a path");
        pattern(text).matches(&path).map(|named| named.join(","))
    }

    #[test]
    fn segments_are_matched_one_by_one() {
        for (text, path, named) in [
            ("/", "/", Some("")),
            ("/", "/a", None),
            ("/a", "/a", Some("")),
            ("/a", "/A", None),
            ("/a", "/a/", None),
            ("/a/", "/a/", Some("")),
            ("/a/", "/a", None),
            ("/a/*", "/a/b", Some("")),
            ("/a/*", "/a/", None),
            ("/a/*", "/a/b/c", None),
            ("/p/{project}/e", "/p/shop/e", Some("shop")),
            ("/p/{project}/{id}", "/p/shop/7", Some("shop,7")),
            ("/p/{project}", "/p/", None),
            ("/{a}/{b}", "/x%3Fy/%C3%A9", Some("x?y,é")),
            ("/a/**", "/a", Some("")),
            ("/a/**", "/a/", Some("")),
            ("/a/**", "/a/b/c/", Some("")),
            ("/a/**", "/ab", None),
            ("/**", "/", Some("")),
            ("/**", "/a/b", Some("")),
            ("/{a}/**", "/x", Some("x")),
            ("/{a}/**", "/", None),
            ("/café !", "/caf%C3%A9%20!", Some("")),
        ] {
            assert_eq!(found(text, path).as_deref(), named, "{text} {path}");
        }
    }

    #[test]
    fn what_can_match_nothing_is_no_pattern() {
        let name = |text: &str| PatternError::Name(text.to_owned());
        let mixed = |text: &str| PatternError::Mixed(text.to_owned());
        for (text, error) in [
            ("", PatternError::NotAPath),
            ("a", PatternError::NotAPath),
            ("/a?b=c", PatternError::Query),
            ("/a/../b", PatternError::Path(PathError::Dots)),
            ("/a//b", PatternError::Path(PathError::EmptySegment)),
            ("/a;b", PatternError::Path(PathError::Byte(b';'))),
            ("/a\\b", PatternError::Path(PathError::Byte(b'\\'))),
            ("/a%20b", PatternError::Encoded),
            ("/**/a", PatternError::OpenBeforeEnd),
            ("/**/", PatternError::OpenBeforeEnd),
            ("/a*", mixed("a*")),
            ("/***", mixed("***")),
            ("/{a}b", mixed("{a}b")),
            ("/{a", mixed("{a")),
            ("/{}", name("{}")),
            ("/{Project}", name("{Project}")),
            ("/{a-b}", name("{a-b}")),
            ("/{a}/{b}/{a}", PatternError::NameTwice("a".to_owned())),
        ] {
            assert_eq!(Pattern::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn one_covers_another_where_nothing_is_left_for_it() {
        for (ours, theirs, covers) in [
            ("/a", "/a", true),
            ("/a", "/b", false),
            ("/a", "/a/", false),
            ("/*", "/a", true),
            ("/*", "/", false),
            ("/{x}", "/*", true),
            ("/a", "/*", false),
            ("/**", "/a/b/**", true),
            ("/a/**", "/a", true),
            ("/a/**", "/a/", true),
            ("/a/**", "/**", false),
            ("/a/*", "/a/**", false),
            ("/*/**", "/", false),
            ("/*/b", "/a/{x}", false),
        ] {
            assert_eq!(pattern(ours).covers(&pattern(theirs)), covers, "{ours} {theirs}");
        }
    }

    proptest! {
        #[test]
        fn what_is_covered_is_matched(
            ours in "(/(a|b|\\*|\\{x\\})){0,3}(/|/\\*\\*|/a)",
            theirs in "(/(a|b|\\*)){0,3}(/|/\\*\\*|/a)",
            path in "(/(a|b|c)){0,4}(/|/a)",
        ) {
            let (Ok(ours), Ok(theirs)) = (Pattern::parse(&ours), Pattern::parse(&theirs)) else { return Ok(()) };
            let path = RequestPath::parse(path.as_bytes()).expect("a path");
            if theirs.matches(&path).is_some() && ours.covers(&theirs) {
                prop_assert!(ours.matches(&path).is_some(), "{} {} {}", ours, theirs, path);
            }
        }

        #[test]
        fn a_pattern_is_read_back_as_it_is_shown(text in "(/(a|b c|\\*|\\{x\\})){0,3}(/|/\\*\\*|/a)") {
            if let Ok(read) = Pattern::parse(&text) {
                prop_assert_eq!(Pattern::parse(&read.to_string()), Ok(read));
            }
        }
    }
}
