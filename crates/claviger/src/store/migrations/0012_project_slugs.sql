-- What a platform calls a project, in place of its id: one project of the installation a slug. One text for SQLite and
-- PostgreSQL.
ALTER TABLE projects ADD COLUMN slug TEXT;
CREATE UNIQUE INDEX projects_by_slug ON projects (slug);
