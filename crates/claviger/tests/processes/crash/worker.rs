//! A worker: writes on accounts of its own, and knows what each of them must be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::AnyPool;

use crate::chance::Chance;
use crate::client::Caller;

const ROLES: [&str; 4] = ["owner", "admin", "analyst", "consumer"];

/// Where everything happens.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) organization: u64,
    pub(super) project: u64,
    pub(super) workspace: u64,
}

impl Place {
    fn accounts(self) -> String {
        format!("/api/app/organizations/{}/service-accounts", self.organization)
    }
}

/// What an account is, as everybody must see it.
#[derive(Debug, Clone, PartialEq)]
struct State {
    lives: bool,
    on_project: Option<String>,
    on_workspace: Option<String>,
    expires: Option<String>,
}

struct Account {
    id: u64,
    /// `None` where the answer that held it was lost.
    credential: Option<(String, String)>,
    state: State,
    /// Written on in this round.
    touched: bool,
}

/// One write that is sent.
struct Write {
    method: Method,
    path: String,
    body: Option<Value>,
    subject: Subject,
    /// What its account is once it is done.
    after: State,
}

enum Subject {
    /// A new account of this name, which is its idempotency key, too.
    New(String),
    /// The worker's account at this index.
    Known(usize),
}

/// A write that was answered: by which request, on which account.
pub(super) struct Acknowledged {
    pub(super) request_id: String,
    pub(super) account: u64,
}

pub(super) struct Worker {
    number: u64,
    chance: Chance,
    accounts: Vec<Account>,
    named: u64,
}

/// A worker after its round.
pub(super) struct Worked {
    worker: Worker,
    acknowledged: Vec<Acknowledged>,
    /// Sent, and not answered.
    open: Option<Write>,
}

/// A worker whose accounts are what they must be.
pub(super) struct Looked {
    worker: Worker,
    pub(super) acknowledged: Vec<Acknowledged>,
    /// Whether the write that was not answered was done.
    pub(super) landed: bool,
    /// A creation that was not answered, and the account if it was made.
    creation: Option<(Write, Option<u64>)>,
}

impl Worker {
    pub(super) fn new(number: u64, chance: Chance) -> Self {
        Self { number, chance, accounts: Vec::new(), named: 0 }
    }

    /// Writes until it is told that it is enough, or until a write is not done.
    pub(super) async fn work(mut self, owner: Caller, place: Place, enough: Arc<AtomicBool>) -> Worked {
        let mut acknowledged = Vec::new();
        while !enough.load(Ordering::Relaxed) {
            let write = self.next_write(place);
            let Ok(answer) = write.send(&owner).await else {
                return Worked { worker: self, acknowledged, open: Some(write) };
            };
            match (answer.status, answer.code()) {
                (200 | 201, _) => {
                    let request_id = answer.request_id.clone();
                    let account = self.apply(write, &answer.body["results"]);
                    acknowledged.push(Acknowledged { request_id, account });
                }
                (503, "outcome_unknown") => return Worked { worker: self, acknowledged, open: Some(write) },
                // "So nothing was changed": it is held to that.
                (503, "unavailable") => return Worked { worker: self, acknowledged, open: None },
                _ => panic!("{} {}: {} {}", write.method, write.path, answer.status, answer.body),
            }
        }
        Worked { worker: self, acknowledged, open: None }
    }

    /// A write that changes something: one that does not has no revision.
    fn next_write(&mut self, place: Place) -> Write {
        let living: Vec<usize> = (0..self.accounts.len()).filter(|index| self.accounts[*index].state.lives).collect();
        if living.len() < 3 || self.chance.one_in(4) {
            return self.creation(place);
        }
        let index = self.chance.one_of(&living);
        let (id, mut after) = (self.accounts[index].id, self.accounts[index].state.clone());
        let on_workspace =
            format!("/api/app/projects/{}/workspaces/{}/service-accounts/{id}", place.project, place.workspace);
        let account = format!("{}/{id}", place.accounts());
        let (method, path, body) = match self.chance.below(7) {
            0 => {
                after.lives = false;
                (Method::DELETE, account, None)
            }
            1 if after.on_project.is_some() || after.on_workspace.is_some() => {
                (after.on_project, after.on_workspace) = (None, None);
                let body = json!({ "projects": [{ "id": place.project, "service_account_ids": [id] }] });
                (Method::POST, format!("{}/remove-from-project", place.accounts()), Some(body))
            }
            1 | 2 => {
                after.on_project = self.other_role(after.on_project.as_deref());
                let project = json!({ "id": place.project, "role": after.on_project });
                let body = json!({ "projects": [project], "service_account_ids": [id] });
                (Method::POST, format!("{}/add-to-project", place.accounts()), Some(body))
            }
            3 if after.on_workspace.is_some() => {
                after.on_workspace = None;
                (Method::DELETE, on_workspace, None)
            }
            3 | 4 => {
                after.on_workspace = self.other_role(after.on_workspace.as_deref());
                let body = json!({ "role": after.on_workspace });
                (Method::PUT, on_workspace, Some(body))
            }
            _ => {
                let year = 2100 + self.chance.below(50);
                let end = Some(format!("{year}-01-01T00:00:00Z"));
                after.expires = if after.expires == end { None } else { end };
                let body = json!({ "expires": after.expires });
                (Method::PATCH, account, Some(body))
            }
        };
        Write { method, path, body, subject: Subject::Known(index), after }
    }

    fn creation(&mut self, place: Place) -> Write {
        self.named += 1;
        let name = format!("worker-{}-{}", self.number, self.named);
        let role = |chance: &mut Chance| chance.one_in(2).then(|| chance.one_of(&ROLES).to_owned());
        let (on_project, on_workspace) = (role(&mut self.chance), role(&mut self.chance));
        let expires = self.chance.one_in(3).then(|| "2099-12-31T23:59:59Z".to_owned());
        let on = |id: u64, role: &Option<String>| -> Vec<Value> {
            role.iter().map(|role| json!({ "id": id, "role": role })).collect()
        };
        let body = json!({
            "username": name, "projects": on(place.project, &on_project),
            "workspaces": on(place.workspace, &on_workspace), "expires": expires,
        });
        let after = State { lives: true, on_project, on_workspace, expires };
        Write { method: Method::POST, path: place.accounts(), body: Some(body), subject: Subject::New(name), after }
    }

    fn other_role(&mut self, than: Option<&str>) -> Option<String> {
        let others: Vec<&str> = ROLES.into_iter().filter(|role| Some(*role) != than).collect();
        Some(self.chance.one_of(&others).to_owned())
    }

    /// The write was done; which account it was on.
    fn apply(&mut self, write: Write, results: &Value) -> u64 {
        match write.subject {
            Subject::Known(index) => {
                let account = &mut self.accounts[index];
                (account.state, account.touched) = (write.after, true);
                account.id
            }
            Subject::New(_) => {
                let text = |field: &str| results[field].as_str().unwrap_or_else(|| panic!("no {field}")).to_owned();
                let credential = Some((text("username"), text("token")));
                let id = results["id"].as_u64().expect("an id");
                self.accounts.push(Account { id, credential, state: write.after, touched: true });
                id
            }
        }
    }

    /// Every account is what it must be; how many live.
    pub(super) async fn look_at_all(&self, owner: &Caller, place: Place) -> i64 {
        for account in &self.accounts {
            assert_eq!(account.seen(owner, place).await, account.state, "account {}", account.id);
        }
        self.accounts.iter().filter(|account| account.state.lives).count() as i64
    }
}

impl Write {
    async fn send(&self, owner: &Caller) -> reqwest::Result<crate::client::Answer> {
        let key = match &self.subject {
            Subject::New(name) => Some(name.as_str()),
            Subject::Known(_) => None,
        };
        owner.ask(self.method.clone(), &self.path, self.body.as_ref(), key).await
    }
}

impl Account {
    /// What it is, as the owner and the account itself see it.
    async fn seen(&self, owner: &Caller, place: Place) -> State {
        let path = format!("{}/{}", place.accounts(), self.id);
        let shown = owner.get(&path).await;
        let lives = shown.status == 200;
        if let Some((username, secret)) = &self.credential {
            let status = owner.with(username, secret).me().await.status;
            // So many are refused here that the later ones are slowed, which no right credential is.
            let as_it_must_be = if lives { status == 200 } else { matches!(status, 401 | 429) };
            assert!(as_it_must_be, "account {}: {status}", self.id);
        }
        if !lives {
            shown.is(404);
            // What a deleted account had does not count any more.
            return State { lives, ..self.state.clone() };
        }
        let expires = shown.is(200)["expires"].as_str().map(str::to_owned);
        let grants = owner.get(&format!("{path}/grants")).await.is(200);
        let role_on = |scope: &str, id: u64| {
            let mut grants = grants.as_array().expect("a list").iter();
            let found = grants
                .find(|grant| grant["scope"] == scope && grant["id"] == id && grant["through"]["kind"] == "individual");
            found.map(|grant| grant["role"].as_str().expect("a role").to_owned())
        };
        let (on_project, on_workspace) = (role_on("project", place.project), role_on("workspace", place.workspace));
        State { lives, on_project, on_workspace, expires }
    }
}

impl Worked {
    /// How many writes were answered.
    pub(super) fn count(&self) -> usize {
        self.acknowledged.len()
    }

    /// Looks at every account that was written on: it is what was answered, or what the open write makes of it.
    pub(super) async fn look(mut self, owner: &Caller, place: Place, rows: &AnyPool) -> Looked {
        let (mut landed, mut creation) = (false, None);
        match self.open.take() {
            Some(Write { subject: Subject::Known(index), after, .. }) => {
                let account = &mut self.worker.accounts[index];
                let seen = account.seen(owner, place).await;
                landed = seen == after;
                assert!(landed || seen == account.state, "account {}: {seen:?} is half of {after:?}", account.id);
                account.state = seen;
            }
            Some(write) => {
                let found = find(rows, &write).await;
                if let Some(id) = found {
                    let account = Account { id, credential: None, state: write.after.clone(), touched: true };
                    assert_eq!(account.seen(owner, place).await, write.after, "account {id} is half created");
                    self.worker.accounts.push(account);
                }
                landed = found.is_some();
                creation = Some((write, found));
            }
            None => {}
        }
        for account in self.worker.accounts.iter_mut().filter(|account| account.touched) {
            assert_eq!(account.seen(owner, place).await, account.state, "account {}", account.id);
            account.touched = false;
        }
        Looked { worker: self.worker, acknowledged: self.acknowledged, landed, creation }
    }
}

impl Looked {
    /// Sends a creation without an answer once more: it is refused if it was done, and done if it was not.
    pub(super) async fn settle(self, owner: &Caller, place: Place) -> (Worker, Option<Acknowledged>) {
        let Self { mut worker, creation, .. } = self;
        let Some((write, found)) = creation else { return (worker, None) };
        let answer = write.send(owner).await.expect("an answer");
        let Some(id) = found else {
            let request_id = answer.request_id.clone();
            let made = answer.is(201);
            let account = worker.apply(write, &made);
            let made = worker.accounts.last_mut().expect("the one that was made");
            assert_eq!(made.seen(owner, place).await, made.state);
            made.touched = false;
            return (worker, Some(Acknowledged { request_id, account }));
        };
        assert_eq!(answer.status, 409, "{}", answer.body);
        assert_eq!(answer.body["results"]["id"], id);
        (worker, None)
    }
}

/// The account that this creation made, if it did.
async fn find(rows: &AnyPool, write: &Write) -> Option<u64> {
    let Subject::New(name) = &write.subject else { panic!("only a creation is looked for by its name") };
    let found = "SELECT id FROM principals WHERE username LIKE $1";
    let found: Vec<i64> = sqlx::query_scalar(found).bind(format!("{name}.%")).fetch_all(rows).await.expect("rows");
    assert!(found.len() <= 1, "{name} was created {} times", found.len());
    found.first().map(|id| u64::try_from(*id).expect("an id"))
}
