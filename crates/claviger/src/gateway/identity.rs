//! Who comes, as headers tell it to the upstream.
//!
//! What must stay true: each header is there at most once, and its value is made of ids and names that cannot hold a
//! line break.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use axum::body::Bytes;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use claviger_access::authorize::Passage;
use claviger_access::directory::PrincipalView;
use claviger_access::permission::PermissionSet;

const PRINCIPAL: HeaderName = HeaderName::from_static("x-claviger-principal");
const USERNAME: HeaderName = HeaderName::from_static("x-claviger-username");
const ORGANIZATION: HeaderName = HeaderName::from_static("x-claviger-organization");
const PROJECT: HeaderName = HeaderName::from_static("x-claviger-project");
const WORKSPACE: HeaderName = HeaderName::from_static("x-claviger-workspace");
const ROLE: HeaderName = HeaderName::from_static("x-claviger-role");
const PERMISSIONS: HeaderName = HeaderName::from_static("x-claviger-permissions");

/// How each of them begins, and the header with the reason of a refusal.
const PREFIX: &str = "x-claviger-";

/// Who it is.
pub(super) fn of(view: &PrincipalView<'_>) -> HeaderMap {
    written(view).into_headers()
}

/// Who it is, and what it has where the request goes.
pub(super) fn with_passage(view: &PrincipalView<'_>, passage: &Passage) -> HeaderMap {
    let mut told = written(view);
    told.add(PROJECT, passage.project);
    if let Some(workspace) = passage.workspace {
        told.add(WORKSPACE, workspace);
    }
    if let Some(role) = passage.role {
        told.add(ROLE, role);
    }
    told.add(PERMISSIONS, Listed(&passage.permissions));
    told.into_headers()
}

fn written(view: &PrincipalView<'_>) -> Written {
    let mut told = Written::default();
    told.add(PRINCIPAL, view.id());
    // Usernames are ASCII that can be seen.
    told.add(USERNAME, view.name());
    if let Some(organization) = view.organization() {
        told.add(ORGANIZATION, organization);
    }
    told
}

/// Most headers that there are here.
const HEADERS_MAX: usize = 7;

/// Room for them and for what each answer carries.
const CAPACITY: usize = 12;

/// Bytes of most.
const LENGTH: usize = 224;

/// Values one behind the other in one piece of memory: every check that passes makes them.
struct Written {
    text: String,
    /// Each header, and where its value ends.
    ends: [Option<(HeaderName, usize)>; HEADERS_MAX],
    count: usize,
}

impl Default for Written {
    fn default() -> Self {
        Self { text: String::with_capacity(LENGTH), ends: [const { None }; HEADERS_MAX], count: 0 }
    }
}

impl Written {
    fn add(&mut self, name: HeaderName, value: impl fmt::Display) {
        // Nothing is written in vain where there is no room, and a string takes whatever comes.
        if let Some(end) = self.ends.get_mut(self.count)
            && write!(self.text, "{value}").is_ok()
        {
            *end = Some((name, self.text.len()));
            self.count += 1;
        }
    }

    fn into_headers(self) -> HeaderMap {
        let (whole, mut begin) = (Bytes::from(self.text), 0);
        let mut headers = HeaderMap::with_capacity(CAPACITY);
        for (name, end) in self.ends.into_iter().flatten() {
            if let Ok(value) = HeaderValue::from_maybe_shared(whole.slice(begin..end)) {
                headers.insert(name, value);
            }
            begin = end;
        }
        headers
    }
}

/// With commas between. `*` at the end stands for whatever the installation makes up: owners and admins have all of it.
struct Listed<'p>(&'p PermissionSet);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.0.names().enumerate() {
            if at > 0 {
                f.write_char(',')?;
            }
            f.write_str(name.as_str())?;
        }
        match (self.0.has_every_own(), self.0.len()) {
            (true, 0) => f.write_char('*'),
            (true, _) => f.write_str(",*"),
            (false, _) => Ok(()),
        }
    }
}

/// Whether a name in lower case looks like one of ours to somebody who takes one separator for another.
pub(super) fn is_ours(name: &str) -> bool {
    begins_with(name, PREFIX)
}

/// Whether a name in lower case begins so to somebody who takes one separator for another: CGI reads `-` as `_`, and PHP
/// `.` as well.
pub(super) fn begins_with(name: &str, beginning: &str) -> bool {
    let alike = |byte: u8| if byte.is_ascii_alphanumeric() { byte } else { b'-' };
    name.bytes().map(alike).take(beginning.len()).eq(beginning.bytes())
}

/// Which headers a gateway that is told by name takes off, so that the upstream believes none but `told`: ours that are
/// not told now, those that the caller `sent` and that look like ours to somebody who takes one separator for another, and the one with
/// the credential, where the operator chose it for being another than the upstream's own.
pub(super) fn to_remove<'s>(
    told: &HeaderMap,
    sent: impl Iterator<Item = &'s str>,
    credential: &HeaderName,
) -> Vec<String> {
    let known = [PRINCIPAL, USERNAME, ORGANIZATION, PROJECT, WORKSPACE, ROLE, PERMISSIONS];
    let mut names: BTreeSet<String> = known.iter().map(|name| name.as_str().to_owned()).collect();
    let sent = sent.map(str::to_ascii_lowercase);
    names.extend(sent.filter(|name| is_ours(name)));
    names.retain(|name| !told.contains_key(name));
    if credential != AUTHORIZATION {
        names.insert(credential.as_str().to_owned());
    }
    names.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removed(told: &[HeaderName], sent: &[&str], credential: &str) -> String {
        let told = told.iter().map(|name| (name.clone(), HeaderValue::from_static("x"))).collect();
        to_remove(&told, sent.iter().copied(), &credential.parse().expect("a name")).join(" ")
    }

    #[test]
    fn what_is_not_told_is_taken_off_and_so_is_what_looks_like_it() {
        let told = [PRINCIPAL, USERNAME, ORGANIZATION, PROJECT, ROLE, PERMISSIONS];
        assert_eq!(removed(&told, &["accept", "x-claviger-role"], "authorization"), "x-claviger-workspace");
        let sent = ["X_Claviger_Role", "X.Claviger~Role", "X-Claviger-Role", "x-claviger-admin", "x-clavigerrole"];
        assert_eq!(
            removed(&told, &sent, "authorization"),
            "x-claviger-admin x-claviger-workspace x.claviger~role x_claviger_role"
        );
        let all = removed(&[], &[], "x-api-credential");
        assert_eq!(all.split(' ').count(), 8);
        assert!(all.starts_with("x-api-credential "), "{all}");
    }
}
