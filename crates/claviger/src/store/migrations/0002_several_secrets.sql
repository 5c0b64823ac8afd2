-- What a secret is called, in lists alone.
ALTER TABLE secrets ADD COLUMN name TEXT;
