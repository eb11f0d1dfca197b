-- Broadcasts whose sound came while they were on air: from where, what sounds when that is lost, and the
-- recording that was kept. The media are copies by name, as in broadcast_media.

CREATE TABLE live (
    broadcast INTEGER NOT NULL PRIMARY KEY REFERENCES broadcast (id),
    source TEXT NOT NULL CHECK (source <> ''),
    fallback BLOB CHECK (length(fallback) = 32),
    fallback_ms INTEGER NOT NULL CHECK (fallback_ms >= 0),
    recording BLOB CHECK (length(recording) = 32)
) STRICT, WITHOUT ROWID;
