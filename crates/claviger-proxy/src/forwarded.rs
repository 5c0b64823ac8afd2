//! What the upstream gets of a request's headers: the caller's own without whatever could pass for somebody else's word,
//! and who comes, from the decision alone.
//!
//! What must stay true: no header that says who comes is the caller's own, however it is written; the credential goes no
//! further; nothing tells the upstream another method or path than was judged.

use std::net::IpAddr;

use claviger::gateway::InProcess;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use pingora::Result;
use pingora::http::RequestHeader;

const FOR: &str = "x-forwarded-for";
const PROTO: &str = "x-forwarded-proto";
const HOST: &str = "x-forwarded-host";
const PORT: &str = "x-forwarded-port";

/// Headers with which some APIs are told another request, or where it comes from. These are beginnings of their names.
const TELLING: [&str; 7] =
    ["x-forwarded", "x-original", "x-rewrite", "x-http-method", "x-method-override", "forwarded", "x-real-ip"];

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct From {
    /// Who is at the other end of the connection.
    pub(crate) peer: IpAddr,
    /// Whether that is a proxy whose word counts.
    pub(crate) is_trusted: bool,
    /// Whether the connection is encrypted.
    pub(crate) is_encrypted: bool,
}

/// Makes the caller's headers into the upstream's.
pub(crate) fn prepare(
    request: &mut RequestHeader,
    told: &HeaderMap,
    from: From,
    credential: &HeaderName,
) -> Result<()> {
    let (kept, came_by) = if from.is_trusted { vouched_for(&request.headers) } else { Default::default() };
    let names: Vec<HeaderName> = request.headers.keys().filter(|name| is_dropped(name)).cloned().collect();
    for name in names.iter().chain([credential]) {
        request.remove_header(name);
    }
    for (name, value) in kept {
        request.append_header(name, value)?;
    }
    let scheme = HeaderValue::from_static(if from.is_encrypted { "https" } else { "http" });
    request.insert_header(FOR, [&*came_by, from.peer.to_canonical().to_string().as_bytes()].concat())?;
    if !request.headers.contains_key(PROTO) {
        request.insert_header(PROTO, scheme)?;
    }
    if let Some(host) = request.headers.get(header::HOST).filter(|_| !request.headers.contains_key(HOST)).cloned() {
        request.insert_header(HOST, host)?;
    }
    for (name, value) in told {
        request.insert_header(name, value.clone())?;
    }
    Ok(())
}

/// What a trusted proxy says of where the request comes from, and the addresses that it came by, with a comma after each.
fn vouched_for(headers: &HeaderMap) -> (Vec<(&'static str, HeaderValue)>, Vec<u8>) {
    let named = |name| headers.get(name).map(|value| (name, value.clone()));
    let came_by = headers.get_all(FOR).iter().flat_map(|value| [value.as_bytes(), b", "]).collect::<Vec<_>>().concat();
    ([PROTO, HOST, PORT].into_iter().filter_map(named).collect(), came_by)
}

fn is_dropped(name: &HeaderName) -> bool {
    InProcess::says_who(name) || TELLING.iter().any(|beginning| InProcess::begins_with(name, beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(sent: &[(&str, &str)], is_trusted: bool) -> Vec<String> {
        let mut request = RequestHeader::build("GET", b"/a?b", None).expect("a request");
        for (name, value) in sent {
            request.append_header((*name).to_owned(), *value).expect("a header");
        }
        let told =
            [(HeaderName::from_static("x-claviger-role"), HeaderValue::from_static("admin"))].into_iter().collect();
        let from = From { peer: [192, 0, 2, 7].into(), is_trusted, is_encrypted: true };
        prepare(&mut request, &told, from, &header::AUTHORIZATION).expect("prepared");
        let mut lines: Vec<String> =
            request.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().expect("text"))).collect();
        lines.sort();
        lines
    }

    #[test]
    fn what_says_who_comes_is_the_decisions_alone() {
        let sent = [
            ("Host", "api"),
            ("Accept", "*/*"),
            ("Authorization", "Basic x"),
            ("Authorization", "Basic y"),
            ("X-Claviger-Role", "owner"),
            ("x-claviger-role", "owner"),
            ("X_Claviger_Role", "owner"),
            ("X-Claviger_Workspace", "1"),
            ("X.Claviger.Permissions", "*"),
            ("X.HTTP.Method.Override", "PUT"),
            ("X-HTTP-Method-Override", "PUT"),
            ("X_Original_URL", "/b"),
            ("X-Forwarded-For", "203.0.113.1"),
            ("X-Forwarded-For", "203.0.113.2"),
            ("X_Forwarded_For", "203.0.113.1"),
            ("X-Forwarded-Proto", "ftp"),
            ("Forwarded", "for=203.0.113.1"),
        ];
        let by_stranger = [
            "accept: */*",
            "host: api",
            "x-claviger-role: admin",
            "x-forwarded-for: 192.0.2.7",
            "x-forwarded-host: api",
            "x-forwarded-proto: https",
        ];
        assert_eq!(prepared(&sent, false), by_stranger);
        let by_proxy = [
            "accept: */*",
            "host: api",
            "x-claviger-role: admin",
            "x-forwarded-for: 203.0.113.1, 203.0.113.2, 192.0.2.7",
            "x-forwarded-host: api",
            "x-forwarded-proto: ftp",
        ];
        assert_eq!(prepared(&sent, true), by_proxy);
    }
}
