-- What came of each alert message that was accepted, and of those that others referred to before they came.
-- type, state: enum alertlife_type, enum alertlife_state; refs: ids of 8 bytes, big-endian.
CREATE TABLE alert (
    id INTEGER PRIMARY KEY,
    sender TEXT NOT NULL,
    identifier TEXT NOT NULL,
    sent_us INTEGER NOT NULL,
    type INTEGER NOT NULL CHECK (type BETWEEN 0 AND 2),
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),
    seen INTEGER NOT NULL CHECK (seen IN (0, 1)),
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    expires_us INTEGER NOT NULL,
    cancelled_us INTEGER NOT NULL,
    overruled_us INTEGER NOT NULL,
    superior INTEGER NOT NULL CHECK (superior IN (0, 1)),
    refs BLOB NOT NULL,
    UNIQUE (sender, identifier, sent_us)
) STRICT;
