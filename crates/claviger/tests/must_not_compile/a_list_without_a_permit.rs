//! A read of what the directory does not hold asks for a permit, and for the right one.

use claviger::store::Store;
use claviger::store::service_accounts::Window;
use claviger_access::Permit;
use claviger_access::authorize::SeeOrganization;
use claviger_access::identity::OrganizationId;

async fn without(store: &Store, organization: OrganizationId, window: &Window) {
    let _ = store.service_accounts(organization, window).await;
}

async fn with_another(store: &Store, permit: &Permit<SeeOrganization>, window: &Window) {
    let _ = store.service_accounts(permit, window).await;
}

fn main() {}
