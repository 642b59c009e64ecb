-- People look through what is kept, page by page, and see what it comes to.

-- In the order of time within a project or a task.
CREATE INDEX event_project ON event (project);
CREATE INDEX event_task ON event (project, task) WHERE task IS NOT NULL;
-- Version 7: in the order of time, so new entries go to the index's last page.
CREATE INDEX delivery_uuid ON delivery (uuid);
CREATE INDEX delivered_uuid ON delivered (uuid);

-- The newest analysis of each task. These three tables are filled behind the events, from row `counted.event` on, so nobody waits for it.
CREATE TABLE analysed (
    project INTEGER NOT NULL,
    task TEXT NOT NULL,
    event INTEGER NOT NULL,
    at INTEGER NOT NULL,
    decided INTEGER NOT NULL,
    agreement REAL,
    analysis NOT NULL,
    PRIMARY KEY (project, task)
) WITHOUT ROWID;
CREATE INDEX analysed_event ON analysed (project, event);
-- How many tasks are decided or not, by the tenth of agreement below theirs; 10 for all agreed, -1 for none known.
CREATE TABLE agreement (
    project INTEGER NOT NULL,
    decided INTEGER NOT NULL,
    tenth INTEGER NOT NULL,
    tasks INTEGER NOT NULL,
    PRIMARY KEY (project, decided, tenth)
) WITHOUT ROWID;
-- How many answers of each worker were counted in these analyses, and how many agreed.
CREATE TABLE worker (
    project INTEGER NOT NULL,
    worker TEXT NOT NULL,
    answers INTEGER NOT NULL,
    agreeing INTEGER NOT NULL,
    PRIMARY KEY (project, worker)
) WITHOUT ROWID;
CREATE TABLE counted (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    event INTEGER NOT NULL
);
INSERT INTO counted VALUES (1, 0);

-- How much of everything there was at the end of each minute, for plots.
CREATE TABLE sample (
    minute INTEGER PRIMARY KEY,
    events INTEGER NOT NULL,
    runs INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    deliveries_waiting INTEGER NOT NULL,
    dead INTEGER NOT NULL
);
