-- What every node holds at all times, so that a warning waits for no transfer.

-- signal: enum emergency_signal; changed_by NULL: made by the station itself
CREATE TABLE emergency_set (
    signal INTEGER PRIMARY KEY CHECK (signal BETWEEN 1 AND 4),
    media BLOB NOT NULL REFERENCES media (sha256),
    changed_us INTEGER NOT NULL,
    changed_by INTEGER REFERENCES user (id)
) STRICT;

CREATE INDEX emergency_set_by_media ON emergency_set (media);
CREATE INDEX emergency_set_by_user ON emergency_set (changed_by);
