-- Second factors of people, and the links by which they choose another password. What apps compute codes from is sealed with
-- a key that is not in here; recovery codes and tokens are kept as digests. One text for SQLite and PostgreSQL.
CREATE TABLE second_factors (
    person_id BIGINT PRIMARY KEY REFERENCES principals (id),
    sealed TEXT NOT NULL,
    last_step BIGINT NOT NULL,
    enabled_at BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    person_id BIGINT NOT NULL REFERENCES second_factors (person_id),
    digest_kind TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (person_id, digest)
);

CREATE TABLE password_resets (
    person_id BIGINT PRIMARY KEY REFERENCES principals (id),
    digest_kind TEXT NOT NULL,
    digest TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    maker_id BIGINT REFERENCES principals (id)
);
