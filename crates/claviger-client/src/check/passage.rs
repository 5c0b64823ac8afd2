//! Who goes through, read from the headers of a 200.
//!
//! What must stay true: each header is there at most once, and what cannot be read in one way is no passage.

use std::collections::BTreeSet;

use claviger_wire::roles::RoleName;
use reqwest::header::HeaderMap;

/// Who goes through, and what he has there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The account's id.
    pub principal: u64,
    /// Its username.
    pub username: String,
    /// The id of its organization.
    pub organization: Option<u64>,
    /// The id of the project that was asked about.
    pub project: Option<u64>,
    /// The id of the workspace, where one was asked about.
    pub workspace: Option<u64>,
    /// The highest role there; none where a project is reached through a workspace alone.
    pub role: Option<RoleName>,
    /// All permissions there; none where no place was asked about.
    pub permissions: Permissions,
}

/// What somebody may do in a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    /// By name.
    pub listed: BTreeSet<String>,
    /// Whether he also has every permission that the installation made up, as owners and admins do.
    pub every_own: bool,
}

impl Permissions {
    /// Whether this one is listed: for permissions of Claviger's catalogue, such as `data:read`.
    pub fn holds(&self, name: &str) -> bool {
        self.listed.contains(name)
    }

    /// Whether he has this one, which the installation made up, such as `reports:export`.
    pub fn holds_own(&self, name: &str) -> bool {
        self.every_own || self.holds(name)
    }

    fn read(text: &str) -> Option<Self> {
        let (listed, every_own) = match text.strip_suffix('*') {
            Some("") => ("", true),
            Some(listed) => (listed.strip_suffix(',').filter(|listed| !listed.is_empty())?, true),
            None => (text, false),
        };
        let is_name = |name: &str| {
            let mut parts = name.split(':');
            let mut part = || parts.next().is_some_and(|part| !part.is_empty());
            part()
                && part()
                && parts.next().is_none()
                && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*')
        };
        let names = listed.split(',').filter(|_| !listed.is_empty());
        let listed: Option<_> = names.map(|name| is_name(name).then(|| name.to_owned())).collect();
        Some(Self { listed: listed?, every_own })
    }
}

impl Passage {
    /// Reads it; or says what is wrong with the answer, without quoting it.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, String> {
        if headers.contains_key("x-claviger-reason") {
            return Err("that gives a reason for a refusal".to_owned());
        }
        let required = |name: &str| format!("without one {name} that can be read");
        let principal = id(headers, "x-claviger-principal")?;
        let username = one(headers, "x-claviger-username")?.filter(|name| !name.is_empty());
        let passage = Self {
            principal: principal.ok_or_else(|| required("X-Claviger-Principal"))?,
            username: username.ok_or_else(|| required("X-Claviger-Username"))?.to_owned(),
            organization: id(headers, "x-claviger-organization")?,
            project: id(headers, "x-claviger-project")?,
            workspace: id(headers, "x-claviger-workspace")?,
            role: read(headers, "x-claviger-role", RoleName::parse)?,
            permissions: read(headers, "x-claviger-permissions", Permissions::read)?.unwrap_or_default(),
        };
        let is_placed = passage.workspace.is_some() || passage.role.is_some();
        let is_permitted = headers.contains_key("x-claviger-permissions");
        match (passage.project, is_placed || is_permitted) {
            (None, true) => Err("that tells rights, and of no project".to_owned()),
            (Some(_), _) if !is_permitted => Err("that names a project and no permissions".to_owned()),
            _ => Ok(passage),
        }
    }
}

/// The only value under this name.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, String> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let text = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
            text.map(Some).ok_or_else(|| format!("with an unreadable {name}"))
        }
        (Some(_), Some(_)) => Err(format!("with several {name}")),
    }
}

fn read<T>(headers: &HeaderMap, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, String> {
    let value = one(headers, name)?;
    value.map(|text| parse(text).ok_or_else(|| format!("with an unreadable {name}"))).transpose()
}

fn id(headers: &HeaderMap, name: &str) -> Result<Option<u64>, String> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    read(headers, name, |text| digits(text).then(|| text.parse().ok()).flatten())
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    const WHOLE: &str = "principal: 43\nusername: export.b2f9ed.service-account\norganization: 7\nproject: 101\n\
                         workspace: 201\nrole: admin\npermissions: data:read,reports:export,*";

    fn passage(lines: &str) -> Result<Passage, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines.lines().filter_map(|line| line.split_once(": ")) {
            let name: HeaderName = format!("x-claviger-{name}").parse().expect("a name");
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        Passage::read(&headers)
    }

    #[test]
    fn a_whole_answer_is_read() {
        let read = passage(WHOLE).expect("a passage");
        assert_eq!((read.principal, read.username.as_str()), (43, "export.b2f9ed.service-account"));
        assert_eq!((read.organization, read.project, read.workspace), (Some(7), Some(101), Some(201)));
        assert_eq!(read.role, Some(RoleName::Admin));
        assert!(read.permissions.holds("data:read") && !read.permissions.holds("data:write"));
        assert!(read.permissions.holds_own("reports:import") && read.permissions.every_own);
        let role = passage(&WHOLE.replace("admin", "9")).expect("a passage").role;
        assert_eq!(role, Some(RoleName::Custom(9)));
        let least = passage("principal: 43\nusername: a").expect("a passage");
        assert_eq!((least.project, least.permissions), (None, Permissions::default()));
        let nothing = passage("principal: 43\nusername: a\nproject: 1\npermissions: ").expect("a passage");
        assert_eq!(nothing.permissions, Permissions::default());
    }

    #[test]
    fn what_can_be_read_in_two_ways_or_none_is_no_passage() {
        for (from, to) in [
            ("principal: 43\n", ""),
            ("username: export.b2f9ed.service-account\n", ""),
            ("username: export", "username: ex port"),
            ("username: export", "username: éxport"),
            ("username: export.b2f9ed.service-account", "username: "),
            ("project: 101\n", ""),
            ("permissions: data:read,reports:export,*", ""),
            ("organization: 7", "organization: 7\norganization: 7"),
            ("role: admin", "role: admin\nrole: owner"),
            ("role: admin", "role: root"),
            ("role: admin", "role: "),
            ("role: admin", "role: admin\nreason: role_too_low"),
        ] {
            assert!(WHOLE.contains(from), "{from}");
            let read = passage(&WHOLE.replace(from, to));
            assert!(read.is_err(), "{to}: {read:?}");
        }
        for number in ["", "0", "043", "+43", "-1", "4 3", "43, 44", "4x", "18446744073709551616", "٤"] {
            for field in ["principal: 43", "organization: 7", "project: 101", "workspace: 201"] {
                let name = field.split(' ').next().expect("a name");
                assert!(passage(&WHOLE.replace(field, &format!("{name} {number}"))).is_err(), "{name} {number}");
            }
        }
        for list in
            ["*,data:read", "data:read,", ",data:read", "data", "data:", "a:b:c", "a:b, c:d", "a:b*", "**", ",*"]
        {
            let lines = format!("principal: 43\nusername: a\nproject: 1\npermissions: {list}");
            assert!(passage(&lines).is_err(), "{list}");
        }
    }
}
