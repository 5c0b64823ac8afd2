//! What of a list was asked for: search, through what, in which workspace, and which page. All of it is in the address;
//! what cannot be read there is as if it were not.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use claviger_access::effective::Through;
use claviger_access::identity::WorkspaceId;
use serde::Deserialize;

use super::pages::Cursor;
use crate::api::ids;
use crate::console::search::{finds, sought};

/// In which way somebody comes by a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Granted,
    Team,
    OrganizationRole,
    Everyone,
}

impl Way {
    pub(super) const EACH: [Self; 4] = [Self::Granted, Self::Team, Self::OrganizationRole, Self::Everyone];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Team => "team",
            Self::OrganizationRole => "organization-role",
            Self::Everyone => "everyone",
        }
    }

    pub(super) fn of(through: Through) -> Self {
        match through {
            Through::Individual => Self::Granted,
            Through::Team(_) => Self::Team,
            Through::Organization(_) => Self::OrganizationRole,
            Through::EveryMember => Self::Everyone,
        }
    }
}

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::console) struct Asked {
    pub(super) search: String,
    pub(super) through: Option<Way>,
    pub(super) workspace: Option<WorkspaceId>,
    /// Whose role is about to be changed.
    pub(super) edit: Option<u64>,
    pub(super) cursor: Option<Cursor>,
}

#[derive(Deserialize, Default)]
struct Written {
    search: Option<String>,
    through: Option<String>,
    workspace: Option<String>,
    edit: Option<String>,
    cursor: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let written = Query::<Written>::from_request_parts(parts, state).await;
        let written = written.map(|Query(written)| written).unwrap_or_default();
        let through = written.through.unwrap_or_default();
        Ok(Self {
            search: sought(&written.search.unwrap_or_default()),
            through: Way::EACH.into_iter().find(|way| way.name() == through),
            workspace: written.workspace.as_deref().and_then(ids::read),
            edit: written.edit.and_then(|id| id.parse().ok()),
            cursor: written.cursor.as_deref().and_then(Cursor::parse),
        })
    }
}

impl Asked {
    pub(super) fn finds(&self, name: &str) -> bool {
        finds(&self.search, name)
    }

    /// The address of this list; `cursor` names the page.
    pub(super) fn address(&self, path: &str, cursor: Option<&str>) -> String {
        let workspace = self.workspace.map_or_else(String::new, |id| id.to_string());
        let through = self.through.map_or("", Way::name);
        let all = [
            ("search", &*self.search),
            ("through", through),
            ("workspace", &workspace),
            ("cursor", cursor.unwrap_or_default()),
        ];
        address(path, &all)
    }
}

/// The same page with a row whose role is to be chosen.
pub(super) fn edit(here: &str, id: u64) -> String {
    let sign = if here.contains('?') { '&' } else { '?' };
    format!("{here}{sign}edit={id}#a{id}")
}

/// A path with what is to be said in its query.
pub(super) fn address(path: &str, query: &[(&str, &str)]) -> String {
    let said: Vec<_> = query.iter().filter(|(_, value)| !value.is_empty()).collect();
    match serde_urlencoded::to_string(said) {
        Ok(query) if !query.is_empty() => format!("{path}?{query}"),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_is_read_back_and_what_it_does_not_hold_is_as_usual() {
        let asked = async |query: &str| {
            let request = axum::http::Request::builder().uri(format!("/x?{query}")).body(()).expect("a request");
            let Ok(asked) = Asked::from_request_parts(&mut request.into_parts().0, &()).await;
            asked
        };
        let query = "search=a%26b&through=organization-role&workspace=7&cursor=after.9";
        assert_eq!(asked(query).await.address("/x", Some("after.9")), format!("/x?{query}"));
        for query in ["", "search=%00", "through=magic", "workspace=0", "edit=x", "cursor=9", "edit=1&edit=2"] {
            assert_eq!(asked(query).await, Asked::default(), "{query}");
        }
    }
}
