//! A service in Rust that a running Claviger guards by the layer of `claviger-client`.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::{any, post};
use axum::{Extension, Router};
use claviger_client::{Checker, Demand, GuardLayer, Passage};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::client::Caller;
use crate::secrets;
use crate::server::{Founded, On, Server, Store};

#[allow(dead_code, reason = "its main is not run here")]
#[path = "../../../claviger-client/examples/guarded_service.rs"]
mod guarded_service;

/// A Claviger with a project `shop`, and somebody who asks services.
struct Scene {
    store: Store,
    server: Server,
    founded: Founded,
    owner: Caller,
    http: Client,
}

impl Scene {
    async fn with(options: &[&str], store: Store) -> Self {
        let founded = store.init();
        let server = store.serve_with(options);
        let owner = founded.at(&server);
        owner.patch(&format!("/api/app/projects/{}", founded.project), json!({ "slug": "shop" })).await.is(200);
        let http = Client::builder().no_proxy().build().expect("a client");
        Self { store, server, founded, owner, http }
    }

    async fn new() -> Self {
        Self::with(&[], Store::new(On::Sqlite)).await
    }

    fn checker(&self) -> Checker {
        Checker::new(self.server.url()).expect("a checker")
    }

    /// A new account with this role in the project.
    async fn account(&self, name: &str, role: &str) -> (u64, Caller) {
        let (organization, project) = (self.founded.organization, self.founded.project);
        let (id, caller) = self.owner.create(organization, name).await;
        let path = format!("/api/app/organizations/{organization}/service-accounts/add-to-project");
        let body = json!({ "projects": [{ "id": project, "role": role }], "service_account_ids": [id] });
        self.owner.post(&path, body).await.is(200);
        (id, caller)
    }

    fn get(&self, url: &str, caller: &Caller) -> RequestBuilder {
        self.http.get(url).basic_auth(&caller.username, Some(&caller.secret))
    }

    async fn status(&self, url: &str, caller: &Caller) -> u16 {
        self.get(url, caller).send().await.expect("an answer").status().as_u16()
    }
}

/// Serves until the test ends; answers where.
async fn serve(service: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, service).await });
    url
}

/// A service that counts what reaches it, and says who came with which headers.
async fn counting(layer: GuardLayer) -> (String, Arc<AtomicUsize>) {
    let reached = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reached);
    let who = async move |Extension(passage): Extension<Passage>, headers: HeaderMap| {
        count.fetch_add(1, Ordering::SeqCst);
        let names: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
        json!({ "principal": passage.principal, "project": passage.project, "headers": names }).to_string()
    };
    let count = Arc::clone(&reached);
    let upload = async move |body: Bytes| {
        count.fetch_add(1, Ordering::SeqCst);
        body
    };
    let service = Router::new().route("/upload", post(upload)).route("/{*rest}", any(who)).layer(layer);
    (serve(service).await, reached)
}

async fn refusal(response: Response) -> (u16, String, String) {
    let status = response.status().as_u16();
    let reason = response.headers()["x-claviger-reason"].to_str().expect("text").to_owned();
    let body: Value = serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON");
    assert_eq!(body["status"], "error", "{body}");
    (status, reason, body["code"].as_str().expect("a code").to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_lets_through_who_may_export_reports() {
    let scene = Scene::new().await;
    let url = serve(guarded_service::service(scene.server.url()).expect("a service")).await;
    let (id, exporter) = scene.account("exporter", "admin").await;
    let (_, reader) = scene.account("reader", "consumer").await;
    let (_, stranger) = scene.owner.create(scene.founded.organization, "stranger").await;
    let reports = format!("{url}/reports");
    let passed = scene.get(&reports, &exporter).send().await.expect("an answer").text().await.expect("text");
    assert_eq!(passed, format!("reports for {}, who is {id}\n", exporter.username));
    let uploading = scene.http.post(&reports).basic_auth(&exporter.username, Some(&exporter.secret));
    let told = uploading.body(vec![7; 1 << 20]).send().await.expect("an answer").text().await.expect("text");
    assert_eq!(told, format!("1048576 bytes from {}\n", exporter.username));
    for (caller, reason) in [(&reader, "permission_missing"), (&stranger, "place_not_reached")] {
        let refused = refusal(scene.get(&reports, caller).send().await.expect("an answer")).await;
        assert_eq!(refused, (403, reason.to_owned(), reason.to_owned()));
    }
    let wrong = exporter.with(&exporter.username, "wrong");
    let response = scene.get(&reports, &wrong).send().await.expect("an answer");
    assert_eq!(response.headers()["www-authenticate"], "Basic realm=\"claviger\", charset=\"UTF-8\"");
    assert_eq!(refusal(response).await.0, 401);
    let nobody = scene.http.get(&reports).send().await.expect("an answer");
    assert_eq!(refusal(nobody).await, (401, "not_authenticated".to_owned(), "not_authenticated".to_owned()));
    let health = scene.http.get(format!("{url}/health")).send().await.expect("an answer");
    assert_eq!(health.status(), 200);
    scene.server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_believes_the_passage_alone_and_gets_bodies_whole() {
    let scene = Scene::new().await;
    assert_eq!(scene.checker().has_route_table().await, Ok(false));
    let demand = Demand::project("shop").permission("data:write");
    let (url, reached) = counting(GuardLayer::new(scene.checker(), demand)).await;
    let (id, writer) = scene.account("writer", "analyst").await;
    let spoofing =
        ["x-claviger-principal", "X_Claviger_Principal", "X.Claviger.Principal", "x-claviger_role", "x-claviger-admin"];
    let request =
        spoofing.iter().fold(scene.get(&format!("{url}/who"), &writer), |request, name| request.header(*name, "1"));
    let who: Value =
        serde_json::from_str(&request.send().await.expect("an answer").text().await.expect("text")).expect("JSON");
    assert_eq!((&who["principal"], &who["project"]), (&json!(id), &json!(scene.founded.project)));
    assert_eq!(who["headers"], json!(["accept", "host"]));
    let body: Vec<u8> = (0..1_500_000_u32).flat_map(u32::to_le_bytes).take(1_500_000).collect();
    let upload = scene.http.post(format!("{url}/upload")).basic_auth(&writer.username, Some(&writer.secret));
    assert_eq!(upload.body(body.clone()).send().await.expect("an answer").bytes().await.expect("a body"), body);
    assert_eq!(reached.load(Ordering::SeqCst), 2);
    // Who is refused is not asked for the body that he announces.
    let mut raw = TcpStream::connect(url.trim_start_matches("http://")).await.expect("a connection");
    let head = "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n";
    raw.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    raw.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 401 ") && !answer.contains("100 Continue"), "{answer}");
    assert_eq!(reached.load(Ordering::SeqCst), 2);
    scene.server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_deleted_while_in_use_gets_nothing_more() {
    let scene = Arc::new(Scene::new().await);
    let (url, _) = counting(GuardLayer::new(scene.checker(), Demand::project("shop"))).await;
    let (id, busy) = scene.account("busy", "consumer").await;
    let deleted = Arc::new(AtomicBool::new(false));
    let (passed, mut passes) = tokio::sync::mpsc::unbounded_channel();
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (scene, busy, url) = (Arc::clone(&scene), busy.clone(), format!("{url}/who"));
            let (deleted, passed) = (Arc::clone(&deleted), passed.clone());
            tokio::spawn(async move {
                // Fewer than make the server slow wrong credentials.
                let mut after = 0;
                while after < 10 {
                    let is_deleted = deleted.load(Ordering::SeqCst);
                    let status = scene.status(&url, &busy).await;
                    match is_deleted {
                        true => assert_eq!(status, 401, "the deletion was answered"),
                        false if status == 200 => passed.send(()).expect("somebody who counts"),
                        false => {}
                    }
                    after += usize::from(is_deleted);
                }
            })
        })
        .collect();
    for _ in 0..100 {
        passes.recv().await.expect("one that passes");
    }
    let path = format!("/api/app/organizations/{}/service-accounts/{id}", scene.founded.organization);
    scene.owner.delete(&path).await.is(200);
    deleted.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.expect("none passed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_claviger_is_gone_nobody_passes_and_afterwards_they_do_again() {
    let Scene { store, server, founded, owner, http } = Scene::new().await;
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = Arc::clone(&told);
    let layer = GuardLayer::new(Checker::new(server.url()).expect("a checker"), Demand::any_credential());
    let layer = layer.on_refusal(move |why| kept.lock().expect("kept").push(why.to_string()));
    let (url, reached) = counting(layer).await;
    let asks = async || {
        let request = http.get(format!("{url}/who")).basic_auth(&owner.username, Some(&owner.secret));
        request.send().await.expect("an answer")
    };
    assert_eq!((asks().await.status().as_u16(), reached.load(Ordering::SeqCst)), (200, 1));
    let address = server.url().trim_start_matches("http://").to_owned();
    server.kill();
    for _ in 0..3 {
        let response = asks().await;
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(refusal(response).await, (503, "unavailable".to_owned(), "unavailable".to_owned()));
    }
    assert_eq!(reached.load(Ordering::SeqCst), 1, "the service is not called");
    let told = told.lock().expect("kept").join("\n");
    assert!(told.contains(&format!("http://{address} cannot say: ")), "{told}");
    assert!(!secrets::is_in(&told));
    let server = store.serve_with(&["--listen", &address]);
    assert_eq!((asks().await.status().as_u16(), reached.load(Ordering::SeqCst)), (200, 2));
    assert_eq!(founded.at(&server).me().await.status, 200);
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_table_decides_by_what_the_service_was_sent() {
    let store = Store::new(On::Sqlite);
    let file = store.home().join("routes.toml");
    let table = "[[route]]\npath = \"/v1/projects/{project}/reports\"\nproject = \"{project}\"\nmethods = [\"GET\"]\n\
                 permission = \"data:read\"\n\n[[route]]\npath = \"/open\"\naccess = \"public\"\n";
    fs::write(&file, table).expect("written");
    let scene = Scene::with(&["--routes", file.to_str().expect("text")], store).await;
    assert_eq!(scene.checker().has_route_table().await, Ok(true));
    let (url, reached) = counting(GuardLayer::by_route_table(scene.checker())).await;
    let (_, reader) = scene.account("reader", "consumer").await;
    assert_eq!(scene.status(&format!("{url}/v1/projects/shop/reports?page=2"), &reader).await, 200);
    for (path, status, reason) in [
        ("/v1/projects/other/reports", 403, "place_not_reached"),
        ("/v1/projects/shop%2freports", 403, "path_refused"),
        ("/v1/projects/shop", 403, "route_not_found"),
        // Nobody is told who comes there, and nothing is let through without that.
        ("/open", 503, "unavailable"),
    ] {
        let request =
            scene.get(&format!("{url}{path}"), &reader).header("x-forwarded-uri", "/v1/projects/shop/reports");
        let refused = refusal(request.send().await.expect("an answer")).await;
        assert_eq!((refused.0, refused.1.as_str()), (status, reason), "{path}");
    }
    let (other, _) = counting(GuardLayer::new(scene.checker(), Demand::project("shop"))).await;
    assert_eq!(scene.status(&format!("{other}/who"), &reader).await, 503, "a check with a query is none for a table");
    assert_eq!(reached.load(Ordering::SeqCst), 1);
    scene.server.stop();
}
