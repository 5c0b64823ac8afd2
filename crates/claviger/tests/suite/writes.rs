//! Writes as such: one transaction for what waits, one answer each, and none lost.

use std::sync::{Arc, Mutex};
use std::task::Poll;

use claviger::writer::{DECISIONS_A_BATCH, WAITING_OF_ONE_ORGANIZATION_MAX, Writer};
use claviger_access::identity::OrganizationId;
use reqwest::Method;
use serde_json::json;

use crate::answer::Answer;
use crate::world::on_both_stores;

const WORLD: &str = "
acme: ada owner
  shop: exporter admin
globex: gil owner
";

/// Returns once so many writes wait for the head.
async fn all_wait(writer: &Writer, writes: usize) {
    for _ in 0..1_000 {
        if writer.waiting() == writes {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    panic!("{} wait, not {writes}", writer.waiting());
}

on_both_stores! {
    /// every answer says on which revision it was decided; one that changed something, on the one that it made
    async fn an_answer_says_on_which_revision_it_was_decided(world: World) {
        let world = world.with("acme: ada owner, mel member").await;
        let (ada, mel) = (world.account("ada"), world.account("mel"));
        let revision = |answer: &Answer| answer.header("x-claviger-revision").and_then(|text| text.parse::<u64>().ok());
        let before = revision(&mel.get("me").await).expect("a revision");
        let made = ada.post("organizations/{acme}/service-accounts", json!({ "username": "next" })).await;
        assert_eq!((made.status, revision(&made)), (201, Some(before + 1)));
        for answer in [
            mel.get("me").await,
            mel.post("organizations/{acme}/service-accounts", json!({ "username": "another" })).await,
            ada.post("organizations/{acme}/service-accounts", json!({ "username": "" })).await,
            ada.delete("organizations/{acme}/service-accounts/999999").await,
        ] {
            assert_eq!(revision(&answer), Some(before + 1), "{answer:?}");
        }
    }

    async fn each_of_many_writes_at_once_gets_its_own_revision_and_answer(world: World) {
        let world = world.with(WORLD).await;
        let before = world.count("SELECT revision FROM head").await;
        let sent: Vec<_> = (0..100)
            .map(|number| {
                let account = world.account(if number % 2 == 0 { "ada" } else { "exporter" });
                let refused = number % 10 == 9;
                let name = if refused { "a/b".to_owned() } else { format!("many{number}") };
                tokio::spawn(async move { (name.clone(), account.post("projects/{shop}/service-accounts", json!({ "username": name })).await) })
            })
            .collect();
        let mut created = 0;
        for sent in sent {
            let (name, answer) = sent.await.unwrap();
            match name.as_str() {
                "a/b" => drop(answer.refused(400, "name_invalid")),
                _ => {
                    world.remember_made(&name, &answer.created()).get("me").await.ok();
                    created += 1;
                }
            }
        }
        assert_eq!(world.count("SELECT revision FROM head").await, before + created);
    }

    /// a refused decision leaves the others of its transaction alone
    async fn a_refused_decision_leaves_the_others_alone(world: World) {
        let world = world.with(WORLD).await;
        let sent: Vec<_> = (0..40)
            .map(|number| {
                let ada = world.account("ada");
                let project = if number % 2 == 0 { "shop" } else { "acme" };
                let id = world.id(project);
                tokio::spawn(async move {
                    let body = json!({ "username": format!("n{number}"), "projects": [{ "id": id }] });
                    (number, ada.post("organizations/{acme}/service-accounts", body).await)
                })
            })
            .collect();
        for sent in sent {
            let (number, answer) = sent.await.unwrap();
            match number % 2 {
                0 => drop(world.remember_made(&format!("n{number}"), &answer.created())),
                _ => drop(answer.refused(404, "project_not_found")),
            }
        }
    }

    /// rows are gathered over the decisions of a transaction, and each change finds those before it (looked through afterwards)
    async fn decisions_of_all_kinds_ride_in_one_transaction(world: World) {
        let names: Vec<String> = (0..6).flat_map(|number| [format!("old{number}"), format!("kept{number}")]).collect();
        let accounts: Vec<String> = names.iter().map(|name| format!("{name} member")).collect();
        let world = world.with(&format!("acme: ada owner, {}\n  shop: exporter admin", accounts.join(", "))).await;
        let (node, shop) = (world.node(), world.id("shop"));
        // The id that the next one has: it is deleted in the transaction that makes it.
        let next = world.count("SELECT next_id FROM head").await;
        let holding = node.store.begin_at_head().await.unwrap();
        let ada = world.account("ada");
        let short = tokio::spawn(async move {
            ada.post("organizations/{acme}/service-accounts", json!({ "username": "short", "organization_role": "member" })).await
        });
        all_wait(&node.writer, 1).await;
        let mut sent = Vec::new();
        let mut send = |method: Method, path: String, body: serde_json::Value| {
            let request = world.account("ada").request(method, &path).json(&body);
            sent.push((path, tokio::spawn(crate::world::send(request))));
        };
        send(Method::DELETE, format!("organizations/{{acme}}/service-accounts/{next}"), json!({}));
        for number in 0..6 {
            let (old, kept) = (world.id(&format!("old{number}")), world.id(&format!("kept{number}")));
            let accounts = "organizations/{acme}/service-accounts".to_owned();
            let there = json!([{ "id": shop, "role": "analyst" }]);
            send(Method::POST, accounts.clone(), json!({ "username": format!("new{number}"), "projects": there, "description": "with details" }));
            send(Method::DELETE, format!("{accounts}/{old}"), json!({}));
            send(Method::POST, accounts.clone(), json!({ "username": format!("newer{number}"), "projects": there }));
            send(Method::PATCH, format!("{accounts}/{kept}"), json!({ "organization_role": "admin" }));
            send(Method::POST, format!("{accounts}/{kept}/rotate"), json!({}));
        }
        all_wait(&node.writer, 1 + sent.len()).await;
        holding.roll_back().await.unwrap();
        let short = short.await.unwrap().created();
        world.keep_secret("short", short["token"].as_str().unwrap());
        assert_eq!(short["id"], next);
        for (path, sent) in sent {
            let answer = sent.await.unwrap();
            assert!([200, 201].contains(&answer.status), "{path}: {answer:?}");
            if let Some(token) = answer.body["results"]["token"].as_str() {
                world.keep_secret("one of many", token);
            }
        }
    }

    /// a request that goes away does not cancel its queued write
    async fn a_write_is_done_though_its_client_went_away(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let mut gone = 0;
        for number in 0..50 {
            let (ada, name) = (ada.clone(), format!("gone{number}"));
            let sending = tokio::spawn(async move { ada.post("organizations/{acme}/projects", json!({ "name": name })).await });
            tokio::task::yield_now().await;
            sending.abort();
            gone += i64::from(sending.await.is_err());
        }
        assert!(gone > 0, "none went away");
        // What was decided is whole: a project has its workspace, its change and its event (looked through afterwards).
        let lonely = world.count("SELECT COUNT(*) FROM projects p LEFT JOIN workspaces w ON w.project_id = p.id WHERE w.id IS NULL").await;
        assert_eq!(lonely, 0);
        ada.post("organizations/{acme}/projects", json!({ "name": "still here" })).await.created();
    }

    /// one organization writes as fast as it can: its own 429; others' writes wait no longer than one batch
    async fn one_organization_does_not_fill_the_queue(world: World) {
        let world = world.with(WORLD).await;
        const { assert!(WAITING_OF_ONE_ORGANIZATION_MAX < DECISIONS_A_BATCH) };
        let node = world.node();
        let acme = world.id("acme");
        let organization = node.cluster.directory().unwrap().organizations().find(|known| known.id.number() == acme).unwrap().id;
        // The queue is held by a transaction of our own, so that writes wait.
        let holding = node.store.begin_at_head().await.unwrap();
        let request = || claviger::writer::Request {
            origin: claviger::store::writing::Origin { request_id: "held".into(), address: None },
            organization: Some(organization),
            weight: 1,
        };
        let write = || {
            let (writer, request) = (node.writer.clone(), request());
            tokio::spawn(async move { writer.perform(request, |_: &_, _, _| Ok(claviger_access::Decided::Nothing(()))).await })
        };
        let waiting: Vec<_> = (0..WAITING_OF_ONE_ORGANIZATION_MAX + 50).map(|_| write()).collect();
        let mut refused = 0;
        for _ in 0..1_000 {
            refused = waiting.iter().filter(|waiting| waiting.is_finished()).count();
            if refused >= 50 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        assert_eq!(refused, 50, "as many as are over the limit are refused at once");
        let full = world.account("ada").post("organizations/{acme}/projects", json!({ "name": "x" })).await;
        assert_eq!(full.refused(429, "too_many_writes").header("retry-after"), Some("1"));
        let gil = world.account("gil");
        let other = tokio::spawn(async move { gil.post("organizations/{globex}/projects", json!({ "name": "other" })).await });
        // Checks do not wait at all.
        world.account("gil").get("me").await.ok();
        holding.roll_back().await.unwrap();
        other.await.unwrap().created();
        for waiting in waiting {
            drop(waiting.await.unwrap());
        }
        world.account("ada").post("organizations/{acme}/projects", json!({ "name": "x" })).await.created();
    }

    /// others' writes wait no longer than one batch, also behind writes of many things each
    async fn a_write_of_many_things_takes_many_places(world: World) {
        let world = world.with(WORLD).await;
        let (node, acme) = (world.node(), world.id("acme"));
        let organization = node.cluster.directory().unwrap().organizations().find(|known| known.id.number() == acme).unwrap().id;
        let holding = node.store.begin_at_head().await.unwrap();
        let write = || {
            let origin = claviger::store::writing::Origin { request_id: "held".into(), address: None };
            let request = claviger::writer::Request { origin, organization: Some(organization), weight: 1 }.of_many(200);
            let writer = node.writer.clone();
            tokio::spawn(async move { writer.perform(request, |_: &_, _, _| Ok(claviger_access::Decided::Nothing(()))).await })
        };
        let waiting: Vec<_> = (0..5).map(|_| write()).collect();
        for _ in 0..1_000 {
            if waiting.iter().filter(|waiting| waiting.is_finished()).count() >= 3 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        holding.roll_back().await.unwrap();
        let mut refused = 0;
        for waiting in waiting {
            refused += usize::from(waiting.await.unwrap() == Err(claviger::writer::WriteError::TooManyOfOrganization));
        }
        assert_eq!(refused, 3, "two are let in, the others are told to come back");
    }

    /// others' writes ride in the next batch, also where several organizations write as fast as they can
    async fn a_write_is_in_the_next_batch_whatever_waits_of_others(world: World) {
        let world = world.with(WORLD).await;
        let node = world.node();
        let holding = node.store.begin_at_head().await.unwrap();
        let decided = Arc::new(Mutex::new(Vec::new()));
        let mut waiting = Vec::new();
        let busy = (1..=4).flat_map(|organization| [organization; WAITING_OF_ONE_ORGANIZATION_MAX]);
        for organization in busy.chain([5]) {
            let origin = claviger::store::writing::Origin { request_id: "held".into(), address: None };
            let request = claviger::writer::Request { origin, organization: OrganizationId::new(organization), weight: 1 };
            let (writer, decided) = (node.writer.clone(), decided.clone());
            let mut write = Box::pin(async move {
                let decider = move |_: &_, _, _| {
                    decided.lock().unwrap().push(organization);
                    Ok(claviger_access::Decided::Nothing(()))
                };
                writer.perform(request, decider).await
            });
            assert!(std::future::poll_fn(|context| Poll::Ready(write.as_mut().poll(context).is_pending())).await);
            waiting.push(write);
        }
        holding.roll_back().await.unwrap();
        for write in waiting {
            write.await.unwrap();
        }
        let place = decided.lock().unwrap().iter().position(|organization| *organization == 5).unwrap();
        // The batch that was taken before it came, and one of each of the others.
        assert!(place <= DECISIONS_A_BATCH + 4, "{place} were decided before it");
    }

    async fn last_used_is_kept_without_a_write_a_request(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        let path = "organizations/{acme}/service-accounts/{exporter}";
        assert!(ada.get(path).await.ok()["last_used"].is_null());
        let revision = world.count("SELECT revision FROM head").await;
        for _ in 0..20 {
            exporter.get("me").await.ok();
        }
        let used = ada.get(path).await.ok()["last_used"].clone();
        assert!(used.is_string());
        assert_eq!(world.count("SELECT revision FROM head").await, revision);
        // Flushed at shutdown, and never brought back by a deletion.
        world.restart().await;
        assert_eq!(world.account("ada").get(path).await.ok()["last_used"], used);
        exporter.get("me").await.ok();
        world.account("ada").delete(path).await.ok();
        world.restart().await;
        world.account("ada").get(path).await.refused(404, "service_account_not_found");
    }
}
