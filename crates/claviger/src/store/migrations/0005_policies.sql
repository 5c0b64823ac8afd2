-- What organizations demand of their service accounts. No row, and a column that is null, demand nothing. Ranges of
-- addresses are parted by blanks.
CREATE TABLE policies (
    organization_id BIGINT PRIMARY KEY REFERENCES organizations (id),
    secret_lifetime_max BIGINT,
    expiry_required SMALLINT NOT NULL,
    secrets_max SMALLINT NOT NULL,
    project_admins_create SMALLINT NOT NULL,
    plain_text_allowed SMALLINT NOT NULL,
    name_pattern TEXT,
    addresses TEXT NOT NULL
);

-- Where an account may call from, of those that may not call from everywhere.
CREATE TABLE account_addresses (
    principal_id BIGINT PRIMARY KEY REFERENCES principals (id),
    addresses TEXT NOT NULL
);
