-- kind 2: an alert that came as CAP was stopped here, which its sender is told.
CREATE TABLE published_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alert INTEGER NOT NULL REFERENCES alert_sound (id),
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2),
    identifier TEXT NOT NULL UNIQUE,
    sent_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    title TEXT NOT NULL,
    message TEXT NOT NULL,
    UNIQUE (alert, kind)
) STRICT;

INSERT INTO published_new SELECT * FROM published;
DROP TABLE published;
ALTER TABLE published_new RENAME TO published;

CREATE INDEX published_by_expiry ON published (expires_us);
CREATE INDEX alert_sound_by_expiry ON alert_sound (expires_us);
CREATE INDEX alert_message_by_alert ON alert_message (sounding);
