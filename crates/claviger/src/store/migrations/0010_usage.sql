-- What requests come to, counted beside the directory: no revision, no head lock, and no check reads it. Days and hours are
-- numbers since 1970-01-01T00:00:00Z. One text for SQLite and PostgreSQL.

-- Where the last use came from, and when the first one came. A secret that was used before this has no first one that is known.
ALTER TABLE secrets ADD COLUMN last_used_address TEXT;
ALTER TABLE secrets ADD COLUMN first_used_at BIGINT;

-- Since when requests are counted: what was before is not known.
CREATE TABLE counting (
    id SMALLINT PRIMARY KEY CHECK (id = 1),
    begun_at BIGINT NOT NULL
);

-- Requests of an account a day: whose credential was let in; whose was not; and of the first, those that were not permitted.
CREATE TABLE account_days (
    principal_id BIGINT NOT NULL REFERENCES principals (id),
    day BIGINT NOT NULL,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    admitted BIGINT NOT NULL,
    not_admitted BIGINT NOT NULL,
    not_permitted BIGINT NOT NULL,
    PRIMARY KEY (principal_id, day)
);

CREATE INDEX account_days_by_day ON account_days (day);
CREATE INDEX account_days_not_admitted ON account_days (organization_id, day) WHERE not_admitted > 0;

-- The same of all accounts of an organization, those that were deleted since included.
CREATE TABLE organization_days (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    day BIGINT NOT NULL,
    admitted BIGINT NOT NULL,
    not_admitted BIGINT NOT NULL,
    not_permitted BIGINT NOT NULL,
    PRIMARY KEY (organization_id, day)
);

-- Refusals by reason. principal_id is 0 for those beyond what is told by account; address is empty where they came from several.
CREATE TABLE refused_hours (
    principal_id BIGINT NOT NULL,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    reason TEXT NOT NULL,
    hour BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (principal_id, organization_id, reason, hour)
);

CREATE INDEX refused_hours_by_organization ON refused_hours (organization_id, hour);
CREATE INDEX refused_hours_by_hour ON refused_hours (hour);
