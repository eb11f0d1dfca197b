-- Alarms of the station itself (node NULL), such as a live source that is lost.
CREATE TABLE alarm_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    node INTEGER REFERENCES node (id),
    kind INTEGER NOT NULL CHECK (kind > 0),
    since_us INTEGER NOT NULL,
    cleared_us INTEGER NOT NULL DEFAULT 0,
    acknowledged_us INTEGER NOT NULL DEFAULT 0,
    acknowledged_by INTEGER REFERENCES user (id)
) STRICT;

INSERT INTO alarm_new SELECT * FROM alarm;
DROP TABLE alarm;
ALTER TABLE alarm_new RENAME TO alarm;

CREATE UNIQUE INDEX alarm_standing ON alarm (coalesce(node, 0), kind) WHERE cleared_us = 0;
CREATE INDEX alarm_by_node ON alarm (node, id);
CREATE INDEX alarm_by_person ON alarm (acknowledged_by);
CREATE INDEX alarm_by_end ON alarm (cleared_us, id);

-- Every reference is found through an index; 013 left this one out.
CREATE INDEX alert_message_by_person ON alert_message (decided_by);
