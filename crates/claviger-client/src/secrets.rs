//! Secrets of service accounts.

use claviger_wire::envelope::{Done, Success};
use claviger_wire::secrets::{ChangeSecret, CreateSecret, NewSecret, RotateSecret, RotatedSecret, Secret};
use reqwest::Method;

use crate::client::Client;
use crate::error::Error;
use crate::idempotency::IdempotencyKey;

impl Client {
    /// The secrets of an account, without their texts.
    pub async fn secrets(&self, organization: u64, account: u64) -> Result<Vec<Secret>, Error> {
        let url = self.url(&format!("organizations/{organization}/service-accounts/{account}/secrets"));
        let answer: Success<Vec<Secret>> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }

    /// Makes one more. The answer holds it, this once.
    pub async fn create_secret(
        &self,
        organization: u64,
        account: u64,
        new: &CreateSecret,
        key: &IdempotencyKey,
    ) -> Result<NewSecret, Error> {
        let url = self.url(&format!("organizations/{organization}/service-accounts/{account}/secrets"));
        let request = self.request(Method::POST, url).header("Idempotency-Key", key.as_str()).json(new);
        let answer: Success<NewSecret> = self.answer(request).await?;
        Ok(answer.results)
    }

    /// Changes its name, or when it ends.
    pub async fn change_secret(
        &self,
        organization: u64,
        account: u64,
        secret: u64,
        change: &ChangeSecret,
    ) -> Result<Secret, Error> {
        let url = self.url(&format!("organizations/{organization}/service-accounts/{account}/secrets/{secret}"));
        let answer: Success<Secret> = self.answer(self.request(Method::PATCH, url).json(change)).await?;
        Ok(answer.results)
    }

    /// Revokes it. When this returns, no request with it is accepted any more.
    pub async fn revoke_secret(&self, organization: u64, account: u64, secret: u64) -> Result<(), Error> {
        let url = self.url(&format!("organizations/{organization}/service-accounts/{account}/secrets/{secret}"));
        let Done { .. } = self.answer(self.request(Method::DELETE, url)).await?;
        Ok(())
    }

    /// Makes a secret in place of another, which goes on for a while. The answer holds the new one, this once.
    pub async fn rotate_secret(
        &self,
        organization: u64,
        account: u64,
        rotate: &RotateSecret,
        key: &IdempotencyKey,
    ) -> Result<RotatedSecret, Error> {
        let url = self.url(&format!("organizations/{organization}/service-accounts/{account}/rotate"));
        let request = self.request(Method::POST, url).header("Idempotency-Key", key.as_str()).json(rotate);
        let answer: Success<RotatedSecret> = self.answer(request).await?;
        Ok(answer.results)
    }
}
