//! What requests came to: counted beside the directory, kept over starts, forgotten in time.

use claviger::clock;
use claviger::last_used::User;
use claviger::store::usage::{DAYS_KEPT, Day, DayOfRequests, HOURS_KEPT, Reason, RefusedFor};
use claviger_access::authorize::{
    ManageServiceAccounts, NoAdmission, NotAdmitted, ReadServiceAccount, Scope, admit, authorize,
};
use claviger_access::identity::{OrganizationId, PrincipalId};
use claviger_access::{Caller, Moment, Permit, Refusal, credential};
use serde_json::json;
use sqlx::Executor;

use crate::world::{World, on_both_stores};

const WORLD: &str = "
acme: ada owner
  shop: exporter admin, reader analyst
globex: gil owner
";

const DAY: i64 = 86_400;

fn at(seconds: i64) -> Moment {
    Moment::from_seconds(seconds).unwrap()
}

fn account(world: &World, name: &str) -> PrincipalId {
    PrincipalId::new(world.id(name)).unwrap()
}

/// An owner as a caller.
fn caller(world: &World, name: &str) -> Caller {
    let header = world.account(name).header();
    let presented = credential::present([header.as_bytes()].into_iter()).unwrap();
    let held = world.node().cluster.directory().unwrap();
    admit(&held, &presented, None, clock::now()).unwrap().0
}

fn may_manage(world: &World, owner: &str, organization: &str) -> Permit<ManageServiceAccounts> {
    let scope = Scope::Organization(OrganizationId::new(world.id(organization)).unwrap());
    authorize(&world.node().cluster.directory().unwrap(), &caller(world, owner), scope, clock::now()).unwrap()
}

/// Day by day, as days ago, accepted and refused, of those that are not empty.
fn told(days: &[DayOfRequests], now: Moment) -> Vec<(i64, u64, u64)> {
    let some = days.iter().filter(|day| day.accepted + day.refused > 0);
    some.map(|day| (Day::of(now).0 - day.day.0, day.accepted, day.refused)).collect()
}

async fn days_of(world: &World, name: &str, now: Moment) -> Vec<DayOfRequests> {
    let scope = Scope::Organization(OrganizationId::new(world.id("acme")).unwrap());
    let held = world.node().cluster.directory().unwrap();
    let permit: Permit<ReadServiceAccount> = authorize(&held, &caller(world, "ada"), scope, clock::now()).unwrap();
    world.node().store.requests_of_account(&permit, account(world, name), now).await.unwrap()
}

async fn days_of_all(world: &World, now: Moment) -> Vec<DayOfRequests> {
    world.node().store.requests_of_organization(&may_manage(world, "ada", "acme"), now).await.unwrap()
}

async fn refused(world: &World, now: Moment) -> Vec<RefusedFor> {
    world.node().store.refused_by_reason(&may_manage(world, "ada", "acme"), now).await.unwrap()
}

/// Notes so many uses of an account, at a moment of the test's choice.
fn uses(world: &World, name: &str, times: usize, now: Moment) {
    let held = world.node().cluster.directory().unwrap();
    let view = held.principal(account(world, name)).unwrap();
    let secret = view.secrets()[0].id();
    let user = User { secret, account: view.id(), organization: view.organization().unwrap() };
    (0..times).for_each(|_| world.node().last_used.note(user, "10.1.2.3".parse().ok(), now));
}

fn tries(world: &World, name: &str, why: NoAdmission, times: usize, now: Moment) {
    let organization = OrganizationId::new(world.id("acme")).unwrap();
    let refused =
        NotAdmitted { account: Some((account(world, name), organization)), why, refusal: Refusal::NotAuthenticated };
    (0..times).for_each(|_| world.node().refused.not_admitted(&refused, "10.1.2.3".parse().ok(), now));
}

/// As if the world were older than it is.
async fn counts_since(world: &World, since: Moment) {
    for table in ["counting SET begun_at", "principals SET created_at", "organizations SET created_at"] {
        let sql = format!("UPDATE {table} = {}", since.seconds());
        world.node().store.reads().execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
}

on_both_stores! {
    /// what was accepted and what was refused is counted, each once, over starts, and by no revision
    async fn requests_are_counted_by_account(world: World) {
        let world = world.with(WORLD).await;
        let revision = world.count("SELECT revision FROM head").await;
        for _ in 0..3 {
            world.account("reader").get("me").await.ok();
        }
        let wrong = format!("Basic {}:{}", world.account("reader").username, "not the secret");
        world.get_with("me", &[wrong.as_bytes()]).await.refused(401, "not_authenticated");
        world.get_with("me", &[b"Basic nobody.000000.service-account:wrong"]).await.refused(401, "not_authenticated");
        world.account("reader").get("organizations/{acme}/service-accounts").await.refused(403, "permission_missing");
        assert!(told(&days_of(&world, "reader", clock::now()).await, clock::now()).is_empty(), "no request writes");
        world.restart().await;
        let now = clock::now();
        assert_eq!(told(&days_of(&world, "reader", now).await, now), [(0, 3, 2)]);
        assert_eq!(world.count("SELECT revision FROM head").await, revision);
        world.account("reader").get("me").await.ok();
        world.get_with("me", &[wrong.as_bytes()]).await.refused(401, "not_authenticated");
        world.restart().await;
        assert_eq!(told(&days_of(&world, "reader", now).await, now), [(0, 4, 3)], "two flushes add");
        let (all, by_reason) = (told(&days_of_all(&world, now).await, now), refused(&world, now).await);
        assert_eq!((all[0].0, all[0].2), (0, 3));
        assert!(all[0].1 > 4, "ada's own: {all:?}");
        let reader = account(&world, "reader");
        let shown: Vec<_> = by_reason.iter().map(|one| (one.reason, one.requests, one.most.unwrap().account)).collect();
        assert_eq!(shown, [(Reason::NotAdmitted(NoAdmission::WrongSecret), 2, reader), (Reason::NotPermitted, 1, reader)]);
        assert_eq!(by_reason[0].most.unwrap().address, "127.0.0.1".parse().ok());
        // Another organization reads nothing of it.
        let theirs = may_manage(&world, "gil", "globex");
        assert!(world.node().store.refused_by_reason(&theirs, now).await.unwrap().is_empty());
        let listed = world.count("SELECT COUNT(*) FROM secrets WHERE first_used_at <= last_used_at AND last_used_address = '127.0.0.1'").await;
        assert_eq!(listed, 2, "ada's and the reader's");
    }

    /// midnight falls between two requests; what is older than it is kept goes, and what was not counted is no number
    async fn days_roll_over_and_go(world: World) {
        let world = world.with(WORLD).await;
        let midnight = (Day::of(clock::now()).0 - 2) * DAY;
        uses(&world, "reader", 5, at(midnight - 1));
        uses(&world, "reader", 7, at(midnight));
        tries(&world, "reader", NoAdmission::SecretExpired, 2, at(midnight - 1));
        tries(&world, "reader", NoAdmission::SecretExpired, 4, at(midnight));
        world.restart().await;
        let now = at(midnight + DAY);
        let days = days_of(&world, "reader", now).await;
        assert!(days.is_empty(), "it is not known what came before it was counted: {days:?}");
        counts_since(&world, at(midnight - 3 * DAY)).await;
        let days = days_of(&world, "reader", now).await;
        assert_eq!((days.len(), told(&days, now)), (5, vec![(2, 5, 2), (1, 7, 4)]));
        assert_eq!(told(&days_of_all(&world, now).await, now), [(2, 5, 2), (1, 7, 4)]);
        let store = world.node().store.clone();
        let rows = "SELECT (SELECT COUNT(*) FROM account_days) * 10000 + (SELECT COUNT(*) FROM organization_days) * 100 + (SELECT COUNT(*) FROM refused_hours)";
        let last = at(midnight - 1 + (DAYS_KEPT - 1) * DAY);
        store.forget_old_counts(last).await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM account_days WHERE not_admitted IN (2, 4)").await, 2);
        store.forget_old_counts(at(last.seconds() + 1)).await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM account_days WHERE not_admitted IN (2, 4)").await, 1);
        store.forget_old_counts(at(clock::now().seconds() + DAYS_KEPT * DAY)).await.unwrap();
        assert_eq!(world.count(rows).await, 0);
    }

    /// refusals are told by reason for a day, then forgotten
    async fn refusals_by_reason_are_of_a_day(world: World) {
        let world = world.with(WORLD).await;
        let hour = (clock::now().seconds() / 3_600 - 2) * 3_600;
        tries(&world, "reader", NoAdmission::SecretExpired, 4, at(hour + 3_599));
        tries(&world, "exporter", NoAdmission::SecretExpired, 5, at(hour));
        world.restart().await;
        let (last, after) = (at(hour + HOURS_KEPT * 3_600 - 1), at(hour + HOURS_KEPT * 3_600));
        let told = refused(&world, last).await;
        assert_eq!((told[0].requests, told[0].most.unwrap().account), (9, account(&world, "exporter")));
        assert_eq!(refused(&world, after).await, []);
        let store = world.node().store.clone();
        store.forget_old_counts(last).await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM refused_hours").await, 2);
        store.forget_old_counts(after).await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM refused_hours").await, 0);
    }

    /// what a deleted account came to goes with it, and a flush does not bring it back
    async fn a_deleted_accounts_numbers_go(world: World) {
        let world = world.with(WORLD).await;
        let now = clock::now();
        uses(&world, "reader", 3, now);
        tries(&world, "reader", NoAdmission::WrongSecret, 2, now);
        world.restart().await;
        let of_it = "SELECT (SELECT COUNT(*) FROM account_days d JOIN principals p ON p.id = d.principal_id WHERE p.username LIKE 'reader.%') \
                     + (SELECT COUNT(*) FROM refused_hours WHERE principal_id <> 0)";
        assert_eq!(world.count(of_it).await, 2);
        uses(&world, "reader", 3, now);
        tries(&world, "reader", NoAdmission::WrongSecret, 2, now);
        let gone = world.account("reader");
        let (id, held) = (account(&world, "reader"), world.node().cluster.directory().unwrap());
        let secret = held.principal(id).unwrap().secrets()[0].id();
        world.account("ada").delete("organizations/{acme}/service-accounts/{reader}").await.ok();
        assert_eq!(world.count(of_it).await, 0);
        // One that was let in just before the deletion is noted just after it.
        world.node().last_used.note(User { secret, account: id, organization: OrganizationId::new(world.id("acme")).unwrap() }, None, now);
        world.get_with("me", &[gone.header().as_bytes()]).await.refused(401, "not_authenticated");
        world.restart().await;
        assert_eq!(world.count(of_it).await, 0);
        assert!(days_of(&world, "reader", now).await.is_empty());
        // What the organization's requests came to stays true.
        assert_eq!(told(&days_of_all(&world, now).await, now)[0].2, 5);
        let by_reason: Vec<_> = refused(&world, now).await.iter().map(|one| (one.reason, one.requests, one.most)).collect();
        assert_eq!(by_reason, [(Reason::NotAdmitted(NoAdmission::AccountDeleted), 1, None)]);
    }

    /// what is kept of an organization's accounts while it is looked at learns of new accounts and of later uses
    async fn what_is_kept_of_accounts_follows_what_happens(world: World) {
        let world = world.with(WORLD).await;
        let (node, permit) = (world.node(), may_manage(&world, "ada", "acme"));
        let (ada, exporter, reader) = (account(&world, "ada"), account(&world, "exporter"), account(&world, "reader"));
        let known = async || {
            let uses = node.account_uses.of(&node.store, &permit, clock::instant()).await.unwrap();
            // Ada's own requests may be flushed at any time.
            uses.iter().map(|one| (one.id, one.last_used.filter(|_| one.id != ada))).collect::<Vec<_>>()
        };
        assert_eq!(known().await, [(ada, None), (exporter, None), (reader, None)]);
        uses(&world, "reader", 3, clock::now());
        let all = node.last_used.waiting(10).uses;
        let of_reader: Vec<_> = all.into_iter().filter(|one| one.account == reader).collect();
        node.store.note_uses(&of_reader).await.unwrap();
        assert_eq!(known().await[2], (reader, None), "it is told, or reads again");
        node.account_uses.flushed(&of_reader);
        node.last_used.flushed(&of_reader);
        let made = world.account("ada").make("organizations/{acme}/service-accounts", json!({ "username": "new" })).await;
        let used = Some(of_reader[0].latest.seconds());
        let new = PrincipalId::new(made.id).unwrap();
        assert_eq!(known().await, [(ada, None), (exporter, None), (reader, used), (new, None)]);
        // Nobody looked for an hour: all of it is read again.
        node.account_uses.forget_idle(clock::instant() + std::time::Duration::from_secs(3_600));
        assert_eq!(known().await[2], (reader, used));
    }
}
