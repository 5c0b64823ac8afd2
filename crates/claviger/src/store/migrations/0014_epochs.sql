-- What tells this epoch of the history from that of a copy that goes its own way: the mark of the first change, random where
-- there is none yet, and random for each epoch after the first; lower-case hex. head.epoch counts them: one more each time that
-- an operator accepts that the store went back in time.
ALTER TABLE head ADD COLUMN epoch_mark TEXT NOT NULL DEFAULT '';
UPDATE head SET epoch_mark = COALESCE((SELECT mark FROM changes WHERE revision = 1), '');

-- 1 from then on until the leases of the history that is lost have run out: nobody joins, reports or writes.
ALTER TABLE head ADD COLUMN closed SMALLINT NOT NULL DEFAULT 0;
