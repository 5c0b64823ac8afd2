//! Making a service account: its username, its first secret, its grants.

use crate::authorize::{Actor, Permit};
use crate::change::Change;
use crate::credential::Secret;
use crate::directory::{Draft, NewIds};
use crate::expiry::{Expiry, Moment};
use crate::grant::{Granted, Holder};
use crate::identity::{AccountName, OrganizationId, PrincipalId, PrincipalKind, SecretId, Username};
use crate::ownership::{AccountDetails, KnownOwner, Owner, owner_of};
use crate::random_bytes::RandomBytes;
use crate::refusal::Refusal;
use crate::role::OrganizationRole;

/// Most service accounts of one organization.
pub const ACCOUNTS_MAX: usize = 10_000_000;

/// So often are the six hex digits drawn before the name counts as exhausted.
const DRAWS: usize = 8;

/// What was made. The secret is in clear here and nowhere else.
#[derive(Debug)]
pub struct NewServiceAccount {
    /// Its id, which is its user id as well.
    pub id: PrincipalId,
    /// Its full username.
    pub username: Username,
    /// Its first secret's id.
    pub secret_id: SecretId,
    /// To be shown once.
    pub secret: Secret,
    /// When it ends.
    pub expires: Expiry,
    /// When it was made.
    pub created: Moment,
    /// Who made it; `None` for the operator.
    pub creator: Option<Creator>,
    /// What is said about it.
    pub details: AccountDetails,
    /// Who looks after it.
    pub owner: Option<KnownOwner>,
}

/// Who made an account.
#[derive(Debug)]
pub struct Creator {
    /// His id.
    pub id: PrincipalId,
    /// A person's name, a service account's username.
    pub name: String,
    /// A person's e-mail address, a service account's username.
    pub email: String,
}

/// What a new account is to be.
pub(super) struct Plan<'a> {
    pub organization: OrganizationId,
    pub name: &'a AccountName,
    pub expires: Expiry,
    pub granted: Vec<Granted>,
}

/// Makes the account under this permit.
pub(super) fn make<A>(
    draft: &Draft,
    permit: &Permit<A>,
    plan: &Plan<'_>,
    ids: &mut NewIds,
    moment: Moment,
    random: &mut RandomBytes,
) -> Result<(NewServiceAccount, Vec<Change>), Refusal> {
    let count = draft.organization(plan.organization).map_or(0, |organization| organization.account_count);
    if count >= ACCOUNTS_MAX {
        let (organization, things, limit) = (plan.organization, "service accounts", ACCOUNTS_MAX);
        return Err(Refusal::LimitReached { organization, things, limit });
    }
    let id = ids.principal()?;
    let username = draw_username(draft, plan.name, random)?;
    let secret = Secret::generate(random).ok_or(Refusal::Exhausted { what: "randomness" })?;
    let secret_id = ids.secret()?;
    let creator = match permit.by() {
        Actor::Principal(creator, _) => Some(creator),
        Actor::Operator => None,
    };
    let mut changes = vec![
        Change::PrincipalCreated {
            id,
            kind: PrincipalKind::ServiceAccount,
            organization: Some(plan.organization),
            name: username.as_str().to_owned(),
            email: None,
            created: moment,
            creator,
        },
        Change::SecretIssued {
            id: secret_id,
            principal: id,
            digest: secret.digest(),
            expires: plan.expires,
            created: moment,
        },
    ];
    for granted in &plan.granted {
        if !matches!(granted, Granted::Organization(_, OrganizationRole::Member)) {
            changes.push(Change::GrantGiven {
                id: ids.grant()?,
                holder: Holder::Principal(id),
                granted: *granted,
                created: moment,
            });
        }
    }
    let (details, owner) = (AccountDetails::default(), owner_of(draft, plan.organization, Owner::Creator, creator));
    let creator = creator.map(|id| {
        let name = draft.principal(id).map(|creator| creator.name().to_owned()).unwrap_or_default();
        let email = draft.person(id).map_or_else(|| name.clone(), |person| person.email.to_string());
        Creator { id, name, email }
    });
    let (expires, created) = (plan.expires, moment);
    Ok((NewServiceAccount { id, username, secret_id, secret, expires, created, creator, details, owner }, changes))
}

fn draw_username(draft: &Draft, name: &AccountName, random: &mut RandomBytes) -> Result<Username, Refusal> {
    for _ in 0..DRAWS {
        let distinction = random.take().ok_or(Refusal::Exhausted { what: "randomness" })?;
        let username = Username::compose(name, distinction, draft.username_suffix());
        if draft.service_account_named(username.as_str()).is_none() {
            return Ok(username);
        }
    }
    Err(Refusal::NameExhausted { name: name.as_str().to_owned() })
}
