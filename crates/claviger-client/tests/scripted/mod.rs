//! A server that says exactly what a test tells it to, and keeps what it was sent.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// What a check that passes is told, in a project.
pub(crate) const PASSED: &str = "X-Claviger-Principal: 43\r\nX-Claviger-Username: export.b2f9ed.service-account\r\n\
    X-Claviger-Organization: 7\r\nX-Claviger-Project: 101\r\nX-Claviger-Role: admin\r\n\
    X-Claviger-Permissions: data:read,reports:export\r\n";

pub(crate) struct Scripted {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// Answers each connection with the next of `answers`, and all after them with the last.
    pub(crate) fn says(answers: &[String]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (kept, answers) = (Arc::clone(&asked), answers.to_vec());
        std::thread::spawn(move || {
            for at in 0.. {
                let (mut connection, _) = listener.accept().expect("a connection");
                let mut reader = BufReader::new(connection.try_clone().expect("a second handle"));
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n")
                    && reader.read_until(b'\n', &mut request).is_ok_and(|read| read > 0)
                {}
                kept.lock().expect("kept").push(String::from_utf8_lossy(&request).into_owned());
                let answer = answers.get(at).or(answers.last()).expect("an answer");
                let _ = connection.write_all(answer.as_bytes());
            }
        });
        Self { url, asked }
    }

    /// The heads of the requests so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("kept").clone()
    }
}

pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

pub(crate) fn passed() -> String {
    answer("200 OK", PASSED, "")
}

/// A refusal in the server's form.
pub(crate) fn refused(status: &str, headers: &str, code: &str) -> String {
    let body = format!(r#"{{"status":"error","error":"the server's words","code":"{code}"}}"#);
    answer(status, &format!("X-Claviger-Reason: {code}\r\n{headers}"), &body)
}

pub(crate) const CHALLENGED: &str = "WWW-Authenticate: Basic realm=\"claviger\", charset=\"UTF-8\"\r\n";
