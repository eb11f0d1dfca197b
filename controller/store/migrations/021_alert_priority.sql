-- Alerts that came as CAP messages may ask for less than an emergency. 0: an emergency, or a drill.
ALTER TABLE alert_sound ADD COLUMN priority INTEGER NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 3);
