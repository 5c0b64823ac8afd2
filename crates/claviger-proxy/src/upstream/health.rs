//! Whether a server of the upstream is asked: it takes connections, or answers at a path with success.

use std::time::Duration;

use async_trait::async_trait;
use pingora::connectors::ConnectorOptions;
use pingora::connectors::http::Connector;
use pingora::http::RequestHeader;
use pingora::lb::Backend;
use pingora::lb::health_check::HealthCheck;
use pingora::server::configuration::ServerConf;
use pingora::{Error, ErrorType, OrErr, Result};
use tokio::net::TcpStream;

use super::pool::{Patience, Place, place, reached};

/// A server that does not answer such a question by then is not well.
const ANSWERS_WITHIN: Duration = Duration::from_secs(3);

/// How it is found out.
pub(crate) struct Health {
    path: Option<String>,
    connector: Connector,
    patience: Patience,
}

impl Health {
    pub(crate) fn new(path: Option<String>, patience: Patience, conf: &ServerConf) -> Self {
        let connector = Connector::new(Some(ConnectorOptions::from_server_conf(conf)));
        Self { path, connector, patience }
    }

    async fn takes_connections(&self, backend: &Backend) -> Result<()> {
        let Some(address) = backend.addr.as_inet() else {
            return Error::e_explain(ErrorType::ConnectError, "no address");
        };
        TcpStream::connect(address).await.map(drop).or_err(ErrorType::ConnectError, "it takes no connection")
    }

    async fn answers_at(&self, path: &str, place: &Place, backend: &Backend) -> Result<()> {
        let Some(peer) = reached(backend, place, self.patience) else {
            return Error::e_explain(ErrorType::ConnectError, "no address");
        };
        let mut request = RequestHeader::build("GET", path.as_bytes(), None)?;
        request.insert_header("Host", place.upstream.host.as_str())?;
        let (mut session, _) = self.connector.get_http_session(&peer).await?;
        session.write_request_header(Box::new(request)).await?;
        session.finish_request_body().await?;
        session.read_response_header().await?;
        let is_well = session.response_header().is_some_and(|response| response.status.is_success());
        session.shutdown().await;
        if is_well { Ok(()) } else { Error::e_explain(ErrorType::HTTPStatus(503), "it is not well") }
    }
}

#[async_trait]
impl HealthCheck for Health {
    async fn check(&self, target: &Backend) -> Result<()> {
        let asked = async {
            match (&self.path, place(target)) {
                (Some(path), Some(place)) => self.answers_at(path, place, target).await,
                _ => self.takes_connections(target).await,
            }
        };
        match tokio::time::timeout(ANSWERS_WITHIN, asked).await {
            Ok(answered) => answered,
            Err(_) => Error::e_explain(ErrorType::ConnectTimedout, "it does not answer"),
        }
    }

    async fn health_status_change(&self, target: &Backend, healthy: bool) {
        let upstream = place(target).map_or(0, |place| place.at);
        if healthy {
            tracing::info!(upstream, "an upstream is well again");
        } else {
            tracing::warn!(upstream, "an upstream is not well, and gets no requests until it is");
        }
    }

    fn health_threshold(&self, _success: bool) -> usize {
        1
    }
}
