-- The first schema. Times are milliseconds since 1970. What others wrote is BYTEA: it may hold any character, and is ordered by its bytes.

-- Numbers that never come back, and how much of everything there is. Whoever writes locks this row first: so one transaction writes at
-- a time, of whichever host, and rows get their numbers in the order of the commits.
CREATE TABLE counter (
    one BOOLEAN PRIMARY KEY CHECK (one),
    event BIGINT NOT NULL,
    invocation BIGINT NOT NULL,
    delivery BIGINT NOT NULL,
    version BIGINT NOT NULL,
    runs BIGINT NOT NULL,
    dead BIGINT NOT NULL,
    deliveries_dead BIGINT NOT NULL,
    set_aside BIGINT NOT NULL,
    waiting BIGINT NOT NULL,
    deliveries_waiting BIGINT NOT NULL
) WITH (fillfactor = 50);
INSERT INTO counter VALUES (TRUE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

-- Who is at work here. A host that starts takes the place of the one that had its name, and what that had leased is free again.
CREATE TABLE host (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    version TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    -- When it was last known to be at work.
    seen_at BIGINT NOT NULL
);

-- What each host can do: the plugins whose components it has, and, with no plugin, the projects whose files it has.
CREATE TABLE able (
    host BIGINT NOT NULL REFERENCES host ON DELETE CASCADE,
    project TEXT NOT NULL,
    plugin TEXT NOT NULL,
    -- Of the component or of the file.
    version TEXT,
    digest BYTEA NOT NULL,
    PRIMARY KEY (host, project, plugin)
);

CREATE TABLE project (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- One plugin in one project: who takes turns for invocations. `waiting` is how many of its invocations are not finished.
CREATE TABLE scope (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project BIGINT NOT NULL,
    plugin TEXT NOT NULL,
    state_bytes BIGINT NOT NULL DEFAULT 0,
    waiting BIGINT NOT NULL DEFAULT 0,
    UNIQUE (project, plugin)
) WITH (fillfactor = 50);

-- One connection of one project: who takes turns for deliveries.
CREATE TABLE outlet (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project BIGINT NOT NULL,
    connection TEXT NOT NULL,
    waiting BIGINT NOT NULL DEFAULT 0,
    UNIQUE (project, connection)
) WITH (fillfactor = 50);

-- Digests of components and of settings, which each run names.
CREATE TABLE version (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE
);

CREATE TABLE binding (
    project BIGINT PRIMARY KEY,
    address TEXT NOT NULL,
    platform_id TEXT NOT NULL
);

-- `root` is null for an event from outside; `generation` counts the re-runs of one, `derived` the events it led to.
CREATE TABLE event (
    id BIGINT PRIMARY KEY,
    uuid BYTEA NOT NULL UNIQUE,
    project BIGINT NOT NULL,
    platform SMALLINT NOT NULL,
    kind TEXT NOT NULL,
    task BYTEA,
    occurred_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    origin SMALLINT NOT NULL,
    standing SMALLINT NOT NULL,
    emitted_by TEXT,
    root BYTEA,
    depth BIGINT NOT NULL,
    generation BIGINT NOT NULL DEFAULT 0,
    dedup BYTEA,
    payload BYTEA NOT NULL,
    derived BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX event_root ON event (root) WHERE root IS NOT NULL;
CREATE INDEX event_project ON event (project, id);
CREATE INDEX event_task ON event (task, project, id) WHERE task IS NOT NULL;

-- Dedup keys, kept for ever.
CREATE TABLE seen (
    project BIGINT NOT NULL,
    key BYTEA NOT NULL,
    event BYTEA NOT NULL,
    PRIMARY KEY (project, key)
);

-- The newest revision of each task among the events of one kind.
CREATE TABLE newest (
    project BIGINT NOT NULL,
    task BYTEA NOT NULL,
    kind TEXT NOT NULL,
    freshness BYTEA NOT NULL,
    PRIMARY KEY (project, task, kind)
);

-- Unfinished ones only, and those that were given up while they were leased (`doomed`): these keep their place until their lease ends.
-- `lane` is null for one that waits for nobody, and `head` is true for the first of each lane, which is the only one to be leased.
CREATE TABLE invocation (
    id BIGINT PRIMARY KEY,
    member BIGINT NOT NULL,
    lane BYTEA,
    head BOOLEAN NOT NULL,
    due BIGINT NOT NULL DEFAULT 0,
    yields BOOLEAN NOT NULL,
    lease BIGINT NOT NULL DEFAULT 0,
    leased_until BIGINT,
    leased_by BIGINT,
    doomed BOOLEAN NOT NULL DEFAULT FALSE,
    event BIGINT NOT NULL,
    origin SMALLINT NOT NULL,
    generation BIGINT NOT NULL,
    rerun BOOLEAN NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    traps BIGINT NOT NULL DEFAULT 0,
    parked_times BIGINT NOT NULL DEFAULT 0,
    parked_since BIGINT
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX invocation_ready ON invocation (member, yields, due, id) WHERE head AND leased_until IS NULL;
CREATE INDEX invocation_leased ON invocation (leased_until) WHERE leased_until IS NOT NULL;
-- One at a time of each lane is a fact, whatever the code does.
CREATE UNIQUE INDEX invocation_head ON invocation (member, lane) WHERE head AND lane IS NOT NULL;
CREATE INDEX invocation_lane ON invocation (member, lane, id) WHERE lane IS NOT NULL;
CREATE INDEX invocation_event ON invocation (event);

-- What became of each attempt. `done` is true when it ended the invocation well.
CREATE TABLE run (
    id BIGINT PRIMARY KEY,
    event BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    done BOOLEAN NOT NULL,
    component BIGINT,
    settings BIGINT,
    started_at BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    cpu_ms BIGINT NOT NULL,
    memory_bytes BIGINT,
    outcome TEXT NOT NULL,
    reason BYTEA NOT NULL,
    log BYTEA,
    read BYTEA
);
CREATE INDEX run_event ON run (event, id);

CREATE TABLE dead_letter (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    died_at BIGINT NOT NULL,
    reason BYTEA NOT NULL,
    generation BIGINT NOT NULL
);
CREATE INDEX dead_letter_event ON dead_letter (event, scope);

CREATE TABLE state (
    scope BIGINT NOT NULL,
    key BYTEA NOT NULL,
    version BIGINT NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (scope, key)
);

-- Once keys, kept for ever.
CREATE TABLE once (
    scope BIGINT NOT NULL,
    key BYTEA NOT NULL,
    PRIMARY KEY (scope, key)
);

-- Every revision of every task result.
CREATE TABLE task_result (
    project BIGINT NOT NULL,
    task BYTEA NOT NULL,
    revision BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    event BIGINT NOT NULL,
    info BYTEA NOT NULL,
    PRIMARY KEY (project, task, revision)
);

-- Equal texts are kept once.
CREATE TABLE content (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest BYTEA NOT NULL UNIQUE,
    body BYTEA NOT NULL
);

CREATE TABLE snapshot (
    root BYTEA NOT NULL,
    generation BIGINT NOT NULL,
    content BIGINT NOT NULL,
    PRIMARY KEY (root, generation)
);
CREATE INDEX snapshot_content ON snapshot (content);

-- Deliveries that are not finished, as with invocations; one that is doomed stands in `delivered` too.
CREATE TABLE delivery (
    id BIGINT PRIMARY KEY,
    member BIGINT NOT NULL,
    lane BYTEA,
    head BOOLEAN NOT NULL,
    due BIGINT NOT NULL DEFAULT 0,
    yields BOOLEAN NOT NULL,
    lease BIGINT NOT NULL DEFAULT 0,
    leased_until BIGINT,
    leased_by BIGINT,
    doomed BOOLEAN NOT NULL DEFAULT FALSE,
    uuid BYTEA NOT NULL,
    scope BIGINT NOT NULL,
    task BYTEA,
    -- The task whose result it saves, and that a newer one of which drops it.
    saves BYTEA,
    project BIGINT NOT NULL,
    effect BYTEA NOT NULL,
    event BYTEA NOT NULL,
    once BYTEA,
    attempts BIGINT NOT NULL DEFAULT 0,
    requested_at BIGINT NOT NULL,
    reason BYTEA NOT NULL DEFAULT '',
    in_doubt BOOLEAN NOT NULL DEFAULT FALSE,
    replays BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX delivery_ready ON delivery (member, yields, due, id) WHERE head AND leased_until IS NULL;
CREATE INDEX delivery_leased ON delivery (leased_until) WHERE leased_until IS NOT NULL;
CREATE UNIQUE INDEX delivery_head ON delivery (member, lane) WHERE head AND lane IS NOT NULL;
CREATE INDEX delivery_lane ON delivery (member, lane, id) WHERE lane IS NOT NULL;
CREATE INDEX delivery_saves ON delivery (project, saves) WHERE saves IS NOT NULL;
CREATE INDEX delivery_event ON delivery (event);
CREATE INDEX delivery_uuid ON delivery (uuid);

-- Deliveries that are: 1 delivered, 2 dead, 3 superseded. `note` is the receipt or the reason.
CREATE TABLE delivered (
    id BIGINT PRIMARY KEY,
    uuid BYTEA NOT NULL,
    scope BIGINT NOT NULL,
    member BIGINT NOT NULL,
    task BYTEA,
    effect BYTEA NOT NULL,
    event BYTEA NOT NULL,
    once BYTEA,
    attempts BIGINT NOT NULL,
    requested_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    ending SMALLINT NOT NULL,
    note BYTEA NOT NULL,
    in_doubt BOOLEAN NOT NULL,
    replays BIGINT NOT NULL
);
CREATE INDEX delivered_event ON delivered (event);
CREATE INDEX delivered_uuid ON delivered (uuid);
CREATE INDEX delivered_dead ON delivered (id) WHERE ending = 2;

-- Who has which badge. One that was taken back keeps its row and its id, and gets them again with the next award.
CREATE TABLE badge (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid BYTEA NOT NULL UNIQUE,
    project BIGINT NOT NULL,
    worker BYTEA NOT NULL,
    badge BYTEA NOT NULL,
    shown BYTEA NOT NULL,
    scope BIGINT NOT NULL,
    event BYTEA NOT NULL,
    awarded_at BIGINT NOT NULL,
    revoked_at BIGINT,
    reason BYTEA NOT NULL DEFAULT '',
    UNIQUE (project, worker, badge)
);
CREATE INDEX badge_project ON badge (project, id);

-- How far something has come in a project.
CREATE TABLE mark (
    project BIGINT NOT NULL,
    name TEXT NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (project, name)
);

-- Plugins whose invocations are held back.
CREATE TABLE quarantine (
    scope BIGINT PRIMARY KEY,
    since BIGINT NOT NULL,
    component TEXT,
    settings TEXT,
    reason BYTEA NOT NULL
);

-- The newest analysis of each task, and what these come to. Filled behind the events, from row `counted.event` on.
CREATE TABLE analysed (
    project BIGINT NOT NULL,
    task BYTEA NOT NULL,
    event BIGINT NOT NULL,
    at BIGINT NOT NULL,
    decided BOOLEAN NOT NULL,
    agreement DOUBLE PRECISION,
    analysis BYTEA NOT NULL,
    PRIMARY KEY (project, task)
);
CREATE INDEX analysed_event ON analysed (project, event);
CREATE TABLE agreement (
    project BIGINT NOT NULL,
    decided BOOLEAN NOT NULL,
    tenth BIGINT NOT NULL,
    tasks BIGINT NOT NULL,
    PRIMARY KEY (project, decided, tenth)
);
CREATE TABLE worker (
    project BIGINT NOT NULL,
    worker BYTEA NOT NULL,
    answers BIGINT NOT NULL,
    agreeing BIGINT NOT NULL,
    PRIMARY KEY (project, worker)
);
CREATE TABLE counted (
    one BOOLEAN PRIMARY KEY CHECK (one),
    event BIGINT NOT NULL
);
INSERT INTO counted VALUES (TRUE, 0);

-- Calls that hosts took of what all of them together may make through a connection: when (ascending), and how many.
CREATE TABLE pace (
    project TEXT NOT NULL,
    connection TEXT NOT NULL,
    taken_at BIGINT[] NOT NULL,
    taken BIGINT[] NOT NULL,
    PRIMARY KEY (project, connection)
) WITH (fillfactor = 50);

-- How much of everything there was at the end of each minute, for plots.
CREATE TABLE sample (
    minute BIGINT PRIMARY KEY,
    events BIGINT NOT NULL,
    runs BIGINT NOT NULL,
    waiting BIGINT NOT NULL,
    deliveries_waiting BIGINT NOT NULL,
    dead BIGINT NOT NULL
);
