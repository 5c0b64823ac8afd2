//! A browser in a few words, for a person's own list of sessions.
//!
//! Of what a browser says of itself, nothing is kept but one of the words here: strangers write there what they like.

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use claviger_access::text::DisplayName;

/// What tells a browser, and its name. Many claim to be others as well: the first that is found counts.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// The same of systems.
const SYSTEMS: [(&str, &str); 8] = [
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
    ("BSD", "BSD"),
];

/// Such as "Firefox on Linux"; `None` for what is none of these.
pub(super) fn name(headers: &HeaderMap) -> Option<DisplayName> {
    let said = headers.get(USER_AGENT)?.to_str().ok()?;
    let find = |known: &[(&str, &'static str)]| known.iter().find(|(tells, _)| said.contains(tells)).map(|it| it.1);
    let browser = find(&BROWSERS)?;
    let text = find(&SYSTEMS).map_or_else(|| browser.to_owned(), |system| format!("{browser} on {system}"));
    DisplayName::parse(&text).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_browser_is_told_by_one_of_a_few_words() {
        let told = |said: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(USER_AGENT, HeaderValue::from_str(said).expect("a value"));
            name(&headers).map(|name| name.as_str().to_owned())
        };
        for (said, expected) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", Some("Firefox on Linux")),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                Some("Edge on Windows"),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                Some("Safari on macOS"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1",
                Some("Chrome on iOS"),
            ),
            ("Firefox/1 <script>alert(1)</script>", Some("Firefox")),
            ("curl/8.5.0", None),
            ("", None),
        ] {
            assert_eq!(told(said).as_deref(), expected, "{said}");
        }
        assert_eq!(name(&HeaderMap::new()), None);
    }
}
