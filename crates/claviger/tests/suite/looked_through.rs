//! What must be true of every world after every test.

use std::io;
use std::sync::{Mutex, Once};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use claviger::audit_chain::series::Series;
use claviger::store::TABLES;
use claviger::telemetry::filter;
use claviger_access::effective;
use claviger_access::grant::Granted;
use claviger_access::identity::{InvitationId, OrganizationId, PrincipalId};
use claviger_access::{Directory, Revision};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::world::{On, World};

/// Everything that was logged in this process.
static LOGGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Writes the log into memory, at the most talkative level of our own.
pub(crate) struct Log;

impl Log {
    pub(crate) fn start() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            tracing_subscriber::fmt()
                .with_env_filter(
                    filter("info,claviger=trace,sqlx=debug,hyper=debug,tower_http=trace").expect("a filter"),
                )
                .with_ansi(false)
                .with_writer(|| Log)
                .init();
        });
    }
}

impl Log {
    /// Where the log stands.
    pub(crate) fn position() -> usize {
        LOGGED.lock().unwrap().len()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Looks through a world that still runs.
pub(crate) async fn world(world: &World) {
    image_equals_load_and_replay(world).await;
    mutations_and_events_belong_together(world).await;
    every_actor_was_permitted(world).await;
    the_audit_log_is_whole(world).await;
    // No secret of this world is older than the world itself.
    let logged = LOGGED.lock().unwrap()[world.log_begin()..].to_vec();
    assert!(!logged.is_empty(), "nothing was logged, so the log was not captured");
    no_secret_in(world, &logged, "the log");
    let metrics = world.metrics();
    no_secret_in(world, metrics.as_bytes(), "the metrics");
    for (name, _) in world.secrets().iter().filter(|(name, _)| name.ends_with(".service-account")) {
        assert!(!metrics.contains(name.as_str()), "the metrics name {name}");
    }
    if world.on() == On::Postgres {
        for table in TABLES {
            let rows = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT CAST(t AS TEXT) FROM {table} t")))
                .fetch_all(&world.node().store.reads())
                .await
                .expect("the rows");
            let rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
            no_secret_in(world, rows.join("\n").as_bytes(), table);
        }
    }
}

/// Looks through the files that a stopped server leaves.
pub(crate) fn store_at_rest(world: &World) {
    let Some(folder) = world.location().folder() else { return };
    for entry in std::fs::read_dir(folder).expect("the data folder") {
        let path = entry.expect("an entry").path();
        no_secret_in(world, &std::fs::read(&path).expect("a file"), &path.display().to_string());
    }
}

fn no_secret_in(world: &World, written: &[u8], place: &str) {
    let holds = |what: &str| memchr::memmem::find(written, what.as_bytes()).is_some();
    for (username, secret) in world.secrets() {
        let at = memchr::memmem::find(written, secret.as_bytes());
        let line = at.map(|at| String::from_utf8_lossy(&written[at.saturating_sub(200)..(at + 90).min(written.len())]));
        assert!(!holds(&secret), "a secret is in {place} {line:?}");
        // The last group may differ with what follows, so the padding is left out.
        let encoded = BASE64_STANDARD.encode(format!("{username}:{secret}"));
        let unpadded = encoded.trim_end_matches('=');
        assert!(!holds(&unpadded[..unpadded.len() - 1]), "an encoded secret is in {place}");
    }
}

/// Invariant 6: loading at a revision equals applying all changes up to it, and both equal the image.
async fn image_equals_load_and_replay(world: &World) {
    let node = world.node();
    let image = node.cluster.directory().expect("an image");
    let loaded = node.store.load_directory(7, |_| {}).await.expect("a load");
    assert_eq!(loaded.contents(), image.contents(), "loaded and applied differ");
    let mut replayed = Directory::empty(8);
    let changes = node.store.changes_after(Revision::ZERO, i64::MAX).await.expect("the changes");
    for (at, (revision, mark, changes)) in changes.iter().enumerate() {
        assert_eq!(revision.0, at as u64 + 1, "revisions have no gaps");
        replayed.apply_all(changes, *revision, *mark);
    }
    assert_eq!(replayed.contents(), image.contents(), "replayed and applied differ");
}

/// Invariant 4: replay the history, and each event's actor held, in the state just before it, the grant that the event
/// names, and that grant gave the permission.
async fn every_actor_was_permitted(world: &World) {
    let store = world.node().store.clone();
    let changes = store.changes_after(Revision::ZERO, i64::MAX).await.expect("the changes");
    let events = sqlx::query(
        "SELECT revision, made_at, actor_kind, actor_id, basis, basis_grant_id, permission, action, target_kind, target_id, \
         organization_id FROM audit_events ORDER BY id",
    )
    .fetch_all(&store.reads())
    .await
    .expect("the events");
    let mut before = Directory::empty(9);
    for (revision, mark, changes) in changes {
        let these: Vec<_> =
            events.iter().filter(|event| event.get::<i64, _>("revision") == revision.0 as i64).collect();
        let mut after = before.clone();
        after.apply_all(&changes, revision, mark);
        for event in &these {
            match event.get::<String, _>("basis").as_str() {
                "one_time_link" if event.get::<String, _>("action") == "password_reset.used" => {
                    a_reset_link_was_open(&before, &after, event);
                }
                "one_time_link" => a_link_was_open(&before, &after, &these, event),
                "oneself" => did_it_to_himself(&before, event),
                _ => was_permitted(&before, event),
            }
        }
        before = after;
    }
}

fn number(event: &AnyRow, column: &str) -> u64 {
    u64::try_from(event.get::<Option<i64>, _>(column).expect("a number")).expect("an id")
}

/// By a link: the state just before had an open invitation of that organization, for the address of who acted, and it is
/// over in the state after.
fn a_link_was_open(before: &Directory, after: &Directory, these: &[&AnyRow], event: &AnyRow) {
    if these.iter().any(|other| other.get::<String, _>("action") == "set_up_link.used") {
        return a_set_up_link_was_open(before, after, event);
    }
    let accepted = these.iter().find(|other| other.get::<String, _>("action") == "invitation.accepted");
    let id = InvitationId::new(number(accepted.expect("an acceptance"), "target_id")).expect("an id");
    let invitation = before.invitation(id).expect("an open invitation");
    assert!(event.get::<i64, _>("made_at") < invitation.expires.seconds(), "it had expired");
    assert_eq!(number(event, "organization_id"), invitation.organization.number());
    assert_eq!(event.get::<String, _>("actor_kind"), "person");
    let actor = PrincipalId::new(number(event, "actor_id")).expect("an id");
    assert_eq!(after.person(actor).expect("a person").email, invitation.email);
    assert!(after.invitation(id).is_none(), "it opens once");
}

/// By a set-up link: the state just before had an open one of that organization and no owner who is a person, and the one
/// who acted is one in the state after, which has none.
fn a_set_up_link_was_open(before: &Directory, after: &Directory, event: &AnyRow) {
    let id = OrganizationId::new(number(event, "organization_id")).expect("an id");
    let (was, is) = (before.organization(id).expect("it"), after.organization(id).expect("it"));
    let link = was.set_up_link.as_ref().expect("an open link");
    assert!(event.get::<i64, _>("made_at") < link.expires.seconds(), "it had expired");
    assert!(is.set_up_link.is_none() && !effective::is_owned_by_a_person(before, was), "it opens once");
    let actor = PrincipalId::new(number(event, "actor_id")).expect("an id");
    assert!(before.principal(actor).is_none() && is.owners.contains(&actor));
    assert_eq!(event.get::<String, _>("actor_kind"), "person");
}

/// By a link for another password: the state just before had it, for the person who acts, and it is over in the state after,
/// with all of his sessions.
fn a_reset_link_was_open(before: &Directory, after: &Directory, event: &AnyRow) {
    let actor = PrincipalId::new(number(event, "actor_id")).expect("an id");
    let reset = before.password_reset(actor).expect("an open link");
    assert!(event.get::<i64, _>("made_at") < reset.expires.seconds(), "it had expired");
    assert!(after.password_reset(actor).is_none(), "it opens once");
    assert!(after.person(actor).expect("a person").sessions.is_empty());
}

/// Without a grant: a member of the organization does something about himself and nobody else.
fn did_it_to_himself(before: &Directory, event: &AnyRow) {
    assert_eq!(event.get::<String, _>("target_kind"), "principal");
    assert_eq!(number(event, "actor_id"), number(event, "target_id"));
    let actor = before.principal(PrincipalId::new(number(event, "actor_id")).expect("an id")).expect("an actor");
    let organization = OrganizationId::new(number(event, "organization_id")).expect("an id");
    assert!(effective::is_member(&actor, organization));
}

fn was_permitted(before: &Directory, event: &AnyRow) {
    let (action, permission) = (event.get::<String, _>("action"), event.get::<String, _>("permission"));
    if event.get::<String, _>("actor_kind") == "operator" {
        assert_eq!(event.get::<String, _>("basis"), "operator", "{action}");
        return;
    }
    let actor = before.principal(PrincipalId::new(number(event, "actor_id")).expect("an id")).expect("an actor");
    let open = before.organizations().flat_map(|organization| &organization.open_projects);
    let open = open.filter_map(|project| before.project(*project)?.default_access);
    let mut reaching = effective::held(before, &actor).map(|(grant, _)| grant).chain(open);
    let grant =
        reaching.find(|grant| grant.id.number() == number(event, "basis_grant_id")).expect("a grant that reached it");
    let gives: Vec<String> = match grant.granted() {
        Granted::Organization(_, role) => {
            let in_projects = role.in_projects().map_or(&[][..], |role| role.permissions());
            role.permissions().iter().chain(in_projects).map(|permission| permission.name().to_owned()).collect()
        }
        Granted::Project(_, role) | Granted::Workspace(_, role) => {
            before.permissions_of(role).names().map(|name| name.as_str().to_owned()).collect()
        }
    };
    assert!(gives.contains(&permission), "{action} needed {permission}, and had {gives:?}");
}

/// Invariant 2: no mutation without its event, no event without its mutation, and the numbers have no gaps.
async fn mutations_and_events_belong_together(world: &World) {
    let lonely = world
        .count("SELECT COUNT(*) FROM changes c LEFT JOIN audit_events e ON e.revision = c.revision WHERE e.id IS NULL \
                AND c.revision >= (SELECT CASE WHEN a.removed_to = 0 THEN 0 ELSE COALESCE((SELECT MIN(revision) FROM audit_events WHERE revision > 0), h.revision + 1) END \
                                   FROM audit_anchors a, head h WHERE a.series = 'mutations')")
        .await;
    assert_eq!(lonely, 0, "a mutation has no event");
    let lonely = world
        .count(
            "SELECT COUNT(*) FROM audit_events e LEFT JOIN changes c ON e.revision = c.revision \
                WHERE c.revision IS NULL AND e.id <= 1000000000000000",
        )
        .await;
    assert_eq!(lonely, 0, "an event has no mutation");
    let posing = world.count("SELECT COUNT(*) FROM audit_events WHERE id > 1000000000000000 AND revision <> 0").await;
    assert_eq!(posing, 0, "an observation poses as a mutation");
    for series in Series::ALL {
        let (after, up_to, series) = (series.after(), series.up_to(), series.text());
        let of = format!("FROM audit_events WHERE id > {after} AND id <= {up_to}");
        let removed_to = format!("(SELECT removed_to FROM audit_anchors WHERE series = '{series}')");
        let gaps = format!("SELECT CAST(COALESCE(MAX(id), {removed_to}) - {removed_to} - COUNT(*) AS BIGINT) {of}");
        let gaps: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(gaps)).fetch_one(&world.node().store.reads()).await.unwrap();
        assert_eq!(gaps, 0, "event numbers of the {series} have gaps");
    }
}

/// Every event is chained to the one before it, and the head row ends in the last one.
async fn the_audit_log_is_whole(world: &World) {
    let store = world.node().store.clone();
    let ring = store.audit_keys().expect("keys");
    for series in Series::ALL {
        let verified = store.verify_audit_log(series, &ring, &[], |_, _| {}).await.expect("a chain");
        assert_eq!(verified.broken, None, "{verified:?}");
        assert_eq!(verified.whole, verified.last - verified.begun_after.max(verified.removed_to), "{verified:?}");
    }
}

/// What was logged so far.
pub(crate) fn logged() -> String {
    String::from_utf8_lossy(&LOGGED.lock().unwrap()).into_owned()
}
