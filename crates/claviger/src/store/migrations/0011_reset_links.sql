-- Who answers for a link by which somebody chooses another password: an owner, the operator, or nobody, where it went to the
-- person's own address. One text for SQLite and PostgreSQL.
ALTER TABLE password_resets ADD COLUMN is_of_operator SMALLINT NOT NULL DEFAULT 0;
