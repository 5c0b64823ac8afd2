//! A service whose reports are for accounts that may export reports of the project `shop`.
//!
//! `CLAVIGER_URL=http://127.0.0.1:8000 cargo run -p claviger-client --features tower --example guarded_service`

use axum::body::Bytes;
use axum::routing::get;
use axum::{Extension, Router};
use claviger_client::{Checker, Demand, GuardLayer, Passage, SetupError};

/// All of it, asking the Claviger at this address.
pub(crate) fn service(claviger: &str) -> Result<Router, SetupError> {
    let checker = Checker::new(claviger)?;
    let demand = Demand::project("shop").permission("reports:export");
    let guard = GuardLayer::new(checker, demand).on_refusal(|why| eprintln!("{why}"));
    let guarded = Router::new().route("/reports", get(export).post(import)).layer(guard);
    Ok(guarded.route("/health", get(async || "well")))
}

async fn export(Extension(passage): Extension<Passage>) -> String {
    format!("reports for {}, who is {}\n", passage.username, passage.principal)
}

async fn import(Extension(passage): Extension<Passage>, body: Bytes) -> String {
    format!("{} bytes from {}\n", body.len(), passage.username)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Fails only where a provider was chosen before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let claviger = std::env::var("CLAVIGER_URL")?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, service(&claviger)?).await?;
    Ok(())
}
