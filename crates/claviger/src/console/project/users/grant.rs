//! Giving a person a role in the project or one of its workspaces, changing it, and taking it away.

use axum::extract::State;
use axum::response::Response;
use claviger_access::administration::member::{self, SetMemberRole};
use claviger_access::administration::membership;
use claviger_access::authorize::{ManageMembers, Scope, authorize};
use claviger_access::directory::PrincipalView;
use claviger_access::effective;
use claviger_access::email::EmailAddress;
use claviger_access::identity::{PrincipalId, ProjectId};
use claviger_access::role::ProjectRole;
use claviger_access::{Caller, Directory, Draft, Moment};

use super::super::add::{self, Adding, Candidate, Kind};
use super::super::asked::Asked;
use super::super::mistakes::Mistakes;
use super::super::reached::Reached;
use super::super::refusals::there;
use super::super::spot::Spot;
use super::super::{Shown, as_of_now, permit, role_choice, write};
use super::{GIVE, PAGE, REMOVE, Who, list_of};
use crate::api::ids::{self, PathId};
use crate::console::Console;
use crate::console::error_page::ErrorPage;
use crate::console::notice::Notice;
use crate::console::path::At;
use crate::console::place::may;
use crate::console::project_role;
use crate::console::search::{finds, sought};
use crate::console::signed_in::SignedIn;
use crate::console::submitted::Submitted;
use crate::console::words;

type MemberThere = (PathId<ProjectId>, PathId<PrincipalId>);

/// Takes a person off the project, or off the one workspace that the list was of. Each may leave himself.
pub(in crate::console) async fn remove(
    State(console): State<Console>,
    At((PathId(project), PathId(member))): At<MemberThere>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    let spot = there(&signed_in, (project, PAGE), &REMOVE, Spot::typed(project, &typed))?;
    let (caller, workspace) = (signed_in.caller, spot.workspace);
    let command = SetMemberRole { project, workspace, member, role: None };
    let decide = move |draft: &Draft, moment| member::set_role(draft, &caller, &command, moment);
    write(&console, &signed_in, (project, PAGE), &REMOVE, decide).await?;
    let after = console.node.cluster.directory().ok();
    let (notice, path) = told(after.as_deref(), (&signed_in.caller, signed_in.now), member, spot);
    Ok(notice.at(&console, &signed_in, path.as_deref().unwrap_or("/console")))
}

/// What is told of it, and the list where, if that is to be seen. It was done, also where no image is held any more.
fn told(
    after: Option<&Directory>,
    (caller, now): (&Caller, Moment),
    member: PrincipalId,
    spot: Spot,
) -> (Notice, Option<String>) {
    let Some(after) = after else { return (Notice::done("It is done.", ""), None) };
    // Who has left may not see the list any more.
    let still = authorize::<ManageMembers>(after, caller, Scope::Project(spot.project), now);
    (removed(after, member, spot), still.is_ok().then(|| list_of(Who::People, spot)))
}

/// What is left of somebody's access after he was taken off.
fn removed(after: &Directory, member: PrincipalId, spot: Spot) -> Notice {
    let place = spot.name(after);
    let (Some(view), Some(known)) = (after.principal(member), after.project(spot.project)) else {
        return Notice::done("It is done.", "");
    };
    let name = view.name();
    let organization = after.organization(known.organization);
    let clause =
        organization.and_then(|organization| Reached::of(after, &view, known, spot).clause(after, organization));
    match clause {
        Some(clause) => {
            let strong = format!("{name} was removed from {place}.");
            Notice::warning(strong, format!("{name} still reaches it as {clause}."))
        }
        None => Notice::done(format!("{name} no longer reaches {place}."), as_of_now()),
    }
}

/// Changes the role that a person holds himself.
pub(in crate::console) async fn change_role(
    State(console): State<Console>,
    At((PathId(project), PathId(member))): At<MemberThere>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    permit::<ManageMembers>(&signed_in, project, PAGE, &GIVE)?;
    let spot = there(&signed_in, (project, PAGE), &GIVE, Spot::typed(project, &typed))?;
    let on = there(&signed_in, (project, PAGE), &GIVE, spot.of_grant(&typed))?;
    let role = role_choice::typed(&signed_in, (project, PAGE), &GIVE, &typed)?;
    let notice = give(&console, &signed_in, on, member, role).await?;
    Ok(notice.at(&console, &signed_in, &list_of(Who::People, spot)))
}

async fn give(
    console: &Console,
    signed_in: &SignedIn,
    spot: Spot,
    member: PrincipalId,
    role: ProjectRole,
) -> Result<Notice, ErrorPage> {
    let (caller, project, workspace) = (signed_in.caller, spot.project, spot.workspace);
    let command = SetMemberRole { project, workspace, member, role: Some(role) };
    let decide = move |draft: &Draft, moment| member::set_role(draft, &caller, &command, moment);
    write(console, signed_in, (project, PAGE), &GIVE, decide).await?;
    let name = signed_in.held.principal(member).map_or("", |view| view.name());
    let role = words::project_role(&signed_in.held, role);
    Ok(Notice::done(format!("{name} is {role} of {} now.", spot.name(&signed_in.held)), as_of_now()))
}

/// Looks for members of the organization to add.
pub(in crate::console) async fn find(
    signed_in: SignedIn,
    At(PathId(project)): At<PathId<ProjectId>>,
    asked: Asked,
) -> Result<Response, ErrorPage> {
    permit::<ManageMembers>(&signed_in, project, PAGE, &GIVE)?;
    let spot = Spot { project, workspace: asked.workspace };
    adding(&signed_in, spot, &asked.search, Mistakes::default())
}

/// Gives a member of the organization a role.
pub(in crate::console) async fn add_member(
    State(console): State<Console>,
    At(PathId(project)): At<PathId<ProjectId>>,
    Submitted { signed_in, typed }: Submitted,
) -> Result<Response, ErrorPage> {
    permit::<ManageMembers>(&signed_in, project, PAGE, &GIVE)?;
    let spot = there(&signed_in, (project, PAGE), &GIVE, Spot::typed(project, &typed))?;
    let (member, role) = (ids::read::<PrincipalId>(typed.one("id")), project_role::read(typed.one("role")));
    let (Some(member), Some(role)) = (member, role) else {
        let mistakes = add::mistakes(Kind::Person, member.is_some(), role.is_some());
        return adding(&signed_in, spot, &sought(typed.one("find")), mistakes);
    };
    let notice = give(&console, &signed_in, spot, member, role).await?;
    Ok(notice.at(&console, &signed_in, &list_of(Who::People, spot)))
}

fn adding(signed_in: &SignedIn, spot: Spot, find: &str, mistakes: Mistakes) -> Result<Response, ErrorPage> {
    let shown = Shown::of(signed_in, spot.project)?;
    let may_search = may::<ManageMembers>(signed_in, Scope::Organization(shown.organization.id));
    let mut candidates = candidates(signed_in, shown, spot, find, may_search);
    let is_cut = candidates.len() > Candidate::SHOWN_MAX;
    candidates.truncate(Candidate::SHOWN_MAX);
    let adding = Adding { kind: Kind::Person, shown, spot, find, candidates, is_cut, may_search, mistakes };
    Ok(adding.page(signed_in))
}

/// Who manages the organization's people finds them by any part of name or address; others must know the address.
fn candidates(signed_in: &SignedIn, shown: Shown<'_>, spot: Spot, find: &str, may_search: bool) -> Vec<Candidate> {
    let (held, organization) = (&*signed_in.held, shown.organization);
    let email = |view: &PrincipalView<'_>| held.person(view.id()).map_or("", |person| person.email.as_str());
    let found: Vec<PrincipalView<'_>> = match (find, may_search) {
        ("", _) => Vec::new(),
        (_, true) => {
            let people = organization.people.iter().filter_map(|id| effective::member(held, organization.id, *id));
            let found = people.filter(|view| finds(find, view.name()) || finds(find, email(view)));
            found.take(Candidate::SHOWN_MAX + 1).collect()
        }
        (_, false) => {
            let address = EmailAddress::parse(find).ok();
            address.and_then(|address| membership::addressed(held, organization.id, &address)).into_iter().collect()
        }
    };
    let candidate = |view: PrincipalView<'_>| Candidate {
        id: view.id().number(),
        name: view.name().to_owned(),
        sub: email(&view).to_owned(),
        has: Reached::of(held, &view, shown.project, spot).clause(held, organization),
    };
    found.into_iter().map(candidate).collect()
}

#[cfg(test)]
mod tests {
    use claviger_access::authorize::CredentialId;
    use claviger_access::change::SignedInFrom;
    use claviger_access::credential::SecretDigest;
    use claviger_access::directory::{Loader, Person, Principal, Session};
    use claviger_access::grant::{Grant, Granted};
    use claviger_access::identity::{GrantId, OrganizationId, PrincipalKind, SessionId};
    use claviger_access::policy::Arrival;
    use claviger_access::role::{OrganizationRole, Role};
    use claviger_access::{Mark, Revision};

    use super::*;

    const ADMIN: u64 = 101;
    const REACHES: u64 = 102;
    const GONE: u64 = 103;

    fn person(number: u64) -> PrincipalId {
        PrincipalId::new(number).expect("an id")
    }

    fn project() -> ProjectId {
        ProjectId::new(11).expect("an id")
    }

    fn now() -> Moment {
        Moment::from_seconds(1_795_551_300).expect("a moment")
    }

    /// Three members of an organization with one project, each with a session of the same number.
    fn directory() -> Directory {
        let (acme, mut loader) = (OrganizationId::new(1).expect("an id"), Loader::new(1, 10));
        loader.organization(acme, "Acme".to_owned());
        loader.project(project(), acme, "Web shop".to_owned(), "UTC".to_owned(), None);
        let member = Granted::Organization(acme, OrganizationRole::Member);
        let on_shop = |role: Role| Granted::Project(project(), role.into());
        for (number, name, granted) in [
            (ADMIN, "Ada", vec![member, on_shop(Role::Admin)]),
            (REACHES, "Pia", vec![member, on_shop(Role::Analyst)]),
            (GONE, "Mel", vec![member]),
        ] {
            let grant = |granted| Grant::new(GrantId::new(51).expect("an id"), granted);
            loader.principal(&Principal {
                id: person(number),
                kind: PrincipalKind::Person,
                organization: None,
                name: name.to_owned(),
                deleted: false,
                disabled: false,
                protected: false,
                secrets: Vec::new(),
                grants: granted.into_iter().map(grant).collect(),
                teams: Vec::new(),
            });
            let email = EmailAddress::parse(&format!("{name}@example.com")).expect("an address");
            loader.person(Person { id: person(number), email, created: now(), sessions: Vec::new() });
            loader.session(Session {
                id: SessionId::new(number).expect("an id"),
                person: person(number),
                digest: SecretDigest::from_bytes([0; 32]),
                begun: now(),
                ends: now().plus_seconds(60).expect("a moment"),
                from: SignedInFrom::default(),
            });
        }
        loader.finish(Revision::ZERO, Mark::ZERO, 200)
    }

    /// What is told to one who took another off the project, and where.
    fn told_to(by: u64, after: Option<&Directory>, member: u64) -> (String, Option<String>) {
        let credential = CredentialId::Session(SessionId::new(by).expect("an id"));
        let arrival = Arrival { address: None, form: None };
        let caller = Caller::Principal { principal: person(by), credential, arrival };
        let spot = Spot { project: project(), workspace: None };
        let (notice, path) = told(after, (&caller, now()), person(member), spot);
        assert_eq!(notice.is_done, !notice.more.contains("still reaches"), "{notice:?}");
        (notice.strong, path)
    }

    #[test]
    fn what_was_done_is_told_also_where_no_image_is_held_any_more() {
        assert_eq!(told_to(ADMIN, None, GONE), ("It is done.".to_owned(), None));
    }

    #[test]
    fn who_was_taken_off_is_named_on_the_list_to_whoever_may_see_it() {
        let (after, list) = (directory(), Some("/console/projects/11/users".to_owned()));
        let told = |by: u64, member: u64| told_to(by, Some(&after), member);
        assert_eq!(told(ADMIN, GONE), ("Mel no longer reaches Web shop.".to_owned(), list.clone()));
        assert_eq!(told(ADMIN, REACHES), ("Pia was removed from Web shop.".to_owned(), list.clone()));
        assert_eq!(told(ADMIN, 199), ("It is done.".to_owned(), list), "not known any more");
        assert_eq!(told(GONE, GONE), ("Mel no longer reaches Web shop.".to_owned(), None), "he left himself");
    }
}
