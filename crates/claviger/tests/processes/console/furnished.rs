//! A desk as it looks after a while: accounts in each state, people, teams, requests of a month. For pictures, and for pages
//! that look different when they have something to show.

use serde_json::{Value, json};

use super::desk::Desk;
use crate::client::Caller;
use crate::server::Store;

const DAY_S: i64 = 24 * 60 * 60;

/// Name, role on the web shop, in how many days it ends.
const ACCOUNTS: [(&str, &str, Option<i64>); 8] = [
    ("nightly-export", "analyst", Some(6)),
    ("deploy", "admin", None),
    ("billing-sync", "consumer", Some(80)),
    ("metrics-reader", "consumer", Some(350)),
    ("mobile-ci", "analyst", Some(20)),
    ("old-crawler", "consumer", None),
    ("status-page", "consumer", Some(45)),
    ("payroll-bridge", "analyst", Some(200)),
];

/// What is to be seen of it.
pub(crate) struct Furnished {
    pub(crate) desk: Desk,
    /// An account that much is to be told of, and its secret.
    pub(crate) account: u64,
    pub(crate) secret: u64,
    /// Another one.
    pub(crate) other: u64,
    pub(crate) team: u64,
    pub(crate) workspace: u64,
    pub(crate) role: String,
    pub(crate) person: u64,
}

impl Furnished {
    /// Furnishes a desk, and makes some of it old.
    pub(crate) async fn of(mut desk: Desk) -> Self {
        let mut callers = Vec::new();
        for account in ACCOUNTS {
            callers.push(creates(&desk, account).await);
        }
        let ids: Vec<u64> = callers.iter().map(|(id, _)| *id).collect();
        let person = desk.joins("Ada Byron", "ada@acme.example", "owner").await;
        let (jon, lea) = (
            desk.joins("Jon Snell", "jon@acme.example", "member").await,
            desk.joins("Lea Roth", "lea@acme.example", "member").await,
        );
        let Places { team, workspace, role } = places(&desk, &[jon, lea, ids[0]]).await;
        desk.invites("sam@acme.example", "member").await;
        asks(&desk, &callers).await;
        let of = |id: u64| format!("/api/app/organizations/{}/service-accounts/{id}", desk.founded.organization);
        desk.api().patch(&of(ids[6]), json!({ "disabled": true })).await.is(200);
        for id in &ids[..5] {
            desk.api().patch(&of(*id), json!({ "owner": { "kind": "team", "id": team } })).await.is(200);
        }
        desk.api()
            .patch(&of(ids[0]), json!({ "description": "Writes the orders of the day to the warehouse" }))
            .await
            .is(200);
        let (organization, secret) = (desk.founded.organization, desk.secret_of(ids[0]).await);
        desk = desk.reopened(async |store| ages(store, organization, &ids).await).await;
        Self { desk, account: ids[0], secret, other: ids[1], team, workspace, role, person }
    }
}

async fn creates(desk: &Desk, (name, role, days): (&str, &str, Option<i64>)) -> (u64, Caller) {
    let path = format!("/api/app/organizations/{}/service-accounts", desk.founded.organization);
    let mut wanted = json!({ "username": name, "projects": [{ "id": desk.founded.project, "role": role }] });
    if let Some(days) = days {
        wanted["expires_in"] = json!(days * DAY_S);
    }
    let made = desk.api().post(&path, wanted).await.is(201);
    let text = |field: &str| made[field].as_str().expect("text");
    (made["id"].as_u64().expect("an id"), desk.api().with(text("username"), text("token")))
}

/// Where access is given.
struct Places {
    team: u64,
    workspace: u64,
    role: String,
}

/// Other projects, a workspace, a role, and a team that reaches some of them.
async fn places(desk: &Desk, members: &[u64]) -> Places {
    let (api, organization, project) = (desk.api(), desk.founded.organization, desk.founded.project);
    let id = |made: Value| made["id"].as_u64().expect("an id");
    let projects = format!("/api/app/organizations/{organization}/projects");
    let billing = id(api.post(&projects, json!({ "name": "Billing", "timezone": "Europe/Berlin" })).await.is(201));
    api.post(&projects, json!({ "name": "Analytics" })).await.is(201);
    let workspace = json!({ "name": "EU storefront", "description": "What customers in the EU see" });
    let workspace = id(api.post(&format!("/api/app/projects/{project}/workspaces"), workspace).await.is(201));
    let role = json!({ "name": "Exporter", "permissions": ["data:read", "reports:export"] });
    let made = api.post(&format!("/api/app/projects/{project}/custom-roles"), role).await.is(201);
    let role = made["role_id"].as_str().expect("an id").to_owned();
    let teams = format!("/api/app/organizations/{organization}/teams");
    let team = id(api.post(&teams, json!({ "name": "Data platform" })).await.is(201));
    api.post(&format!("{teams}/{team}/add-members"), json!({ "user_ids": members })).await.is(200);
    api.put(&format!("/api/app/projects/{billing}/teams/{team}"), json!({ "role": "analyst" })).await.is(200);
    let on = format!("/api/app/projects/{project}/workspaces/{workspace}/service-accounts/{}", members[2]);
    api.put(&on, json!({ "role": "admin" })).await.is(200);
    Places { team, workspace, role }
}

/// Requests of today, some of them refused.
async fn asks(desk: &Desk, callers: &[(u64, Caller)]) {
    for (caller, times) in [(0, 9), (1, 5), (2, 3), (3, 2), (7, 1)] {
        for _ in 0..times {
            callers[caller].1.me().await.is(200);
        }
    }
    for _ in 0..4 {
        let wrong = callers[1].1.with(&callers[1].1.username, &"x".repeat(42));
        assert_eq!(wrong.me().await.status, 401);
    }
    let log = format!("/api/app/organizations/{}/audit-log", desk.founded.organization);
    assert_eq!(callers[0].1.get(&log).await.status, 403);
}

/// As if most of it was made long ago, one account was not used since, and one has ended.
async fn ages(store: &Store, organization: u64, ids: &[u64]) {
    let rows = store.rows().await;
    let number = |id: u64| i64::try_from(id).expect("an id");
    for (place, id) in ids.iter().enumerate() {
        let back = DAY_S * (100 + 7 * i64::try_from(place).expect("small"));
        let made = sqlx::query("UPDATE principals SET created_at = created_at - $1 WHERE id = $2").bind(back);
        made.bind(number(*id)).execute(&rows).await.expect("written");
    }
    let ended = sqlx::query("UPDATE secrets SET expires_at = expires_at - $1 WHERE principal_id = $2");
    ended.bind(DAY_S * 23).bind(number(ids[4])).execute(&rows).await.expect("written");
    let founded = sqlx::query("UPDATE organizations SET created_at = created_at - $1 WHERE id = $2");
    founded.bind(DAY_S * 400).bind(number(organization)).execute(&rows).await.expect("written");
    sqlx::query("UPDATE counting SET begun_at = begun_at - $1").bind(DAY_S * 40).execute(&rows).await.expect("written");
    let of_all = "INSERT INTO organization_days (organization_id, day, admitted, not_admitted, not_permitted) \
                        VALUES ($1, $2, $3, $4, $5)";
    let of_one = "INSERT INTO account_days (principal_id, organization_id, day, admitted, not_admitted, not_permitted) \
                   VALUES ($6, $1, $2, $3, $4, $5)";
    let today = claviger::clock::now().seconds().div_euclid(DAY_S);
    for day in today - 27..today {
        let (admitted, refused) = (1_500 + (day * 271) % 900 - if day % 7 < 2 { 1_100 } else { 0 }, (day * 37) % 23);
        let of = |statement| {
            let counts = sqlx::query(statement).bind(number(organization)).bind(day);
            counts.bind(admitted).bind(refused).bind(refused / 3)
        };
        of(of_all).execute(&rows).await.expect("written");
        of(of_one).bind(number(ids[0])).execute(&rows).await.expect("written");
    }
    rows.close().await;
}
