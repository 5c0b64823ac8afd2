//! What a caller is answered who does not go through: as the server itself answers.

use claviger_wire::envelope::Failure;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::check::NotPassed;

const REASON: HeaderName = HeaderName::from_static("x-claviger-reason");

/// A refusal's status, code, and sentence, where the server gave none.
fn words(why: &NotPassed) -> (StatusCode, &str, &str) {
    match why {
        NotPassed::NotAuthenticated { sentence, .. } => {
            let own = "no valid credential; send Authorization: Basic with username:secret";
            (StatusCode::UNAUTHORIZED, "not_authenticated", sentence.as_deref().unwrap_or(own))
        }
        NotPassed::Forbidden { reason, sentence } => {
            let own = "the account may not do this here; ask an owner or admin for the role that it takes";
            let code = reason.as_deref().unwrap_or("forbidden");
            (StatusCode::FORBIDDEN, code, sentence.as_deref().unwrap_or(own))
        }
        NotPassed::TooManyAttempts { sentence, .. } => {
            let own = "too many wrong credentials; look at yours, and try again later";
            (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", sentence.as_deref().unwrap_or(own))
        }
        // What is wrong there is the operator's business.
        NotPassed::Misconfigured { .. } | NotPassed::Unavailable { .. } | NotPassed::Unexpected { .. } => {
            let own = "whether this is allowed cannot be found out now, so it was not done; try again later";
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable", own)
        }
    }
}

/// The answer, with its body as text.
pub(super) fn to(why: &NotPassed) -> Response<String> {
    let (status, code, sentence) = words(why);
    let body = serde_json::to_string(&Failure::new(code, sentence)).unwrap_or_default();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.extend(HeaderValue::from_str(code).ok().map(|code| (REASON, code)));
    match why {
        NotPassed::NotAuthenticated { challenges, .. } => {
            for challenge in challenges {
                headers.append(WWW_AUTHENTICATE, challenge.clone());
            }
        }
        NotPassed::TooManyAttempts { retry_after_s, .. } | NotPassed::Unavailable { retry_after_s, .. } => {
            headers.insert(RETRY_AFTER, HeaderValue::from(retry_after_s.unwrap_or(1)));
        }
        NotPassed::Misconfigured { .. } | NotPassed::Unexpected { .. } => {
            headers.insert(RETRY_AFTER, HeaderValue::from(1));
        }
        NotPassed::Forbidden { .. } => {}
    }
    response
}
