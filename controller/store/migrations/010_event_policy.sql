-- What an event does when it meets another one, and which edition of it this is.
-- conflict: enum event_conflict; priority 0: the bulletin's

ALTER TABLE event ADD COLUMN conflict INTEGER NOT NULL DEFAULT 0 CHECK (conflict BETWEEN 0 AND 2);
ALTER TABLE event ADD COLUMN priority INTEGER NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 3);
ALTER TABLE event ADD COLUMN revision INTEGER NOT NULL DEFAULT 1 CHECK (revision > 0);

-- Where its event has it: a broadcast that waited for another one starts later.
ALTER TABLE broadcast ADD COLUMN occurrence_us INTEGER NOT NULL DEFAULT 0;
UPDATE broadcast SET occurrence_us = start_us;
CREATE UNIQUE INDEX broadcast_by_occurrence ON broadcast (event, occurrence_us);
