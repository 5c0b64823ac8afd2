//! What an organization demands of its service accounts, and where one of them may call from.

use claviger_wire::envelope::Success;
use claviger_wire::policies::{AllowedAddresses, ChangePolicy, Policy};
use reqwest::Method;

use crate::client::Client;
use crate::error::Error;

impl Client {
    /// The organization's policy.
    pub async fn policy(&self, organization: u64) -> Result<Policy, Error> {
        let url = self.url(&format!("organizations/{organization}/policy"));
        let answer: Success<Policy> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }

    /// Changes the organization's policy.
    pub async fn change_policy(&self, organization: u64, change: &ChangePolicy) -> Result<Policy, Error> {
        let url = self.url(&format!("organizations/{organization}/policy"));
        let answer: Success<Policy> = self.answer(self.request(Method::PATCH, url).json(change)).await?;
        Ok(answer.results)
    }

    /// Where the account may call from.
    pub async fn allowed_addresses(&self, organization: u64, account: u64) -> Result<AllowedAddresses, Error> {
        let url = self.url(&format!("organizations/{organization}/service-accounts/{account}/allowed-addresses"));
        let answer: Success<AllowedAddresses> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }

    /// Says where the account may call from.
    pub async fn set_allowed_addresses(
        &self,
        organization: u64,
        account: u64,
        addresses: &AllowedAddresses,
    ) -> Result<AllowedAddresses, Error> {
        let url = self.url(&format!("organizations/{organization}/service-accounts/{account}/allowed-addresses"));
        let answer: Success<AllowedAddresses> = self.answer(self.request(Method::PUT, url).json(addresses)).await?;
        Ok(answer.results)
    }
}
