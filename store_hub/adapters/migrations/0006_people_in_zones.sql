-- Visits, stops and waits in zones, the ways between them, and who is no visitor. What older messages do not say is NULL, never zero.

ALTER TABLE door_minutes ADD COLUMN staff_in INTEGER NOT NULL DEFAULT 0;    -- of people_in, here or earlier: since known as staff
ALTER TABLE door_minutes ADD COLUMN staff_out INTEGER NOT NULL DEFAULT 0;
ALTER TABLE door_minutes ADD COLUMN groups_in INTEGER;                      -- who came in together counts once; NULL = not looked for

ALTER TABLE occupancy ADD COLUMN closing_people INTEGER;                    -- visitors left at closing time; NULL = open
ALTER TABLE occupancy ADD COLUMN healed INTEGER NOT NULL DEFAULT 0;         -- taken off after closing, this day: counted in, never out

ALTER TABLE area_quarters ADD COLUMN staff_person_ms INTEGER NOT NULL DEFAULT 0;  -- stay of staff, which is in no tile
ALTER TABLE area_quarters ADD COLUMN people INTEGER;                        -- who came into view; NULL = not told

ALTER TABLE queues ADD COLUMN waits INTEGER NOT NULL DEFAULT 0;             -- waits that ended in the interval
ALTER TABLE queues ADD COLUMN waited_ms INTEGER NOT NULL DEFAULT 0;         -- these together
ALTER TABLE queues ADD COLUMN waited_max_ms INTEGER NOT NULL DEFAULT 0;     -- the longest of them
CREATE INDEX queues_by_time ON queues (started_at_ms);

-- DERIVED. Visits of zones as cameras measured them: half a second inside is a visit, three seconds in one place is a stop.
CREATE TABLE zone_visits (
    zone_id         TEXT    NOT NULL,
    quarter_started_at_ms INTEGER NOT NULL,
    entries         INTEGER NOT NULL,             -- visits begun
    person_ms       INTEGER NOT NULL,             -- persons × milliseconds inside
    stopped         INTEGER NOT NULL,             -- visits that came to a stop
    stopped_ms      INTEGER NOT NULL,             -- persons × milliseconds stopped
    observed_ms     INTEGER NOT NULL,             -- how long the zone was watched
    PRIMARY KEY (zone_id, quarter_started_at_ms)
) STRICT, WITHOUT ROWID;

-- DERIVED. How many visits of one zone were by people who came from another: counts, with nobody behind them.
CREATE TABLE zone_paths (
    quarter_started_at_ms INTEGER NOT NULL,
    from_zone       TEXT    NOT NULL,
    to_zone         TEXT    NOT NULL,
    people          INTEGER NOT NULL,
    PRIMARY KEY (quarter_started_at_ms, from_zone, to_zone)
) STRICT, WITHOUT ROWID;

-- DERIVED. Visitors who crossed in the last minutes; a staff badge that is seen late may still claim one. Empty without badges.
CREATE TABLE door_recent (
    door_id         TEXT    NOT NULL,
    started_at_ms   INTEGER NOT NULL,
    ended_at_ms     INTEGER NOT NULL,
    people_in       INTEGER NOT NULL,
    people_out      INTEGER NOT NULL,
    PRIMARY KEY (door_id, started_at_ms)
) STRICT, WITHOUT ROWID;

-- DERIVED. Staff badges seen at a door in the last minutes whose crossing is still awaited. Which badge is not kept.
CREATE TABLE badge_sightings (
    badge_zone_id   TEXT    NOT NULL,
    journal_id      INTEGER NOT NULL,
    seen_at_ms      INTEGER NOT NULL,
    PRIMARY KEY (badge_zone_id, journal_id)
) STRICT, WITHOUT ROWID;
