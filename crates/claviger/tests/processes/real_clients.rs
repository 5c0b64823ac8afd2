//! Clients that people have: curl, Python's requests, Node's fetch.

use std::ffi::OsString;
use std::process::Command;

use serde_json::Value;

use crate::process::{run, run_other};
use crate::secrets;
use crate::server::{Founded, Server, Store, on_both_stores};

on_both_stores![
    curl_with_user_and_password_does_the_main_job,
    curl_with_a_plain_text_header_does_the_main_job,
    python_requests_does_the_main_job,
    node_fetch_does_the_main_job,
];

/// `me`, create, `me` as the new one, list, delete, `me` as the deleted one: a line each, with what was answered.
fn expected(owner: &str, made: &str) -> Vec<String> {
    vec![
        format!("me 200 {owner}"),
        format!("create 201 {made}"),
        format!("me 200 {made}"),
        format!("list 200 {owner} {made}"),
        "delete 200 ok".to_owned(),
        "me 401 not_authenticated".to_owned(),
    ]
}

async fn curl_with_user_and_password_does_the_main_job(store: Store) {
    by_curl(&store, |username, secret| vec!["-u".to_owned(), format!("{username}:{secret}")]);
}

async fn curl_with_a_plain_text_header_does_the_main_job(store: Store) {
    by_curl(&store, |username, secret| vec!["-H".to_owned(), format!("Authorization: Basic {username}:{secret}")]);
}

fn by_curl(store: &Store, credential: impl Fn(&str, &str) -> Vec<String>) {
    let founded = store.init();
    let server = store.serve();
    let accounts = format!("/api/app/organizations/{}/service-accounts", founded.organization);
    let ask = |username: &str, secret: &str, path: &str, options: &[&str]| -> (String, Value) {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--noproxy", "*", "-w", "\n%{http_code}"]).args(credential(username, secret));
        curl.args(options).arg(format!("{}{path}", server.url()));
        let printed = run_other(curl);
        let (body, status) = printed.rsplit_once('\n').expect("a status");
        (status.to_owned(), serde_json::from_str(body).expect("JSON"))
    };
    let (owner, secret) = (founded.username.as_str(), founded.secret.as_str());
    let (status, me) = ask(owner, secret, "/api/app/me", &[]);
    let mut lines = vec![format!("me {status} {}", text(&me["results"]["user_name"]))];
    let body = format!(
        "{{\"username\": \"by curl\", \"projects\": [{{\"id\": {}, \"role\": \"analyst\"}}]}}",
        founded.project
    );
    let (status, made) = ask(owner, secret, &accounts, &["-d", &body, "-H", "Content-Type: application/json"]);
    let (username, token) = (text(&made["results"]["username"]), text(&made["results"]["token"]));
    secrets::handed_out(username, token);
    lines.push(format!("create {status} {username}"));
    let (status, me) = ask(username, token, "/api/app/me", &[]);
    lines.push(format!("me {status} {}", text(&me["results"]["user_name"])));
    assert_eq!(me["results"]["projects"][founded.project.to_string()]["role"], "analyst");
    let (status, listed) = ask(owner, secret, &accounts, &[]);
    let listed: Vec<&str> =
        listed["results"].as_array().expect("a list").iter().map(|a| text(&a["username"])).collect();
    lines.push(format!("list {status} {}", listed.join(" ")));
    let one = format!("{accounts}/{}", made["results"]["id"]);
    let (status, deleted) = ask(owner, secret, &one, &["-X", "DELETE"]);
    lines.push(format!("delete {status} {}", text(&deleted["status"])));
    let (status, refused) = ask(username, token, "/api/app/me", &[]);
    lines.push(format!("me {status} {}", text(&refused["code"])));
    assert_eq!(lines, expected(owner, username));
}

const PYTHON: &str = r#"
import os, requests
base, organization = os.environ["BASE"], os.environ["ORGANIZATION"]
owner = (os.environ["OWNER"], os.environ["SECRET"])
accounts = f"{base}/api/app/organizations/{organization}/service-accounts"

def me(auth):
    answer = requests.get(base + "/api/app/me", auth=auth)
    body = answer.json()
    print("me", answer.status_code, body["results"]["user_name"] if answer.ok else body["code"])

me(owner)
answer = requests.post(accounts, json={"username": "by python"}, auth=owner)
made = answer.json()["results"]
print("token", made["username"], made["token"])
print("create", answer.status_code, made["username"])
new = (made["username"], made["token"])
me(new)
answer = requests.get(accounts + "/", auth=owner)
print("list", answer.status_code, *[account["username"] for account in answer.json()["results"]])
answer = requests.delete(f"{accounts}/{made['id']}", auth=owner)
print("delete", answer.status_code, answer.json()["status"])
me(new)
"#;

async fn python_requests_does_the_main_job(store: Store) {
    let python = std::env::var_os("CLAVIGER_TEST_PYTHON").unwrap_or_else(|| OsString::from("/usr/bin/python3"));
    let mut probe = Command::new(&python);
    probe.args(["-c", "import requests"]);
    let ended = run(probe);
    assert!(
        ended.status.success(),
        "{python:?} has no requests. Run ./test, which installs what the tests need: {}",
        ended.err
    );
    let mut script = Command::new(python);
    script.args(["-c", PYTHON]);
    by_script(&store, script);
}

const NODE: &str = r#"
const { BASE, ORGANIZATION, OWNER, SECRET } = process.env;
const accounts = `${BASE}/api/app/organizations/${ORGANIZATION}/service-accounts`;
const basic = (username, secret) => ({ authorization: "Basic " + Buffer.from(`${username}:${secret}`).toString("base64") });
const owner = basic(OWNER, SECRET);
const me = async (headers) => {
    const answer = await fetch(`${BASE}/api/app/me`, { headers });
    const body = await answer.json();
    console.log("me", answer.status, answer.ok ? body.results.user_name : body.code);
};
(async () => {
    await me(owner);
    const headers = { ...owner, "content-type": "application/json" };
    let answer = await fetch(accounts, { method: "POST", headers, body: JSON.stringify({ username: "by node" }) });
    const made = (await answer.json()).results;
    console.log("token", made.username, made.token);
    console.log("create", answer.status, made.username);
    const created = basic(made.username, made.token);
    await me(created);
    answer = await fetch(accounts, { headers: owner });
    console.log("list", answer.status, ...(await answer.json()).results.map((account) => account.username));
    answer = await fetch(`${accounts}/${made.id}`, { method: "DELETE", headers: owner });
    console.log("delete", answer.status, (await answer.json()).status);
    await me(created);
})();
"#;

async fn node_fetch_does_the_main_job(store: Store) {
    let mut script = Command::new("node");
    script.args(["-e", NODE]);
    by_script(&store, script);
}

fn by_script(store: &Store, mut script: Command) {
    let founded: Founded = store.init();
    let server: Server = store.serve();
    script.env("BASE", server.url()).env("ORGANIZATION", founded.organization.to_string());
    script.env("OWNER", &founded.username).env("SECRET", &founded.secret).env("NO_PROXY", "*").env("no_proxy", "*");
    let printed = run_other(script);
    let (token, lines): (Vec<&str>, Vec<&str>) = printed.lines().partition(|line| line.starts_with("token "));
    let token: Vec<&str> = token[0].split(' ').collect();
    secrets::handed_out(token[1], token[2]);
    assert_eq!(lines, expected(&founded.username, token[1]));
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}
