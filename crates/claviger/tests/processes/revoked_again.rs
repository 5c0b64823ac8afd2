//! A store that went back in time, with an export of the audit log of the time that is lost: what it tells is revoked again.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::client::Caller;
use crate::process::{Ended, run};
use crate::restore::answering;
use crate::secrets;
use crate::server::{Copied, Founded, Server, Store, on_both_stores};

on_both_stores![
    what_is_told_is_revoked_again_and_nothing_else,
    what_tells_too_little_is_refused_and_leaves_the_store_as_it_is,
    organizations_of_which_nothing_is_told_are_answered_for,
    each_organization_is_told_of_by_its_own_export,
    whoever_was_the_only_owner_is_followed_by_a_link,
    whoever_had_another_password_since_chooses_one_again,
];

/// An installation with a copy of an earlier moment.
struct Installation {
    store: Store,
    founded: Founded,
}

impl Installation {
    async fn new(store: Store) -> (Self, Server, Caller) {
        let founded = store.init();
        let server = store.serve();
        let owner = founded.at(&server);
        (Self { store, founded }, server, owner)
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/app/organizations/{}/{rest}", self.founded.organization)
    }

    /// The owner, once the server answers again: a copy of a database cuts its connections.
    async fn copied(&self, server: &Server) -> (Copied, Caller) {
        let copied = self.store.copied();
        (copied, answering(&self.founded, server).await)
    }

    fn exported(&self, server: &Server, name: &str, options: &[&str]) -> PathBuf {
        exported(&self.store, server, &self.founded, name, options)
    }

    fn accept(&self, files: &[&Path], others: &[&str]) -> Ended {
        let mut command = self.store.command(&["restore", "accept", "--lease", "300ms"]);
        for file in files {
            command.arg("--revocations").arg(file);
        }
        command.args(others);
        run(command)
    }

    fn serves_nobody(&self) {
        match Server::start(self.store.serving(&[])) {
            Ok(_) => panic!("it serves what went back in time"),
            Err(ended) => assert!(ended.refused(6).contains("the store has lost history")),
        }
    }
}

fn exported(store: &Store, server: &Server, founded: &Founded, name: &str, options: &[&str]) -> PathBuf {
    let file = store.home().join(name);
    let mut command = store.claviger(&["audit", "export", "--url", server.url(), "--to"]);
    command.arg(&file).args(["--organization", &founded.organization.to_string()]).args(options);
    command.env("CLAVIGER_USERNAME", &founded.username).env("CLAVIGER_SECRET", &founded.secret);
    run(command).ok();
    file
}

/// Another secret of the same account.
fn by(caller: &Caller, secret: &Value) -> Caller {
    let token = secret["token"].as_str().expect("a token");
    secrets::handed_out("secret", token);
    caller.with(&caller.username, token)
}

async fn what_is_told_is_revoked_again_and_nothing_else(store: Store) {
    let (installation, server, owner) = Installation::new(store).await;
    let (organization, project) = (installation.founded.organization, installation.founded.project);
    let mut made = Vec::new();
    for name in ["kept", "deleted", "disabled", "changing", "rotated", "taken off", "shut out"] {
        made.push(owner.create(organization, name).await);
    }
    let [kept, deleted, disabled, changing, rotated, taken_off, shut_out] =
        made.try_into().unwrap_or_else(|_| panic!("seven accounts"));
    let of = |id: u64, rest: &str| installation.path(&format!("service-accounts/{id}{rest}"));
    let secret = owner.post(&of(changing.0, "/secrets"), json!({ "name": "second" })).await.is(201);
    let second = by(&changing.1, &secret);
    let add = json!({ "projects": [{ "id": project, "role": "admin" }], "service_account_ids": [taken_off.0, kept.0] });
    owner.post(&installation.path("service-accounts/add-to-project"), add).await.is(200);
    let invitation = json!({ "email": "bob@example.com", "role": "admin" });
    let invited = owner.post(&installation.path("invitations"), invitation).await.is(201);
    secrets::handed_out("invitation", invited["token"].as_str().expect("a token"));

    let (copied, owner) = installation.copied(&server).await;
    owner.delete(&of(deleted.0, "")).await.is(200);
    owner.patch(&of(disabled.0, ""), json!({ "disabled": true })).await.is(200);
    let secrets_of = owner.get(&of(changing.0, "/secrets")).await.is(200);
    let first = secrets_of[0]["id"].as_u64().expect("a secret");
    owner.delete(&of(changing.0, &format!("/secrets/{first}"))).await.is(200);
    let newer = owner.post(&of(rotated.0, "/rotate"), json!({ "grace_seconds": 0 })).await.is(201);
    let newer = by(&rotated.1, &newer);
    let remove = json!({ "projects": [{ "id": project, "service_account_ids": [taken_off.0] }] });
    owner.post(&installation.path("service-accounts/remove-from-project"), remove).await.is(200);
    let elsewhere = json!({ "allowed_addresses": ["192.0.2.0/24"] });
    owner.put(&of(shut_out.0, "/allowed-addresses"), elsewhere).await.is(200);
    let (_, later) = owner.create(organization, "made later").await;
    owner.delete(&installation.path(&format!("invitations/{}", invited["id"]))).await.is(200);
    let export = installation.exported(&server, "log.ndjson", &[]);
    server.stop();
    installation.store.put_back(&copied);
    installation.serves_nobody();

    let told = installation.accept(&[&export], &[]).ok();
    assert!(told.starts_with("The store goes on from revision "), "{told}");
    assert!(told.contains("7 took something away that is taken away again; 0 must choose"), "{told}");
    assert!(!told.contains("http"), "nobody needs a link: {told}");
    let server = installation.store.serve();
    let url = server.url();
    for (caller, status) in [
        (&kept.1, 200),
        (&deleted.1, 401),
        (&disabled.1, 401),
        (&changing.1, 401),
        (&second, 200),
        (&rotated.1, 401),
        (&newer, 401),
        (&taken_off.1, 200),
        (&shut_out.1, 403),
        (&later, 401),
    ] {
        let answer = caller.at(url).me().await;
        assert_eq!(answer.status, status, "{}: {}", caller.username, answer.body);
    }
    let owner = installation.founded.at(&server);
    for (caller, has_a_role) in [(&kept.1, true), (&taken_off.1, false)] {
        let reached = caller.at(url).me().await.is(200)["projects"].clone();
        assert_eq!(reached.get(project.to_string()).is_some(), has_a_role, "{}: {reached}", caller.username);
    }
    let accept = json!({ "token": invited["token"], "name": "Bob", "password": "correct horse battery" });
    assert_eq!(owner.post("/api/app/invitations/accept", accept).await.status, 404);
    let log = owner.get(&installation.path("audit-log?action=organization.restored")).await.is(200);
    let facts = log[0]["after"].to_string();
    assert!(facts.contains("is_revoked_again"), "{facts}");
    server.stop();
    let whole = run(installation.store.command(&["audit", "verify"])).ok();
    assert!(whole.contains("events are chained"), "{whole}");
}

async fn what_tells_too_little_is_refused_and_leaves_the_store_as_it_is(store: Store) {
    let (installation, server, owner) = Installation::new(store).await;
    let organization = installation.founded.organization;
    let (id, deleted) = owner.create(organization, "deleted").await;
    let early = installation.exported(&server, "early.ndjson", &[]);
    owner.create(organization, "the newest").await;
    let (copied, owner) = installation.copied(&server).await;
    owner.delete(&installation.path(&format!("service-accounts/{id}"))).await.is(200);
    let filtered = installation.exported(&server, "filtered.ndjson", &["--actor", &own_id(&owner).await]);
    let part = installation.exported(&server, "part.ndjson", &["--action", "service_account.*"]);
    let whole = installation.exported(&server, "whole.ndjson", &[]);
    let csv = installation.exported(&server, "log.csv", &["--format", "csv"]);
    server.stop();
    installation.store.put_back(&copied);

    let without = |name: &str, wanted: &str| {
        let text = fs::read_to_string(&whole).expect("the export");
        assert_eq!(text.lines().filter(|line| line.contains(wanted)).count(), 1, "{wanted}");
        let lines: String =
            text.lines().filter(|line| !line.contains(wanted)).map(|line| format!("{line}\n")).collect();
        let file = installation.store.home().join(name);
        fs::write(&file, lines).expect("written");
        file
    };
    let cut = without("cut.ndjson", "service_account.deleted");
    let apart = without("apart.ndjson", "the_newest");
    let missing = installation.store.home().join("missing.ndjson");
    for (file, reason) in [
        (&early, "the newest that the store has of it: what lies between is not told"),
        (&filtered, "it was made with the filter actor"),
        (&part, "it was made before the moment that the store went back to, or with a filter"),
        (&csv, "line 1 is no event of an audit log"),
        (&cut, "is in no export"),
        (&apart, "the newest that the store has of it"),
    ] {
        let refused = installation.accept(&[file], &[]);
        assert_eq!(refused.code(), 2, "{}: {}", file.display(), refused.err);
        assert!(refused.err.contains(reason), "{}: {}", file.display(), refused.err);
        installation.serves_nobody();
    }
    let refused = installation.accept(&[&missing], &[]);
    assert!(refused.err.contains("missing.ndjson"), "{}", refused.err);
    assert_eq!(installation.store.number("SELECT closed FROM head").await, 0, "nothing was done");
    let told = installation.accept(&[&whole, &whole], &[]).ok();
    assert!(told.contains("1 took something away"), "{told}");
    let server = installation.store.serve();
    assert_eq!(deleted.at(server.url()).me().await.status, 401);
}

async fn own_id(caller: &Caller) -> String {
    caller.me().await.is(200)["user_id"].to_string()
}

/// Two organizations: an account that is kept and one that was deleted, and an account of the other.
struct TwoOrganizations {
    installation: Installation,
    kept: Caller,
    deleted: Caller,
    of_other: Caller,
    export: PathBuf,
    export_of_other: PathBuf,
    other: Founded,
}

impl TwoOrganizations {
    async fn went_back(store: Store) -> Self {
        let (installation, server, _) = Installation::new(store).await;
        server.stop();
        let create = ["organization", "create", "Other", "--output", "json"];
        let other = Founded::from_json(&run(installation.store.command(&create)).ok());
        let server = installation.store.serve();
        let owner = installation.founded.at(&server);
        let (_, kept) = owner.create(installation.founded.organization, "kept").await;
        let (id, deleted) = owner.create(installation.founded.organization, "deleted").await;
        let (_, of_other) = other.at(&server).create(other.organization, "of the other").await;
        let (copied, owner) = installation.copied(&server).await;
        let export_of_other = exported(&installation.store, &server, &other, "other.ndjson", &[]);
        owner.delete(&installation.path(&format!("service-accounts/{id}"))).await.is(200);
        let export = installation.exported(&server, "log.ndjson", &[]);
        server.stop();
        installation.store.put_back(&copied);
        Self { installation, kept, deleted, of_other, export, export_of_other, other }
    }

    async fn statuses(&self, server: &Server) -> [u16; 3] {
        let mut statuses = [0; 3];
        for (status, caller) in statuses.iter_mut().zip([&self.kept, &self.deleted, &self.of_other]) {
            *status = caller.at(server.url()).me().await.status;
        }
        statuses
    }
}

async fn organizations_of_which_nothing_is_told_are_answered_for(store: Store) {
    let two = TwoOrganizations::went_back(store).await;
    let refused = two.installation.accept(&[&two.export], &[]);
    assert_eq!(refused.code(), 2);
    let expected = format!("no export is of organization {}", two.other.organization);
    assert!(refused.err.contains(&expected), "{}", refused.err);
    let told = two.installation.accept(&[&two.export], &["--suspend"]).ok();
    assert!(link_in(&told).starts_with("/console/setup/cvu_"), "{told}");
    let server = two.installation.store.serve();
    assert_eq!(two.statuses(&server).await, [200, 401, 401], "the other is suspended");
    assert_eq!(two.installation.founded.at(&server).me().await.status, 200);
}

async fn each_organization_is_told_of_by_its_own_export(store: Store) {
    let two = TwoOrganizations::went_back(store).await;
    let told = two.installation.accept(&[&two.export, &two.export_of_other], &[]).ok();
    assert_eq!(told.matches("\nOrganization ").count(), 2, "{told}");
    let server = two.installation.store.serve();
    assert_eq!(two.statuses(&server).await, [200, 401, 200], "nothing of the other was revoked");
}

async fn whoever_was_the_only_owner_is_followed_by_a_link(store: Store) {
    let (installation, server, _) = Installation::new(store).await;
    let organization = installation.founded.organization;
    let (copied, owner) = installation.copied(&server).await;
    let (id, another) = owner.create(organization, "another owner").await;
    let own = own_id(&owner).await;
    let role = json!({ "organization_role": "owner" });
    owner.patch(&installation.path(&format!("service-accounts/{id}")), role).await.is(200);
    another.at(server.url()).delete(&installation.path(&format!("service-accounts/{own}"))).await.is(200);
    let founded =
        Founded { username: another.username.clone(), secret: another.secret.clone(), ..installation.founded };
    let export = exported(&installation.store, &server, &founded, "log.ndjson", &[]);
    server.stop();
    installation.store.put_back(&copied);
    let words = ["restore", "accept", "--lease", "300ms", "--revocations", export.to_str().expect("UTF-8")];
    let told = run(installation.store.command(&words)).ok();
    let link = link_in(&told);
    assert!(link.starts_with("/console/setup/cvu_") && told.contains("No owner of these can come in"), "{told}");
    let server = installation.store.serve();
    for caller in [&owner, &another] {
        assert_eq!(caller.at(server.url()).me().await.status, 401);
    }
}

/// The first link of the console in a text, as a path. Nobody may write its token.
fn link_in(told: &str) -> String {
    let at = told.find("/console/").expect("a link");
    let path = told[at..].split_whitespace().next().expect("a path").to_owned();
    secrets::handed_out("link", path.rsplit('/').next().expect("a token"));
    path
}

async fn chooses_another_password(server: &Server, path: &str) {
    let browser = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}{path}", server.url());
    let page = browser.get(&url).send().await.expect("a page");
    assert_eq!(page.status(), 200);
    let cookie = page.headers()["set-cookie"].to_str().expect("a cookie").split(';').next().expect("one").to_owned();
    let page = page.text().await.expect("text");
    let (_, token) = page.split_once("name=\"form_token\" value=\"").expect("a token");
    let token = token.split('"').next().expect("its end");
    let password = "another battery, and a horse";
    let form = browser.post(&url).header("cookie", cookie).header("sec-fetch-site", "same-origin");
    let done = form.form(&[("form_token", token), ("password", password), ("again", password)]).send().await;
    assert_eq!(done.expect("an answer").status(), 200);
}

async fn whoever_had_another_password_since_chooses_one_again(store: Store) {
    let (installation, server, owner) = Installation::new(store).await;
    let invitation = json!({ "email": "ada@example.com", "role": "owner" });
    let invited = owner.post(&installation.path("invitations"), invitation).await.is(201);
    let accept = json!({ "token": invited["token"], "name": "Ada", "password": "correct horse battery" });
    owner.post("/api/app/invitations/accept", accept).await.is(201);
    let (copied, owner) = installation.copied(&server).await;
    let (id, another) = owner.create(installation.founded.organization, "another owner").await;
    let role = json!({ "organization_role": "owner" });
    owner.patch(&installation.path(&format!("service-accounts/{id}")), role).await.is(200);
    let own = own_id(&owner).await;
    another.at(server.url()).delete(&installation.path(&format!("service-accounts/{own}"))).await.is(200);
    server.stop();
    let link = link_in(&run(installation.store.command(&["reset-password", "ada@example.com"])).ok());
    let server = installation.store.serve();
    chooses_another_password(&server, &link).await;
    let (username, secret) = (another.username.clone(), another.secret.clone());
    let founded = Founded { username, secret, ..installation.founded };
    let export = exported(&installation.store, &server, &founded, "log.ndjson", &[]);
    server.stop();
    installation.store.put_back(&copied);

    let words = ["restore", "accept", "--lease", "300ms", "--revocations", export.to_str().expect("UTF-8")];
    let told = run(installation.store.command(&words)).ok();
    assert!(told.contains("1 must choose another password"), "{told}");
    let again = link_in(&told);
    assert!(again.starts_with("/console/reset/cvr_"), "for the owner who is a person: {told}");
    let suspended = "SELECT COUNT(*) FROM audit_events WHERE action = 'user.suspended' AND actor_kind = 'operator'";
    assert_eq!(installation.store.number(suspended).await, 1);
    let server = installation.store.serve();
    let page = reqwest::get(format!("{}{link}", server.url())).await.expect("an answer");
    assert_eq!(page.status(), 404, "the link that was used opens nothing");
    chooses_another_password(&server, &again).await;
}
