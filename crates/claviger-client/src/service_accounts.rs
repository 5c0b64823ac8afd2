//! Service accounts of an organization.

use claviger_wire::envelope::{Done, Page, Success};
use claviger_wire::service_accounts::{
    AddToProjects, ChangeServiceAccount, CreateServiceAccount, Grant, NewServiceAccount, RemoveFromProjects,
    ServiceAccount,
};
use reqwest::Method;
use reqwest::header::HeaderMap;

use crate::client::Client;
use crate::error::Error;
use crate::idempotency::IdempotencyKey;

/// Which rows of a list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Listing<'a> {
    /// Only those whose username holds it.
    pub search: Option<&'a str>,
    /// At most so many; without it the server answers with all.
    pub limit: Option<u32>,
    /// Go on where the last page ended: its `next_cursor`.
    pub cursor: Option<&'a str>,
}

/// Rows that are asked for at once where all are wanted.
const PAGE_ROWS: u32 = 500;

impl Client {
    /// One page of the organization's service accounts.
    pub async fn service_accounts(
        &self,
        organization: u64,
        listing: Listing<'_>,
    ) -> Result<Page<ServiceAccount>, Error> {
        let mut url = self.url(&format!("organizations/{organization}/service-accounts"));
        let limit = listing.limit.map(|limit| limit.to_string());
        for (name, value) in [("search", listing.search), ("limit", limit.as_deref()), ("cursor", listing.cursor)] {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        self.answer(self.request(Method::GET, url)).await
    }

    /// All of the organization's service accounts, page by page.
    pub async fn all_service_accounts(
        &self,
        organization: u64,
        search: Option<&str>,
    ) -> Result<Vec<ServiceAccount>, Error> {
        let mut accounts = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let listing = Listing { search, limit: Some(PAGE_ROWS), cursor: cursor.as_deref() };
            let page = self.service_accounts(organization, listing).await?;
            accounts.extend(page.results);
            match page.next_cursor {
                None => return Ok(accounts),
                // It would go on for ever.
                same if same == cursor => {
                    let reason = "it points to the same page again".to_owned();
                    return Err(self.unreadable(&HeaderMap::new(), reason));
                }
                next => cursor = next,
            }
        }
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
