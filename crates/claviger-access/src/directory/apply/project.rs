//! What happens to projects.

use super::insert_sorted;
use crate::directory::{Directory, Project};
use crate::grant::Granted;
use crate::identity::{OrganizationId, ProjectId, ProjectSlug};

impl Project {
    pub(in crate::directory) fn new(
        id: ProjectId,
        organization: OrganizationId,
        name: String,
        timezone: String,
        slug: Option<ProjectSlug>,
    ) -> Self {
        let (workspaces, custom_roles) = (Vec::new(), Vec::new());
        Self { id, organization, name, timezone, slug, workspaces, custom_roles, default_access: None }
    }
}

impl Directory {
    pub(in crate::directory) fn put_project(&mut self, project: Project) {
        let id = project.id;
        self.organizations.change(project.organization, |organization| insert_sorted(&mut organization.projects, id));
        self.find_by(project.slug.as_ref(), id);
        self.projects.insert(project);
    }

    pub(super) fn change_project(&mut self, id: ProjectId, name: &str, timezone: &str, slug: Option<&ProjectSlug>) {
        let Some(was) = self.projects.get(id).map(|project| project.slug.clone()) else { return };
        if was.as_ref() != slug {
            self.find_no_more_by(was.as_ref(), id);
            self.find_by(slug, id);
        }
        self.projects.change(id, |project| {
            project.name = name.to_owned();
            project.timezone = timezone.to_owned();
            project.slug = slug.cloned();
        });
    }

    pub(super) fn delete_project(&mut self, id: ProjectId) {
        let Some(project) = self.projects.get(id).cloned() else { return };
        self.organizations.change(project.organization, |organization| {
            organization.projects.retain(|other| *other != id);
            organization.open_projects.retain(|other| *other != id);
        });
        self.find_no_more_by(project.slug.as_ref(), id);
        self.projects.remove(id);
        project.workspaces.iter().for_each(|workspace| self.workspaces.remove(*workspace));
        project.custom_roles.iter().for_each(|role| self.custom_roles.remove(*role));
        self.drop_grants(|grant| match grant.granted() {
            Granted::Project(on, _) => on == id,
            Granted::Workspace(on, _) => project.workspaces.binary_search(&on).is_ok(),
            Granted::Organization(..) => false,
        });
    }

    fn find_by(&mut self, slug: Option<&ProjectSlug>, id: ProjectId) {
        if let Some(slug) = slug {
            let hash = self.hash_name(slug.as_str());
            self.slugs.insert(hash, id);
        }
    }

    fn find_no_more_by(&mut self, slug: Option<&ProjectSlug>, id: ProjectId) {
        if let Some(slug) = slug {
            let hash = self.hash_name(slug.as_str());
            self.slugs.remove(hash, id);
        }
    }
}
