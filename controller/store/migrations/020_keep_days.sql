-- How long the history of broadcasts and their recordings is kept, days; 0 for ever. The journal always is.

ALTER TABLE station ADD COLUMN keep_days INTEGER NOT NULL DEFAULT 400 CHECK (keep_days >= 0);
