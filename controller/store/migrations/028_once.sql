-- Requests with an Idempotency-Key that were carried out, each in the transaction of its change.

CREATE TABLE once (
    user INTEGER NOT NULL REFERENCES user (id),
    key BLOB NOT NULL CHECK (length(key) = 32),
    request BLOB NOT NULL CHECK (length(request) = 32),
    at_us INTEGER NOT NULL,
    PRIMARY KEY (user, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX once_by_time ON once (at_us);
