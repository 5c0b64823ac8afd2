//! Service accounts of an organization.

use claviger_wire::envelope::{Done, Page, Success};
use claviger_wire::service_accounts::{
    AddToProjects, ChangeServiceAccount, CreateServiceAccount, Grant, NewServiceAccount, RemoveFromProjects,
    ServiceAccount,
};
use reqwest::Method;

use crate::client::Client;
use crate::error::Error;
use crate::idempotency::IdempotencyKey;
use crate::listing::Listing;

impl Client {
    /// One page of the organization's service accounts.
    pub async fn service_accounts(
        &self,
        organization: u64,
        listing: Listing<'_>,
    ) -> Result<Page<ServiceAccount>, Error> {
        self.page(&format!("organizations/{organization}/service-accounts"), listing).await
    }

    /// All of the organization's service accounts, page by page.
    pub async fn all_service_accounts(
        &self,
        organization: u64,
        search: Option<&str>,
    ) -> Result<Vec<ServiceAccount>, Error> {
        self.every_page(&format!("organizations/{organization}/service-accounts"), search).await
    }

    /// All of the organization's service accounts that a filter lets through: only those that nobody looks after, only
    /// those with a label, `key` or `key:value`.
    pub async fn service_accounts_by(
        &self,
        organization: u64,
        search: Option<&str>,
        ownerless: bool,
        label: Option<&str>,
    ) -> Result<Vec<ServiceAccount>, Error> {
        let ownerless = ownerless.then_some(("ownerless", "true"));
        let filter: Vec<_> = ownerless.into_iter().chain(label.map(|label| ("label", label))).collect();
        let path = format!("organizations/{organization}/service-accounts");
        self.every_filtered_page(&path, &filter, search).await
    }

    /// One service account.
    pub async fn service_account(&self, organization: u64, account: u64) -> Result<ServiceAccount, Error> {
        let url = self.url(&format!("organizations/{organization}/service-accounts/{account}"));
        let answer: Success<ServiceAccount> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }

    /// Makes one. The answer holds its secret, this once.
    pub async fn create_service_account(
        &self,
        organization: u64,
        new: &CreateServiceAccount,
        key: &IdempotencyKey,
    ) -> Result<NewServiceAccount, Error> {
        let url = self.url(&format!("organizations/{organization}/service-accounts"));
        let request = self.request(Method::POST, url).header("Idempotency-Key", key.as_str()).json(new);
        let answer: Success<NewServiceAccount> = self.answer(request).await?;
        Ok(answer.results)
    }

    /// Changes its role in the organization, or when it ends.
    pub async fn change_service_account(
        &self,
        organization: u64,
        account: u64,
        change: &ChangeServiceAccount,
    ) -> Result<ServiceAccount, Error> {
        let url = self.url(&format!("organizations/{organization}/service-accounts/{account}"));
        let answer: Success<ServiceAccount> = self.answer(self.request(Method::PATCH, url).json(change)).await?;
        Ok(answer.results)
    }

    /// Deletes it. When this returns, no request with its secret is accepted any more.
    pub async fn delete_service_account(&self, organization: u64, account: u64) -> Result<(), Error> {
        let url = self.url(&format!("organizations/{organization}/service-accounts/{account}"));
        let Done { .. } = self.answer(self.request(Method::DELETE, url)).await?;
        Ok(())
    }

    /// Every grant that it has, and through whom.
    pub async fn grants(&self, organization: u64, account: u64) -> Result<Vec<Grant>, Error> {
        let url = self.url(&format!("organizations/{organization}/service-accounts/{account}/grants"));
        let answer: Success<Vec<Grant>> = self.answer(self.request(Method::GET, url)).await?;
        Ok(answer.results)
    }

    /// Gives accounts roles on projects: all or nothing. Adding again sets the role.
    pub async fn add_to_projects(&self, organization: u64, added: &AddToProjects) -> Result<(), Error> {
        let url = self.url(&format!("organizations/{organization}/service-accounts/add-to-project"));
        let Done { .. } = self.answer(self.request(Method::POST, url).json(added)).await?;
        Ok(())
    }

    /// Takes accounts off projects: all or nothing. Removing what is not there is fine.
    pub async fn remove_from_projects(&self, organization: u64, removed: &RemoveFromProjects) -> Result<(), Error> {
        let url = self.url(&format!("organizations/{organization}/service-accounts/remove-from-project"));
        let Done { .. } = self.answer(self.request(Method::POST, url).json(removed)).await?;
        Ok(())
    }
}
