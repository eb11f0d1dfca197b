-- Bulletins of several kinds of parts, in several languages; what texts were spoken; the signature tune.

-- kind: enum part_kind; duration_ms: of silence
ALTER TABLE bulletin_part ADD COLUMN duration_ms INTEGER NOT NULL DEFAULT 0 CHECK (duration_ms >= 0);
ALTER TABLE bulletin_part ADD COLUMN language TEXT NOT NULL DEFAULT '';

-- A copy is younger than its origin: no circle of copies.
ALTER TABLE bulletin ADD COLUMN issuer TEXT NOT NULL DEFAULT '';
ALTER TABLE bulletin ADD COLUMN document TEXT NOT NULL DEFAULT '';
ALTER TABLE bulletin ADD COLUMN is_template INTEGER NOT NULL DEFAULT 0 CHECK (is_template IN (0, 1));
ALTER TABLE bulletin ADD COLUMN origin INTEGER REFERENCES bulletin (id) ON DELETE SET NULL
    CHECK (origin < id);
CREATE INDEX bulletin_by_origin ON bulletin (origin);

CREATE TABLE spoken (
    media BLOB NOT NULL PRIMARY KEY REFERENCES media (sha256) ON DELETE CASCADE,
    text TEXT NOT NULL,
    voice TEXT NOT NULL,
    speed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE signature_tune (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    media BLOB NOT NULL REFERENCES media (sha256)
) STRICT;

CREATE INDEX signature_tune_by_media ON signature_tune (media);
