//! Who makes, uses and deletes credentials, and who goes on asking with what was deleted.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::history::{History, Refused};
use crate::chance::Chance;
use crate::client::{Answer, Caller};

/// A worker does not wait longer for a node that sleeps; whoever watches does.
const PATIENCE: Duration = Duration::from_secs(8);

/// Who watches waits so long for an answer; once in so many times until any sleep is over.
const WAITS: Duration = Duration::from_millis(300);
const WAITS_LONG: Duration = Duration::from_secs(60);
const WAITS_LONG_ONE_IN: u64 = 40;

const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// One account of so many is kept, and one of so many ends by itself.
const KEPT_ONE_IN: u64 = 8;
const ENDS_ONE_IN: u64 = 8;
const ENDS_IN: Duration = Duration::from_secs(1);

/// Where everything happens.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) organization: u64,
    pub(crate) project: u64,
}

impl Place {
    fn accounts(self) -> String {
        format!("/api/app/organizations/{}/service-accounts", self.organization)
    }

    fn account(self, id: u64) -> String {
        format!("{}/{id}", self.accounts())
    }

    fn role(self, id: u64) -> String {
        format!("/api/app/projects/{}/service-accounts/{id}", self.project)
    }

    fn check(self) -> String {
        format!("/auth/check?project={}&role=consumer", self.project)
    }
}

/// Makes accounts and undoes them, one after the other.
pub(crate) async fn work(history: Arc<History>, place: Place, number: u64, mut chance: Chance) {
    let mut named = 0;
    while !history.is_enough() {
        named += 1;
        let ends = chance.one_in(ENDS_ONE_IN);
        let mut body = json!({
            "username": format!("worker-{number}-{named}"),
            "projects": [{ "id": place.project, "role": "consumer" }],
        });
        if ends {
            body["expires_in"] = json!(ENDS_IN.as_secs());
        }
        let owner = history.owner(&chance.one_of(history.urls()));
        let made = patiently(&owner, Method::POST, &place.accounts(), Some(&body)).await;
        let Some(made) = made.filter(|made| made.status == 201) else {
            history.was_not_answered();
            tokio::time::sleep(AGAIN_AFTER).await;
            continue;
        };
        history.was_answered();
        let text = |name: &str| made.body["results"][name].as_str().expect("a text").to_owned();
        let id = made.body["results"]["id"].as_u64().expect("an id");
        let account = owner.with(&text("username"), &text("token"));
        if ends {
            // Whole seconds, and the answer came after the moment that they count from.
            tokio::time::sleep(ENDS_IN + Duration::from_secs(1)).await;
            let refused = Refused::Gone(account);
            history.refuse(refused.clone());
            refused_everywhere(&history, place, &refused).await;
            continue;
        }
        works_everywhere(&history, place, &account).await;
        if chance.one_in(KEPT_ONE_IN) {
            history.keep(id);
            continue;
        }
        if chance.one_in(2) && is_done(&history, &mut chance, &place.role(id)).await {
            let refused = Refused::WithoutRole(account.clone());
            history.refuse(refused.clone());
            refused_everywhere(&history, place, &refused).await;
        }
        if is_done(&history, &mut chance, &place.account(id)).await {
            history.deleted(id);
            let refused = Refused::Gone(account);
            history.refuse(refused.clone());
            refused_everywhere(&history, place, &refused).await;
        }
    }
}

/// Asks with what was deleted, at any node. Now and then it waits for a node that sleeps, until that wakes up.
pub(crate) async fn watch(history: Arc<History>, place: Place, mut chance: Chance) {
    while !history.is_enough() {
        let Some(refused) = history.refused(chance.number()) else {
            tokio::time::sleep(AGAIN_AFTER).await;
            continue;
        };
        let url = chance.one_of(history.urls());
        let patience = if chance.one_in(WAITS_LONG_ONE_IN) { WAITS_LONG } else { WAITS };
        let status = tokio::time::timeout(patience, asked(&refused, place, &url)).await.unwrap_or(None);
        is_refused(&history, &refused, &url, status);
        if !matches!(status, Some(401 | 403)) {
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }
}

/// Deletes until an answer says that it is so, wherever that answer comes from.
async fn is_done(history: &History, chance: &mut Chance, path: &str) -> bool {
    while !history.is_enough() {
        let owner = history.owner(&chance.one_of(history.urls()));
        match patiently(&owner, Method::DELETE, path, None).await.map(|answer| answer.status) {
            // "There is no such account" says that it is done, too.
            Some(200 | 404) => {
                history.was_answered();
                return true;
            }
            _ => {
                history.was_not_answered();
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
    }
    false
}

async fn works_everywhere(history: &History, place: Place, account: &Caller) {
    for url in history.urls() {
        let answer = patiently(&account.at(url), Method::GET, &place.check(), None).await;
        let status = answer.map(|answer| answer.status);
        history.checked(status);
        if matches!(status, Some(401 | 403)) {
            history.violated(format!("{} was made, and {url} said {status:?}", account.username));
        }
    }
}

async fn refused_everywhere(history: &History, place: Place, refused: &Refused) {
    for url in history.urls() {
        let status = tokio::time::timeout(PATIENCE, asked(refused, place, url)).await.unwrap_or(None);
        is_refused(history, refused, url, status);
    }
}

fn is_refused(history: &History, refused: &Refused, url: &str, status: Option<u16>) {
    history.checked(status);
    if status == Some(200) {
        history.violated(format!("{refused} was let in at {url}"));
    }
}

async fn asked(refused: &Refused, place: Place, url: &str) -> Option<u16> {
    let answer = match refused {
        Refused::Gone(account) => account.at(url).ask(Method::GET, "/api/app/me", None, None).await,
        Refused::WithoutRole(account) => account.at(url).ask(Method::GET, &place.check(), None, None).await,
    };
    answer.ok().map(|answer| answer.status)
}

async fn patiently(caller: &Caller, method: Method, path: &str, body: Option<&Value>) -> Option<Answer> {
    tokio::time::timeout(PATIENCE, caller.ask(method, path, body, None)).await.ok()?.ok()
}
