//! Invitations to join an organization.

use claviger_wire::envelope::{Done, Page, Success};
use claviger_wire::invitations::{AcceptInvitation, Invitation, Invite, Joined, SentInvitation};
use reqwest::Method;

use crate::client::Client;
use crate::error::Error;
use crate::idempotency::IdempotencyKey;
use crate::listing::Listing;

impl Client {
    /// One page of the organization's invitations that were neither accepted nor withdrawn.
    pub async fn invitations(&self, organization: u64, listing: Listing<'_>) -> Result<Page<Invitation>, Error> {
        self.page(&format!("organizations/{organization}/invitations"), listing).await
    }

    /// All of them, page by page.
    pub async fn all_invitations(&self, organization: u64, search: Option<&str>) -> Result<Vec<Invitation>, Error> {
        self.every_page(&format!("organizations/{organization}/invitations"), search).await
    }

    /// Invites somebody. The token in the answer is shown this once.
    pub async fn send_invitation(
        &self,
        organization: u64,
        invite: &Invite,
        key: &IdempotencyKey,
    ) -> Result<SentInvitation, Error> {
        let url = self.url(&format!("organizations/{organization}/invitations"));
        let request = self.request(Method::POST, url).header("Idempotency-Key", key.as_str()).json(invite);
        let answer: Success<SentInvitation> = self.answer(request).await?;
        Ok(answer.results)
    }

    /// Gives an invitation a new token; the one before opens nothing any more.
    pub async fn resend_invitation(&self, organization: u64, invitation: u64) -> Result<SentInvitation, Error> {
        let url = self.url(&format!("organizations/{organization}/invitations/{invitation}/resend"));
        let answer: Success<SentInvitation> = self.answer(self.request(Method::POST, url)).await?;
        Ok(answer.results)
    }

    /// Takes an invitation back.
    pub async fn withdraw_invitation(&self, organization: u64, invitation: u64) -> Result<(), Error> {
        let url = self.url(&format!("organizations/{organization}/invitations/{invitation}"));
        let Done { .. } = self.answer(self.request(Method::DELETE, url)).await?;
        Ok(())
    }

    /// Accepts an invitation, by its token. Needs no credential.
    pub async fn accept_invitation(&self, accept: &AcceptInvitation) -> Result<Joined, Error> {
        let url = self.url("invitations/accept");
        let answer: Success<Joined> = self.answer(self.request(Method::POST, url).json(accept)).await?;
        Ok(answer.results)
    }
}
