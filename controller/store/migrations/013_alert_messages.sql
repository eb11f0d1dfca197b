-- CAP messages that were taken in: the message, the verdict as it was then (JSON), and what became of it.
-- state: enum alertmessage_state; life: id of alert; sounding: id of the alert it became, of alert_sound.

CREATE TABLE alert_message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 7),
    received_us INTEGER NOT NULL,
    source TEXT NOT NULL,
    sender TEXT NOT NULL,
    identifier TEXT NOT NULL,
    sent_us INTEGER NOT NULL,
    title TEXT NOT NULL,
    level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 3),
    expires_us INTEGER NOT NULL,
    sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    life INTEGER NOT NULL,
    sounding INTEGER NOT NULL,
    decided_by INTEGER REFERENCES user (id),
    decided_us INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    message BLOB NOT NULL
) STRICT;
CREATE INDEX alert_message_state ON alert_message (state, id);
