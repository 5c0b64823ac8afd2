//! TLS in the process: one certificate chain and one key, read at start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is no PEM of that kind.
    #[error("{path} holds no {what} in PEM form that can be read: {reason}")]
    File {
        /// Which.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
        /// What was found wrong.
        reason: String,
    },
    /// They do not fit together.
    #[error("the certificate and the key do not fit together: {0}")]
    Pair(rustls::Error),
}

/// What turns a connection into an encrypted one.
pub fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let failed = |path: &Path, what, reason: String| TlsError::File { path: path.to_owned(), what, reason };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| failed(certificate, "certificate", error.to_string()))?;
    if chain.is_empty() {
        return Err(failed(certificate, "certificate", "it is empty".to_owned()));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(key, "private key", error.to_string()))?;
    let mut config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(chain, secret).map_err(TlsError::Pair)?;
    // In the order that we choose in: who speaks both, as browsers do, is answered everything; who speaks HTTP/2 alone, as
    // gRPC does, asks for checks.
    config.alpn_protocols = vec![b"http/1.1".to_vec(), b"h2".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
