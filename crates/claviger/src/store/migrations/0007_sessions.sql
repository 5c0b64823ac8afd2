-- People who have signed in. A session that is over has no row; one that has ended by itself goes when its person signs in
-- again. One text for SQLite and PostgreSQL.
CREATE TABLE sessions (
    id BIGINT PRIMARY KEY,
    person_id BIGINT NOT NULL REFERENCES principals (id),
    digest_kind TEXT NOT NULL,
    digest TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE INDEX sessions_by_person ON sessions (person_id);
