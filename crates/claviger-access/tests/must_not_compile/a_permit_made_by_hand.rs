//! Only `authorize` makes a permit.

use std::marker::PhantomData;

use claviger_access::authorize::{Actor, DeleteProject};
use claviger_access::identity::OrganizationId;
use claviger_access::permission::Permission;
use claviger_access::{Basis, Permit, Revision, Scope};

fn forge(organization: OrganizationId) -> Permit<DeleteProject> {
    Permit {
        by: Actor::Operator,
        scope: Scope::Organization(organization),
        organization,
        through: Basis::Operator,
        permission: Permission::ProjectDelete,
        at: Revision::ZERO,
        action: PhantomData,
    }
}

fn main() {}
