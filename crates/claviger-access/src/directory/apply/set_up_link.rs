//! What happens to set-up links.

use crate::change::SetUpLinkChange;
use crate::directory::{Directory, SetUpLink};
use crate::identity::OrganizationId;

impl Directory {
    pub(super) fn apply_to_set_up_link(&mut self, change: &SetUpLinkChange) {
        match change {
            SetUpLinkChange::Made { organization, digest, expires, .. } => {
                self.put_set_up_link(*organization, SetUpLink { digest: *digest, expires: *expires });
            }
            SetUpLinkChange::Ended { organization } => {
                self.organizations.change(*organization, |known| known.set_up_link = None);
            }
        }
    }

    pub(in crate::directory) fn put_set_up_link(&mut self, organization: OrganizationId, link: SetUpLink) {
        self.organizations.change(organization, |known| known.set_up_link = Some(link));
    }
}
