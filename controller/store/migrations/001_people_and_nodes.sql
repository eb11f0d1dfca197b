-- Who the station is, who may do what, and the nodes it speaks to.
-- Times are microseconds of station time (_us); ids are never used again (AUTOINCREMENT).

CREATE TABLE station (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    timezone TEXT NOT NULL,
    utc_offset_min INTEGER NOT NULL,
    author_may_approve INTEGER NOT NULL CHECK (author_may_approve IN (0, 1)),
    quiet_from_min INTEGER NOT NULL CHECK (quiet_from_min BETWEEN 0 AND 1440),
    quiet_to_min INTEGER NOT NULL CHECK (quiet_to_min BETWEEN 0 AND 1440),
    allowed_from_min INTEGER NOT NULL CHECK (allowed_from_min BETWEEN 0 AND 1440),
    allowed_to_min INTEGER NOT NULL CHECK (allowed_to_min BETWEEN 0 AND 1440),
    max_broadcast_s INTEGER NOT NULL CHECK (max_broadcast_s > 0),
    late_tolerance_s INTEGER NOT NULL CHECK (late_tolerance_s >= 0)
) STRICT;

CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL CHECK (value >= 0)
) STRICT, WITHOUT ROWID;

INSERT INTO counter (name, value) VALUES ('boot', 0), ('order', 0), ('stream', 0);

CREATE TABLE user (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    login TEXT NOT NULL UNIQUE COLLATE NOCASE CHECK (login <> ''),
    name TEXT NOT NULL,
    roles INTEGER NOT NULL CHECK (roles >= 0),
    password_hash TEXT NOT NULL,
    disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    created_us INTEGER NOT NULL
) STRICT;

-- kind: enum credential_kind
CREATE TABLE credential (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),
    user INTEGER REFERENCES user (id),
    label TEXT NOT NULL,
    sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    created_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    used_us INTEGER NOT NULL DEFAULT 0,
    CHECK ((kind = 3) = (user IS NULL))
) STRICT;

CREATE INDEX credential_by_user ON credential (user);
CREATE INDEX credential_by_expiry ON credential (expires_us);

CREATE TABLE zone (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    parent INTEGER REFERENCES zone (id) CHECK (parent <> id),
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL
) STRICT;

CREATE INDEX zone_by_parent ON zone (parent);

-- state: enum node_state. The zone of a revoked node may go, the node stays as history.
CREATE TABLE node (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    zone INTEGER REFERENCES zone (id) ON DELETE SET NULL,
    name TEXT NOT NULL,
    state INTEGER NOT NULL CHECK (state IN (1, 2)),
    volume_mdb INTEGER NOT NULL CHECK (volume_mdb BETWEEN -60000 AND 0),
    emergency_volume_mdb INTEGER NOT NULL CHECK (emergency_volume_mdb BETWEEN -60000 AND 0),
    delay_us INTEGER NOT NULL CHECK (delay_us BETWEEN 0 AND 1000000),
    muted INTEGER NOT NULL CHECK (muted IN (0, 1)),
    settings_revision INTEGER NOT NULL,
    cert_sha256 BLOB UNIQUE CHECK (length(cert_sha256) = 32),
    enrolled_us INTEGER NOT NULL,
    hardware TEXT NOT NULL,
    serial TEXT NOT NULL
) STRICT;

CREATE INDEX node_by_zone ON node (zone);
CREATE INDEX node_by_state ON node (state);

CREATE TABLE join_code (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    secret_sha256 BLOB NOT NULL UNIQUE CHECK (length(secret_sha256) = 32),
    zone INTEGER REFERENCES zone (id) ON DELETE SET NULL,
    name TEXT NOT NULL,
    created_by INTEGER REFERENCES user (id),
    created_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    used_us INTEGER NOT NULL DEFAULT 0,
    node INTEGER UNIQUE REFERENCES node (id),
    withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1)),
    CHECK ((used_us <> 0) = (node IS NOT NULL))
) STRICT;

CREATE INDEX join_code_by_zone ON join_code (zone);
CREATE INDEX join_code_by_user ON join_code (created_by);
