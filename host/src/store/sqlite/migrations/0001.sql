-- The first schema. Times are milliseconds since 1970. A text that may be long is TEXT as it is, or a BLOB of lz4 with its
-- length in front. Rows are written and found in the order in which things happen, so that a commit touches few pages.

-- Numbers that never come back, and how much of everything there is; one row, written once per commit.
CREATE TABLE counter (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    event INTEGER NOT NULL,
    invocation INTEGER NOT NULL,
    delivery INTEGER NOT NULL,
    version INTEGER NOT NULL,
    runs INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    deliveries_dead INTEGER NOT NULL,
    set_aside INTEGER NOT NULL
);
INSERT INTO counter VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0);

CREATE TABLE project (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- One plugin in one project. `state_bytes` is what its keys and values come to.
CREATE TABLE scope (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    plugin TEXT NOT NULL,
    state_bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (project, plugin)
);

-- Digests of components and of settings, which each run names.
CREATE TABLE version (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE
);

CREATE TABLE binding (
    project INTEGER PRIMARY KEY,
    address TEXT NOT NULL,
    platform_id TEXT NOT NULL
);

-- `root` is null for an event from outside; `generation` counts the re-runs of one, `derived` the events it led to.
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    uuid BLOB NOT NULL,
    project INTEGER NOT NULL,
    platform INTEGER NOT NULL,
    kind TEXT NOT NULL,
    task TEXT,
    occurred_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    origin INTEGER NOT NULL,
    standing INTEGER NOT NULL,
    emitted_by TEXT,
    root BLOB,
    depth INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    dedup,
    payload NOT NULL,
    derived INTEGER NOT NULL DEFAULT 0
);
-- Version 7: in the order of time, so new entries go to the index's last page.
CREATE UNIQUE INDEX event_uuid ON event (uuid);

-- Dedup keys, kept for ever, as the dialects make them: words, then ids that grow, so that neighbours in time are
-- neighbours here. A digest in front of a key would cost a random page, 5 kB, for each event.
CREATE TABLE seen (
    project INTEGER NOT NULL,
    key NOT NULL,
    event BLOB NOT NULL,
    PRIMARY KEY (project, key)
) WITHOUT ROWID;

-- The newest revision of each task among the events of one kind, on platforms that have such a thing.
CREATE TABLE newest (
    project INTEGER NOT NULL,
    task TEXT NOT NULL,
    kind TEXT NOT NULL,
    freshness TEXT NOT NULL,
    PRIMARY KEY (project, task, kind)
) WITHOUT ROWID;

-- Unfinished ones only. Claims are not written: one process owns the file, so a crash frees all leases.
CREATE TABLE invocation (
    event INTEGER NOT NULL,
    id INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    origin INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    rerun INTEGER NOT NULL,
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    traps INTEGER NOT NULL,
    parked_times INTEGER NOT NULL,
    parked_since INTEGER,
    PRIMARY KEY (event, id)
) WITHOUT ROWID;

-- What became of each attempt. `done` is 1 when it ended the invocation well.
CREATE TABLE run (
    event INTEGER NOT NULL,
    id INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    done INTEGER NOT NULL,
    component INTEGER,
    settings INTEGER,
    started_at INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    cpu_ms INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    log,
    read,
    PRIMARY KEY (event, id)
) WITHOUT ROWID;

CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY,
    event INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    died_at INTEGER NOT NULL,
    reason TEXT NOT NULL
);

CREATE TABLE state (
    scope INTEGER NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;

-- Once keys, kept for ever.
CREATE TABLE once (
    scope INTEGER NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;

-- Every revision of every task result; the newest is the last.
CREATE TABLE task_result (
    project INTEGER NOT NULL,
    task TEXT NOT NULL,
    revision INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    event INTEGER NOT NULL,
    info NOT NULL,
    PRIMARY KEY (project, task, revision)
) WITHOUT ROWID;

-- Equal texts are kept once.
CREATE TABLE content (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    body NOT NULL
);

CREATE TABLE snapshot (
    root BLOB NOT NULL,
    generation INTEGER NOT NULL,
    content INTEGER NOT NULL,
    PRIMARY KEY (root, generation)
) WITHOUT ROWID;

-- Deliveries that are not finished.
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY,
    uuid BLOB NOT NULL,
    project INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    connection TEXT NOT NULL,
    task TEXT,
    saves INTEGER NOT NULL,
    effect NOT NULL,
    event BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    due INTEGER NOT NULL,
    requested_at INTEGER NOT NULL,
    reason TEXT NOT NULL DEFAULT ''
);
-- Finds the one that a newer task result drops.
CREATE INDEX delivery_saves ON delivery (project, task) WHERE saves = 1;

-- Deliveries that are: 1 delivered, 2 dead, 3 superseded. `note` is the receipt or the reason.
CREATE TABLE delivered (
    id INTEGER PRIMARY KEY,
    uuid BLOB NOT NULL,
    scope INTEGER NOT NULL,
    connection TEXT NOT NULL,
    task TEXT,
    effect NOT NULL,
    event BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    requested_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    ending INTEGER NOT NULL,
    note TEXT NOT NULL
);
