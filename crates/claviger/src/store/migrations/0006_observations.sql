-- Refusals and log-ins are events too, with numbers and a chain of their own: they wait for no write, and no write waits
-- for them. One text for SQLite and PostgreSQL.

-- The end of that chain. Whoever adds to it locks this row, never the head.
CREATE TABLE observation_head (
    id SMALLINT PRIMARY KEY CHECK (id = 1),
    next_event BIGINT NOT NULL,
    chain_digest TEXT NOT NULL
);

INSERT INTO observation_head (id, next_event, chain_digest) VALUES (1, 1000000000000001, '');

-- Where each chain begins. The table for one chain could not hold two.
CREATE TABLE audit_anchors (
    series TEXT PRIMARY KEY CHECK (series IN ('mutations', 'observations')),
    begun_after BIGINT NOT NULL,
    removed_to BIGINT NOT NULL,
    digest TEXT NOT NULL,
    key_id TEXT NOT NULL,
    mac TEXT NOT NULL
);

INSERT INTO audit_anchors (series, begun_after, removed_to, digest, key_id, mac)
    SELECT 'mutations', begun_after, removed_to, digest, key_id, mac FROM audit_anchor;

DROP TABLE audit_anchor;
