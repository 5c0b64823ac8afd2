//! Everything that a test needs at once: Claviger with a few accounts and a route table, an API, and a gateway between.

use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::message::{Client, Message, request};
use super::program::{Place, Program, Running, document};
use super::tap::Tap;
use super::upstream::Upstream;
use crate::client::Caller;
use crate::server::{Founded, On, Server, Store};

const ROUTES: &str = r#"
[[route]]
path = "/open/**"
access = "public"

[[route]]
path = "/v1/me"
access = "authenticated"

[[route]]
path = "/v1/projects/{project}/settings"
project = "{project}"
role = "admin"

[[route]]
path = "/v1/projects/{project}/**"
project = "{project}"
permission = "data:read"

[[route]]
path = "/internal/**"
access = "denied"
"#;

pub(crate) struct Scene {
    pub(crate) place: Place,
    pub(crate) founded: Founded,
    pub(crate) upstream: Upstream,
    /// What the gateway said to Claviger, where the test listens in.
    pub(crate) tap: Option<Tap>,
    _gateway: Running,
    /// An analyst of the project.
    pub(crate) reader: Account,
    /// Of the organization, and of no project.
    pub(crate) visitor: Account,
    server: Option<Server>,
    options: Vec<String>,
    store: Store,
}

/// A service account, and its credential as it travels.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: u64,
    pub(crate) username: String,
    pub(crate) credential: String,
}

impl Account {
    fn of(id: u64, caller: &Caller) -> Self {
        let pair = BASE64_STANDARD.encode(format!("{}:{}", caller.username, caller.secret));
        Self { id, username: caller.username.clone(), credential: format!("Basic {pair}") }
    }
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
        let reader = Account::of(id, &reader);
        let (id, visitor) = owner.create(founded.organization, "visitor").await;
        let visitor = Account::of(id, &visitor);
        let upstream = Upstream::listen(place.api()).await;
        let configuration = setting.configuration.unwrap_or_else(|| document(program.configuration()));
        let gateway = program.start(&configuration, place);
        Self { place, founded, upstream, tap, _gateway: gateway, reader, visitor, server: Some(server), options, store }
    }

    /// The owner, asking Claviger itself.
    pub(crate) fn owner(&self) -> Caller {
        self.founded.at(self.server.as_ref().expect("it runs"))
    }

    /// A path of the project.
    pub(crate) fn of_project(&self, rest: &str) -> String {
        format!("/v1/projects/{}/{rest}", self.founded.project)
    }

    pub(crate) fn kill_claviger(&mut self) {
        self.server.take().expect("it runs").kill();
    }

    pub(crate) fn start_claviger(&mut self) {
        self.server = Some(serve(&self.store, &self.options));
    }

    /// A connection to the gateway.
    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.place.gateway()).await
    }

    /// What a request on a connection of its own is answered; `None` where the gateway closes without an answer.
    pub(crate) async fn sends(&self, request: &str) -> Option<Message> {
        self.client().await.ask(request).await
    }

    /// The same for a request that anybody could send.
    pub(crate) async fn asks(&self, who: Option<&Account>, method: &str, target: &str) -> Message {
        let credential: Vec<(&str, &str)> =
            who.iter().map(|account| ("Authorization", account.credential.as_str())).collect();
        self.sends(&request(method, target, &credential)).await.expect("an answer")
    }

    /// What the API got, which is one request.
    pub(crate) fn one_at_the_api(&self) -> Message {
        let mut requests = self.upstream.requests();
        assert_eq!(requests.len(), 1, "{requests:#?}");
        requests.remove(0)
    }
}

fn serve(store: &Store, options: &[String]) -> Server {
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    store.serve_with(&options)
}
