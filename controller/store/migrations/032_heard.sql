-- What a node's microphone said of a broadcast (loa.proto Heard); 0 from nodes that do not say.
ALTER TABLE receipt ADD COLUMN heard INTEGER NOT NULL DEFAULT 0;
