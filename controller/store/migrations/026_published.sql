-- What the station published of its own alerts, as signed CAP messages. kind: 0 it began, 1 it was ended.

CREATE TABLE published (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alert INTEGER NOT NULL REFERENCES alert_sound (id),
    kind INTEGER NOT NULL CHECK (kind IN (0, 1)),
    identifier TEXT NOT NULL UNIQUE,
    sent_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    title TEXT NOT NULL,
    message TEXT NOT NULL,
    UNIQUE (alert, kind)
) STRICT;
CREATE INDEX published_by_expiry ON published (expires_us);
