-- DERIVED. Each device's configuration file, as it told it last. Only devices that run with a keeper tell it.
CREATE TABLE device_files (
    device_id       TEXT    PRIMARY KEY,
    version         INTEGER,                      -- the hub's; null where it was written by hand
    toml            TEXT    NOT NULL,
    told_at_ms      INTEGER NOT NULL
) STRICT;

-- DERIVED. What a device was last sent of a kind (configuration | software), and how it fared with it.
CREATE TABLE deployments (
    device_id       TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    version         TEXT    NOT NULL,
    state           TEXT    NOT NULL,             -- wanted | trying | confirmed | rolled_back | refused | withdrawn
    reason          TEXT    NOT NULL,
    message         BLOB    NOT NULL,             -- JSON: wire_format DeviceConfiguration or SoftwareWanted
    wanted_by       TEXT    NOT NULL,
    wanted_at_ms    INTEGER NOT NULL,
    changed_at_ms   INTEGER NOT NULL,
    PRIMARY KEY (device_id, kind)
) STRICT, WITHOUT ROWID;

-- DERIVED. The last rollout of software over the shop's devices.
CREATE TABLE rollouts (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    version         TEXT    NOT NULL,
    url             TEXT    NOT NULL,
    sha256          TEXT    NOT NULL,
    size_bytes      INTEGER NOT NULL,
    rings           BLOB    NOT NULL,             -- JSON: lists of device_id, first ring first
    ring            INTEGER NOT NULL,             -- the one under way, from 0
    stage           TEXT    NOT NULL,             -- running | done | halted
    reason          TEXT    NOT NULL,
    started_by      TEXT    NOT NULL,
    started_at_ms   INTEGER NOT NULL,
    changed_at_ms   INTEGER NOT NULL
) STRICT;
