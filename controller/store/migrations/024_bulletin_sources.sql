-- Bulletins that relay or speak live: from where, and from where when that is lost. Their media is the fallback.

ALTER TABLE bulletin_part ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE bulletin_part ADD COLUMN backup TEXT NOT NULL DEFAULT '';
