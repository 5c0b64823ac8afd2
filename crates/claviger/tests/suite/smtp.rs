//! A mail server that takes letters and keeps them: the far end of what is sent. It speaks as much SMTP (RFC 5321) as a
//! client needs to hand one letter over.

use std::net::SocketAddr;

use claviger::console::Outside;
use claviger::mail::Mailer;
use secrecy::SecretString;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What it does with a letter that it has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Takes,
    /// Refuses each letter, and says all of it back.
    Refuses,
    /// Hangs up as soon as somebody calls.
    HangsUp,
}

/// A letter as it came.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) text: String,
}

impl Received {
    /// The path of the link in it.
    pub(crate) fn path(&self) -> String {
        let line = self.text.lines().find(|line| line.contains("/console/reset/")).expect("a link");
        let path = line.strip_prefix("https://keys.example.com").unwrap_or_else(|| panic!("{line}"));
        path.to_owned()
    }
}

/// Its address, and what it has received.
pub(crate) struct MailServer {
    address: SocketAddr,
    received: UnboundedReceiver<Received>,
}

impl MailServer {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, received) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, manner, sender.clone()));
            }
        });
        Self { address, received }
    }

    /// What a server is told that sends by this one.
    pub(crate) fn outside(&self) -> Outside {
        let url = SecretString::from(format!("smtp://{}", self.address));
        let mailer = Mailer::new(&url, "claviger@keys.example.com").expect("a mailer");
        let public_url = Some("https://keys.example.com".parse().expect("an address"));
        Outside { public_url, mailer: Some(mailer) }
    }

    /// The next letter, once it has come.
    pub(crate) async fn next(&mut self) -> Received {
        self.received.recv().await.expect("a letter")
    }

    /// How many more have come.
    pub(crate) fn more(&mut self) -> usize {
        std::iter::from_fn(|| self.received.try_recv().ok()).count()
    }
}

async fn converse(stream: TcpStream, manner: Manner, sender: UnboundedSender<Received>) {
    if manner == Manner::HangsUp {
        return;
    }
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut letter = Received { from: String::new(), to: Vec::new(), text: String::new() };
    let _ = write.write_all(b"220 mail.example.com ESMTP\r\n").await;
    while let Ok(Some(line)) = lines.next_line().await {
        let verb = line.to_uppercase();
        let answer = if verb.starts_with("EHLO") {
            "250-mail.example.com\r\n250 8BITMIME\r\n".to_owned()
        } else if let Some(from) = line.strip_prefix("MAIL FROM:") {
            from.clone_into(&mut letter.from);
            "250 ok\r\n".to_owned()
        } else if let Some(to) = line.strip_prefix("RCPT TO:") {
            letter.to.push(to.to_owned());
            "250 ok\r\n".to_owned()
        } else if verb == "DATA" {
            let _ = write.write_all(b"354 go on\r\n").await;
            while let Ok(Some(line)) = lines.next_line().await {
                if line == "." {
                    break;
                }
                letter.text.push_str(line.strip_prefix('.').unwrap_or(&line));
                letter.text.push('\n');
            }
            let said = letter.text.split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = sender.send(std::mem::replace(
                &mut letter,
                Received { from: String::new(), to: Vec::new(), text: String::new() },
            ));
            if manner == Manner::Refuses { format!("550 not this: {said}\r\n") } else { "250 taken\r\n".to_owned() }
        } else if verb == "QUIT" {
            "221 bye\r\n".to_owned()
        } else {
            "250 ok\r\n".to_owned()
        };
        if write.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
