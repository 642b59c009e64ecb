-- A store of schema 5, as the migration of the one of schema 4 leaves it: how much memory the runs before it had is not known.
BEGIN TRANSACTION;
CREATE TABLE agreement (
    project INTEGER NOT NULL,
    decided INTEGER NOT NULL,
    tenth INTEGER NOT NULL,
    tasks INTEGER NOT NULL,
    PRIMARY KEY (project, decided, tenth)
) WITHOUT ROWID;
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
CREATE TABLE counted (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    event INTEGER NOT NULL
);
INSERT INTO "counted" VALUES(1,0);
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
INSERT INTO "counter" VALUES(1,4,12,2,6,12,2,0,0);
CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY,
    event INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    died_at INTEGER NOT NULL,
    reason TEXT NOT NULL
, generation INTEGER NOT NULL DEFAULT 0);
INSERT INTO "dead_letter" VALUES(1,1,2,1,1795340143056,'event 01a2029c-89cc-70d7-8494-26a89a6932ae makes no sense',0);
INSERT INTO "dead_letter" VALUES(2,3,2,1,1795340143057,'event 01a2029c-89cf-7287-832f-0756bcf0b04b makes no sense',0);
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
, once TEXT, in_doubt INTEGER NOT NULL DEFAULT 1, replays INTEGER NOT NULL DEFAULT 0);
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
, once TEXT, in_doubt INTEGER NOT NULL DEFAULT 0, replays INTEGER NOT NULL DEFAULT 0, yields INTEGER NOT NULL DEFAULT 0);
INSERT INTO "delivery" VALUES(1,X'01A2029C89D27599B4108E8DA6246AA5',1,4,'posts','700001',0,'{"effect":"send-request","connection":"posts","request":{"method":"POST","path":"/api/v1/statuses","headers":[["content-type","application/json"]],"body":"{\"status\":\"cat\"}"}}',X'01A2029C89CE7752A4D114F6F8641D04',2,1795340148386,1795340143058,'`posts` cannot be reached: Connection refused (os error 111)','tweet/700001',0,0,0);
INSERT INTO "delivery" VALUES(2,X'01A2029C89D473B6AD828B3DFF1DB451',1,4,'posts','700002',0,'{"effect":"send-request","connection":"posts","request":{"method":"POST","path":"/api/v1/statuses","headers":[["content-type","application/json"]],"body":"{\"status\":\"cat\"}"}}',X'01A2029C89D1737CB5841644C0D2743D',2,1795340148396,1795340143060,'`posts` cannot be reached: Connection refused (os error 111)','tweet/700002',0,0,0);
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
INSERT INTO "event" VALUES(1,X'01A2029C89CC70D7849426A89A6932AE',1,1,'task.completed','700001',1795340143052,1795340143052,0,0,NULL,NULL,0,0,'task.completed/000000004242/000000700001/4170ea99a03022147dfdd8d7233e12cce8c8fc0a','{"id":700001,"job_id":4242,"data":{"url":"700001.jpg"},"judgments_count":3,"state":"finalized","agreement":1.0,"results":{"judgments":[{"id":7000010,"worker_id":100,"trust":0.9,"tainted":false,"country":"CHE","created_at":"2026-11-21T19:00:00+00:00","unit_id":700001,"job_id":4242,"rejected":null,"golden":false,"missed":null,"data":{"animal":"cat"}},{"id":7000011,"worker_id":101,"trust":0.9,"tainted":false,"country":"CHE","created_at":"2026-11-21T19:00:00+00:00","unit_id":700001,"job_id":4242,"rejected":null,"golden":false,"missed":null,"data":{"animal":"cat"}},{"id":7000012,"worker_id":102,"trust":0.9,"tainted":false,"country":"CHE","created_at":"2026-11-21T19:00:00+00:00","unit_id":700001,"job_id":4242,"rejected":null,"golden":false,"missed":null,"data":{"animal":"dog"}}]}}',1);
INSERT INTO "event" VALUES(2,X'01A2029C89CE7752A4D114F6F8641D04',1,1,'task.analysed','700001',1795340143054,1795340143054,0,0,'vote',X'01A2029C89CC70D7849426A89A6932AE',1,0,NULL,'{"answer":"cat","votes":2,"total":3,"agreement":0.6666666666666666,"tie":false,"decided":true,"reason":"2 of 3 answers agree","tied":[],"tally":[{"value":"cat","votes":2,"weight":2.0},{"value":"dog","votes":1,"weight":1.0}],"revision":1,"previous":null,"answers":[{"id":"7000010","worker":"100","value":{"animal":"cat"},"counted":true,"weight":1.0,"agrees":true,"why_not":null},{"id":"7000011","worker":"101","value":{"animal":"cat"},"counted":true,"weight":1.0,"agrees":true,"why_not":null},{"id":"7000012","worker":"102","value":{"animal":"dog"},"counted":true,"weight":1.0,"agrees":false,"why_not":null}],"answers_left_out":0}',0);
INSERT INTO "event" VALUES(3,X'01A2029C89CF7287832F0756BCF0B04B',1,1,'task.completed','700002',1795340143055,1795340143055,0,0,NULL,NULL,0,0,'task.completed/000000004242/000000700002/4309ca64b7f9b6e7ab1a85361788da732548a9f9','{"id":700002,"job_id":4242,"data":{"url":"700002.jpg"},"judgments_count":3,"state":"finalized","agreement":1.0,"results":{"judgments":[{"id":7000020,"worker_id":100,"trust":0.9,"tainted":false,"country":"CHE","created_at":"2026-11-21T19:00:00+00:00","unit_id":700002,"job_id":4242,"rejected":null,"golden":false,"missed":null,"data":{"animal":"cat"}},{"id":7000021,"worker_id":101,"trust":0.9,"tainted":false,"country":"CHE","created_at":"2026-11-21T19:00:00+00:00","unit_id":700002,"job_id":4242,"rejected":null,"golden":false,"missed":null,"data":{"animal":"cat"}},{"id":7000022,"worker_id":102,"trust":0.9,"tainted":false,"country":"CHE","created_at":"2026-11-21T19:00:00+00:00","unit_id":700002,"job_id":4242,"rejected":null,"golden":false,"missed":null,"data":{"animal":"dog"}}]}}',1);
INSERT INTO "event" VALUES(4,X'01A2029C89D1737CB5841644C0D2743D',1,1,'task.analysed','700002',1795340143057,1795340143057,0,0,'vote',X'01A2029C89CF7287832F0756BCF0B04B',1,0,NULL,'{"answer":"cat","votes":2,"total":3,"agreement":0.6666666666666666,"tie":false,"decided":true,"reason":"2 of 3 answers agree","tied":[],"tally":[{"value":"cat","votes":2,"weight":2.0},{"value":"dog","votes":1,"weight":1.0}],"revision":1,"previous":null,"answers":[{"id":"7000020","worker":"100","value":{"animal":"cat"},"counted":true,"weight":1.0,"agrees":true,"why_not":null},{"id":"7000021","worker":"101","value":{"animal":"cat"},"counted":true,"weight":1.0,"agrees":true,"why_not":null},{"id":"7000022","worker":"102","value":{"animal":"dog"},"counted":true,"weight":1.0,"agrees":false,"why_not":null}],"answers_left_out":0}',0);
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
INSERT INTO "invocation" VALUES(1,3,3,0,0,0,1795340606970,1,0,0,NULL);
INSERT INTO "invocation" VALUES(3,9,3,0,0,0,1795340613029,1,0,0,NULL);
CREATE TABLE mark (
    project INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (project, name)
) WITHOUT ROWID;
INSERT INTO "mark" VALUES(1,'prune','2');
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
INSERT INTO "once" VALUES(4,'tweet/700001');
INSERT INTO "once" VALUES(4,'tweet/700002');
CREATE TABLE project (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
INSERT INTO "project" VALUES(1,'cats');
CREATE TABLE quarantine (
    scope INTEGER PRIMARY KEY,
    since INTEGER NOT NULL,
    component TEXT,
    settings TEXT,
    reason TEXT NOT NULL
);
INSERT INTO "quarantine" VALUES(2,1795340143999,NULL,NULL,'ended in a trap ten times in a row');
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
    memory_bytes INTEGER,
    PRIMARY KEY (event, id)
) WITHOUT ROWID;
INSERT INTO "run" VALUES(1,1,1,1,1,2,1795340143053,0,0,'ok','',NULL,'{"state":{"verdict/700001":null}}',NULL);
INSERT INTO "run" VALUES(1,2,2,0,3,4,1795340143054,0,0,'rejected','event 01a2029c-89cc-70d7-8494-26a89a6932ae makes no sense',NULL,NULL,NULL);
INSERT INTO "run" VALUES(1,3,3,0,5,4,1795340143054,0,0,'retry','attempt 1 was too early',NULL,NULL,NULL);
INSERT INTO "run" VALUES(1,4,4,1,6,7,1795340143054,0,0,'ok','',NULL,NULL,NULL);
INSERT INTO "run" VALUES(2,9,5,1,8,4,1795340143056,0,0,'ok','',NULL,NULL,NULL);
INSERT INTO "run" VALUES(2,10,4,1,6,7,1795340143056,0,0,'ok','',NULL,NULL,NULL);
INSERT INTO "run" VALUES(3,5,1,1,1,2,1795340143056,0,0,'ok','',NULL,'{"state":{"verdict/700002":null}}',NULL);
INSERT INTO "run" VALUES(3,6,2,0,3,4,1795340143057,0,0,'rejected','event 01a2029c-89cf-7287-832f-0756bcf0b04b makes no sense',NULL,NULL,NULL);
INSERT INTO "run" VALUES(3,7,3,0,5,4,1795340143057,0,0,'retry','attempt 1 was too early',NULL,NULL,NULL);
INSERT INTO "run" VALUES(3,8,4,1,6,7,1795340143057,0,0,'ok','',NULL,NULL,NULL);
INSERT INTO "run" VALUES(4,11,5,1,8,4,1795340143057,0,0,'ok','',NULL,NULL,NULL);
INSERT INTO "run" VALUES(4,12,4,1,6,7,1795340143058,0,0,'ok','',NULL,NULL,NULL);
CREATE TABLE sample (
    minute INTEGER PRIMARY KEY,
    events INTEGER NOT NULL,
    runs INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    deliveries_waiting INTEGER NOT NULL,
    dead INTEGER NOT NULL
);
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
INSERT INTO "scope" VALUES(4,1,'tweet',0);
INSERT INTO "scope" VALUES(5,1,'counts',30);
CREATE TABLE seen (
    project INTEGER NOT NULL,
    key NOT NULL,
    event BLOB NOT NULL,
    PRIMARY KEY (project, key)
) WITHOUT ROWID;
INSERT INTO "seen" VALUES(1,'task.completed/000000004242/000000700001/4170ea99a03022147dfdd8d7233e12cce8c8fc0a',X'01A2029C89CC70D7849426A89A6932AE');
INSERT INTO "seen" VALUES(1,'task.completed/000000004242/000000700002/4309ca64b7f9b6e7ab1a85361788da732548a9f9',X'01A2029C89CF7287832F0756BCF0B04B');
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
INSERT INTO "state" VALUES(5,'count',5,'2');
INSERT INTO "state" VALUES(5,'task/700001',4,'1');
INSERT INTO "state" VALUES(5,'task/700002',6,'1');
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
INSERT INTO "task_result" VALUES(1,'700002',1,1,3,'{"summary":{"count":3,"unique":2,"top":"cat","freq":2},"analysis":{"cat":2,"dog":1},"answer":"cat","votes":2,"total":3,"agreement":0.6666666666666666,"tie":false,"decided":true,"reason":"2 of 3 answers agree","tied":[],"revision":1}');
CREATE TABLE version (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE
);
INSERT INTO "version" VALUES(1,'b53a05a7c1cfacabfd58cd38e5408e58e50f7868154b36f754d5c98dbeb08137');
INSERT INTO "version" VALUES(2,'4663464e5612');
INSERT INTO "version" VALUES(3,'d45d07afecec2b6f43c0919fcfd66ccc49c02b3b2bbe4f47ca5fc88b616d2ac7');
INSERT INTO "version" VALUES(4,'44136fa355b3');
INSERT INTO "version" VALUES(5,'a8c41d17003c939827de1506434846a3b05fdc1f7f31450a6e2d47a8ca9ddd67');
INSERT INTO "version" VALUES(6,'14b4f5ac1efc390e11247978466ddb5be99d2bb2dfa15d13e86fed6d5c1aedb4');
INSERT INTO "version" VALUES(7,'025b1bc7f37c');
INSERT INTO "version" VALUES(8,'9936fe761cdb68ce834aca8a1f791714ca423d9d771f3103eee32c73c2126c9a');
CREATE TABLE worker (
    project INTEGER NOT NULL,
    worker TEXT NOT NULL,
    answers INTEGER NOT NULL,
    agreeing INTEGER NOT NULL,
    PRIMARY KEY (project, worker)
) WITHOUT ROWID;
CREATE UNIQUE INDEX event_uuid ON event (uuid);
CREATE INDEX delivery_saves ON delivery (project, task) WHERE saves = 1;
CREATE INDEX delivery_event ON delivery (event);
CREATE INDEX delivered_event ON delivered (event);
CREATE INDEX badge_project ON badge (project, id);
CREATE INDEX dead_letter_event ON dead_letter (event, scope);
CREATE INDEX delivered_dead ON delivered (id) WHERE ending = 2;
CREATE INDEX snapshot_content ON snapshot (content);
CREATE INDEX event_root ON event (root) WHERE root IS NOT NULL;
CREATE INDEX event_project ON event (project);
CREATE INDEX event_task ON event (project, task) WHERE task IS NOT NULL;
CREATE INDEX delivery_uuid ON delivery (uuid);
CREATE INDEX delivered_uuid ON delivered (uuid);
CREATE INDEX analysed_event ON analysed (project, event);
COMMIT;
PRAGMA user_version = 5;
