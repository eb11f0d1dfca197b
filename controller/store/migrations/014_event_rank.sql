-- The operator's order among events of one level, lower first; 5 is what nobody decided about.

ALTER TABLE event ADD COLUMN rank INTEGER NOT NULL DEFAULT 5 CHECK (rank BETWEEN 0 AND 9);
UPDATE broadcast SET rank = 5 WHERE state = 0;
