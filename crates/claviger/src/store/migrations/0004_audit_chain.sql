-- The audit log is read by the API, and chained. One text for SQLite and PostgreSQL.

-- Names as they were when it happened: what an event is about may be gone when it is read. Events of before get the
-- names of today, where there is one.
ALTER TABLE audit_events ADD COLUMN actor_name TEXT;
ALTER TABLE audit_events ADD COLUMN target_name TEXT;

UPDATE audit_events SET
    actor_name = (SELECT COALESCE(p.username, p.display_name) FROM principals p WHERE p.id = audit_events.actor_id),
    target_name = CASE audit_events.target_kind
        WHEN 'organization' THEN (SELECT o.name FROM organizations o WHERE o.id = audit_events.target_id)
        WHEN 'project' THEN (SELECT p.name FROM projects p WHERE p.id = audit_events.target_id)
        WHEN 'workspace' THEN (SELECT w.name FROM workspaces w WHERE w.id = audit_events.target_id)
        WHEN 'principal' THEN (SELECT COALESCE(p.username, p.display_name) FROM principals p WHERE p.id = audit_events.target_id)
        WHEN 'team' THEN (SELECT t.name FROM teams t WHERE t.id = audit_events.target_id)
        WHEN 'custom_role' THEN (SELECT r.name FROM custom_roles r WHERE r.id = audit_events.target_id)
        ELSE NULL
    END;

-- A page is read newest first, along the one index that fits what is asked for.
DROP INDEX audit_events_by_organization;
DROP INDEX audit_events_by_project;
CREATE INDEX audit_events_by_organization ON audit_events (organization_id, made_at, id);
CREATE INDEX audit_events_by_project ON audit_events (project_id, made_at, id);
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, made_at, id);
CREATE INDEX audit_events_by_action ON audit_events (organization_id, action, made_at, id);
CREATE INDEX audit_events_by_target ON audit_events (target_kind, target_id, made_at, id);

-- The digest of the last event of the chain, or of what stands before its first one; empty until the chain begins.
ALTER TABLE head ADD COLUMN chain_digest TEXT NOT NULL DEFAULT '';

-- Where the chain begins: after the events that were there before it, and after those that retention removed. mac is
-- made with the key, so that nobody else can move it.
CREATE TABLE audit_anchor (
    id SMALLINT PRIMARY KEY CHECK (id = 1),
    begun_after BIGINT NOT NULL,
    removed_to BIGINT NOT NULL,
    digest TEXT NOT NULL,
    key_id TEXT NOT NULL,
    mac TEXT NOT NULL
);
