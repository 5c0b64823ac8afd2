//! Random histories through the real surface, by everybody at once.
//!
//! Nothing is expected of a single answer but that it is one: what must be true of every history is looked for when the
//! world is looked through afterwards (a load and a replay equal the image, every actor was permitted, every mutation
//! has its event, no secret is anywhere).

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::answer::Answer;
use crate::world::{World, email, on_both_stores};

const WORLD: &str = "
acme: ada owner, bob admin, mel member, bil billing_admin, pia@ owner, quy@ admin, rio@ member
  shop: boss owner, exporter admin, reader analyst
    eu: visitor admin
  lab: labrat admin, reader consumer
globex: gil owner, gus admin, zoe@ admin
  well: driller admin
";

const ACCOUNTS: &[&str] =
    &["ada", "bob", "mel", "bil", "boss", "exporter", "reader", "visitor", "labrat", "gil", "gus", "driller"];
const PEOPLE: &[&str] = &["pia", "quy", "rio", "zoe"];
const ORGANIZATIONS: &[&str] = &["acme", "globex"];
const PROJECTS: &[&str] = &["shop", "lab", "well"];
const SLUGS: [Option<&str>; 3] = [Some("one"), Some("two"), None];
const ROLES: &[&str] = &["owner", "admin", "analyst", "consumer"];
const ORGANIZATION_ROLES: &[&str] = &["owner", "admin", "billing_admin", "member"];

/// One request: who asks for what, with numbers that choose.
type Step = (usize, usize, usize, usize, usize, usize);

/// The same histories in every run.
fn steps(count: usize) -> Vec<Step> {
    let mut runner = TestRunner::deterministic();
    let step = (0..24_usize, 0..12_usize, 0..12_usize, 0..12_usize, 0..12_usize, 0..12_usize);
    (0..count).map(|_| step.new_tree(&mut runner).expect("a step").current()).collect()
}

async fn take(world: &World, step: Step) -> Answer {
    let (who, kind, a, b, c, d) = step;
    let organization = ORGANIZATIONS[a % 2];
    // Half of the time an owner asks, so that much is done; the others are mostly refused.
    let caller = world.account(ACCOUNTS.get(who).copied().unwrap_or(["ada", "gil"][a % 2]));
    let (project, account) = (PROJECTS[b % 3], ACCOUNTS[c]);
    let (role, organization_role) = (ROLES[d % 4], ORGANIZATION_ROLES[d % 4]);
    let accounts = format!("organizations/{{{organization}}}/service-accounts");
    let one = format!("{accounts}/{{{account}}}");
    let there = json!([{ "id": world.id(project), "role": role }]);
    if d > 8 {
        return take_of_teams_and_roles(world, step).await;
    }
    if d > 5 {
        return take_of_people(world, step).await;
    }
    match kind {
        0 => {
            caller
                .post(
                    &accounts,
                    json!({ "username": "made", "organization_role": organization_role, "projects": there }),
                )
                .await
        }
        1 => caller.post(&format!("projects/{{{project}}}/service-accounts"), json!({ "username": "made" })).await,
        // The first owners stay as they are, and others are deleted seldom, or the history would run dry.
        2 | 3 | 11 if ["ada", "gil"].contains(&account) => caller.get(&one).await,
        2 if d == 0 => caller.delete(&one).await,
        2 | 3 => caller.patch(&one, json!({ "organization_role": organization_role })).await,
        4 => {
            caller
                .post(
                    &format!("{accounts}/add-to-project"),
                    json!({ "projects": there, "service_account_ids": [world.id(account)] }),
                )
                .await
        }
        5 => {
            caller
                .post(
                    &format!("{accounts}/remove-from-project"),
                    json!({ "projects": [{ "id": world.id(project), "service_account_ids": [world.id(account)] }] }),
                )
                .await
        }
        6 => caller.delete(&format!("projects/{{{project}}}/service-accounts/{{{account}}}")).await,
        7 => {
            caller
                .put(
                    &format!("projects/{{{project}}}/workspaces/{{eu}}/service-accounts/{{{account}}}"),
                    json!({ "role": role }),
                )
                .await
        }
        8 => caller.delete(&format!("projects/{{{project}}}/workspaces/{{eu}}/service-accounts/{{{account}}}")).await,
        9 => caller.post(&format!("projects/{{{project}}}/workspaces"), json!({ "name": "made" })).await,
        10 => {
            caller
                .patch(&format!("projects/{{{project}}}"), json!({ "name": format!("name {d}"), "slug": SLUGS[d % 3] }))
                .await
        }
        _ if d < 2 => caller.post(&format!("{one}/rotate"), json!({ "grace_seconds": 3_600 * d })).await,
        _ if d < 4 => caller.post(&format!("{one}/secrets"), json!({ "name": "made" })).await,
        _ => caller.patch(&one, json!({ "expires_in": 3_600 + d })).await,
    }
}

/// People who are invited, accept, and are managed by everybody.
async fn take_of_people(world: &World, (who, kind, a, b, c, d): Step) -> Answer {
    let organization = ORGANIZATIONS[a % 2];
    let caller = world.account(ACCOUNTS.get(who).copied().unwrap_or(["ada", "gil"][a % 2]));
    let (project, person) = (PROJECTS[b % 3], PEOPLE[c % 4]);
    let (role, organization_role) = (json!({ "role": ROLES[d % 4] }), json!({ "role": ORGANIZATION_ROLES[c % 4] }));
    let one = format!("organizations/{{{organization}}}/users/{{{person}}}");
    match kind {
        0..=3 => {
            let email = [email(person), format!("new-{d}@example.com")][b % 2].clone();
            let there = json!([{ "id": world.id(project), "role": ROLES[d % 4] }]);
            let invite = json!({ "email": email, "role": ORGANIZATION_ROLES[c % 4], "projects": there });
            let invited = caller.post(&format!("organizations/{{{organization}}}/invitations"), invite).await;
            if invited.status != 201 || kind == 3 {
                return invited;
            }
            // Known people have their own password, and whoever is new the first of the four.
            world.accept(&invited.body["results"], if b % 2 == 0 { person } else { PEOPLE[0] }).await
        }
        4 | 5 => caller.patch(&one, organization_role).await,
        6 => caller.delete(&one).await,
        7 | 8 => caller.put(&format!("projects/{{{project}}}/users/{{{person}}}"), role).await,
        9 => caller.delete(&format!("projects/{{{project}}}/users/{{{person}}}")).await,
        10 => {
            let path = format!("projects/{{{project}}}/workspaces/{{eu}}/users/{{{person}}}");
            caller.put(&path, role).await
        }
        _ => {
            let team = format!("organizations/{{{organization}}}/teams/{{team of {organization}}}/add-members");
            caller.post(&team, json!({ "user_ids": [world.id(person)] })).await
        }
    }
}

/// Teams and roles of the first owners, used by everybody.
async fn take_of_teams_and_roles(world: &World, (who, kind, a, b, c, d): Step) -> Answer {
    let organization = ORGANIZATIONS[a % 2];
    let caller = world.account(ACCOUNTS.get(who).copied().unwrap_or(["ada", "gil"][a % 2]));
    let (project, account) = (PROJECTS[b % 3], ACCOUNTS[c]);
    let team = format!("organizations/{{{organization}}}/teams/{{team of {organization}}}");
    let role = [ROLES[c % 4].to_owned(), world.id(&format!("role of {project}")).to_string()][d % 2].clone();
    let role = json!({ "role": role });
    match kind {
        0..=2 => caller.post(&format!("{team}/add-members"), json!({ "user_ids": [world.id(account)] })).await,
        3 => caller.post(&format!("{team}/remove-members"), json!({ "user_ids": [world.id(account)] })).await,
        4 | 5 => caller.put(&format!("projects/{{{project}}}/teams/{{team of {organization}}}"), role).await,
        6 => caller.delete(&format!("projects/{{{project}}}/teams/{{team of {organization}}}")).await,
        7 => {
            let path = format!("projects/{{{project}}}/workspaces/{{eu}}/teams/{{team of {organization}}}");
            caller.put(&path, role).await
        }
        8 => caller.put(&format!("projects/{{{project}}}/default-access"), role).await,
        9 => caller.delete(&format!("projects/{{{project}}}/default-access")).await,
        10 => {
            let permissions = [json!(["data:read"]), json!(["members:manage", "reports:export"])][d % 2].clone();
            let path = format!("projects/{{{project}}}/custom-roles/{{role of {project}}}");
            caller.put(&path, json!({ "permissions": permissions })).await
        }
        _ => caller.patch(&team, json!({ "name": format!("Team {d}") })).await,
    }
}

async fn make_teams_and_roles(world: &World) {
    for (organization, owner, projects) in [("acme", "ada", &["shop", "lab"][..]), ("globex", "gil", &["well"])] {
        let owner = world.account(owner);
        let team = owner.post(&format!("organizations/{{{organization}}}/teams"), json!({ "name": "Team" })).await;
        world.name(&format!("team of {organization}"), team.created()["id"].as_u64().unwrap());
        for project in projects {
            let role = json!({ "name": "Role", "permissions": ["service_accounts:manage"] });
            let made = owner.post(&format!("projects/{{{project}}}/custom-roles"), role).await.created();
            world.name(&format!("role of {project}"), made["role_id"].as_str().unwrap().parse().unwrap());
        }
    }
}

on_both_stores! {
    async fn of_everybody_at_once_leave_everything_in_order(world: World) {
        let world = world.with(WORLD).await;
        make_teams_and_roles(&world).await;
        let (mut done, mut refused) = (0, 0);
        for steps in steps(800).chunks(8) {
            let taken = steps.iter().map(|step| {
                let (world, step) = (world.clone(), *step);
                tokio::spawn(async move { (step, take(&world, step).await) })
            });
            for taken in taken.collect::<Vec<_>>() {
                let (step, answer) = taken.await.unwrap();
                assert!(answer.status < 500 && answer.status != 400, "{step:?}: {} {}", answer.status, answer.text);
                match answer.status {
                    200 | 201 => done += 1,
                    _ => refused += 1,
                }
                let made = &answer.body["results"];
                let shown = made["token"].as_str();
                if shown.is_some_and(|token| token.starts_with("cvi_")) {
                    world.remember_token(made);
                } else if made["username"].is_string() && shown.is_some() {
                    world.remember_made("made", made);
                } else if shown.is_some() {
                    world.remember_secret(ACCOUNTS[step.4], made);
                }
            }
        }
        assert!(done > 60 && refused > 100, "{done} done, {refused} refused: the history is no history");
        assert!(world.count("SELECT COUNT(*) FROM audit_events").await > 80);
        assert!(world.count("SELECT COUNT(*) FROM audit_events WHERE action = 'organization.user_added'").await > 5);
    }
}
