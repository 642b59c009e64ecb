-- Effects of every kind. A once key stands with its delivery, so that a refusal can free it.
ALTER TABLE delivery ADD COLUMN once TEXT;

-- The event's deliveries, for people. Version 7 ids: new entries go to the index's last page.
CREATE INDEX delivery_event ON delivery (event);
CREATE INDEX delivered_event ON delivered (event);

-- Who has which badge. One that was taken back keeps its row and its id, and gets them again with the next award.
CREATE TABLE badge (
    id INTEGER PRIMARY KEY,
    uuid BLOB NOT NULL UNIQUE,
    project INTEGER NOT NULL,
    worker TEXT NOT NULL,
    badge TEXT NOT NULL,
    shown TEXT NOT NULL,
    scope INTEGER NOT NULL,
    event BLOB NOT NULL,
    awarded_at INTEGER NOT NULL,
    revoked_at INTEGER,
    reason TEXT NOT NULL DEFAULT '',
    UNIQUE (project, worker, badge)
);
CREATE INDEX badge_project ON badge (project, id);
