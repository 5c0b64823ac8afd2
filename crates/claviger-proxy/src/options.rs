//! What the proxy is told on its command line, beside everything that the server is.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use claviger::commands::host::HostFailed;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::net::TcpListener;

use crate::upstream::Upstream;
use crate::upstream::pool::Patience;

/// The proxy.
#[derive(Args, Debug)]
pub(crate) struct ProxyOptions {
    /// Where requests to the API come in; over TLS where the server has a certificate
    #[arg(long, value_name = "ADDR", env = "CLAVIGER_PROXY_LISTEN", default_value = "127.0.0.1:8080")]
    pub(crate) proxy_listen: SocketAddr,

    /// A server of the API: http://127.0.0.1:3000 or https://api.internal. Several are parted by commas, and asked one after
    /// the other
    #[arg(long, value_name = "URL", env = "CLAVIGER_UPSTREAM", value_delimiter = ',', required = true)]
    pub(crate) upstream: Vec<Upstream>,

    /// Who vouches for the certificates of upstreams, PEM, in place of the system's authorities
    #[arg(long, value_name = "FILE", env = "CLAVIGER_UPSTREAM_CA")]
    pub(crate) upstream_ca: Option<PathBuf>,

    /// Seconds within which a connection to an upstream must be there
    #[arg(long, value_name = "SECONDS", env = "CLAVIGER_UPSTREAM_CONNECT_SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub(crate) upstream_connect_seconds: u64,

    /// Seconds that an upstream may be silent, before its answer and within it, and on a WebSocket
    #[arg(long, value_name = "SECONDS", env = "CLAVIGER_UPSTREAM_IDLE_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) upstream_idle_seconds: u64,

    /// A path at which an upstream that is well answers with success. Without it, one is well that takes connections
    #[arg(long, value_name = "PATH", env = "CLAVIGER_HEALTH_PATH", value_parser = path)]
    pub(crate) health_path: Option<String>,

    /// Seconds between two looks at whether an upstream is well
    #[arg(long, value_name = "SECONDS", env = "CLAVIGER_HEALTH_SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) health_seconds: u64,
}

/// Why there is no proxy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoProxy {
    /// The file holds no certificates.
    #[error("--upstream-ca {}: {reason}", path.display())]
    Authorities {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The address cannot be listened at.
    #[error("--proxy-listen {address}: {reason}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The server did not start.
    #[error(transparent)]
    Server(#[from] HostFailed),
}

fn path(text: &str) -> Result<String, &'static str> {
    let is_path = text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_path { Ok(text.to_owned()) } else { Err("write a path, such as /health") }
}

impl ProxyOptions {
    /// For how long an upstream is waited for.
    pub(crate) fn patience(&self) -> Patience {
        Patience {
            connect: Duration::from_secs(self.upstream_connect_seconds),
            idle: Duration::from_secs(self.upstream_idle_seconds),
        }
    }

    /// Takes the address.
    pub(crate) async fn bind(&self) -> Result<TcpListener, NoProxy> {
        let failed = |reason| NoProxy::Listen { address: self.proxy_listen, reason };
        TcpListener::bind(self.proxy_listen).await.map_err(failed)
    }

    /// The file of authorities, if one is named, after a look into it: the engine has no words for what is wrong with one.
    pub(crate) fn authorities(&self) -> Result<Option<String>, NoProxy> {
        let Some(file) = &self.upstream_ca else { return Ok(None) };
        let wrong = |reason: &dyn ToString| NoProxy::Authorities { path: file.clone(), reason: reason.to_string() };
        let certificates = read(file).map_err(|error| wrong(&error))?;
        if certificates == 0 {
            return Err(wrong(&"it holds no certificate in PEM form"));
        }
        file.to_str().map(|file| Some(file.to_owned())).ok_or_else(|| wrong(&"its name is no text"))
    }
}

/// How many certificates there are.
fn read(file: &Path) -> Result<usize, rustls::pki_types::pem::Error> {
    let mut roots = rustls::RootCertStore::empty();
    let mut count = 0;
    for certificate in CertificateDer::pem_file_iter(file)? {
        count += usize::from(roots.add(certificate?).is_ok());
    }
    Ok(count)
}
