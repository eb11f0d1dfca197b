-- Nodes that were moved or revoked after a broadcast was planned for them.

ALTER TABLE target ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1));
