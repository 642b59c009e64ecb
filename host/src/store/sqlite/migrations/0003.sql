-- What was given up can be replayed, plugins that keep failing are held, and what is old is let go.

-- How far something has come in a project: small texts for those who scan a platform, and for the prune loop.
CREATE TABLE mark (
    project INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (project, name)
) WITHOUT ROWID;

-- Plugins whose invocations are held back.
CREATE TABLE quarantine (
    scope INTEGER PRIMARY KEY,
    since INTEGER NOT NULL,
    component TEXT,
    settings TEXT,
    reason TEXT NOT NULL
);

-- A dead letter goes when its plugin gets the event again. `counter.dead` says from now on how many there are.
ALTER TABLE dead_letter ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
CREATE INDEX dead_letter_event ON dead_letter (event, scope);
UPDATE counter SET dead = (SELECT count(*) FROM dead_letter);

-- What a replay of a delivery has to know: its once key, whether an attempt may have had its effect, how often it was replayed.
ALTER TABLE delivery ADD COLUMN in_doubt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN replays INTEGER NOT NULL DEFAULT 0;
-- Whether those of events that somebody waits for go before it.
ALTER TABLE delivery ADD COLUMN yields INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivered ADD COLUMN once TEXT;
ALTER TABLE delivered ADD COLUMN in_doubt INTEGER NOT NULL DEFAULT 1;
ALTER TABLE delivered ADD COLUMN replays INTEGER NOT NULL DEFAULT 0;
CREATE INDEX delivered_dead ON delivered (id) WHERE ending = 2;
UPDATE counter SET deliveries_dead = (SELECT count(*) FROM delivered WHERE ending = 2);

-- Finds out whether a text is kept for anything else.
CREATE INDEX snapshot_content ON snapshot (content);

-- What an event led to. In the order of time: new entries go to the index's last page.
CREATE INDEX event_root ON event (root) WHERE root IS NOT NULL;
