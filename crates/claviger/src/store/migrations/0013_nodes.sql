-- The nodes that may answer, a row each: a write is answered once all of them have it.
CREATE TABLE nodes (
    -- Random, new at each joining, lower-case hex.
    incarnation TEXT PRIMARY KEY,
    -- The newest change that the node answers with.
    applied BIGINT NOT NULL,
    -- For how long it may answer after a report.
    lease_millis BIGINT NOT NULL,
    -- Goes up with each report.
    reports BIGINT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    joined_at BIGINT NOT NULL
);

-- There is no longer one process that may write. A program from before reads here that it is not the one.
UPDATE head SET holder = 'nodes';
