-- Uploads in parts that are not complete; what has come of each is a file in DIR/uploads, named by its id.
-- offset_bytes: as much of it as is certainly on the disk.

CREATE TABLE upload (
    id INTEGER PRIMARY KEY,
    user INTEGER NOT NULL REFERENCES user (id),
    title TEXT NOT NULL,
    name TEXT NOT NULL,
    size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
    offset_bytes INTEGER NOT NULL CHECK (offset_bytes BETWEEN 0 AND size_bytes),
    expires_us INTEGER NOT NULL
) STRICT;
CREATE INDEX upload_by_user ON upload (user);
