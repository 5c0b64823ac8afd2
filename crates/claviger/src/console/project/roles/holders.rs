//! Who holds a role directly, on the project or on one of its workspaces: counted, and named as far as there is room.

use std::collections::BTreeSet;

use claviger_access::Directory;
use claviger_access::grant::Holder;
use claviger_access::identity::{PrincipalKind, ProjectId};
use claviger_access::role::ProjectRole;

use crate::console::service_accounts::row::short;
use crate::console::words;

/// So many are named.
pub(super) const NAMED_MAX: usize = 50;

/// Each holder once, however many grants of the role he has.
#[derive(Default)]
pub(super) struct Holders {
    pub people: usize,
    pub accounts: usize,
    pub teams: usize,
    pub everyone: bool,
    /// The first of them, each with what he is.
    pub named: Vec<String>,
}

impl Holders {
    /// Looks at every grant: it is asked on a role's own pages.
    pub(super) fn of(directory: &Directory, project: ProjectId, role: ProjectRole) -> Self {
        let holders: BTreeSet<Holder> =
            directory.holders_of(project, role).into_iter().map(|(holder, _)| holder).collect();
        let mut all = Self::default();
        for holder in holders {
            let named = match holder {
                Holder::Principal(id) => match directory.principal(id) {
                    Some(view) if view.kind() == PrincipalKind::Person => {
                        all.people += 1;
                        view.name().to_owned()
                    }
                    Some(view) => {
                        all.accounts += 1;
                        short(view.name()).to_owned()
                    }
                    None => continue,
                },
                Holder::Team(id) => {
                    all.teams += 1;
                    format!("Team {}", directory.team(id).map_or("", |team| &team.name))
                }
                Holder::EveryMember(_) => {
                    all.everyone = true;
                    "Everyone in the organization".to_owned()
                }
            };
            if all.named.len() < NAMED_MAX {
                all.named.push(named);
            }
        }
        all
    }

    /// How many hold it.
    pub(super) fn count(&self) -> usize {
        self.people + self.accounts + self.teams + usize::from(self.everyone)
    }

    /// How many of them are not named.
    pub(super) fn unnamed(&self) -> usize {
        self.count() - self.named.len()
    }

    /// "5 hold it", "Nobody holds it".
    pub(super) fn sentence(&self) -> String {
        self.who_hold("it")
    }

    /// The same of what is called so: "5 hold this role".
    pub(super) fn who_hold(&self, what: &str) -> String {
        match self.count() {
            0 => format!("Nobody holds {what}"),
            1 => format!("1 holds {what}"),
            number => format!("{} hold {what}", words::count(number)),
        }
    }

    /// "3 people, 2 service accounts".
    pub(super) fn kinds(&self) -> String {
        let several = |number: usize, thing: &str| words::several(i64::try_from(number).unwrap_or(i64::MAX), thing);
        let people = match self.people {
            0 => None,
            1 => Some("1 person".to_owned()),
            number => Some(format!("{} people", words::count(number))),
        };
        let accounts = (self.accounts > 0).then(|| several(self.accounts, "service account"));
        let teams = (self.teams > 0).then(|| several(self.teams, "team"));
        let everyone = self.everyone.then(|| "everyone in the organization".to_owned());
        words::listed(people.into_iter().chain(accounts).chain(teams).chain(everyone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_are_counted_by_kind() {
        let holders = Holders { people: 3, accounts: 2, ..Holders::default() };
        assert_eq!(
            (holders.sentence(), holders.kinds()),
            ("5 hold it".into(), "3 people and 2 service accounts".into())
        );
        let one = Holders { people: 1, teams: 1, everyone: true, ..Holders::default() };
        assert_eq!(one.kinds(), "1 person, 1 team and everyone in the organization");
        assert_eq!(Holders::default().sentence(), "Nobody holds it");
    }
}
