//! What grants add up to, and what they permit, against loops over plain rows, in worlds that deciders alone would not
//! make: several grants in one scope, people with roles in several organizations, everything at random.

use claviger_access::authorize::{
    Action, CreateProjects, CredentialId, DeleteProject, FoundOrganization, ManageServiceAccounts, ManageWorkspaces,
    UpdateProject, authorize, see_organization, see_project,
};
use claviger_access::change::{CustomRoleChange, CustomRoleProperties, TeamChange, WorkspaceProperties};
use claviger_access::credential::SecretDigest;
use claviger_access::effective;
use claviger_access::grant::{Granted, Holder};
use claviger_access::identity::{OrganizationId, PrincipalId, PrincipalKind, ProjectId};
use claviger_access::permission::{Permission, PermissionName};
use claviger_access::role::{OrganizationRole, ProjectRole, Role};
use claviger_access::{Basis, Caller, Change, Directory, Expiry, Refusal, Scope};

use crate::chance::Chance;
use crate::rows::{Rows, in_organization, on_project};
use crate::world::{NEARBY, World, moment, signed_in};

/// Three organizations with projects, workspaces, and principals with grants at random.
fn random_world(seed: u64) -> World {
    let mut world = World::empty(seed);
    let (mut chance, mut ids, created) = (Chance::seeded(!seed), world.draft.ids(), world.now);
    let mut changes = Vec::new();
    let (mut organizations, mut projects, mut workspaces) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        let id = ids.organization().unwrap();
        organizations.push(id);
        changes.push(Change::OrganizationFounded { id, name: "Acme".to_owned(), created });
    }
    for _ in 0..9 {
        let (id, organization) = (ids.project().unwrap(), chance.one_of(&organizations).unwrap());
        projects.push((organization, id));
        let (name, timezone) = ("Web shop".to_owned(), "UTC".to_owned());
        changes.push(Change::ProjectCreated { id, organization, name, timezone, slug: None, created, creator: None });
    }
    for _ in 0..20 {
        let (id, (organization, project)) = (ids.workspace().unwrap(), chance.one_of(&projects).unwrap());
        workspaces.push((organization, id));
        let (name, description) = ("North".to_owned(), None);
        let properties = WorkspaceProperties { name, description, is_restricted: false, is_visible: true };
        changes.push(Change::WorkspaceCreated { id, project, properties, is_default: false, created, creator: None });
    }
    for project in projects.iter().map(|(_, project)| *project) {
        for name in ["Reporter", "Writer"] {
            let permissions = (0..chance.below(4)).filter_map(|_| chance.one_of(&PERMISSIONS));
            let properties = CustomRoleProperties {
                name: name.to_owned(),
                description: String::new(),
                permissions: permissions.map(|name| PermissionName::parse(name).unwrap()).collect(),
                copied_from: None,
            };
            let id = ids.custom_role().unwrap();
            let made = CustomRoleChange::Created { id, project, properties, created, creator: None };
            changes.push(Change::CustomRole(made));
        }
    }
    world.write(&changes);
    open_some_projects(&mut world, &mut chance);
    for _ in 0..25 {
        let own = if chance.one_in(3) { None } else { chance.one_of(&organizations) };
        let mut granted = Vec::new();
        for _ in 0..chance.below(7) {
            let (organization, scope) = match chance.below(3) {
                0 => {
                    let on = chance.one_of(&organizations).unwrap();
                    (on, Granted::Organization(on, chance.one_of(&OrganizationRole::ALL).unwrap()))
                }
                1 => {
                    let (organization, on) = chance.one_of(&projects).unwrap();
                    (organization, Granted::Project(on, any_role(&world.rows, &mut chance, on)))
                }
                _ => {
                    let (organization, on) = chance.one_of(&workspaces).unwrap();
                    let project = world.rows.project_of(on).unwrap();
                    (organization, Granted::Workspace(on, any_role(&world.rows, &mut chance, project)))
                }
            };
            // Few owners and admins of everything, or nothing below would matter.
            let is_above = matches!(scope, Granted::Organization(_, role) if role >= OrganizationRole::Admin);
            if own.is_none_or(|own| own == organization) && (!is_above || chance.one_in(3)) {
                granted.push(scope);
            }
        }
        match own {
            None => drop(world.person(&granted)),
            Some(own) => account(&mut world, own, &granted),
        }
    }
    form_teams(&mut world, &mut chance, &organizations);
    world
}

const PERMISSIONS: [&str; 6] =
    ["data:read", "data:write", "reports:export", "project:update", "service_accounts:manage", "members:manage"];

fn any_role(rows: &Rows, chance: &mut Chance, project: ProjectId) -> ProjectRole {
    match chance.one_of(&rows.custom_roles_of(project)) {
        Some(role) if chance.one_in(3) => ProjectRole::Custom(role),
        _ => chance.one_of(&Role::ALL).unwrap().into(),
    }
}

/// Default access to one project in three.
fn open_some_projects(world: &mut World, chance: &mut Chance) {
    let (mut ids, created) = (world.draft.ids(), world.now);
    let mut changes = Vec::new();
    for project in world.rows.projects.iter().map(|row| row.id) {
        if chance.one_in(3) {
            let granted = Granted::Project(project, any_role(&world.rows, chance, project));
            let (id, holder) = (ids.grant().unwrap(), Holder::EveryMember(project));
            changes.push(Change::GrantGiven { id, holder, granted, created });
        }
    }
    world.write(&changes);
}

/// Two teams in each organization, with some of its people and accounts and some grants.
fn form_teams(world: &mut World, chance: &mut Chance, organizations: &[OrganizationId]) {
    for organization in organizations.iter().copied() {
        for name in ["Data", "Operations"] {
            let (mut ids, created) = (world.draft.ids(), world.now);
            let id = ids.team().unwrap();
            let made = TeamChange::Created { id, organization, name: name.to_owned(), created, creator: None };
            let mut changes = vec![Change::Team(made)];
            for member in world.rows.principals.iter().map(|row| row.id) {
                if world.rows.organization_role(member, organization).is_some() && chance.one_in(3) {
                    changes.push(Change::Team(TeamChange::MemberAdded { id, member, added: created }));
                }
            }
            for project in world.rows.projects_of(organization) {
                let role = any_role(&world.rows, chance, project);
                let granted = match chance.one_of(&world.rows.workspaces_of(project)) {
                    Some(workspace) if chance.one_in(2) => Granted::Workspace(workspace, role),
                    _ => Granted::Project(project, role),
                };
                if chance.one_in(3) {
                    let (id, holder) = (ids.grant().unwrap(), Holder::Team(id));
                    changes.push(Change::GrantGiven { id, holder, granted, created });
                }
            }
            world.write(&changes);
        }
    }
}

fn account(world: &mut World, organization: OrganizationId, granted: &[Granted]) {
    let (mut ids, created) = (world.draft.ids(), world.now);
    let (id, secret) = (ids.principal().unwrap(), ids.secret().unwrap());
    let mut changes = vec![
        Change::PrincipalCreated {
            id,
            kind: PrincipalKind::ServiceAccount,
            organization: Some(organization),
            name: format!("reader.{:06x}.service-account", id.number()),
            email: None,
            created,
            creator: None,
        },
        Change::SecretIssued {
            id: secret,
            principal: id,
            digest: SecretDigest::from_bytes([7; 32]),
            expires: Expiry::NEVER,
            created,
        },
    ];
    for granted in granted {
        let id_of_grant = ids.grant().unwrap();
        changes.push(Change::GrantGiven { id: id_of_grant, holder: Holder::Principal(id), granted: *granted, created });
    }
    world.write(&changes);
}

fn callers(rows: &Rows) -> Vec<(PrincipalId, Caller)> {
    let caller = |principal, id| Caller::Principal { principal, credential: CredentialId::Secret(id), arrival: NEARBY };
    let accounts = rows.secrets.iter().map(|row| (row.principal, caller(row.principal, row.id)));
    let people = rows.sessions.iter().filter(|row| rows.is_there(row.person));
    accounts.chain(people.map(|row| (row.person, signed_in(row.person, row.id)))).collect()
}

fn scopes(rows: &Rows) -> Vec<Scope> {
    let organizations = rows.organizations.iter().map(|row| Scope::Organization(row.id));
    organizations.chain(rows.projects.iter().map(|row| Scope::Project(row.id))).collect()
}

#[test]
fn roles_and_reach_are_what_loops_over_the_grants_give() {
    let mut comparisons = 0;
    for seed in 0..150 {
        let World { draft, rows, .. } = random_world(seed);
        for principal in &rows.principals {
            let (id, view) = (principal.id, draft.principal(principal.id).expect("the principal is there"));
            for organization in rows.organizations.iter().map(|row| row.id) {
                let role = rows.organization_role(id, organization);
                assert_eq!(
                    effective::organization_role(&view, organization),
                    role,
                    "seed {seed}, {id}, {organization}"
                );
                assert_eq!(effective::is_member(&view, organization), role.is_some());
                let reached = effective::reach(&draft, &view, organization);
                assert_eq!(reached, rows.reach(id, organization), "seed {seed}, {id}, {organization}");
                let known = draft.organization(organization).expect("the organization is there");
                for project in &rows.projects {
                    let case = format!("seed {seed}, {id}, {organization}, {}", project.id);
                    let is_beside = effective::reaches_beside(&draft, &view, known, project.id);
                    assert_eq!(is_beside, reached.keys().any(|other| *other != project.id), "{case}");
                    if project.organization == organization {
                        let known = draft.project(project.id).expect("the project is there");
                        let is_reached = effective::reaches(&draft, &view, known);
                        assert_eq!(is_reached, reached.contains_key(&project.id), "{case}");
                    }
                }
            }
            for project in &rows.projects {
                let role = effective::project_role(&draft, &view, project.id);
                assert_eq!(role, rows.project_role(id, project.id), "seed {seed}, {id}, {}", project.id);
            }
            for workspace in &rows.workspaces {
                let role = effective::workspace_role(&draft, &view, workspace.id);
                assert_eq!(role, rows.workspace_role(id, workspace.id), "seed {seed}, {id}, {}", workspace.id);
            }
            comparisons += 3 * rows.organizations.len() + rows.projects.len() + rows.workspaces.len();
        }
    }
    assert!(comparisons >= 100_000, "{comparisons}");
}

/// 404 for who is no member, 403 for who is and may not, else a permit that names a grant which allows it.
fn is_permitted_as_the_rows_say<A: Action>(directory: &Directory, rows: &Rows, seed: u64) -> usize {
    let mut comparisons = 0;
    let permission = A::PERMISSION.name();
    for (principal, caller) in callers(rows) {
        for scope in scopes(rows) {
            let organization = match scope {
                Scope::Organization(on) => on,
                Scope::Project(on) => rows.organization_of(on).expect("the project is there"),
            };
            let case = format!("seed {seed}: {principal}, {permission}, {scope}");
            match authorize::<A>(directory, &caller, scope, moment(0)) {
                Ok(permit) => {
                    assert!(rows.gives(principal, permission, scope), "{case}");
                    assert_eq!((permit.scope(), permit.organization()), (scope, organization), "{case}");
                    let Basis::Grant(grant) = permit.through() else { panic!("{case}: {:?}", permit.through()) };
                    let row = rows.grants.iter().find(|row| row.id == grant).expect("the grant is there");
                    assert!(rows.reaches(row, principal), "{case} through a grant of {:?}", row.holder);
                    assert!(alone(rows, row.granted, permission, scope), "{case} through {:?}", row.granted);
                }
                Err(Refusal::PermissionMissing { .. }) => {
                    assert!(rows.organization_role(principal, organization).is_some(), "{case}");
                    assert!(!rows.gives(principal, permission, scope), "{case}");
                }
                Err(Refusal::NoSuchOrganization { .. } | Refusal::NoSuchProject { .. }) => {
                    assert_eq!(rows.organization_role(principal, organization), None, "{case}");
                }
                Err(other) => panic!("{case}: {other}"),
            }
            comparisons += 1;
        }
    }
    comparisons
}

/// Whether this grant gives the permission in the scope by itself.
fn alone(rows: &Rows, granted: Granted, permission: &str, scope: Scope) -> bool {
    match (granted, scope) {
        (Granted::Organization(on, role), Scope::Organization(asked)) => {
            on == asked && in_organization(role).contains(&permission)
        }
        (Granted::Organization(on, OrganizationRole::Owner), Scope::Project(asked)) => {
            rows.organization_of(asked) == Some(on) && on_project(Role::Owner).contains(&permission)
        }
        (Granted::Organization(on, OrganizationRole::Admin), Scope::Project(asked)) => {
            rows.organization_of(asked) == Some(on) && on_project(Role::Admin).contains(&permission)
        }
        (Granted::Project(on, role), Scope::Project(asked)) => on == asked && rows.allows(role, permission),
        _ => false,
    }
}

#[test]
fn a_permit_is_given_exactly_where_a_grant_gives_the_permission() {
    let mut comparisons = 0;
    for seed in 0..60 {
        let World { draft, rows, .. } = random_world(seed);
        comparisons += is_permitted_as_the_rows_say::<ManageServiceAccounts>(&draft, &rows, seed);
        comparisons += is_permitted_as_the_rows_say::<CreateProjects>(&draft, &rows, seed);
        comparisons += is_permitted_as_the_rows_say::<UpdateProject>(&draft, &rows, seed);
        comparisons += is_permitted_as_the_rows_say::<DeleteProject>(&draft, &rows, seed);
        comparisons += is_permitted_as_the_rows_say::<ManageWorkspaces>(&draft, &rows, seed);
        comparisons += is_permitted_as_the_rows_say::<FoundOrganization>(&draft, &rows, seed);
    }
    assert!(comparisons >= 100_000, "{comparisons}");
}

#[test]
fn an_organization_is_seen_by_its_members_and_a_project_by_who_reaches_any_of_it() {
    for seed in 0..60 {
        let World { draft, rows, .. } = random_world(seed);
        for (principal, caller) in callers(&rows) {
            for organization in rows.organizations.iter().map(|row| row.id) {
                let seen = see_organization(&draft, &caller, organization, moment(0));
                let expected = rows.organization_role(principal, organization).map(|_| Basis::Oneself);
                assert_eq!(seen.ok().map(|permit| permit.through()), expected, "seed {seed}, {principal}");
                let reached = rows.reach(principal, organization);
                for project in rows.projects_of(organization) {
                    let seen = see_project(&draft, &caller, project, moment(0));
                    let is_reached = expected.is_some() && reached.contains_key(&project);
                    assert_eq!(seen.is_ok(), is_reached, "seed {seed}, {principal}, {project}: {seen:?}");
                }
            }
        }
    }
}

/// The permissions of each role, by name, as the contract lists them.
#[test]
fn each_role_gives_the_permissions_that_the_contract_lists() {
    fn sorted(mut names: Vec<&'static str>) -> Vec<&'static str> {
        names.sort_unstable();
        names
    }
    let names = |permissions: &[Permission]| sorted(permissions.iter().map(|permission| permission.name()).collect());
    for role in OrganizationRole::ALL {
        assert_eq!(names(role.permissions()), sorted(in_organization(role)), "{role}");
    }
    for role in Role::ALL {
        assert_eq!(names(role.permissions()), sorted(on_project(role)), "{role}");
    }
}
