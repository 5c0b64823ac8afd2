//! One pass over all accounts of an organization: how many each view has, and the page that was asked for.

use claviger_access::identity::PrincipalId;

use super::account::Account;
use super::asked::{Asked, Place, View};
use crate::console::search::Needle;
use crate::console::shortlist::Shortlist;

/// Rows of a page.
pub(super) const PAGE_LENGTH: usize = 25;

/// What was seen so far.
pub(super) struct Survey<'a, 'd> {
    asked: &'a Asked,
    search: Search<'a>,
    /// Where the page begins or ends, by the cursor.
    edge: Option<Place<'d>>,
    counts: [usize; View::EACH.len()],
    matching: usize,
    /// How many that match come before the edge, the edge itself included where the page is after it.
    before: usize,
    page: Shortlist<Place<'d>, Account<'d>>,
}

impl<'a, 'd> Survey<'a, 'd> {
    /// `edge` is the place that the cursor names.
    pub(super) fn new(asked: &'a Asked, edge: Option<Place<'d>>) -> Self {
        let counts = [0; View::EACH.len()];
        let page = Shortlist::new(PAGE_LENGTH, asked.is_after());
        Self { asked, search: Search::new(&asked.search), edge, counts, matching: 0, before: 0, page }
    }

    /// One more account.
    pub(super) fn add(&mut self, account: Account<'d>) {
        for (count, view) in self.counts.iter_mut().zip(View::EACH) {
            *count += usize::from(view.shows(&account));
        }
        if !self.asked.view.shows(&account) || !self.search.finds(&account) {
            return;
        }
        self.matching += 1;
        let place = self.asked.order.place(&account);
        let is_after = self.asked.is_after();
        let is_before = match &self.edge {
            Some(edge) => {
                if is_after {
                    place <= *edge
                } else {
                    place < *edge
                }
            }
            None => false,
        };
        self.before += usize::from(is_before);
        if self.edge.is_some() && is_before == is_after {
            return;
        }
        self.page.add(place, account);
    }

    /// What there is.
    pub(super) fn end(self) -> Found<'d> {
        let page = self.page.end();
        let begin = if self.asked.is_after() { self.before } else { self.before - page.len() };
        let end = begin + page.len();
        let edge = |row: Option<&(Place<'d>, Account<'d>)>, is_after| row.map(|(place, _)| place.cursor(is_after));
        Found {
            counts: self.counts,
            matching: self.matching,
            begin,
            previous: edge(page.first(), false).filter(|_| begin > 0),
            next: edge(page.last(), true).filter(|_| end < self.matching),
            page: page.into_iter().map(|(_, account)| account).collect(),
        }
    }
}

/// Finds accounts by name, by username, or by who made them.
struct Search<'a> {
    needle: Needle<'a>,
    /// Who made the last one, and whether he is found: one often made many.
    creator: (Option<PrincipalId>, bool),
}

impl<'a> Search<'a> {
    fn new(search: &'a str) -> Self {
        Self { needle: Needle::new(search), creator: (None, search.is_empty()) }
    }

    fn finds(&mut self, account: &Account<'_>) -> bool {
        if self.creator.0 != account.made_by {
            let (name, email) = account.creator.unzip();
            let is_found = [name, email.flatten()].into_iter().flatten().any(|text| self.needle.is_in(text));
            self.creator = (account.made_by, is_found);
        }
        self.creator.1 || self.needle.is_in(account.username)
    }
}

/// What a survey found.
#[derive(Debug)]
pub(super) struct Found<'d> {
    /// How many accounts each of [`View::EACH`] has.
    pub counts: [usize; View::EACH.len()],
    /// How many of the view are found by the search.
    pub matching: usize,
    /// How many of those come before the page.
    pub begin: usize,
    /// The page.
    pub page: Vec<Account<'d>>,
    pub previous: Option<String>,
    pub next: Option<String>,
}

impl Found<'_> {
    /// Whether accounts came or went so that the cursor leads to less than a page where there is one: then the list is
    /// shown from its beginning.
    pub(super) fn is_astray(&self, asked: &Asked) -> bool {
        let is_short = self.page.len() < PAGE_LENGTH.min(self.matching);
        asked.cursor.is_some_and(|cursor| if cursor.is_after { self.page.is_empty() } else { is_short })
            && self.matching > 0
    }
}

#[cfg(test)]
mod tests {
    use super::super::account::State;
    use super::super::account::tests::{NOW, account};
    use super::super::asked::{Column, Cursor, Order};
    use super::*;

    const ALL: u64 = 60;

    fn many() -> impl Iterator<Item = Account<'static>> {
        (1..=ALL).map(|number| {
            let mut one = account(number);
            one.expires = (number % 3 == 0).then_some(NOW + i64::try_from(number % 7).expect("small"));
            one.last_used = (number % 2 == 0).then_some(NOW);
            one
        })
    }

    fn survey(asked: &Asked) -> Found<'static> {
        let name = |id: u64| account(id).username;
        let edge = asked.cursor.map(|cursor| cursor.place(asked.order, name(cursor.id.number())));
        let mut survey = Survey::new(asked, edge);
        many().for_each(|account| survey.add(account));
        survey.end()
    }

    fn at(asked: &Asked, cursor: &str) -> Asked {
        let cursor = cursor.split('.').collect::<Vec<_>>();
        let [way, number, id] = cursor[..] else { panic!("{cursor:?}") };
        Asked {
            cursor: Some(Cursor::new(way == "after", number.parse().expect("a number"), id.parse().expect("an id"))),
            ..asked.clone()
        }
    }

    #[test]
    fn two_letters_begin_a_name_and_three_are_anywhere_in_it() {
        let mut exporter = account(7);
        (exporter.made_by, exporter.creator) =
            (Some(exporter.id), Some(("Ada Lovelace", Some("countess@example.com"))));
        let found = |search: &str| {
            let mut search = Search::new(search);
            [&exporter, &account(8), &exporter, &account(9)].map(|account| search.finds(account))
        };
        for search in ["", "bo", "00000", ".service"] {
            assert_eq!(found(search), [true; 4], "{search}");
        }
        for search in ["bot-7.", "00007.service", "AD", "lovelace", "Countess@"] {
            assert_eq!(found(search), [true, false, true, false], "{search}");
        }
        for search in ["ot", "lo", "nigtly"] {
            assert_eq!(found(search), [false; 4], "{search}");
        }
    }

    #[test]
    fn every_order_shows_each_account_once_forwards_and_back() {
        for column in Column::EACH {
            for is_descending in [false, true] {
                let first = Asked { order: Order { column, is_descending }, ..Asked::default() };
                let (mut asked, mut pages) = (first.clone(), Vec::new());
                loop {
                    let found = survey(&asked);
                    assert_eq!((found.begin, found.matching), (pages.len() * PAGE_LENGTH, ALL as usize));
                    let ids: Vec<u64> = found.page.iter().map(|account| account.id.number()).collect();
                    pages.push((ids, found.previous));
                    match found.next {
                        Some(next) => asked = at(&first, &next),
                        None => break,
                    }
                }
                assert_eq!(pages.iter().map(|(ids, _)| ids.len()).collect::<Vec<_>>(), [25, 25, 10]);
                let mut seen: Vec<u64> = pages.iter().flat_map(|(ids, _)| ids.clone()).collect();
                seen.sort();
                assert_eq!(seen, (1..=ALL).collect::<Vec<_>>(), "{column:?}");
                for number in [2, 1] {
                    let back = survey(&at(&first, pages[number].1.as_ref().expect("a page before")));
                    let ids: Vec<u64> = back.page.iter().map(|account| account.id.number()).collect();
                    assert_eq!((ids, back.begin), (pages[number - 1].0.clone(), (number - 1) * PAGE_LENGTH));
                }
                assert_eq!(pages[0].1, None);
            }
        }
    }

    #[test]
    fn the_newest_come_first_and_the_counts_are_of_all_whatever_is_searched_for() {
        let found = survey(&Asked { search: "bot-1".to_owned(), ..Asked::default() });
        assert_eq!(found.page.first().map(|account| account.id.number()), Some(1));
        assert_eq!((found.matching, found.counts), (11, [60, 60, 0, 0, 0, 0, 40, 0]));
        let none = survey(&Asked { view: View::Of(State::Disabled), ..Asked::default() });
        assert_eq!((none.matching, none.page.len(), none.previous, none.next), (0, 0, None, None));
    }

    #[test]
    fn a_cursor_whose_page_is_gone_is_astray() {
        let first = Asked::default();
        let past = at(&first, &format!("after.{}.99", i64::MIN));
        assert!(survey(&past).is_astray(&past));
        let few = at(&first, &format!("before.{}.2", account(2).created));
        assert!(survey(&few).is_astray(&few));
        assert!(!survey(&first).is_astray(&first));
    }
}
