//! Who may call what: every route and every kind of caller, with the status written down.
//!
//! A row is a method, a path, the body after `<-` if there is one, and a status for each caller. `{name}` in a path and
//! `$name` in a body stand for ids, `$count` for the number of the call; what is called `new-...` is made afresh for each
//! call, so that a call that succeeds leaves the next one its own. The callers are service accounts, one of each kind; people have no credential for the
//! API yet.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{World, on_both_stores, send};

const WORLD: &str = "
acme: owner owner, admin admin, billing billing_admin, member member
  shop: p-owner owner, p-admin admin, analyst analyst, consumer consumer, pia@ consumer
    eu: workspace admin
globex: other owner
";

/// Beside those of the world: one with a custom role, one with what a team gives, and nobody at all.
const CALLERS: [&str; 13] = [
    "owner",
    "admin",
    "billing",
    "member",
    "p-owner",
    "p-admin",
    "analyst",
    "consumer",
    "custom",
    "workspace",
    "team",
    "other",
    "nobody",
];

/// Columns: organization's owner, admin, billing admin, member; project's owner, admin, analyst, consumer, one with a
/// custom role; admin of a workspace alone; project admin through a team alone; another organization's owner; nobody.
const TABLE: &str = r#"
GET /healthz                                                    200 200 200 200  200 200 200 200 200  200 200  200 200
GET /readyz                                                     200 200 200 200  200 200 200 200 200  200 200  200 200
GET me                                                          200 200 200 200  200 200 200 200 200  200 200  200 401
GET /auth/check                                                 200 200 200 200  200 200 200 200 200  200 200  200 401
GET /auth/check?project={shop}                                  200 200 403 403  200 200 200 200 200  200 200  403 401
GET /auth/check?project={shop}&role=admin                       200 200 403 403  200 200 403 403 403  403 200  403 401

GET organizations/{acme}/service-accounts                       200 200 403 403  403 403 403 403 403  403 403  404 401
POST organizations/{acme}/service-accounts <- {"username": "x"}
                                                                201 201 403 403  403 403 403 403 403  403 403  404 401
POST organizations/{acme}/service-accounts <- {"username": "x", "organization_role": "owner"}
                                                                201 403 403 403  403 403 403 403 403  403 403  404 401
GET organizations/{acme}/service-accounts/{new-account}         200 200 403 403  403 403 403 403 403  403 403  404 401
PATCH organizations/{acme}/service-accounts/{new-account} <- {"organization_role": "billing_admin"}
                                                                200 200 403 403  403 403 403 403 403  403 403  404 401
PATCH organizations/{acme}/service-accounts/{new-account} <- {"disabled": true, "protected": true}
                                                                200 200 403 403  403 403 403 403 403  403 403  404 401
PATCH organizations/{acme}/service-accounts/{new-account}/secrets/{new-secret} <- {"disabled": true}
                                                                200 200 403 403  403 403 403 403 403  403 403  404 401
DELETE organizations/{acme}/service-accounts/{new-account}      200 200 403 403  403 403 403 403 403  403 403  404 401
GET organizations/{acme}/service-accounts/{new-account}/grants  200 200 403 403  403 403 403 403 403  403 403  404 401
GET organizations/{acme}/service-accounts/{new-account}/secrets 200 200 403 403  403 403 403 403 403  403 403  404 401
GET organizations/{acme}/service-accounts/{consumer}/secrets    200 200 403 403  403 403 403 200 403  403 403  404 401
POST organizations/{acme}/service-accounts/{new-account}/secrets <- {"name": "x"}
                                                                201 201 403 403  403 403 403 403 403  403 403  404 401
POST organizations/{acme}/service-accounts/{owner}/secrets <- {"name": "x"}
                                                                201 403 403 403  403 403 403 403 403  403 403  404 401
PATCH organizations/{acme}/service-accounts/{new-account}/secrets/{new-secret} <- {"name": "x"}
                                                                200 200 403 403  403 403 403 403 403  403 403  404 401
DELETE organizations/{acme}/service-accounts/{new-account}/secrets/{new-secret}
                                                                200 200 403 403  403 403 403 403 403  403 403  404 401
POST organizations/{acme}/service-accounts/{new-account}/rotate <- {"grace_seconds": 0}
                                                                201 201 403 403  403 403 403 403 403  403 403  404 401
POST organizations/{acme}/service-accounts/{analyst}/rotate <- {"grace_seconds": 0, "secret_id": 4}
                                                                404 404 403 403  403 403 404 403 403  403 403  404 401
POST organizations/{acme}/service-accounts/add-to-project <- {"projects": [{"id": $shop}], "service_account_ids": [$new-account]}
                                                                200 200 403 403  200 200 403 403 403  403 200  404 401
POST organizations/{acme}/service-accounts/remove-from-project <- {"projects": [{"id": $shop, "service_account_ids": [$new-account]}]}
                                                                200 200 403 403  200 200 403 403 403  403 200  404 401

GET projects/{shop}/service-accounts                            200 200 403 403  200 200 403 403 403  403 200  404 401
POST projects/{shop}/service-accounts <- {"username": "x"}      201 201 403 403  201 201 403 403 403  403 201  404 401
DELETE projects/{shop}/service-accounts/{new-account}           200 200 403 403  200 200 403 403 403  403 200  404 401
GET projects/{shop}/workspaces/{eu}/service-accounts            200 200 403 403  200 200 403 403 403  403 200  404 401
PUT projects/{shop}/workspaces/{eu}/service-accounts/{new-account} <- {"role": "consumer"}
                                                                200 200 403 403  200 200 403 403 403  403 200  404 401
PUT projects/{shop}/workspaces/{eu}/service-accounts/{new-account} <- {"role": "owner"}
                                                                200 403 403 403  200 403 403 403 403  403 403  404 401
DELETE projects/{shop}/workspaces/{eu}/service-accounts/{new-account}
                                                                200 200 403 403  200 200 403 403 403  403 200  404 401

GET organizations/{acme}/projects                               200 200 200 200  200 200 200 200 200  200 200  404 401
POST organizations/{acme}/projects <- {"name": "x"}             201 201 403 403  403 403 403 403 403  403 403  404 401
GET projects/metadata/index                                     200 200 200 200  200 200 200 200 200  200 200  200 401
GET projects/{shop}                                             200 200 403 403  200 200 200 200 200  200 200  404 401
PATCH projects/{shop} <- {"timezone": "Europe/Berlin"}          200 200 403 403  200 200 403 403 403  403 200  404 401
DELETE projects/{new-project}                                   200 403 403 403  200 403 403 403 403  403 403  404 401

GET projects/{shop}/workspaces                                  200 200 403 403  200 200 200 200 200  200 200  404 401
POST projects/{shop}/workspaces <- {"name": "x"}                201 201 403 403  201 201 403 403 403  403 201  404 401
GET projects/{shop}/workspaces/public                           200 200 403 403  200 200 200 200 200  200 200  404 401
GET projects/{shop}/workspaces/{eu}                             200 200 403 403  200 200 200 200 200  200 200  404 401
PATCH projects/{shop}/workspaces/{eu} <- {"is_visible": false}  200 200 403 403  200 200 403 403 403  403 200  404 401
DELETE projects/{shop}/workspaces/{new-workspace}               200 200 403 403  200 200 403 403 403  403 200  404 401

GET organizations/{acme}/teams                                  200 200 403 403  403 403 403 403 403  403 403  404 401
POST organizations/{acme}/teams <- {"name": "x $count"}         201 201 403 403  403 403 403 403 403  403 403  404 401
GET organizations/{acme}/teams/{new-team}                       200 200 403 403  403 403 403 403 403  403 403  404 401
PATCH organizations/{acme}/teams/{new-team} <- {"name": "x $count"}
                                                                200 200 403 403  403 403 403 403 403  403 403  404 401
DELETE organizations/{acme}/teams/{new-team}                    200 200 403 403  403 403 403 403 403  403 403  404 401
DELETE organizations/{acme}/teams/{new-owning-team}             200 403 403 403  403 403 403 403 403  403 403  404 401
POST organizations/{acme}/teams/{new-team}/add-members <- {"user_ids": [$new-account]}
                                                                200 200 403 403  403 403 403 403 403  403 403  404 401
POST organizations/{acme}/teams/{new-owning-team}/add-members <- {"user_ids": [$new-account]}
                                                                200 403 403 403  403 403 403 403 403  403 403  404 401
POST organizations/{acme}/teams/{new-team}/remove-members <- {"user_ids": [$new-account]}
                                                                200 200 403 403  403 403 403 403 403  403 403  404 401
GET projects/{shop}/teams                                       200 200 403 403  200 200 403 403 403  403 200  404 401
PUT projects/{shop}/teams/{new-team} <- {"role": "analyst"}     200 200 403 403  200 200 403 403 403  403 200  404 401
PUT projects/{shop}/teams/{new-team} <- {"role": "owner"}       200 403 403 403  200 403 403 403 403  403 403  404 401
DELETE projects/{shop}/teams/{new-team}                         200 200 403 403  200 200 403 403 403  403 200  404 401
DELETE projects/{shop}/teams/{new-owning-team}                  200 403 403 403  200 403 403 403 403  403 403  404 401
PUT projects/{shop}/workspaces/{eu}/teams/{new-team} <- {"role": "analyst"}
                                                                200 200 403 403  200 200 403 403 403  403 200  404 401
DELETE projects/{shop}/workspaces/{eu}/teams/{new-team}         200 200 403 403  200 200 403 403 403  403 200  404 401

GET projects/{shop}/default-access                              200 200 403 403  200 200 403 403 403  403 200  404 401
PUT projects/{new-project}/default-access <- {"role": "consumer"}
                                                                200 200 403 403  200 200 403 403 403  403 200  404 401
PUT projects/{new-project}/default-access <- {"role": "owner"}  200 403 403 403  200 403 403 403 403  403 403  404 401
DELETE projects/{new-project}/default-access                    200 200 403 403  200 200 403 403 403  403 200  404 401

GET projects/{shop}/custom-roles                                200 200 403 403  200 200 403 403 403  403 200  404 401
POST projects/{new-project}/custom-roles <- {"name": "x", "permissions": ["data:read", "reports:export"]}
                                                                201 201 403 403  201 201 403 403 403  403 201  404 401
POST projects/{new-project}/custom-roles <- {"name": "x", "permissions": ["project:delete"]}
                                                                201 403 403 403  201 403 403 403 403  403 403  404 401
GET projects/{shop}/custom-roles/{reporter}                     200 200 403 403  200 200 403 403 403  403 200  404 401
PUT projects/{shop}/custom-roles/{new-role} <- {"description": "x $count"}
                                                                200 200 403 403  200 200 403 403 403  403 200  404 401
DELETE projects/{shop}/custom-roles/{new-role}                  200 200 403 403  200 200 403 403 403  403 200  404 401
GET projects/{shop}/custom-roles/{reporter}/holders             200 200 403 403  200 200 403 403 403  403 200  404 401

GET organizations/{acme}/policy                                 200 200 403 403  403 403 403 403 403  403 403  404 401
PATCH organizations/{acme}/policy <- {"secrets_max": 3}         200 200 403 403  403 403 403 403 403  403 403  404 401
GET organizations/{acme}/service-accounts/{new-account}/allowed-addresses
                                                                200 200 403 403  403 403 403 403 403  403 403  404 401
PUT organizations/{acme}/service-accounts/{new-account}/allowed-addresses <- {"allowed_addresses": ["10.0.0.0/8"]}
                                                                200 200 403 403  403 403 403 403 403  403 403  404 401

GET organizations/{acme}/explain?principal={consumer}&project={shop}
                                                                200 200 403 403  403 403 403 200 403  403 403  404 401

GET organizations/{acme}/audit-log                              200 200 403 403  403 403 403 403 403  403 403  404 401
GET projects/{shop}/audit-log                                   200 200 403 403  200 200 403 403 403  403 200  404 401
GET organizations/{acme}/audit-log/export?format=ndjson         200 200 403 403  403 403 403 403 403  403 403  404 401
GET projects/{shop}/audit-log/export?format=csv                 200 200 403 403  200 200 403 403 403  403 200  404 401
GET organizations/{acme}/invitations                            200 200 403 403  403 403 403 403 403  403 403  404 401
POST organizations/{acme}/invitations <- {"email": "x-$count@example.com", "projects": [{"id": $shop, "role": "admin"}]}
                                                                201 201 403 403  403 403 403 403 403  403 403  404 401
POST organizations/{acme}/invitations <- {"email": "x-$count@example.com", "role": "owner"}
                                                                201 403 403 403  403 403 403 403 403  403 403  404 401
POST organizations/{acme}/invitations/{new-invitation}/resend   200 200 403 403  403 403 403 403 403  403 403  404 401
DELETE organizations/{acme}/invitations/{new-invitation}        200 200 403 403  403 403 403 403 403  403 403  404 401
POST invitations/accept <- {"token": "cvi_1_x", "name": "x", "password": "long enough to be one"}
                                                                404 404 404 404  404 404 404 404 404  404 404  404 404

GET organizations/{acme}/users                                  200 200 403 403  403 403 403 403 403  403 403  404 401
GET organizations/{acme}/users/{pia}                            200 200 403 403  403 403 403 403 403  403 403  404 401
PATCH organizations/{acme}/users/{pia} <- {"role": "billing_admin"}
                                                                200 200 403 403  403 403 403 403 403  403 403  404 401
PATCH organizations/{acme}/users/{new-person} <- {"role": "owner"}
                                                                200 403 403 403  403 403 403 403 403  403 403  404 401
DELETE organizations/{acme}/users/{new-person}                  200 200 403 403  403 403 403 403 403  403 403  404 401
DELETE organizations/{acme}/users/{new-owning-person}           200 403 403 403  403 403 403 403 403  403 403  404 401

GET projects/{shop}/users                                       200 200 403 403  200 200 403 403 403  403 200  404 401
PUT projects/{shop}/users/{pia} <- {"role": "analyst"}          200 200 403 403  200 200 403 403 403  403 200  404 401
PUT projects/{shop}/users/{pia} <- {"role": "owner"}            200 403 403 403  200 403 403 403 403  403 403  404 401
DELETE projects/{shop}/users/{pia}                              200 200 403 403  200 200 403 403 403  403 200  404 401
GET projects/{shop}/workspaces/{eu}/users                       200 200 403 403  200 200 403 403 403  403 200  404 401
PUT projects/{shop}/workspaces/{eu}/users/{pia} <- {"role": "analyst"}
                                                                200 200 403 403  200 200 403 403 403  403 200  404 401
PUT projects/{shop}/workspaces/{eu}/users/{pia} <- {"role": "owner"}
                                                                200 403 403 403  200 403 403 403 403  403 403  404 401
DELETE projects/{shop}/workspaces/{eu}/users/{pia}              200 200 403 403  200 200 403 403 403  403 200  404 401
GET timezones                                                   200 200 200 200  200 200 200 200 200  200 200  200 401
POST organizations/{acme}/create-project <- {"project_name": "x"}
                                                                201 201 403 403  403 403 403 403 403  403 403  404 401
POST /organizations/{acme}/create-projects <- {"projectNames": ["x"]}
                                                                201 201 403 403  403 403 403 403 403  403 403  404 401
POST /organizations/{acme}/delete-projects <- {"projectIds": [$new-project]}
                                                                200 403 403 403  200 403 403 403 403  403 403  404 401
GET /organizations/{acme}/projects                              200 200 200 200  200 200 200 200 200  200 200  404 401
GET projects/{shop}/metadata                                    200 200 403 403  200 200 200 200 200  200 200  404 401
GET /settings/project/{shop}/metadata                           200 200 403 403  200 200 200 200 200  200 200  404 401
POST /projects/update/{shop} <- {}                              415 415 415 415  415 415 415 415 415  415 415  415 401
GET /organizations/{acme}/teams                                 200 200 403 403  403 403 403 403 403  403 403  404 401
POST /organizations/{acme}/add-teams <- {"teams": ["x $count"]} 201 201 403 403  403 403 403 403 403  403 403  404 401
POST /organizations/{acme}/delete-teams <- {"teams": []}        200 200 403 403  403 403 403 403 403  403 403  404 401
POST /organizations/{acme}/teams/{new-team}/update <- {"name": "x $count"}
                                                                200 200 403 403  403 403 403 403 403  403 403  404 401
GET /organizations/{acme}/users                                 200 200 403 403  403 403 403 403 403  403 403  404 401
POST /organizations/{acme}/add-users-to-projects <- {"projects": [{"id": $shop, "users": [{"email": "new-person-$count@example.com", "role": "admin"}]}]}
                                                                200 200 403 403  200 200 403 403 403  403 200  404 401
POST /organizations/{acme}/add-users-to-projects <- {"users": ["new-person-$count@example.com"], "projects": [$shop], "role": "owner"}
                                                                200 403 403 403  200 403 403 403 403  403 403  404 401
POST /organizations/{acme}/delete-users <- {"users": ["pia@example.com", "new-person-$count@example.com"], "projects": [$shop]}
                                                                200 200 403 403  200 200 403 403 403  403 200  404 401
POST /organizations/{acme}/delete-users <- {"users": ["new-person-$count@example.com"]}
                                                                200 200 403 403  403 403 403 403 403  403 403  404 401
POST /organizations/{acme}/delete-users <- {"users": ["new-owning-person-$count@example.com"]}
                                                                200 403 403 403  403 403 403 403 403  403 403  404 401
"#;

struct Row {
    method: Method,
    path: String,
    body: Option<String>,
    statuses: Vec<u16>,
}

/// A row whose statuses stand on a line of their own goes on there.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut begun = String::new();
    for line in TABLE.lines().filter(|line| !line.is_empty()) {
        begun.push_str(line);
        let words: Vec<&str> = begun.split_whitespace().collect();
        let Some(split) = words.len().checked_sub(CALLERS.len()) else { continue };
        let statuses: Result<Vec<u16>, _> = words[split..].iter().map(|word| word.parse()).collect();
        let Ok(statuses) = statuses else { continue };
        let (method, path) = (words[0].parse().expect("a method"), words[1].to_owned());
        let body = begun.split_once("<- ").map(|(_, rest)| rest[..=rest.rfind('}').expect("a body")].to_owned());
        rows.push(Row { method, path, body, statuses });
        begun.clear();
    }
    assert!(begun.is_empty(), "{begun} has no statuses");
    rows
}

/// What a name that begins with `new-` stands for, made by the owner.
async fn make(world: &World, name: &str, count: usize) -> u64 {
    let owner = world.account("owner");
    let id = |made: &Value| made["id"].as_u64().or_else(|| made["role_id"].as_str()?.parse().ok()).expect("an id");
    match name {
        "new-account" => {
            let made = owner.post("organizations/{acme}/service-accounts", json!({ "username": name })).await.created();
            world.remember_made(name, &made).id
        }
        "new-secret" => {
            let secrets = owner.get("organizations/{acme}/service-accounts/{new-account}/secrets").await.ok();
            id(&secrets[0])
        }
        "new-workspace" => id(&owner.post("projects/{shop}/workspaces", json!({ "name": name })).await.created()),
        "new-team" | "new-owning-team" => {
            let name = json!({ "name": format!("{name} {count}") });
            id(&owner.post("organizations/{acme}/teams", name).await.created())
        }
        "new-role" => {
            let role = json!({ "name": name, "permissions": ["data:read"] });
            id(&owner.post("projects/{shop}/custom-roles", role).await.created())
        }
        "new-invitation" => {
            let invite = json!({ "email": format!("{name}-{count}@example.com") });
            id(&owner.post("organizations/{acme}/invitations", invite).await.created())
        }
        "new-person" => world.make_person("acme", &format!("{name}-{count}"), "member").await,
        "new-owning-person" => world.make_person("acme", &format!("{name}-{count}"), "owner").await,
        "new-project" => id(&owner.post("organizations/{acme}/projects", json!({ "name": name })).await.created()),
        other => panic!("nothing is known of {other}"),
    }
}

/// Gives what was made what the row speaks of.
async fn furnish(world: &World, name: &str) {
    let owner = world.account("owner");
    match name {
        "new-owning-team" => {
            owner.put("projects/{shop}/teams/{new-owning-team}", json!({ "role": "owner" })).await.ok();
        }
        "new-project" => {
            for role in ["owner", "admin", "analyst", "consumer"] {
                let account = if role.len() == 5 { format!("p-{role}") } else { role.to_owned() };
                let projects = json!([{ "id": world.id("new-project"), "role": role }]);
                let body = json!({ "projects": projects, "service_account_ids": [world.id(&account)] });
                owner.post("organizations/{acme}/service-accounts/add-to-project", body).await.ok();
            }
            owner.put("projects/{new-project}/teams/{crew}", json!({ "role": "admin" })).await.ok();
        }
        _ => {}
    }
}

/// Whether a body speaks of what is made afresh, by its id or by its address.
fn names(body: &str, name: &str) -> bool {
    body.contains(&format!("${name}]")) || body.contains(&format!("\"{name}-$count@"))
}

/// Takes away what may be made a few times only.
async fn tidy_up(world: &World, name: &str) {
    if name == "new-role" {
        let _ = world.account("owner").delete("projects/{shop}/custom-roles/{new-role}").await;
    }
}

async fn furnished(world: World) -> World {
    let world = world.with(WORLD).await;
    let owner = world.account("owner");
    for name in ["custom", "team"] {
        owner.make("organizations/{acme}/service-accounts", json!({ "username": name })).await;
    }
    let role = json!({ "name": "Reporter", "permissions": ["reports:export"] });
    let role = owner.post("projects/{shop}/custom-roles", role).await.created()["role_id"].clone();
    world.name("reporter", role.as_str().unwrap().parse().unwrap());
    let projects = json!([{ "id": world.id("shop"), "role": role }]);
    let body = json!({ "projects": projects, "service_account_ids": [world.id("custom")] });
    owner.post("organizations/{acme}/service-accounts/add-to-project", body).await.ok();
    world.name(
        "crew",
        owner.post("organizations/{acme}/teams", json!({ "name": "Crew" })).await.created()["id"].as_u64().unwrap(),
    );
    owner.post("organizations/{acme}/teams/{crew}/add-members", json!({ "user_ids": [world.id("team")] })).await.ok();
    owner.put("projects/{shop}/teams/{crew}", json!({ "role": "admin" })).await.ok();
    world
}

/// Each after what it is made in.
const NEW: [&str; 10] = [
    "new-account",
    "new-secret",
    "new-workspace",
    "new-team",
    "new-owning-team",
    "new-role",
    "new-project",
    "new-invitation",
    "new-person",
    "new-owning-person",
];

on_both_stores! {
    async fn each_caller_gets_the_status_that_is_written_down(world: World) {
        let world = furnished(world).await;
        let count = AtomicUsize::new(0);
        let mut wrong = Vec::new();
        for row in rows() {
            let body = row.body.clone().unwrap_or_default();
            let fresh: Vec<&str> = NEW.into_iter().filter(|name| row.path.contains(&format!("{{{name}}}")) || names(&body, name)).collect();
            for (caller, expected) in CALLERS.iter().zip(&row.statuses) {
                let number = count.fetch_add(1, Ordering::Relaxed);
                for name in &fresh {
                    let id = make(&world, name, number).await;
                    world.name(name, id);
                    furnish(&world, name).await;
                }
                let mut request = match *caller {
                    "nobody" => world.request(row.method.clone(), &row.path),
                    name => world.account(name).request(row.method.clone(), &row.path),
                };
                if !body.is_empty() {
                    let body = body.replace("$count", &number.to_string());
                    let body = ["shop"].iter().chain(&fresh).fold(body, |body, name| {
                        body.replace(&format!("${name}"), &world.id(name).to_string())
                    });
                    request = request.header("content-type", "application/json").body(body);
                }
                let answer = send(request).await;
                if answer.status != *expected {
                    wrong.push(format!("{} {} {body} by {caller}: {} and not {expected}: {}", row.method, row.path, answer.status, answer.text));
                }
                for name in &fresh {
                    tidy_up(&world, name).await;
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// A path with a `{}` for each id, and without its query.
fn shape(path: &str) -> String {
    let path = path.split('?').next().unwrap();
    let words = path.split('/').map(|word| if word.starts_with('{') { "{}" } else { word });
    let path = words.collect::<Vec<_>>().join("/");
    if path.starts_with('/') { path } else { format!("/api/app/{path}") }
}

#[test]
fn no_route_is_missing_from_the_table() {
    let written: BTreeSet<(String, String)> =
        rows().iter().map(|row| (row.method.to_string(), shape(&row.path))).collect();
    let description: Value = serde_json::from_str(claviger::api::DESCRIPTION).unwrap();
    let mut served = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            served.insert((method.to_uppercase(), shape(path)));
        }
    }
    assert!(served.len() > 50, "{}", served.len());
    assert_eq!(written, served);
}
