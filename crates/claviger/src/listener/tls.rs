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

#[cfg(test)]
mod tests {
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, RootCertStore};
    use tokio_rustls::TlsConnector;

    use super::*;

    #[tokio::test]
    async fn who_speaks_http2_alone_is_spoken_to_in_it() {
        // Whichever test comes first installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let folder = tempfile::tempdir().expect("a folder");
        let (certificate, key) = (folder.path().join("crt"), folder.path().join("key"));
        std::fs::write(&certificate, made.cert.pem()).expect("written");
        std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
        let acceptor = acceptor(&certificate, &key).expect("a pair");
        for (offered, spoken) in [
            (&["h2"][..], Some("h2")),
            (&["http/1.1"], Some("http/1.1")),
            (&["h2", "http/1.1"], Some("http/1.1")),
            (&[], None),
        ] {
            let mut roots = RootCertStore::empty();
            roots.add(made.cert.der().clone()).expect("a root");
            let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
            config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
            let (client, server) = tokio::io::duplex(4_096);
            let name = ServerName::try_from("localhost").expect("a name");
            let connector = TlsConnector::from(Arc::new(config));
            let (client, server) = tokio::join!(connector.connect(name, client), acceptor.accept(server));
            server.expect("a handshake");
            let client = client.expect("a handshake");
            assert_eq!(client.get_ref().1.alpn_protocol(), spoken.map(str::as_bytes), "{offered:?}");
        }
    }
}
