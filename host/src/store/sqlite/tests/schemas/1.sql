-- A store of schema 1, as a host of that time left it when it was stopped: two Appen units, voted on; for each of them a plugin that wants another
-- try, and one that gave up.
BEGIN TRANSACTION;
CREATE TABLE binding (
    project INTEGER PRIMARY KEY,
    address TEXT NOT NULL,
    platform_id TEXT NOT NULL
);
INSERT INTO "binding" VALUES(1,'https://api.appen.com/v1','4242');
CREATE TABLE content (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    body NOT NULL
);
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
INSERT INTO "counter" VALUES(1,4,8,0,6,8,2,0,0);
CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY,
    event INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    died_at INTEGER NOT NULL,
    reason TEXT NOT NULL
);
INSERT INTO "dead_letter" VALUES(1,1,2,1,1795340084270,'event 01a2029b-a423-7400-8aca-4d8948b04766 makes no sense');
INSERT INTO "dead_letter" VALUES(2,2,2,1,1795340084273,'event 01a2029b-a429-741b-9db6-c5e748428857 makes no sense');
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
INSERT INTO "event" VALUES(1,X'01A2029BA42374008ACA4D8948B04766',1,1,'task.completed','700001',1795340084259,1795340084259,0,0,NULL,NULL,0,0,'task.completed/000000004242/000000700001/4170ea99a03022147dfdd8d7233e12cce8c8fc0a','{"id":700001,"job_id":4242,"data":{"url":"700001.jpg"},"judgments_count":3,"state":"finalized","agreement":1.0,"results":{"judgments":[{"id":7000010,"worker_id":100,"trust":0.9,"tainted":false,"country":"CHE","created_at":"2026-11-21T19:00:00+00:00","unit_id":700001,"job_id":4242,"rejected":null,"golden":false,"missed":null,"data":{"animal":"cat"}},{"id":7000011,"worker_id":101,"trust":0.9,"tainted":false,"country":"CHE","created_at":"2026-11-21T19:00:00+00:00","unit_id":700001,"job_id":4242,"rejected":null,"golden":false,"missed":null,"data":{"animal":"cat"}},{"id":7000012,"worker_id":102,"trust":0.9,"tainted":false,"country":"CHE","created_at":"2026-11-21T19:00:00+00:00","unit_id":700001,"job_id":4242,"rejected":null,"golden":false,"missed":null,"data":{"animal":"dog"}}]}}',1);
INSERT INTO "event" VALUES(2,X'01A2029BA429741B9DB6C5E748428857',1,1,'task.completed','700002',1795340084265,1795340084265,0,0,NULL,NULL,0,0,'task.completed/000000004242/000000700002/4309ca64b7f9b6e7ab1a85361788da732548a9f9','{"id":700002,"job_id":4242,"data":{"url":"700002.jpg"},"judgments_count":3,"state":"finalized","agreement":1.0,"results":{"judgments":[{"id":7000020,"worker_id":100,"trust":0.9,"tainted":false,"country":"CHE","created_at":"2026-11-21T19:00:00+00:00","unit_id":700002,"job_id":4242,"rejected":null,"golden":false,"missed":null,"data":{"animal":"cat"}},{"id":7000021,"worker_id":101,"trust":0.9,"tainted":false,"country":"CHE","created_at":"2026-11-21T19:00:00+00:00","unit_id":700002,"job_id":4242,"rejected":null,"golden":false,"missed":null,"data":{"animal":"cat"}},{"id":7000022,"worker_id":102,"trust":0.9,"tainted":false,"country":"CHE","created_at":"2026-11-21T19:00:00+00:00","unit_id":700002,"job_id":4242,"rejected":null,"golden":false,"missed":null,"data":{"animal":"dog"}}]}}',1);
INSERT INTO "event" VALUES(3,X'01A2029BA42D7242B69A33A081363632',1,1,'task.analysed','700001',1795340084269,1795340084269,0,0,'vote',X'01A2029BA42374008ACA4D8948B04766',1,0,NULL,'{"answer":"cat","votes":2,"total":3,"agreement":0.6666666666666666,"tie":false,"decided":true,"reason":"2 of 3 answers agree","tied":[],"tally":[{"value":"cat","votes":2,"weight":2.0},{"value":"dog","votes":1,"weight":1.0}],"revision":1,"previous":null,"answers":[{"id":"7000010","worker":"100","value":{"animal":"cat"},"counted":true,"weight":1.0,"agrees":true,"why_not":null},{"id":"7000011","worker":"101","value":{"animal":"cat"},"counted":true,"weight":1.0,"agrees":true,"why_not":null},{"id":"7000012","worker":"102","value":{"animal":"dog"},"counted":true,"weight":1.0,"agrees":false,"why_not":null}],"answers_left_out":0}',0);
INSERT INTO "event" VALUES(4,X'01A2029BA42F71E0B2BE6D10D52E0BD2',1,1,'task.analysed','700002',1795340084271,1795340084271,0,0,'vote',X'01A2029BA429741B9DB6C5E748428857',1,0,NULL,'{"answer":"cat","votes":2,"total":3,"agreement":0.6666666666666666,"tie":false,"decided":true,"reason":"2 of 3 answers agree","tied":[],"tally":[{"value":"cat","votes":2,"weight":2.0},{"value":"dog","votes":1,"weight":1.0}],"revision":1,"previous":null,"answers":[{"id":"7000020","worker":"100","value":{"animal":"cat"},"counted":true,"weight":1.0,"agrees":true,"why_not":null},{"id":"7000021","worker":"101","value":{"animal":"cat"},"counted":true,"weight":1.0,"agrees":true,"why_not":null},{"id":"7000022","worker":"102","value":{"animal":"dog"},"counted":true,"weight":1.0,"agrees":false,"why_not":null}],"answers_left_out":0}',0);
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
INSERT INTO "invocation" VALUES(1,3,3,0,0,0,1795340659241,1,0,0,NULL);
INSERT INTO "invocation" VALUES(2,6,3,0,0,0,1795340553236,1,0,0,NULL);
CREATE TABLE newest (
    project INTEGER NOT NULL,
    task TEXT NOT NULL,
    kind TEXT NOT NULL,
    freshness TEXT NOT NULL,
    PRIMARY KEY (project, task, kind)
) WITHOUT ROWID;
CREATE TABLE once (
    scope INTEGER NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE TABLE project (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
INSERT INTO "project" VALUES(1,'cats');
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
INSERT INTO "run" VALUES(1,1,3,0,1,2,1795340084267,0,0,'retry','attempt 1 was too early',NULL,NULL);
INSERT INTO "run" VALUES(1,2,1,1,3,4,1795340084266,2,0,'ok','',NULL,'{"state":{"verdict/700001":null}}');
INSERT INTO "run" VALUES(1,3,2,0,5,2,1795340084268,0,0,'rejected','event 01a2029b-a423-7400-8aca-4d8948b04766 makes no sense',NULL,NULL);
INSERT INTO "run" VALUES(2,4,1,1,3,4,1795340084269,1,0,'ok','',NULL,'{"state":{"verdict/700002":null}}');
INSERT INTO "run" VALUES(2,5,3,0,1,2,1795340084270,0,0,'retry','attempt 1 was too early',NULL,NULL);
INSERT INTO "run" VALUES(2,6,2,0,5,2,1795340084271,0,0,'rejected','event 01a2029b-a429-741b-9db6-c5e748428857 makes no sense',NULL,NULL);
INSERT INTO "run" VALUES(3,7,4,1,6,2,1795340084273,0,0,'ok','',NULL,NULL);
INSERT INTO "run" VALUES(4,8,4,1,6,2,1795340084274,0,0,'ok','',NULL,NULL);
CREATE TABLE scope (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    plugin TEXT NOT NULL,
    state_bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (project, plugin)
);
INSERT INTO "scope" VALUES(1,1,'vote',160);
INSERT INTO "scope" VALUES(2,1,'rejects',0);
INSERT INTO "scope" VALUES(3,1,'retries',0);
INSERT INTO "scope" VALUES(4,1,'counts',30);
CREATE TABLE seen (
    project INTEGER NOT NULL,
    key NOT NULL,
    event BLOB NOT NULL,
    PRIMARY KEY (project, key)
) WITHOUT ROWID;
INSERT INTO "seen" VALUES(1,'task.completed/000000004242/000000700001/4170ea99a03022147dfdd8d7233e12cce8c8fc0a',X'01A2029BA42374008ACA4D8948B04766');
INSERT INTO "seen" VALUES(1,'task.completed/000000004242/000000700002/4309ca64b7f9b6e7ab1a85361788da732548a9f9',X'01A2029BA429741B9DB6C5E748428857');
CREATE TABLE snapshot (
    root BLOB NOT NULL,
    generation INTEGER NOT NULL,
    content INTEGER NOT NULL,
    PRIMARY KEY (root, generation)
) WITHOUT ROWID;
CREATE TABLE state (
    scope INTEGER NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;
INSERT INTO "state" VALUES(1,'verdict/700001',1,'{"revision":1,"answer":"cat","decided":true,"tie":false,"tied":{}}');
INSERT INTO "state" VALUES(1,'verdict/700002',2,'{"revision":1,"answer":"cat","decided":true,"tie":false,"tied":{}}');
INSERT INTO "state" VALUES(4,'count',5,'2');
INSERT INTO "state" VALUES(4,'task/700001',4,'1');
INSERT INTO "state" VALUES(4,'task/700002',6,'1');
CREATE TABLE task_result (
    project INTEGER NOT NULL,
    task TEXT NOT NULL,
    revision INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    event INTEGER NOT NULL,
    info NOT NULL,
    PRIMARY KEY (project, task, revision)
) WITHOUT ROWID;
INSERT INTO "task_result" VALUES(1,'700001',1,1,1,'{"summary":{"count":3,"unique":2,"top":"cat","freq":2},"analysis":{"cat":2,"dog":1},"answer":"cat","votes":2,"total":3,"agreement":0.6666666666666666,"tie":false,"decided":true,"reason":"2 of 3 answers agree","tied":[],"revision":1}');
INSERT INTO "task_result" VALUES(1,'700002',1,1,2,'{"summary":{"count":3,"unique":2,"top":"cat","freq":2},"analysis":{"cat":2,"dog":1},"answer":"cat","votes":2,"total":3,"agreement":0.6666666666666666,"tie":false,"decided":true,"reason":"2 of 3 answers agree","tied":[],"revision":1}');
CREATE TABLE version (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE
);
INSERT INTO "version" VALUES(1,'a8c41d17003c939827de1506434846a3b05fdc1f7f31450a6e2d47a8ca9ddd67');
INSERT INTO "version" VALUES(2,'44136fa355b3');
INSERT INTO "version" VALUES(3,'b53a05a7c1cfacabfd58cd38e5408e58e50f7868154b36f754d5c98dbeb08137');
INSERT INTO "version" VALUES(4,'4663464e5612');
INSERT INTO "version" VALUES(5,'d45d07afecec2b6f43c0919fcfd66ccc49c02b3b2bbe4f47ca5fc88b616d2ac7');
INSERT INTO "version" VALUES(6,'9936fe761cdb68ce834aca8a1f791714ca423d9d771f3103eee32c73c2126c9a');
CREATE UNIQUE INDEX event_uuid ON event (uuid);
CREATE INDEX delivery_saves ON delivery (project, task) WHERE saves = 1;
COMMIT;
PRAGMA user_version = 1;
