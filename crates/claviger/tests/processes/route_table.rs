//! The route table of a running server: read at the start, followed, and told about on the command line.

use std::fs;
use std::path::Path;

use rustix::process::Signal;

use crate::process::{run, wait_until};
use crate::server::{On, Server, Store};

const OPEN: &str = "[[route]]\npath = \"/open\"\naccess = \"public\"\n";
const DENIED: &str = "[[route]]\npath = \"/open\"\naccess = \"denied\"\n";
const MISTAKEN: &str = "[[route]]\npath = \"/open/../x\"\naccess = \"denied\"\n\n[[route]]\npath = \"/y\"\n";

fn write(file: &Path, text: &str) {
    fs::write(file, text).expect("written");
}

fn path(file: &Path) -> &str {
    file.to_str().expect("text")
}

/// What a check of `GET /open` answers.
async fn check(server: &Server) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = client.get(format!("{}/auth/check", server.url()));
    let request = request.header("x-forwarded-method", "GET").header("x-forwarded-uri", "/open");
    request.send().await.expect("an answer").status().as_u16()
}

/// Waits until it answers this.
async fn becomes(server: &Server, status: u16) {
    for _ in 0..600 {
        if check(server).await == status {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it does not come to {status}: {}", server.err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_is_followed_and_one_with_a_mistake_never_comes_into_force() {
    let store = Store::new(On::Sqlite);
    store.init();
    let file = store.home().join("routes.toml");
    write(&file, OPEN);
    let server = store.serve_with(&["--routes", path(&file)]);
    assert_eq!(check(&server).await, 200);
    write(&file, DENIED);
    becomes(&server, 403).await;
    write(&file, MISTAKEN);
    let mistakes = [
        format!("{}:2: path matches no request: a path that holds the segment . or ..", path(&file)),
        format!("{}:5: the route does not say who is let through", path(&file)),
    ];
    wait_until("the log to tell the mistakes", || mistakes.iter().all(|told| server.err().contains(told)));
    assert_eq!(check(&server).await, 403, "the one before stays");
    // A table that is still being written is one already, with less in it.
    let whole = format!("{OPEN}\n[[route]]\npath = \"/internal\"\naccess = \"denied\"\n");
    write(&file, whole.trim_end());
    let cut = format!("{}:7: the file does not end with a line feed", path(&file));
    wait_until("the log to tell that it may go on", || server.err().contains(&cut));
    assert_eq!(check(&server).await, 403, "the one before stays");
    write(&file, &whole);
    becomes(&server, 200).await;
    write(&file, DENIED);
    becomes(&server, 403).await;
    fs::remove_file(&file).expect("removed");
    server.signal(Signal::HUP);
    wait_until("the log to tell that it is gone", || server.err().contains("No such file"));
    assert_eq!(check(&server).await, 403, "the one before stays");
    write(&file, OPEN);
    becomes(&server, 200).await;
    server.stop();
}

#[test]
fn a_mistake_ends_the_start_and_is_told_with_its_line() {
    let store = Store::new(On::Sqlite);
    store.init();
    let file = store.home().join("routes.toml");
    write(&file, MISTAKEN);
    let ended = run(store.serving(&["--routes", path(&file)]));
    assert!(ended.err.contains(&format!("{}:5: the route does not say", path(&file))), "{}", ended.err);
    assert_eq!((ended.code(), ended.out.as_str()), (2, ""));
    let missing = store.home().join("nowhere.toml");
    assert!(run(store.serving(&["--routes", path(&missing)])).refused(2).contains("nowhere.toml: No such file"));
}

#[test]
fn a_table_is_checked_and_explained_on_the_host() {
    let store = Store::new(On::Sqlite);
    let file = store.home().join("routes.toml");
    let route = "[[route]]\nmethods = [\"GET\"]\npath = \"/v1/projects/{project}/export\"\n";
    write(&file, &format!("{OPEN}{route}project = \"{{project}}\"\npermission = \"reports:export\"\n"));
    let checked = run(store.claviger(&["routes", "check", path(&file)])).ok();
    assert_eq!(checked, format!("{}: 2 routes\n", path(&file)));
    let explains = |method: &str, target: &str| {
        run(store.claviger(&["routes", "explain", "--routes", path(&file), method, target])).ok()
    };
    assert_eq!(
        explains("GET", "/v1/projects/shop/export?x=1"),
        "GET /v1/projects/shop/export\nline 4: /v1/projects/{project}/export, GET, decides: it takes the permission \
         reports:export in project shop\n"
    );
    assert_eq!(
        explains("DELETE", "/v1/projects/shop/export"),
        "DELETE /v1/projects/shop/export\nline 4: /v1/projects/{project}/export is for this path, but for GET only\n\
         denied: no route is for it\n"
    );
    let lower = run(store.claviger(&["routes", "explain", "--routes", path(&file), "delete", "/open"]));
    assert!(lower.code() == 2 && lower.err.contains("a method with lower-case letters is refused"), "{}", lower.err);
    let refused = explains("GET", "/v1/%2e%2e/x\u{1b}[2J");
    assert!(refused.starts_with("GET /v1/%2e%2e/x\\u{1b}[2J\ndenied: the path holds "), "{refused}");
    write(&file, MISTAKEN);
    let ended = run(store.claviger(&["routes", "check", path(&file)]));
    let told: Vec<&str> = ended.err.lines().collect();
    assert_eq!(told[0].split(": ").next(), Some(&*format!("{}:2", path(&file))), "{told:?}");
    assert_eq!(told.last(), Some(&&*format!("error: {} has 2 mistakes", path(&file))), "{told:?}");
    assert_eq!(ended.code(), 2);
}
