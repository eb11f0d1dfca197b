-- How the station's own names and abbreviations are spoken.

CREATE TABLE dictionary (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    written TEXT NOT NULL UNIQUE CHECK (written <> ''),
    spoken TEXT NOT NULL CHECK (spoken <> '')
) STRICT;
