-- One text for SQLite and PostgreSQL. Times are seconds since 1970-01-01T00:00:00Z, flags are 0 or 1, digests are
-- lower-case hex. Ids come from head.next_id and are never used again.

CREATE TABLE head (
    id SMALLINT PRIMARY KEY CHECK (id = 1),
    revision BIGINT NOT NULL,
    mark TEXT NOT NULL,
    next_id BIGINT NOT NULL,
    next_event BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    username_suffix TEXT NOT NULL,
    -- The process that may write, by a random name; empty where nobody does.
    holder TEXT NOT NULL
);

INSERT INTO head (id, revision, mark, next_id, next_event, epoch, username_suffix, holder)
VALUES (1, 0, '00000000000000000000000000000000', 1, 1, 1, 'service-account', '');

-- What each revision did, in a versioned format, for images to follow.
CREATE TABLE changes (
    revision BIGINT PRIMARY KEY,
    mark TEXT NOT NULL,
    request_id TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE organizations (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE projects (
    id BIGINT PRIMARY KEY,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    timezone TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    creator_id BIGINT,
    UNIQUE (id, organization_id)
);

CREATE INDEX projects_by_organization ON projects (organization_id);

CREATE TABLE workspaces (
    id BIGINT PRIMARY KEY,
    project_id BIGINT NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    description TEXT,
    is_default SMALLINT NOT NULL,
    is_restricted SMALLINT NOT NULL,
    is_visible SMALLINT NOT NULL,
    created_at BIGINT NOT NULL,
    creator_id BIGINT,
    UNIQUE (id, project_id)
);

CREATE INDEX workspaces_by_project ON workspaces (project_id);

-- kind 1 is a person, 2 a service account. A deleted row stays: creators stay readable, usernames stay taken.
CREATE TABLE principals (
    id BIGINT PRIMARY KEY,
    kind SMALLINT NOT NULL CHECK (kind IN (1, 2)),
    organization_id BIGINT REFERENCES organizations (id),
    username TEXT UNIQUE,
    display_name TEXT,
    email TEXT UNIQUE,
    created_at BIGINT NOT NULL,
    creator_id BIGINT,
    deleted_at BIGINT,
    UNIQUE (id, kind),
    UNIQUE (id, organization_id),
    CHECK (
        (kind = 1 AND organization_id IS NULL AND username IS NULL AND display_name IS NOT NULL)
        OR (kind = 2 AND organization_id IS NOT NULL AND username IS NOT NULL)
    )
);

CREATE INDEX principals_by_organization ON principals (organization_id, id);

CREATE TABLE secrets (
    id BIGINT PRIMARY KEY,
    principal_id BIGINT NOT NULL REFERENCES principals (id),
    digest_kind TEXT NOT NULL,
    digest TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT
);

CREATE INDEX secrets_by_principal ON secrets (principal_id);

CREATE TABLE teams (
    id BIGINT PRIMARY KEY,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    creator_id BIGINT,
    UNIQUE (id, organization_id),
    UNIQUE (organization_id, name)
);

-- A service account is a member of its own organization's teams alone.
CREATE TABLE team_members (
    team_id BIGINT NOT NULL,
    organization_id BIGINT NOT NULL,
    principal_id BIGINT NOT NULL,
    principal_kind SMALLINT NOT NULL,
    home_organization_id BIGINT,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (team_id, principal_id),
    FOREIGN KEY (team_id, organization_id) REFERENCES teams (id, organization_id),
    FOREIGN KEY (principal_id, principal_kind) REFERENCES principals (id, kind),
    FOREIGN KEY (principal_id, home_organization_id) REFERENCES principals (id, organization_id),
    CHECK (principal_kind = 1 OR (home_organization_id IS NOT NULL AND home_organization_id = organization_id))
);

CREATE INDEX team_members_by_principal ON team_members (principal_id, team_id);

-- permissions are parted by blanks, own/ before those of the installation's own; copied_from is a built-in role's name or a custom role's id, which may be gone.
CREATE TABLE custom_roles (
    id BIGINT PRIMARY KEY,
    project_id BIGINT NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    permissions TEXT NOT NULL,
    copied_from TEXT,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    creator_id BIGINT,
    UNIQUE (id, project_id),
    UNIQUE (project_id, name)
);

-- A role in an organization (project_id and workspace_id null), on a project (workspace_id null) or on a workspace; held
-- by a principal, by a team, or, where neither is named, by every member of the organization.
-- A service account's and a team's grants are in their own organization, a project's in the project's, a custom role is
-- the project's own: no row joins two.
CREATE TABLE grants (
    id BIGINT PRIMARY KEY,
    principal_id BIGINT,
    principal_kind SMALLINT,
    home_organization_id BIGINT,
    team_id BIGINT,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    project_id BIGINT,
    workspace_id BIGINT,
    role TEXT NOT NULL,
    custom_role_id BIGINT,
    created_at BIGINT NOT NULL,
    FOREIGN KEY (principal_id, principal_kind) REFERENCES principals (id, kind),
    FOREIGN KEY (principal_id, home_organization_id) REFERENCES principals (id, organization_id),
    FOREIGN KEY (team_id, organization_id) REFERENCES teams (id, organization_id),
    FOREIGN KEY (project_id, organization_id) REFERENCES projects (id, organization_id),
    FOREIGN KEY (workspace_id, project_id) REFERENCES workspaces (id, project_id),
    FOREIGN KEY (custom_role_id, project_id) REFERENCES custom_roles (id, project_id),
    CHECK (
        (principal_id IS NULL AND principal_kind IS NULL AND home_organization_id IS NULL)
        OR (principal_id IS NOT NULL AND team_id IS NULL AND principal_kind = 1)
        OR (principal_id IS NOT NULL AND team_id IS NULL AND principal_kind = 2
            AND home_organization_id IS NOT NULL AND home_organization_id = organization_id)
    ),
    CHECK (principal_id IS NOT NULL OR project_id IS NOT NULL),
    CHECK (principal_id IS NOT NULL OR team_id IS NOT NULL OR workspace_id IS NULL),
    CHECK (workspace_id IS NULL OR project_id IS NOT NULL),
    CHECK ((role = 'custom') = (custom_role_id IS NOT NULL))
);

-- With all that a start reads of a grant: looking up each one's row would cost it a fifth of its time.
CREATE INDEX grants_by_principal ON grants (principal_id, id, organization_id, project_id, workspace_id, role, custom_role_id);
CREATE INDEX grants_by_team ON grants (team_id);
CREATE INDEX grants_by_custom_role ON grants (custom_role_id);
CREATE INDEX grants_by_project ON grants (project_id);
CREATE INDEX grants_by_workspace ON grants (workspace_id);
CREATE INDEX grants_by_organization ON grants (organization_id, project_id);

-- What each idempotency key made, for a day. The key itself is not kept.
CREATE TABLE idempotency_keys (
    caller_id BIGINT NOT NULL,
    key_digest TEXT NOT NULL,
    made_id BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (caller_id, key_digest)
);

CREATE INDEX idempotency_keys_by_time ON idempotency_keys (made_at);

-- One row for each thing that a revision did. chain_key and chain_digest are filled once the log is chained.
CREATE TABLE audit_events (
    id BIGINT PRIMARY KEY,
    revision BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id BIGINT,
    basis TEXT NOT NULL,
    basis_grant_id BIGINT,
    permission TEXT NOT NULL,
    action TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id BIGINT NOT NULL,
    organization_id BIGINT NOT NULL,
    project_id BIGINT,
    request_id TEXT NOT NULL,
    address TEXT,
    facts_before TEXT NOT NULL,
    facts_after TEXT NOT NULL,
    chain_key TEXT,
    chain_digest TEXT
);

CREATE INDEX audit_events_by_organization ON audit_events (organization_id, id);
CREATE INDEX audit_events_by_project ON audit_events (project_id, id);
CREATE INDEX audit_events_by_revision ON audit_events (revision);
