//! The first owner who is a person: a link that is made on the host, and what becomes of it.
//!
//! An organization is founded with an owner who is a service account, and accounts do not sign in. Whoever has the store
//! in his hands makes a link; whoever opens it first becomes an owner with a password of his own, and invites the others.
//!
//! What must stay true: a link opens once, for an hour, and only as long as the organization has no owner who is a person;
//! a new link ends the one before.

use super::invitation::PEOPLE_MAX;
use crate::authorize::{self, Caller, SetUp, follow_set_up_link};
use crate::change::{Change, PersonChange, SetUpLinkChange};
use crate::credential::{PresentedSetUp, SetUpToken};
use crate::decision::{Decided, Decision};
use crate::directory::{Directory, Draft};
use crate::effective;
use crate::email::EmailAddress;
use crate::event::{Event, EventName, Target};
use crate::expiry::Moment;
use crate::grant::{Granted, Holder};
use crate::identity::{OrganizationId, PrincipalId, PrincipalKind};
use crate::password::PasswordHash;
use crate::random_bytes::RandomBytes;
use crate::refusal::Refusal;
use crate::role::OrganizationRole;
use crate::text::DisplayName;

/// A link opens for so long: an hour.
pub const OPEN_SECONDS: u64 = 60 * 60;

/// Who becomes the first owner.
pub struct FirstOwner {
    /// What he is called.
    pub name: DisplayName,
    /// His address.
    pub email: EmailAddress,
    /// What is kept of his password.
    pub hash: PasswordHash,
}

/// The organization to make a link for at a start: the first, as long as no organization has an owner who is a person.
pub fn is_due(directory: &Directory) -> Option<OrganizationId> {
    let owned = |known| effective::is_owned_by_a_person(directory, known);
    if directory.organizations().any(owned) {
        return None;
    }
    directory.organizations().map(|known| known.id).min()
}

/// Makes a link; the one before opens nothing any more. On the host only.
pub fn make_link(
    draft: &Draft,
    caller: &Caller,
    organization: OrganizationId,
    moment: Moment,
    mut random: RandomBytes,
) -> Result<Decided<SetUpToken>, Refusal> {
    let known = draft.organization(organization).ok_or(Refusal::NoSuchOrganization { organization })?;
    let permit = authorize::found_organization(draft, caller, organization)?;
    if effective::is_owned_by_a_person(draft, known) {
        return Err(Refusal::OwnedByPerson { organization });
    }
    let token = SetUpToken::generate(organization, &mut random).ok_or(Refusal::Exhausted { what: "randomness" })?;
    let expires = moment.plus_seconds(OPEN_SECONDS).ok_or(Refusal::ExpiryTooFar)?;
    let made = SetUpLinkChange::Made { organization, digest: token.digest(), made: moment, expires };
    let event = Event::under(&permit, EventName::SetUpLinkCreated, Target::Organization(organization));
    Ok(Decided::Write(Decision::new(event, vec![Change::SetUpLink(made)]), token))
}

/// Looks at a link before anything is spent on it.
pub fn look_at<'d>(directory: &'d Directory, token: &PresentedSetUp, moment: Moment) -> Result<SetUp<'d>, Refusal> {
    follow_set_up_link(directory, token, moment)
}

/// Makes the first owner, and ends the link.
pub fn accept(
    draft: &Draft,
    token: &PresentedSetUp,
    owner: &FirstOwner,
    moment: Moment,
) -> Result<Decided<PrincipalId>, Refusal> {
    let link = look_at(draft, token, moment)?;
    let organization = link.organization();
    let FirstOwner { name, email, hash } = owner;
    if draft.person_with_email(email).is_some() {
        return Err(Refusal::EmailTaken { email: email.clone() });
    }
    if draft.organization(organization).is_some_and(|known| known.people.len() >= PEOPLE_MAX) {
        return Err(Refusal::LimitReached { organization, things: "people and invitations", limit: PEOPLE_MAX });
    }
    let mut ids = draft.ids();
    let (person, grant) = (ids.principal()?, ids.grant()?);
    let permit = link.permit(person);
    let role = OrganizationRole::Owner;
    let used = Event::under(&permit, EventName::SetUpLinkUsed, Target::Organization(organization));
    let added = Event::under(&permit, EventName::OrganizationUserAdded, Target::Principal(person))
        .after("name", name.as_str())
        .after("email", email)
        .after("organization_role", role);
    let (holder, granted) = (Holder::Principal(person), Granted::Organization(organization, role));
    let joining = [
        Change::PrincipalCreated {
            id: person,
            kind: PrincipalKind::Person,
            organization: None,
            name: name.as_str().to_owned(),
            email: Some(email.clone()),
            created: moment,
            creator: None,
        },
        Change::Person(PersonChange::PasswordSet { id: person, hash: Some(hash.clone()), set: moment }),
        Change::GrantGiven { id: grant, holder, granted, created: moment },
    ];
    let ended = Change::SetUpLink(SetUpLinkChange::Ended { organization });
    Ok(Decided::Write(Decision::new(used, vec![ended]).and(added, joining), person))
}
