//! Set-up links as rows.

use claviger_access::change::SetUpLinkChange;
use sqlx::AnyConnection;

use super::super::statements::statements;
use super::{hex, number, run};

statements! {
    PUT = "INSERT INTO set_up_links (organization_id, digest_kind, digest, made_at, expires_at) \
           VALUES ($1, 'sha256', $2, $3, $4) \
           ON CONFLICT (organization_id) DO UPDATE SET digest_kind = excluded.digest_kind, digest = excluded.digest, \
           made_at = excluded.made_at, expires_at = excluded.expires_at";
    DELETE = "DELETE FROM set_up_links WHERE organization_id = $1";
}

pub(super) async fn write(connection: &mut AnyConnection, change: &SetUpLinkChange) -> Result<(), sqlx::Error> {
    match change {
        SetUpLinkChange::Made { organization, digest, made, expires } => {
            let put = sqlx::query(PUT)
                .bind(number(organization.number()))
                .bind(hex(digest.as_bytes()))
                .bind(made.seconds())
                .bind(expires.seconds());
            run(connection, put).await
        }
        SetUpLinkChange::Ended { organization } => {
            run(connection, sqlx::query(DELETE).bind(number(organization.number()))).await
        }
    }
}
