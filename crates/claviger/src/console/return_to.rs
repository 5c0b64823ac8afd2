//! Where a sign-in leads back to: the page that was asked for, so that links can be shared with who is signed out.

use axum::http::Uri;

/// Longest address that is kept.
const LENGTH_MAX: usize = 2_000;

/// An address of the console's own. Nothing else can be one: what begins with two slashes, or holds a backslash, is read
/// by browsers as another host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReturnTo(String);

impl ReturnTo {
    /// Reads an address that was sent.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("/console/")?;
        let is_plain = text.len() <= LENGTH_MAX && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let is_gate = ["sign-in", "sign-out", "setup/", "reset/", "invitations/", "assets/"]
            .iter()
            .any(|gate| rest.starts_with(gate));
        (is_plain && !is_gate && text.parse::<Uri>().is_ok()).then(|| Self(text.to_owned()))
    }

    /// The page that was asked for.
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        Self::parse(uri.path_and_query()?.as_str())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Without what is asked of the page.
    pub(super) fn path(&self) -> &str {
        self.0.split(['?', '#']).next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_console_are_led_back_to() {
        for own in ["/console/organizations/7/service-accounts?view=expired&search=a%26b", "/console/profile"] {
            assert_eq!(ReturnTo::parse(own).as_ref().map(ReturnTo::as_str), Some(own));
        }
        for other in [
            "",
            "/",
            "/console",
            "//evil.example/console/",
            "/\\evil.example",
            "https://evil.example/console/",
            "/console/\\evil.example",
            "/console/a b",
            "/console/a\r\nSet-Cookie: x",
            "/console/sign-out",
            "/console/sign-in?return_to=/console/sign-in",
            "/console/reset/cvr_1",
            "/console/invitations/cvi_1",
            "/api/app/me",
            "console/x",
        ] {
            assert_eq!(ReturnTo::parse(other), None, "{other}");
        }
        assert_eq!(ReturnTo::parse(&format!("/console/{}", "a".repeat(LENGTH_MAX))), None);
    }
}
