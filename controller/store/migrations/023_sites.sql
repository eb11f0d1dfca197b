-- Where a node stands and how it was commissioned, what it used and measured; shapes and order of zones.

ALTER TABLE zone ADD COLUMN polygon TEXT NOT NULL DEFAULT '';
ALTER TABLE zone ADD COLUMN rank INTEGER NOT NULL DEFAULT 0 CHECK (rank BETWEEN 0 AND 9999);

-- photo: enum site_photo; the file is in DATA/photos. sim_due: a local date or ''.
CREATE TABLE node_site (
    node INTEGER NOT NULL PRIMARY KEY REFERENCES node (id),
    has_position INTEGER NOT NULL CHECK (has_position IN (0, 1)),
    lat_udeg INTEGER NOT NULL CHECK (lat_udeg BETWEEN -90000000 AND 90000000),
    lon_udeg INTEGER NOT NULL CHECK (lon_udeg BETWEEN -180000000 AND 180000000),
    sim_number TEXT NOT NULL,
    sim_due TEXT NOT NULL,
    photo INTEGER NOT NULL CHECK (photo BETWEEN 0 AND 2),
    signed_us INTEGER NOT NULL,
    signed_by INTEGER REFERENCES user (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX node_site_by_user ON node_site (signed_by);
CREATE INDEX node_site_by_due ON node_site (sim_due) WHERE sim_due <> '';

-- item: enum site_item
CREATE TABLE node_check (
    node INTEGER NOT NULL REFERENCES node (id),
    item INTEGER NOT NULL CHECK (item > 0),
    done_us INTEGER NOT NULL,
    done_by INTEGER REFERENCES user (id),
    PRIMARY KEY (node, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX node_check_by_user ON node_check (done_by);

-- Bytes of the link, both ways, by local month ("2026-11").
CREATE TABLE node_usage (
    node INTEGER NOT NULL REFERENCES node (id),
    month TEXT NOT NULL,
    in_bytes INTEGER NOT NULL CHECK (in_bytes >= 0),
    out_bytes INTEGER NOT NULL CHECK (out_bytes >= 0),
    PRIMARY KEY (node, month)
) STRICT, WITHOUT ROWID;

-- One row a node and quarter of an hour; NULL: not measured.
CREATE TABLE node_sample (
    at_us INTEGER NOT NULL,
    node INTEGER NOT NULL REFERENCES node (id),
    online_permille INTEGER NOT NULL CHECK (online_permille BETWEEN 0 AND 1000),
    temperature_mc INTEGER,
    supply_mv INTEGER,
    peak_mdb INTEGER,
    clock_uncertainty_us INTEGER,
    in_bytes INTEGER NOT NULL CHECK (in_bytes >= 0),
    out_bytes INTEGER NOT NULL CHECK (out_bytes >= 0),
    PRIMARY KEY (node, at_us)
) STRICT, WITHOUT ROWID;
CREATE INDEX node_sample_by_time ON node_sample (at_us);

-- A code may be for a new board of a node that exists, so several codes may name one node.
CREATE TABLE join_code_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    secret_sha256 BLOB NOT NULL UNIQUE CHECK (length(secret_sha256) = 32),
    zone INTEGER REFERENCES zone (id) ON DELETE SET NULL,
    name TEXT NOT NULL,
    created_by INTEGER REFERENCES user (id),
    created_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    used_us INTEGER NOT NULL DEFAULT 0,
    node INTEGER REFERENCES node (id),
    withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1)),
    cert BLOB CHECK (length(cert) > 0),
    replaces INTEGER REFERENCES node (id),
    CHECK ((used_us <> 0) = (node IS NOT NULL))
) STRICT;
INSERT INTO join_code_new SELECT id, secret_sha256, zone, name, created_by, created_us, expires_us, used_us, node,
    withdrawn, cert, NULL FROM join_code;
UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'join_code')
    WHERE name = 'join_code_new';
DROP TABLE join_code;
ALTER TABLE join_code_new RENAME TO join_code;
CREATE INDEX join_code_by_zone ON join_code (zone);
CREATE INDEX join_code_by_user ON join_code (created_by);
CREATE INDEX join_code_by_node ON join_code (node, used_us);
CREATE INDEX join_code_by_replaced ON join_code (replaces);
