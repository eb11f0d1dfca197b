-- idle_min: after so many minutes without use a browser is signed out; 0 never.
-- browser: the session is kept in a cookie. Sessions from before this are asked to sign in again.

ALTER TABLE station ADD COLUMN idle_min INTEGER NOT NULL DEFAULT 30 CHECK (idle_min BETWEEN 0 AND 1440);
ALTER TABLE credential ADD COLUMN browser INTEGER NOT NULL DEFAULT 0 CHECK (browser IN (0, 1));
