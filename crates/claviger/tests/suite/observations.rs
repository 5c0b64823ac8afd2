//! What changes nothing and is in the audit log all the same: credentials that were not let in, and refusals.

use claviger::audit_chain::mark::AuditMark;
use claviger::audit_chain::series::Series;
use claviger::observations::limits;
use claviger::store::verification::Break;
use claviger_access::Moment;
use serde_json::{Value, json};
use sqlx::Executor;

use crate::audit_chain::{all, tampered};
use crate::world::{World, on_both_stores};

const WORLD: &str = "
acme: ada owner, bob admin, mel member
  shop: exporter admin, reader analyst
globex: gil owner
  well: driller admin
";

const LOG: &str = "organizations/{acme}/audit-log";
const FAILED: &str = "organizations/{acme}/audit-log?action=service_account.authentication_failed";
const REFUSED: &str = "organizations/{acme}/audit-log?action=request.refused";

fn fact<'e>(event: &'e Value, name: &str) -> &'e str {
    let facts = event["after"].as_array().unwrap();
    facts.iter().find(|fact| fact["name"] == name).unwrap()["value"].as_str().unwrap()
}

async fn try_as(world: &World, username: &str, secret: &str) {
    let header = format!("Basic {username}:{secret}");
    world.get_with("me", &[header.as_bytes()]).await.refused(401, "not_authenticated");
}

async fn head(world: &World) -> (i64, i64, String) {
    let head = "SELECT revision, next_event, chain_digest FROM head";
    sqlx::query_as(head).fetch_one(&world.node().store.reads()).await.unwrap()
}

async fn broken_by(world: &World, statements: &[&str], marks: &[AuditMark]) -> Option<Break> {
    tampered(world, &all(statements), async || {
        let store = world.node().store.clone();
        let ring = store.audit_keys().unwrap();
        let mutations = store.verify_audit_log(Series::Mutations, &ring, &[], |_, _| {}).await.unwrap();
        assert_eq!(mutations.broken, None, "the other chain is whole");
        store.verify_audit_log(Series::Observations, &ring, marks, |_, _| {}).await.unwrap().broken
    })
    .await
}

on_both_stores! {
    /// each way not to be let in has its reason in the log, and takes no revision
    async fn a_credential_that_was_not_let_in_is_in_the_log_with_its_reason(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter, reader) = (world.account("ada"), world.account("exporter"), world.account("reader"));
        let before = head(&world).await;
        let answer = world.get_with("me", &[format!("Basic {}:wrong", exporter.username).as_bytes()]).await;
        assert_eq!(head(&world).await, before, "no revision, and nothing of the head");
        let wrong = &ada.events_of(FAILED, 1).await[0];
        assert_eq!(head(&world).await, before, "nor when it is recorded");
        assert_eq!((fact(wrong, "reason"), &wrong["address"]), ("wrong_secret", &json!("127.0.0.1")));
        assert_eq!(wrong["actor"], json!({ "kind": "stranger", "id": null, "name": null }));
        assert_eq!(wrong["target"], json!({ "kind": "principal", "id": exporter.id, "name": exporter.username }));
        assert_eq!(wrong["request_id"].as_str(), answer.header("x-request-id"));
        assert_eq!((&wrong["organization"], &wrong["project"]), (&json!(world.id("acme")), &Value::Null));
        assert!(wrong["id"].as_i64().unwrap() > Series::Observations.after());

        // The right secret in the wrong state: whoever has it is the account, as far as anybody can tell.
        let right = json!({ "kind": "service_account", "id": exporter.id, "name": exporter.username });
        let account = "organizations/{acme}/service-accounts/{exporter}";
        ada.patch(account, json!({ "disabled": true })).await.ok();
        exporter.get("me").await.refused(401, "not_authenticated");
        let disabled = &ada.events_of(FAILED, 2).await[0];
        assert_eq!((fact(disabled, "reason"), &disabled["actor"]), ("account_disabled", &right));
        ada.patch(account, json!({ "disabled": false })).await.ok();

        let secrets = ada.get(&format!("{account}/secrets")).await.ok();
        ada.patch(&format!("{account}/secrets/{}", secrets[0]["id"]), json!({ "disabled": true })).await.ok();
        exporter.get("me").await.refused(401, "not_authenticated");
        let secret = &ada.events_of(FAILED, 3).await[0];
        assert_eq!((fact(secret, "reason"), &secret["actor"]), ("secret_disabled", &right));
        ada.patch(&format!("{account}/secrets/{}", secrets[0]["id"]), json!({ "disabled": false })).await.ok();

        ada.patch("organizations/{acme}/policy", json!({ "plain_text_basic": false })).await.ok();
        world.get_with("me", &[exporter.plain().as_bytes()]).await.refused(403, "plain_text_not_allowed");
        let plain = &ada.events_of(FAILED, 4).await[0];
        assert_eq!((fact(plain, "reason"), &plain["actor"]), ("plain_text_not_allowed", &right));

        ada.put(&format!("{account}/allowed-addresses"), json!({ "allowed_addresses": ["198.51.100.0/24"] })).await.ok();
        exporter.get("me").await.refused(403, "address_not_allowed");
        let far = &ada.events_of(FAILED, 5).await[0];
        assert_eq!((fact(far, "reason"), &far["actor"]), ("address_not_allowed", &right));

        ada.delete("organizations/{acme}/service-accounts/{reader}").await.ok();
        reader.get("me").await.refused(401, "not_authenticated");
        let gone = &ada.events_of(FAILED, 6).await[0];
        assert_eq!((fact(gone, "reason"), &gone["target"]["name"]), ("account_deleted", &json!(reader.username)));
        assert_eq!(gone["actor"]["kind"], "stranger", "its secrets are gone: nobody can tell who has one");
        assert_eq!(ada.get(REFUSED).await.ok(), json!([]), "one refusal is one event");
    }

    /// who comes with a secret that has ended is told apart from who guesses
    async fn a_secret_that_has_ended_is_told_apart(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let soon = ada.make("organizations/{acme}/service-accounts", json!({ "username": "soon", "expires_in": 1 })).await;
        while soon.get("me").await.status == 200 {
            tokio::task::yield_now().await;
        }
        let expired = ada.events_of(FAILED, 1).await;
        assert_eq!((fact(&expired[0], "reason"), &expired[0]["actor"]["id"]), ("secret_expired", &json!(soon.id)));
    }

    /// "the secret where the username belongs, or both in one word: 401, and in no log"; names of no account are in
    /// nobody's log, and in the server's only where they have a username's form
    async fn what_nobody_is_called_is_in_no_organizations_log(world: World) {
        let world = world.with(WORLD).await;
        let (ada, gil, exporter) = (world.account("ada"), world.account("gil"), world.account("exporter"));
        let (_, secret) = world.secrets().into_iter().find(|(name, _)| *name == exporter.username).unwrap();
        for (username, presented) in [
            ("nobody-at-all-7f3.0a0b0c.service-account", "x"),
            ("an-unfit-name-7f3", "x"),
            (&*secret, "x"),
            (&*format!("{secret}.0a0b0c.service-account"), "x"),
        ] {
            try_as(&world, username, presented).await;
        }
        try_as(&world, &exporter.username, "the-last-one").await;
        let failed = ada.events_of(FAILED, 1).await;
        assert_eq!(fact(&failed[0], "reason"), "wrong_secret");
        assert_eq!(gil.get("organizations/{globex}/audit-log?action=service_account.authentication_failed").await.ok(), json!([]));
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_events WHERE actor_kind = 'stranger'").await, 1);
        let logged = crate::looked_through::logged();
        assert!(logged.contains("username=\"nobody-at-all-7f3.0a0b0c.service-account\""), "what has the form is told");
        assert!(!logged.contains("an-unfit-name-7f3"));
        // That no secret is in the log is looked through after every test.
    }

    /// who may not do what he asked for is in the log of the organization, and of the project where it was
    async fn what_somebody_may_not_do_is_in_the_log(world: World) {
        let world = world.with(WORLD).await;
        let (ada, mel, reader, exporter) = (world.account("ada"), world.account("mel"), world.account("reader"), world.account("exporter"));
        let answer = reader.delete("projects/{shop}").await.is(403);
        let refused = ada.events_of(REFUSED, 1).await;
        assert_eq!(refused[0]["request_id"].as_str(), answer.header("x-request-id"));
        assert_eq!(refused[0]["actor"], json!({ "kind": "service_account", "id": reader.id, "name": reader.username }));
        assert_eq!(refused[0]["target"], json!({ "kind": "project", "id": world.id("shop"), "name": "shop" }));
        assert_eq!((fact(&refused[0], "reason"), fact(&refused[0], "method"), fact(&refused[0], "route")),
            ("permission_missing", "DELETE", "/api/app/projects/{project}"));
        let in_project = exporter.get("projects/{shop}/audit-log?action=request.refused").await.ok();
        assert_eq!(in_project, json!(refused), "who manages the project reads it too");

        mel.delete("organizations/{acme}/service-accounts/{reader}?why=a-planted-query").await.is(403);
        let refused = ada.events_of(REFUSED, 2).await;
        assert_eq!(refused[0]["target"], json!({ "kind": "organization", "id": world.id("acme"), "name": "acme" }));
        assert_eq!(fact(&refused[0], "named"), format!("id {}", reader.id));
        assert_eq!(refused[0]["project"], Value::Null);
        // A read that is refused is one of them; what is not there, and what is wrong in itself, is not.
        mel.get(LOG).await.is(403);
        mel.get("projects/{well}").await.is(404);
        ada.post("organizations/{acme}/teams", json!({ "name": "" })).await.is(400);
        let refused = ada.events_of(REFUSED, 3).await;
        assert_eq!(fact(&refused[0], "route"), "/api/app/organizations/{org}/audit-log");
        assert!(!json!(refused).to_string().contains("a-planted-query"));
        assert_eq!(world.account("gil").get("organizations/{globex}/audit-log?action=request.refused").await.ok(), json!([]));
    }

    /// a flood is bounded: so many of a name a minute, the rest counted; the right secret is let in all the while
    async fn more_than_so_many_a_minute_are_counted(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        for _ in 0..25 {
            try_as(&world, &exporter.username, "wrong").await;
        }
        exporter.get("me").await.ok();
        let told = limits::OF_ONE_NAME_MAX.get() as usize;
        ada.events_of(FAILED, told).await;
        // At the end of a server all is told.
        world.restart().await;
        let dropped = world.account("ada").events_of("organizations/{acme}/audit-log?action=observation.dropped", 1).await;
        assert_eq!(fact(&dropped[0], "count"), (25 - told).to_string());
        assert_eq!(dropped[0]["actor"]["kind"], "stranger");
    }

    /// from an address that has used up its own, wrong attempts hide nobody: not who comes with a right secret that counts no
    /// more, and not what a caller is refused
    async fn a_flood_hides_nobody_else(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter, reader) = (world.account("ada"), world.account("exporter"), world.account("reader"));
        for number in 0..60 {
            try_as(&world, &format!("nobody-{number}.0a0b0c.service-account"), "wrong").await;
        }
        for _ in 0..20 {
            try_as(&world, &exporter.username, "wrong").await;
        }
        ada.patch("organizations/{acme}/service-accounts/{exporter}", json!({ "disabled": true })).await.ok();
        exporter.get("me").await.refused(401, "not_authenticated");
        let failed = ada.events_of(FAILED, 1).await;
        assert_eq!(fact(&failed[0], "reason"), "account_disabled");
        for _ in 0..12 {
            reader.delete("projects/{shop}").await.is(403);
        }
        reader.patch("projects/{shop}", json!({ "name": "renamed" })).await.is(403);
        let refused = ada.events_of(REFUSED, 11).await;
        assert_eq!(fact(&refused[0], "method"), "PATCH");
    }

    /// an open invitation and a password that is not its person's
    async fn a_wrong_password_at_an_invitation_is_in_the_log(world: World) {
        let world = world.with(WORLD).await;
        world.make_person("globex", "pia", "member").await;
        let ada = world.account("ada");
        let invited = ada.post("organizations/{acme}/invitations", json!({ "email": crate::world::email("pia"), "role": "member" })).await.created();
        let token = world.remember_token(&invited);
        let accept = json!({ "token": token, "password": "not the one that she has" });
        world.post("invitations/accept", accept).await.refused(403, "wrong_password");
        let failed = ada.events_of("organizations/{acme}/audit-log?action=invitation.acceptance_failed", 1).await;
        assert_eq!(failed[0]["target"]["id"], invited["id"]);
        assert_eq!((fact(&failed[0], "reason"), &failed[0]["actor"]["kind"]), ("wrong_password", &json!("stranger")));
    }

    /// their chain is their own: what a thief does to it shows, and where
    async fn what_is_done_to_observations_shows(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        for _ in 0..4 {
            try_as(&world, &exporter.username, "wrong").await;
        }
        ada.events_of(FAILED, 4).await;
        let store = world.node().store.clone();
        let ring = store.audit_keys().unwrap();
        let marks = store.audit_marks(&ring, Moment::from_seconds(1_800_000_000).unwrap()).await.unwrap();
        let text: Vec<String> = marks.iter().map(ToString::to_string).collect();
        let read = AuditMark::read(&text.join("\n"), &ring).unwrap();
        assert_eq!((read.len(), marks.len()), (2, 2), "one of each chain");
        let mark = marks.iter().find(|mark| mark.series() == Series::Observations).unwrap();
        let first = Series::Observations.after() + 1;
        assert_eq!(mark.event, first + 3);
        let second = first + 1;
        assert_eq!(broken_by(&world, &["UPDATE audit_events SET facts_after = '[]' WHERE id = 1000000000000002"], &[]).await, Some(Break::Altered { event: second }));
        assert_eq!(broken_by(&world, &["DELETE FROM audit_events WHERE id = 1000000000000002"], &[]).await, Some(Break::Missing { from: second, to: second }));
        assert_eq!(broken_by(&world, &["DELETE FROM audit_events WHERE id > 1000000000000002"], &[]).await, Some(Break::CutOff { from: first + 2, to: first + 3 }));
        let cut = ["DELETE FROM audit_events WHERE id > 1000000000000002",
            "UPDATE observation_head SET next_event = 1000000000000003, chain_digest = (SELECT chain_digest FROM audit_events WHERE id = 1000000000000002)"];
        assert_eq!(broken_by(&world, &cut, &[]).await, None, "what it cannot show");
        assert_eq!(broken_by(&world, &cut, std::slice::from_ref(mark)).await, Some(Break::BeforeTheMark { last: second, mark: first + 3 }));
        let swapped = ["UPDATE audit_anchors SET series = 'x' || series", "UPDATE audit_anchors SET series = 'mutations' WHERE series = 'xobservations'"];
        assert!(store.reads().execute(sqlx::AssertSqlSafe(swapped[0].to_owned())).await.is_err(), "the schema refuses it");
        // Retention goes over both.
        let far = Moment::from_seconds(4_000_000_000).unwrap();
        while store.remove_old_events(far).await.unwrap() {}
        let left = store.verify_audit_log(Series::Observations, &ring, std::slice::from_ref(mark), |_, _| {}).await.unwrap();
        assert_eq!((left.broken, left.whole, left.removed_to), (None, 0, mark.event));
        try_as(&world, &exporter.username, "wrong").await;
        let log = ada.events_of(LOG, 1).await;
        assert_eq!(log[0]["id"].as_i64(), Some(first + 4));
    }
}
