//! A server with an organization that has an owner who is a person.

use serde_json::json;

use super::chromium::{Chromium, Look};
use crate::client::Caller;
use crate::secrets;
use crate::server::{Founded, Server, Store};

pub(crate) const EMAIL: &str = "mk@acme.example";
pub(crate) const PASSWORD: &str = "the owner has chosen this";

pub(crate) struct Desk {
    /// Where all of it lies, as long as it is worked with.
    store: Store,
    pub(crate) server: Server,
    pub(crate) founded: Founded,
}

impl Desk {
    /// With an owner, MK.
    pub(crate) async fn with_an_owner(store: Store) -> Self {
        let founded = store.init();
        let server = store.serve();
        let desk = Self { store, server, founded };
        desk.joins("MK", EMAIL, "owner").await;
        desk
    }

    /// The owner that is a service account, over the API.
    pub(crate) fn api(&self) -> Caller {
        self.founded.at(&self.server)
    }

    /// Lets a person join, with [`PASSWORD`].
    pub(crate) async fn joins(&self, name: &str, email: &str, role: &str) -> u64 {
        let token = self.invites(email, role).await;
        let accepted = json!({ "token": token, "name": name, "password": PASSWORD });
        let joined = self.api().post("/api/app/invitations/accept", accepted).await.is(201);
        joined["id"].as_u64().expect("an id")
    }

    /// Invites somebody: the invitation's token.
    pub(crate) async fn invites(&self, email: &str, role: &str) -> String {
        let path = format!("/api/app/organizations/{}/invitations", self.founded.organization);
        let invited = self.api().post(&path, json!({ "email": email, "role": role })).await.is(201);
        let token = invited["token"].as_str().expect("a token");
        secrets::handed_out("invitation", token);
        token.to_owned()
    }

    /// The same desk after a stop, and what was changed in its store meanwhile.
    pub(crate) async fn reopened(self, change: impl AsyncFnOnce(&Store)) -> Self {
        let Self { store, server, founded } = self;
        server.stop();
        change(&store).await;
        let server = store.serve();
        Self { store, server, founded }
    }

    /// A service account of the organization, as whoever has its secret.
    pub(crate) async fn account(&self, name: &str) -> Caller {
        self.api().create(self.founded.organization, name).await.1
    }

    /// Gives somebody a role on the project.
    pub(crate) async fn gives(&self, principal: u64, role: &str) {
        let path = format!("/api/app/projects/{}/users/{principal}", self.founded.project);
        self.api().put(&path, json!({ "role": role })).await.is(200);
    }

    /// A browser of the owner, MK, who opened this page and signed in on the way.
    pub(crate) async fn owner_at(&self, look: Look, path: &str, title: &str) -> Chromium {
        self.person_at(EMAIL, look, path, title).await
    }

    /// The same of anybody who has joined with [`PASSWORD`].
    pub(crate) async fn person_at(&self, email: &str, look: Look, path: &str, title: &str) -> Chromium {
        let browser = Chromium::open(self.server.url(), look).await;
        browser.visits(path, "Sign in").await;
        browser.signs_in(email, PASSWORD).await;
        browser.is_at(title).await;
        browser
    }

    /// The id of an account's first secret.
    pub(crate) async fn secret_of(&self, account: u64) -> u64 {
        let path = format!("/api/app/organizations/{}/service-accounts/{account}/secrets", self.founded.organization);
        let secrets = self.api().get(&path).await.is(200);
        secrets[0]["id"].as_u64().expect("an id")
    }

    /// Where the organization's settings are.
    pub(crate) fn of_organization(&self, page: &str) -> String {
        format!("/console/organizations/{}/{page}", self.founded.organization)
    }

    /// Where the project's settings are.
    pub(crate) fn of_project(&self, page: &str) -> String {
        format!("/console/projects/{}/{page}", self.founded.project)
    }
}
