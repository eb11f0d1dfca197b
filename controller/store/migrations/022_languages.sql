-- Zones choose their languages; an occurrence is one broadcast a variant, which a constraint of the table forbade.

ALTER TABLE zone ADD COLUMN languages TEXT NOT NULL DEFAULT '';

CREATE TABLE broadcast_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event INTEGER REFERENCES event (id),
    bulletin INTEGER REFERENCES bulletin (id),
    title TEXT NOT NULL,
    priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 3),
    state INTEGER NOT NULL CHECK (state >= 0),
    start_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0),
    repeats INTEGER NOT NULL CHECK (repeats BETWEEN 1 AND 10),
    pause_ms INTEGER NOT NULL CHECK (pause_ms >= 0),
    stream INTEGER NOT NULL CHECK (stream >= 0),
    cancelled_us INTEGER NOT NULL,
    rank INTEGER NOT NULL CHECK (rank >= 0),
    cuts_equal INTEGER NOT NULL CHECK (cuts_equal IN (0, 1)),
    occurrence_us INTEGER NOT NULL,
    variant TEXT NOT NULL DEFAULT ''
) STRICT;

INSERT INTO broadcast_new SELECT id, event, bulletin, title, priority, state, start_us, expires_us, duration_ms,
    repeats, pause_ms, stream, cancelled_us, rank, cuts_equal, occurrence_us, '' FROM broadcast;
UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'broadcast')
    WHERE name = 'broadcast_new';
DROP TABLE broadcast;
ALTER TABLE broadcast_new RENAME TO broadcast;

CREATE INDEX broadcast_by_start ON broadcast (start_us, id);
CREATE INDEX broadcast_by_state ON broadcast (state, start_us, id);
CREATE INDEX broadcast_by_bulletin ON broadcast (bulletin, start_us, id);
CREATE UNIQUE INDEX broadcast_by_occurrence ON broadcast (event, occurrence_us, variant);
