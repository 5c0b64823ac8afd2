-- What a secret is called, in lists alone; and whether it is refused for now.
ALTER TABLE secrets ADD COLUMN name TEXT;
ALTER TABLE secrets ADD COLUMN is_disabled SMALLINT NOT NULL DEFAULT 0;

-- A disabled account is refused and keeps all that it has; a protected one must be unprotected before it is deleted.
ALTER TABLE principals ADD COLUMN is_disabled SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE principals ADD COLUMN is_protected SMALLINT NOT NULL DEFAULT 0;
