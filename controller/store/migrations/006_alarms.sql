-- What was wrong with which node, from when to when, and who took note of it.
-- kind: enum alarm_kind, newer versions may know more of them; cleared_us 0: it stands.
CREATE TABLE alarm (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    node INTEGER NOT NULL REFERENCES node (id),
    kind INTEGER NOT NULL CHECK (kind > 0),
    since_us INTEGER NOT NULL,
    cleared_us INTEGER NOT NULL DEFAULT 0,
    acknowledged_us INTEGER NOT NULL DEFAULT 0,
    acknowledged_by INTEGER REFERENCES user (id)
) STRICT;

CREATE UNIQUE INDEX alarm_standing ON alarm (node, kind) WHERE cleared_us = 0;
CREATE INDEX alarm_by_node ON alarm (node, id);
CREATE INDEX alarm_by_person ON alarm (acknowledged_by);
CREATE INDEX alarm_by_end ON alarm (cleared_us, id);
