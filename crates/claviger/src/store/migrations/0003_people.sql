-- Invitations that were neither accepted nor withdrawn. granted is what one gives beside the role: words parted by blanks,
-- p:12=admin for a project, w:34=consumer for a workspace, t:56 for a team; any of these may be gone, so nothing refers.
CREATE TABLE invitations (
    id BIGINT PRIMARY KEY,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    email TEXT NOT NULL,
    digest_kind TEXT NOT NULL,
    digest TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    role TEXT NOT NULL,
    granted TEXT NOT NULL,
    inviter_id BIGINT,
    UNIQUE (organization_id, email)
);

-- What is kept of people's passwords: a slow hash with its salt and parameters. Neither images nor changes hold it.
CREATE TABLE passwords (
    principal_id BIGINT PRIMARY KEY REFERENCES principals (id),
    phc TEXT NOT NULL,
    set_at BIGINT NOT NULL
);
