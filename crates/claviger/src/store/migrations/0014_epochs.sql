-- What tells this epoch of the history from that of a copy that goes its own way: random, lower-case hex, empty until a
-- node starts. head.epoch counts them: one more each time that an operator accepts that the store went back in time.
ALTER TABLE head ADD COLUMN epoch_mark TEXT NOT NULL DEFAULT '';

-- 1 from then on until the leases of the history that is lost have run out: nobody joins, reports or writes.
ALTER TABLE head ADD COLUMN closed SMALLINT NOT NULL DEFAULT 0;
