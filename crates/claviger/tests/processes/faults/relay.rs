//! A relay between one node and the database, which can be cut: then nothing moves, no connection ends, and what was on its
//! way comes later. That is the worst that a network does: nobody is told.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// One node's way to the database.
pub(crate) struct Relay {
    url: String,
    is_cut: watch::Sender<bool>,
}

impl Relay {
    /// A way to the database at this URL.
    pub(crate) async fn to(url: &str) -> Self {
        let (before, rest) = url.split_once('@').expect("a user");
        let (database, name) = rest.split_once('/').expect("a database");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (is_cut, cut) = watch::channel(false);
        let database = database.to_owned();
        tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                tokio::spawn(connect(from, database.clone(), cut.clone()));
            }
        });
        Self { url: format!("{before}@127.0.0.1:{port}/{name}"), is_cut }
    }

    /// The database, as the node reaches it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Cuts it, or lets go on what waits.
    pub(crate) fn cut_off(&self, is_cut: bool) {
        self.is_cut.send_replace(is_cut);
    }
}

async fn connect(from: TcpStream, database: String, mut cut: watch::Receiver<bool>) {
    if cut.wait_for(|is_cut| !is_cut).await.is_err() {
        return;
    }
    // An error: the database is down, and the node is told so.
    let Ok(to) = TcpStream::connect(database).await else { return };
    let ((from_read, from_write), (to_read, to_write)) = (from.into_split(), to.into_split());
    // One direction that ended ends both: neither end of this protocol closes halves.
    tokio::select! {
        () = carry(from_read, to_write, cut.clone()) => {}
        () = carry(to_read, from_write, cut.clone()) => {}
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut cut: watch::Receiver<bool>) {
    let mut piece = vec![0; 16 * 1_024];
    loop {
        let Ok(length) = from.read(&mut piece).await else { return };
        if cut.wait_for(|is_cut| !is_cut).await.is_err() || length == 0 || to.write_all(&piece[..length]).await.is_err()
        {
            return;
        }
    }
}
