-- Incoming updates as the platform sent them, kept before the platform is told that they arrived.
CREATE TABLE updates (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    platform    TEXT NOT NULL,
    update_id   TEXT NOT NULL,              -- the platform's own; a second one is a repeat
    body        BLOB NOT NULL,              -- emptied when handled: words are not kept longer than needed
    received_at REAL NOT NULL,              -- seconds since the epoch, UTC, as all times here
    attempts    INTEGER NOT NULL DEFAULT 0,
    handled_at  REAL,
    UNIQUE (platform, update_id)
) STRICT;

CREATE INDEX updates_waiting ON updates (id) WHERE handled_at IS NULL;
CREATE INDEX updates_handled ON updates (handled_at) WHERE handled_at IS NOT NULL;

-- One row per accepted request. A job's state is the station it has reached.
CREATE TABLE jobs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    user        TEXT NOT NULL,              -- key, "telegram:123"
    user_name   TEXT NOT NULL,
    chat        TEXT NOT NULL,              -- key, "telegram:-456"
    chat_group  INTEGER NOT NULL,           -- 1: several people read it
    reply_to    TEXT NOT NULL,              -- message id on the platform
    state       TEXT NOT NULL DEFAULT 'queued'
                CHECK (state IN ('queued', 'drawing', 'drawn', 'delivered', 'failed', 'cancelled')),
    request     TEXT NOT NULL,              -- JSON
    cost        REAL NOT NULL,              -- steps × megapixels, all pictures together
    attempts    INTEGER NOT NULL DEFAULT 0, -- claims; with the id it names one attempt
    failures    INTEGER NOT NULL DEFAULT 0, -- attempts that ended in an error worth another attempt
    created_at  REAL NOT NULL,
    claimed_at  REAL,                       -- by the last attempt
    drawn_at    REAL,
    ended_at    REAL
) STRICT;

CREATE INDEX jobs_queued ON jobs (chat, user, id) WHERE state = 'queued';
CREATE INDEX jobs_by_state ON jobs (state, id);
CREATE INDEX jobs_by_user ON jobs (user, id);

-- Fair turns by cost (virtual token counter, OSDI'24). Three views of the open jobs, each kept in
-- the transaction that changes a job, so that the next job is found by two index look-ups.
CREATE TABLE people (
    user        TEXT PRIMARY KEY,
    served      REAL NOT NULL DEFAULT 0,    -- the counter: cost of all that was drawn for them, lifted on return
    waiting     INTEGER NOT NULL DEFAULT 0, -- jobs
    backlog     REAL NOT NULL DEFAULT 0,    -- cost of the waiting jobs
    drawing     INTEGER NOT NULL DEFAULT 0  -- jobs
) STRICT, WITHOUT ROWID;

CREATE INDEX people_waiting ON people (served) WHERE waiting > 0;

-- One lane for each person who waits in a chat.
CREATE TABLE lanes (
    chat        TEXT NOT NULL,
    user        TEXT NOT NULL,
    head        INTEGER NOT NULL,           -- the oldest waiting job
    served      REAL NOT NULL,              -- the person's counter
    open        INTEGER NOT NULL,           -- 1: the person is below the limit of jobs drawn at once
    PRIMARY KEY (chat, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX lanes_open ON lanes (chat, served, head) WHERE open = 1;
CREATE INDEX lanes_by_user ON lanes (user);
CREATE INDEX lanes_by_served ON lanes (served);

CREATE TABLE rooms (
    chat        TEXT PRIMARY KEY,
    waiting     INTEGER NOT NULL DEFAULT 0,
    drawing     INTEGER NOT NULL DEFAULT 0,
    best        REAL,                       -- least counter among its open lanes; NULL: nobody's turn here
    head        INTEGER                     -- and that lane's oldest job
) STRICT, WITHOUT ROWID;

CREATE INDEX rooms_open ON rooms (best, head) WHERE best IS NOT NULL;

-- The counter of whoever was served last: where a newcomer starts when nobody waits.
CREATE TABLE level (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    served      REAL NOT NULL
) STRICT;

INSERT INTO level (one, served) VALUES (1, 0);

CREATE TABLE artworks (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id      INTEGER NOT NULL REFERENCES jobs (id),
    number      INTEGER NOT NULL,           -- which picture of the job, from 0
    recipe      TEXT NOT NULL,              -- JSON; makes the picture again
    path        TEXT NOT NULL,              -- below the data folder
    sha256      TEXT NOT NULL,
    owner       TEXT NOT NULL,              -- key of a user
    made_at     REAL NOT NULL,
    UNIQUE (job_id, number)
) STRICT;

CREATE INDEX artworks_by_owner ON artworks (owner, id);

-- Replies on their way out.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    chat        TEXT NOT NULL,
    chat_group  INTEGER NOT NULL,
    job_id      INTEGER REFERENCES jobs (id),
    reply       TEXT NOT NULL,              -- JSON; artworks by id
    last        INTEGER NOT NULL,           -- 1: the job ends with it
    state       TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'sending', 'sent', 'failed')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    due_at      REAL NOT NULL,              -- not before
    created_at  REAL NOT NULL,
    sent_at     REAL
) STRICT;

CREATE INDEX outbox_open ON outbox (chat, id) WHERE state IN ('new', 'sending');
CREATE INDEX outbox_by_job ON outbox (job_id);
