//! How a server ends: it finishes what runs, writes down what it gathered, and leaves no core behind.

use std::io::{Read, Write};
use std::net::TcpStream;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustix::process::Signal;
use serde_json::Value;

use crate::process::wait_until;
use crate::secrets;
use crate::server::{Founded, Server, Store, on_both_stores};

on_both_stores![
    sigterm_finishes_the_running_request_and_exits_0,
    sigint_does_the_same,
    last_uses_are_written_down_at_the_end,
    no_core_is_dumped,
];

async fn sigterm_finishes_the_running_request_and_exits_0(store: Store) {
    finishes_what_runs(&store, Signal::TERM).await;
}

async fn sigint_does_the_same(store: Store) {
    finishes_what_runs(&store, Signal::INT).await;
}

async fn finishes_what_runs(store: &Store, signal: Signal) {
    let founded = store.init();
    let server = store.serve();
    let address = server.url().strip_prefix("http://").expect("plain HTTP").to_owned();
    let body = "{\"username\": \"last-minute\"}";
    let mut running = begin_creation(&founded, &address, body.len());
    let mut idle = idle_connection(&address);

    server.signal(signal);
    wait_until("the server to be stopping", || server.err().contains("stopping: running requests are finished"));
    wait_until("new connections to be refused", || TcpStream::connect(&address).is_err());
    running.write_all(body.as_bytes()).expect("the connection is still there");
    let answer = read_to_end(&mut running);
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let json: Value = serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("JSON");
    let (username, secret) = (json["results"]["username"].as_str(), json["results"]["token"].as_str());
    let (username, secret) = (username.expect("a username"), secret.expect("a secret"));
    secrets::handed_out(username, secret);
    assert_eq!(read_to_end(&mut idle), "", "a connection that idles is closed");
    let ended = server.ended();
    assert_eq!(ended.code(), 0, "{}", ended.err);
    assert!(ended.err.trim_end().ends_with("stopped"), "{}", ended.err);

    let server = store.serve();
    let made = founded.at(&server).with(username, secret);
    assert_eq!(made.me().await.is(200)["user_name"], username, "what was answered at the end is there");
}

/// A connection that was used and is kept.
fn idle_connection(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").expect("written");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\nok\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("an answer");
        answer.extend(byte);
    }
    stream
}

/// Sends the head of a creation and waits until its handler asks for the body: it runs from then on.
fn begin_creation(founded: &Founded, address: &str, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let credential = BASE64_STANDARD.encode(format!("{}:{}", founded.username, founded.secret));
    let organization = founded.organization;
    let head = format!(
        "POST /api/app/organizations/{organization}/service-accounts HTTP/1.1\r\nHost: {address}\r\n\
         Authorization: Basic {credential}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Expect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("written");
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).expect("an interim answer");
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

async fn last_uses_are_written_down_at_the_end(store: Store) {
    let founded = store.init();
    let server = store.serve();
    let owner = founded.at(&server);
    let (id, account) = owner.create(founded.organization, "used once").await;
    let (unused, _) = owner.create(founded.organization, "never used").await;
    account.me().await.is(200);
    let count = "SELECT COUNT(*) FROM secrets WHERE last_used_at IS NOT NULL";
    // The first flush comes 20 seconds after the start.
    assert_eq!(store.number(count).await, 0, "no request writes");
    server.stop();
    assert_eq!(store.number(count).await, 2, "the owner's and the account's");

    let server = store.serve();
    let owner = founded.at(&server);
    let path = |id| format!("/api/app/organizations/{}/service-accounts/{id}", founded.organization);
    assert!(owner.get(&path(id)).await.is(200)["last_used"].is_string());
    assert!(owner.get(&path(unused)).await.is(200)["last_used"].is_null());
}

async fn no_core_is_dumped(store: Store) {
    store.init();
    let server: Server = store.serve();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).expect("its limits");
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit for cores");
    let limits: Vec<&str> = cores.split_whitespace().skip(4).take(2).collect();
    assert_eq!(limits, ["0", "0"], "{cores}");
}

fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("the other side closes in order");
    text
}
