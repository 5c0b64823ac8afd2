-- What a secret is called, in lists alone; and whether it is refused for now.
ALTER TABLE secrets ADD COLUMN name TEXT;
ALTER TABLE secrets ADD COLUMN is_disabled SMALLINT NOT NULL DEFAULT 0;

-- A disabled account is refused and keeps all that it has; a protected one must be unprotected before it is deleted.
ALTER TABLE principals ADD COLUMN is_disabled SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE principals ADD COLUMN is_protected SMALLINT NOT NULL DEFAULT 0;

-- What is said about a service account; no row where nothing is. owner_kind is creator (whoever made the account, if that is
-- a person), nobody, person or team. owner_id may be of somebody who left: who is still there is found out when it is asked.
CREATE TABLE account_details (
    principal_id BIGINT PRIMARY KEY REFERENCES principals (id),
    owner_kind TEXT NOT NULL,
    owner_id BIGINT,
    description TEXT,
    CHECK (owner_kind IN ('creator', 'nobody') OR owner_id IS NOT NULL)
);

CREATE TABLE account_labels (
    principal_id BIGINT NOT NULL REFERENCES account_details (principal_id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (principal_id, name)
);
