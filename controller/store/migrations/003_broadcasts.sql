-- What went on air: broadcasts with what they played, who had to sound, and what the nodes say of it.

-- An occurrence is one broadcast only; by hand (event NULL) each is its own.
CREATE TABLE broadcast (
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
    UNIQUE (event, start_us)
) STRICT;

CREATE INDEX broadcast_by_start ON broadcast (start_us, id);
CREATE INDEX broadcast_by_state ON broadcast (state, start_us, id);
CREATE INDEX broadcast_by_bulletin ON broadcast (bulletin, start_us, id);

-- A copy, so that history stays when a recording is removed later.
CREATE TABLE broadcast_media (
    broadcast INTEGER NOT NULL REFERENCES broadcast (id),
    place INTEGER NOT NULL CHECK (place >= 0),
    kind INTEGER NOT NULL CHECK (kind >= 0),
    media BLOB NOT NULL CHECK (length(media) = 32),
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0),
    PRIMARY KEY (broadcast, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX broadcast_media_by_media ON broadcast_media (media);

-- state: enum target_state; verdict: loa_Verdict, newer nodes may know more of them
CREATE TABLE target (
    broadcast INTEGER NOT NULL REFERENCES broadcast (id),
    node INTEGER NOT NULL REFERENCES node (id),
    state INTEGER NOT NULL CHECK (state >= 0),
    order_id INTEGER NOT NULL,
    ordered_us INTEGER NOT NULL,
    verdict INTEGER NOT NULL,
    note TEXT NOT NULL,
    stop_order INTEGER NOT NULL,
    stop_us INTEGER NOT NULL,
    stop_answered INTEGER NOT NULL CHECK (stop_answered IN (0, 1)),
    PRIMARY KEY (broadcast, node)
) STRICT, WITHOUT ROWID;

CREATE INDEX target_by_node ON target (node);

-- A node repeats a receipt until it is acknowledged: the unique key makes it count once.
CREATE TABLE receipt (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    node INTEGER NOT NULL,
    receipt_id INTEGER NOT NULL,
    broadcast INTEGER NOT NULL,
    received_us INTEGER NOT NULL,
    order_id INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    carrier INTEGER NOT NULL,
    planned_start_us INTEGER NOT NULL,
    actual_start_us INTEGER NOT NULL,
    actual_end_us INTEGER NOT NULL,
    played_ms INTEGER NOT NULL,
    gaps INTEGER NOT NULL,
    gap_ms INTEGER NOT NULL,
    rms_mdb INTEGER NOT NULL,
    peak_mdb INTEGER NOT NULL,
    start_error_us INTEGER NOT NULL,
    clock_uncertainty_us INTEGER NOT NULL,
    plays INTEGER NOT NULL,
    UNIQUE (node, receipt_id),
    FOREIGN KEY (broadcast, node) REFERENCES target (broadcast, node)
) STRICT;

CREATE INDEX receipt_by_target ON receipt (broadcast, node, id);

-- The signed bytes, for sending them again.
CREATE TABLE issued_order (
    id INTEGER PRIMARY KEY,
    broadcast INTEGER REFERENCES broadcast (id),
    node INTEGER NOT NULL REFERENCES node (id),
    kind INTEGER NOT NULL,
    issued_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    body BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;

CREATE INDEX issued_order_by_target ON issued_order (broadcast, node, kind, id);
CREATE INDEX issued_order_by_node ON issued_order (node);
CREATE INDEX issued_order_by_expiry ON issued_order (expires_us);
