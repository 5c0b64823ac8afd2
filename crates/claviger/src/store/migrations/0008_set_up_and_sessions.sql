-- Links by which an organization gets its first owner who is a person, one an organization. One that was used has no row;
-- one that has expired goes with the next. One text for SQLite and PostgreSQL.
CREATE TABLE set_up_links (
    organization_id BIGINT PRIMARY KEY REFERENCES organizations (id),
    digest_kind TEXT NOT NULL,
    digest TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Where somebody signed in, and when the session was last used: bookkeeping, off by a minute at most.
ALTER TABLE sessions ADD COLUMN address TEXT;
ALTER TABLE sessions ADD COLUMN browser TEXT;
ALTER TABLE sessions ADD COLUMN seen_at BIGINT;
