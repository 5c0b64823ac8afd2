//! What a platform calls its projects by: one project of the whole installation a slug, as long as it has it.

use claviger_access::administration::project::{ChangeProject, CreateProjects, NewProject};
use claviger_access::identity::{OrganizationId, ProjectId, ProjectSlug};
use claviger_access::text::TimezoneName;
use claviger_access::{Caller, Refusal};
use proptest::prelude::*;

use crate::command::{Command, Reply};
use crate::world::{Outcome, World, display_name};

/// Few, so that they meet.
const SLUGS: [&str; 3] = ["shop", "web-shop", "eu.shop_2"];

impl World {
    /// Half of the time none.
    pub(crate) fn any_slug(&mut self) -> Option<ProjectSlug> {
        self.chance.one_of(&SLUGS).filter(|_| self.chance.one_in(2)).map(slug)
    }

    fn asks(&mut self, command: &Command) -> Outcome {
        let bytes = self.chance.bytes();
        self.perform(&Caller::Operator, command, bytes)
    }

    fn makes(&mut self, organization: OrganizationId, slug: &str) -> ProjectId {
        match self.asks(&create(organization, &[Some(slug)])) {
            Outcome::Written(_, Reply::Project(project)) => project,
            outcome => panic!("not made: {outcome:?}"),
        }
    }

    fn is_done(&mut self, command: &Command) {
        let outcome = self.asks(command);
        assert!(matches!(outcome, Outcome::Written(..)), "{outcome:?}");
    }

    fn is_taken(&mut self, command: &Command, by: &str) {
        let before = self.draft.contents();
        match self.asks(command) {
            Outcome::Refused(refusal) => {
                assert_eq!(refusal, Refusal::SlugTaken { slug: slug(by) });
                assert_eq!(refusal.to_string(), format!("the slug {by} is taken; choose another"));
            }
            outcome => panic!("not refused: {outcome:?}"),
        }
        assert_eq!(self.draft.contents(), before);
    }

    fn leads_to(&self, slug: &str) -> Option<ProjectId> {
        self.draft.project_called(slug).map(|project| project.id)
    }
}

fn slug(text: &str) -> ProjectSlug {
    ProjectSlug::parse(text).expect("a slug")
}

fn create(organization: OrganizationId, slugs: &[Option<&str>]) -> Command {
    let new = |called: &Option<&str>| NewProject {
        name: display_name("Web shop"),
        timezone: TimezoneName::default(),
        slug: called.map(slug),
    };
    Command::CreateProjects(CreateProjects { organization, projects: slugs.iter().map(new).collect() })
}

fn change(project: ProjectId, to: Option<&str>) -> Command {
    Command::ChangeProject(ChangeProject { project, name: None, timezone: None, slug: Some(to.map(slug)) })
}

/// An installation with two organizations in which no project has a slug.
fn without_slugs() -> (World, [OrganizationId; 2]) {
    let mut world = World::empty(1);
    world.found(Some(Default::default()));
    world.found(None);
    let organizations = world.organizations();
    (world, [organizations[0], organizations[1]])
}

#[test]
fn a_slug_is_free_again_once_nothing_is_called_so() {
    let (mut world, [acme, globex]) = without_slugs();
    let shop = world.makes(acme, "shop");
    assert_eq!((world.leads_to("shop"), world.leads_to("Shop"), world.leads_to("")), (Some(shop), None, None));
    for organization in [acme, globex] {
        world.is_taken(&create(organization, &[Some("shop")]), "shop");
        let other = world.rows.projects_of(organization)[0];
        world.is_taken(&change(other, Some("shop")), "shop");
    }
    world.is_done(&change(shop, Some("web-shop")));
    let lab = world.makes(globex, "shop");
    assert_eq!((world.leads_to("shop"), world.leads_to("web-shop")), (Some(lab), Some(shop)));
    world.is_taken(&change(shop, Some("shop")), "shop");
    world.is_done(&change(lab, None));
    world.is_done(&change(shop, Some("shop")));
    assert_eq!((world.leads_to("shop"), world.leads_to("web-shop")), (Some(shop), None));
    world.is_done(&Command::DeleteProject(shop));
    assert_eq!(world.leads_to("shop"), None);
    world.is_done(&change(lab, Some("shop")));
    assert_eq!(world.leads_to("shop"), Some(lab));
    assert!(matches!(world.asks(&change(lab, Some("shop"))), Outcome::Nothing), "it has it already");
}

#[test]
fn of_projects_that_are_made_at_once_one_has_a_slug() {
    let (mut world, [acme, _]) = without_slugs();
    world.is_taken(&create(acme, &[Some("shop"), None, Some("shop")]), "shop");
    world.is_done(&create(acme, &[Some("shop"), None, None, Some("web-shop")]));
}

#[test]
fn what_becomes_of_a_slug_is_recorded() {
    let (mut world, [acme, _]) = without_slugs();
    let told = |world: &mut World, command: &Command| match world.asks(command) {
        Outcome::Written(decision, _) => {
            let event = &decision.events()[0];
            let slug = |facts: &[claviger_access::event::Fact]| {
                facts.iter().find(|fact| fact.name == "slug").map(|fact| fact.value.clone())
            };
            (slug(event.facts_before()), slug(event.facts_after()))
        }
        outcome => panic!("not written: {outcome:?}"),
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(told(&mut world, &create(acme, &[Some("shop")])), (None, some("shop")));
    assert_eq!(told(&mut world, &create(acme, &[None])), (None, None));
    let shop = world.leads_to("shop").expect("it");
    assert_eq!(told(&mut world, &change(shop, None)), (some("shop"), some("")));
    assert_eq!(told(&mut world, &change(shop, Some("web-shop"))), (some(""), some("web-shop")));
    assert_eq!(told(&mut world, &Command::DeleteProject(shop)), (some("web-shop"), None));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn a_slug_leads_to_the_project_that_has_it(seed in any::<u64>(), length in 1_usize..200) {
        let mut world = World::settled(seed);
        for number in 0..length {
            world.step();
            for called in SLUGS {
                let row = world.rows.projects.iter().find(|row| row.slug == Some(slug(called)));
                prop_assert_eq!(world.leads_to(called), row.map(|row| row.id), "step {}: {}", number, called);
            }
        }
        let (revision, mark) = world.revision();
        let loaded = world.rows.load(7, 0, revision, mark);
        for called in SLUGS {
            prop_assert_eq!(loaded.project_called(called).map(|project| project.id), world.leads_to(called));
        }
    }
}
