//! Everything that a test needs at once: Claviger with a few accounts and a route table, an API, and a gateway between.

use std::fs;
use std::ops::Deref;

use serde_json::json;

use super::program::{Program, Running, document};
use super::stage::{Account, Place, ROUTES, Stage};
use super::tap::Tap;
use super::upstream::Upstream;
use crate::client::Caller;
use crate::server::{Founded, On, Server, Store};

pub(crate) struct Scene {
    stage: Stage,
    founded: Founded,
    tap: Option<Tap>,
    _gateway: Running,
    server: Option<Server>,
    options: Vec<String>,
    store: Store,
}

/// What is special about a scene.
#[derive(Default)]
pub(crate) struct Setting {
    /// Whether what the gateway says to Claviger is kept.
    pub(crate) is_tapped: bool,
    /// More options of the server.
    pub(crate) options: Vec<&'static str>,
    /// The configuration in place of the guide's.
    pub(crate) configuration: Option<String>,
}

impl Scene {
    pub(crate) async fn open(program: Program) -> Self {
        Self::set(program, Setting::default()).await
    }

    pub(crate) async fn tapped(program: Program) -> Self {
        Self::set(program, Setting { is_tapped: true, ..Setting::default() }).await
    }

    pub(crate) async fn set(program: Program, setting: Setting) -> Self {
        let (place, store) = (Place::own(), Store::new(On::Sqlite));
        let founded = store.init();
        let routes = store.home().join("routes.toml");
        fs::write(&routes, ROUTES).expect("written");
        let listen = if setting.is_tapped { "127.0.0.1:0".to_owned() } else { place.claviger().to_string() };
        let mut options = vec!["--routes".to_owned(), routes.to_str().expect("text").to_owned()];
        options.extend(["--listen".to_owned(), listen, "--trusted-proxy".to_owned(), "127.0.0.0/8".to_owned()]);
        options.extend(setting.options.iter().map(|&option| option.to_owned()));
        let server = serve(&store, &options);
        let tap = if setting.is_tapped {
            let claviger = server.url().trim_start_matches("http://").parse().expect("an address");
            Some(Tap::listen(place.claviger(), claviger).await)
        } else {
            None
        };
        let owner = founded.at(&server);
        let (id, reader) = owner.create(founded.organization, "reader").await;
        let grant = format!("/api/app/organizations/{}/service-accounts/add-to-project", founded.organization);
        let analyst = json!([{ "id": founded.project, "role": "analyst" }]);
        owner.post(&grant, json!({ "projects": analyst, "service_account_ids": [id] })).await.is(200);
        let reader = Account::new(id, &reader.username, &reader.secret);
        let (id, visitor) = owner.create(founded.organization, "visitor").await;
        let visitor = Account::new(id, &visitor.username, &visitor.secret);
        let upstream = Upstream::listen(place.api()).await;
        let configuration = setting.configuration.unwrap_or_else(|| document(program.configuration()));
        let gateway = program.start(&configuration, place);
        let Founded { organization, project, .. } = founded;
        let stage = Stage { place, upstream, organization, project, reader, visitor };
        Self { stage, founded, tap, _gateway: gateway, server: Some(server), options, store }
    }

    /// The owner, asking Claviger itself.
    fn owner(&self) -> Caller {
        self.founded.at(self.server.as_ref().expect("it runs"))
    }

    /// From the answer on, whoever is deleted is refused.
    pub(crate) async fn delete(&self, account: &Account) {
        let path = format!("/api/app/organizations/{}/service-accounts/{}", self.organization, account.id);
        self.owner().delete(&path).await.is(200);
    }

    /// What the gateway said to Claviger, where the test listens in.
    pub(crate) fn tap(&self) -> &Tap {
        self.tap.as_ref().expect("tapped")
    }

    pub(crate) fn kill_claviger(&mut self) {
        self.server.take().expect("it runs").kill();
    }

    pub(crate) fn start_claviger(&mut self) {
        self.server = Some(serve(&self.store, &self.options));
    }
}

impl Deref for Scene {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.stage
    }
}

fn serve(store: &Store, options: &[String]) -> Server {
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    store.serve_with(&options)
}
