//! Whose request is checked: the credential as it came, and where it came from.

use std::net::IpAddr;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::NotPassed;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who comes. Prints no credential.
#[derive(Debug, Clone)]
pub struct Caller {
    credential: Presented,
    address: Option<IpAddr>,
}

#[derive(Debug, Clone)]
enum Presented {
    Nothing,
    /// Marked as sensitive, so that nothing prints it.
    One(HeaderValue),
    /// Which of them counts is not ours to say.
    Several,
}

impl Caller {
    /// Somebody who presents nothing.
    pub fn nobody() -> Self {
        Self { credential: Presented::Nothing, address: None }
    }

    /// Somebody with the value of his credential header, as he sent it.
    pub fn presenting(mut credential: HeaderValue) -> Self {
        credential.set_sensitive(true);
        Self { credential: Presented::One(credential), address: None }
    }

    /// Whoever sent these headers, with his credential in this one.
    pub fn from_headers(headers: &HeaderMap, name: &HeaderName) -> Self {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::nobody(),
            (Some(one), None) => Self::presenting(one.clone()),
            (Some(_), Some(_)) => Self { credential: Presented::Several, address: None },
        }
    }

    /// The same, coming from this address. A server that names this service in `--trusted-proxy` judges address ranges
    /// and counts wrong credentials by it; any other goes by the address of this service.
    pub fn at(self, address: IpAddr) -> Self {
        Self { address: Some(address), ..self }
    }

    /// What the server is sent of him.
    pub(super) fn write(&self, name: &HeaderName, headers: &mut HeaderMap) -> Result<(), NotPassed> {
        if let Some(address) = self.address {
            let address = HeaderValue::from_str(&address.to_string());
            headers.extend(address.ok().map(|address| (FORWARDED_FOR, address)));
        }
        match &self.credential {
            Presented::Nothing => {}
            Presented::One(value) => {
                headers.insert(name.clone(), value.clone());
            }
            Presented::Several => return Err(NotPassed::several_credentials()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::AUTHORIZATION;

    use super::*;

    #[test]
    fn a_credential_is_passed_on_as_it_came_and_not_printed() {
        let raw = HeaderValue::from_bytes(b"Basic ada:h\xfcsh ").expect("a value");
        let sent: HeaderMap = [(AUTHORIZATION, raw.clone())].into_iter().collect();
        let caller = Caller::from_headers(&sent, &AUTHORIZATION).at(IpAddr::from([203, 0, 113, 9]));
        assert!(!format!("{caller:?}").contains("Basic"), "{caller:?}");
        let mut headers = HeaderMap::new();
        caller.write(&AUTHORIZATION, &mut headers).expect("one credential");
        assert_eq!(
            (&headers[AUTHORIZATION], &headers[FORWARDED_FOR]),
            (&raw, &HeaderValue::from_static("203.0.113.9"))
        );
        assert!(!format!("{headers:?}").contains("Basic"), "{headers:?}");
    }

    #[test]
    fn of_several_credentials_none_is_chosen() {
        let mut sent = HeaderMap::new();
        sent.append(AUTHORIZATION, HeaderValue::from_static("Basic a"));
        sent.append(AUTHORIZATION, HeaderValue::from_static("Basic a"));
        let refused = Caller::from_headers(&sent, &AUTHORIZATION).write(&AUTHORIZATION, &mut HeaderMap::new());
        assert!(matches!(refused, Err(NotPassed::NotAuthenticated { .. })), "{refused:?}");
    }
}
