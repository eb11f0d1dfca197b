-- What is broadcast, and when: recordings, bulletins with their approval, calendar entries.

CREATE TABLE media (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    title TEXT NOT NULL,
    source_name TEXT NOT NULL,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    samples INTEGER NOT NULL CHECK (samples >= 0),
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0),
    loudness_mlufs INTEGER NOT NULL,
    true_peak_mdb INTEGER NOT NULL,
    gain_mdb INTEGER NOT NULL,
    created_us INTEGER NOT NULL,
    created_by INTEGER REFERENCES user (id)
) STRICT;

CREATE INDEX media_by_user ON media (created_by);

-- state, kind, priority: the enums of bulletin.h and units.h
CREATE TABLE bulletin (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    kind INTEGER NOT NULL CHECK (kind >= 0),
    priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 3),
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
    author INTEGER NOT NULL REFERENCES user (id),
    decided_by INTEGER REFERENCES user (id),
    reason TEXT NOT NULL DEFAULT '',
    created_us INTEGER NOT NULL,
    decided_us INTEGER NOT NULL DEFAULT 0,
    expires_us INTEGER NOT NULL
) STRICT;

CREATE INDEX bulletin_by_state ON bulletin (state);
CREATE INDEX bulletin_by_author ON bulletin (author);
CREATE INDEX bulletin_by_decider ON bulletin (decided_by);

CREATE TABLE bulletin_part (
    bulletin INTEGER NOT NULL REFERENCES bulletin (id) ON DELETE CASCADE,
    place INTEGER NOT NULL CHECK (place >= 0),
    kind INTEGER NOT NULL CHECK (kind >= 0),
    media BLOB REFERENCES media (sha256),
    PRIMARY KEY (bulletin, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX bulletin_part_by_media ON bulletin_part (media, bulletin);

CREATE TABLE bulletin_step (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bulletin INTEGER NOT NULL REFERENCES bulletin (id) ON DELETE CASCADE,
    at_us INTEGER NOT NULL,
    by INTEGER NOT NULL REFERENCES user (id),
    from_state INTEGER NOT NULL CHECK (from_state BETWEEN 0 AND 3),
    to_state INTEGER NOT NULL CHECK (to_state BETWEEN 0 AND 3),
    reason TEXT NOT NULL
) STRICT;

CREATE INDEX bulletin_step_by_bulletin ON bulletin_step (bulletin);
CREATE INDEX bulletin_step_by_user ON bulletin_step (by);

-- ics: one VEVENT of RFC 5545, understood by schedules only
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bulletin INTEGER NOT NULL REFERENCES bulletin (id),
    everyone INTEGER NOT NULL CHECK (everyone IN (0, 1)),
    ics TEXT NOT NULL CHECK (ics <> ''),
    repeats INTEGER NOT NULL CHECK (repeats BETWEEN 1 AND 10),
    pause_ms INTEGER NOT NULL CHECK (pause_ms BETWEEN 0 AND 7200000),
    quiet_confirmed INTEGER NOT NULL CHECK (quiet_confirmed IN (0, 1)),
    cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled IN (0, 1)),
    created_by INTEGER NOT NULL REFERENCES user (id),
    created_us INTEGER NOT NULL
) STRICT;

CREATE INDEX event_by_bulletin ON event (bulletin);
CREATE INDEX event_by_user ON event (created_by);

-- Zones of a cancelled event may go with the zone.
CREATE TABLE event_zone (
    event INTEGER NOT NULL REFERENCES event (id) ON DELETE CASCADE,
    zone INTEGER NOT NULL REFERENCES zone (id) ON DELETE CASCADE,
    PRIMARY KEY (event, zone)
) STRICT, WITHOUT ROWID;

CREATE INDEX event_zone_by_zone ON event_zone (zone);
