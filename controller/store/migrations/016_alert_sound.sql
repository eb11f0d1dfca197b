-- Alerts as they sound, and who may send them.

-- state, message, signal: enum alert_state, alert_message, emergency_signal; zones: ids of 4 bytes, big-endian
CREATE TABLE alert_sound (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    life INTEGER NOT NULL,
    state INTEGER NOT NULL CHECK (state >= 0),
    template TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    why TEXT NOT NULL,
    message INTEGER NOT NULL CHECK (message >= 0),
    signal INTEGER NOT NULL CHECK (signal BETWEEN 0 AND 4),
    drill INTEGER NOT NULL CHECK (drill IN (0, 1)),
    everyone INTEGER NOT NULL CHECK (everyone IN (0, 1)),
    zones BLOB NOT NULL,
    repeats INTEGER NOT NULL CHECK (repeats >= 0),
    pause_ms INTEGER NOT NULL CHECK (pause_ms >= 0),
    created_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    author INTEGER REFERENCES user (id),
    decided_by INTEGER REFERENCES user (id),
    replaces INTEGER REFERENCES alert_sound (id),
    confirm_us INTEGER NOT NULL,
    escalations INTEGER NOT NULL,
    media BLOB REFERENCES media (sha256),
    media_ms INTEGER NOT NULL,
    tone INTEGER REFERENCES broadcast (id),
    tone_start_us INTEGER NOT NULL,
    tone_ms INTEGER NOT NULL,
    tone_plays INTEGER NOT NULL,
    round INTEGER REFERENCES broadcast (id),
    round_start_us INTEGER NOT NULL,
    round_plays INTEGER NOT NULL,
    plays INTEGER NOT NULL,
    tone_ended INTEGER NOT NULL CHECK (tone_ended IN (0, 1))
) STRICT;

CREATE INDEX alert_sound_by_state ON alert_sound (state, id);
CREATE INDEX alert_sound_by_author ON alert_sound (author, created_us);
CREATE INDEX alert_sound_by_decider ON alert_sound (decided_by);
CREATE INDEX alert_sound_by_replaced ON alert_sound (replaces);
CREATE INDEX alert_sound_by_media ON alert_sound (media);
CREATE INDEX alert_sound_by_tone ON alert_sound (tone);
CREATE INDEX alert_sound_by_round ON alert_sound (round);

-- roles: sets of enum role
CREATE TABLE alert_policy (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    roles INTEGER NOT NULL,
    confirm_roles INTEGER NOT NULL,
    totp_roles INTEGER NOT NULL,
    confirm_s INTEGER NOT NULL,
    fallback INTEGER REFERENCES user (id),
    per_hour INTEGER NOT NULL
) STRICT;

CREATE INDEX alert_policy_by_fallback ON alert_policy (fallback);

-- Only what the station changed; the others are as shipped.
CREATE TABLE alert_template (
    name TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL CHECK (title <> ''),
    text TEXT NOT NULL CHECK (text <> '')
) STRICT, WITHOUT ROWID;

-- Zones that an account may alert; without any: all of the station.
CREATE TABLE alert_area (
    user INTEGER NOT NULL REFERENCES user (id),
    zone INTEGER NOT NULL REFERENCES zone (id),
    PRIMARY KEY (user, zone)
) STRICT, WITHOUT ROWID;

CREATE INDEX alert_area_by_zone ON alert_area (zone);

-- Second factors (RFC 6238). last_step: a code counts once.
CREATE TABLE totp (
    user INTEGER NOT NULL PRIMARY KEY REFERENCES user (id),
    secret BLOB NOT NULL CHECK (length(secret) = 20),
    confirmed INTEGER NOT NULL CHECK (confirmed IN (0, 1)),
    last_step INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
