-- An archive of recordings, languages of people, backups by the clock, and a journal that is searched.

ALTER TABLE media ADD COLUMN archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1));
ALTER TABLE user ADD COLUMN language TEXT NOT NULL DEFAULT '' CHECK (language IN ('', 'vi', 'en'));
ALTER TABLE station ADD COLUMN backup_at_min INTEGER NOT NULL DEFAULT 150 CHECK (backup_at_min BETWEEN -1 AND 1439);
ALTER TABLE station ADD COLUMN backup_keep INTEGER NOT NULL DEFAULT 14 CHECK (backup_keep BETWEEN 1 AND 365);
CREATE INDEX journal_by_actor ON journal (actor, seq);
CREATE INDEX journal_by_time ON journal (at_us, seq);
CREATE INDEX media_by_time ON media (created_us);
CREATE INDEX live_by_recording ON live (recording);
