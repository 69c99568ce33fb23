-- Group sessions: people in a chat who make pictures together.
CREATE TABLE sessions (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    chat        TEXT NOT NULL,              -- key: where it was opened, and its board is
    chat_group  INTEGER NOT NULL,           -- 1: several people read it
    place       TEXT NOT NULL,              -- key: where it is played; there, or in a thread
    kind        TEXT NOT NULL,
    phase       TEXT NOT NULL CHECK (phase IN ('open', 'closing', 'closed')),
    state       TEXT NOT NULL,              -- JSON: all else
    due_at      REAL,                       -- when its next timer runs out; NULL: there is none
    wants       INTEGER NOT NULL DEFAULT 0, -- exhibits that are still to be put together
    away_at     REAL,                       -- when the bot was put out of the chat; NULL: it is there
    board       TEXT,                       -- the platform's id of its board; NULL: not sent yet
    changes     INTEGER NOT NULL DEFAULT 0, -- of all this
    framed      INTEGER NOT NULL DEFAULT 0, -- 1: the board is pinned and its place opened, or never will be
    opened_at   REAL NOT NULL,
    closed_at   REAL
) STRICT;

-- One of a kind at a time.
CREATE UNIQUE INDEX sessions_open ON sessions (chat, kind) WHERE phase = 'open';
CREATE INDEX sessions_by_place ON sessions (place) WHERE phase = 'open';
CREATE INDEX sessions_apart ON sessions (place) WHERE place <> chat;
CREATE INDEX sessions_due ON sessions (due_at, id) WHERE due_at IS NOT NULL AND away_at IS NULL;
CREATE INDEX sessions_wanting ON sessions (id) WHERE wants > 0;
CREATE INDEX sessions_resting ON sessions (chat) WHERE away_at IS NOT NULL;
CREATE INDEX sessions_shown ON sessions (id, changes) WHERE board IS NOT NULL;
CREATE INDEX sessions_over ON sessions (chat, id) WHERE phase = 'closed';

-- What has happened in it, each in the transaction in which it did.
CREATE TABLE turns (
    session_id  INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL,           -- from 1
    at          REAL NOT NULL,
    turn        TEXT NOT NULL,              -- JSON
    PRIMARY KEY (session_id, number)
) STRICT, WITHOUT ROWID;

-- Its messages: who answers one of them speaks to it.
CREATE TABLE session_messages (
    chat        TEXT NOT NULL,              -- key
    message     TEXT NOT NULL,              -- the platform's id
    session_id  INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    PRIMARY KEY (chat, message)
) STRICT, WITHOUT ROWID;

CREATE INDEX session_messages_of ON session_messages (session_id);

-- What was won in a chat.
CREATE TABLE scores (
    session_id  INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    chat        TEXT NOT NULL,              -- key
    kind        TEXT NOT NULL,
    user        TEXT NOT NULL,              -- key
    name        TEXT NOT NULL,
    points      INTEGER NOT NULL,
    at          REAL NOT NULL,
    PRIMARY KEY (session_id, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX scores_of ON scores (chat, kind, at);

ALTER TABLE jobs ADD COLUMN session_id INTEGER;                 -- the session that it is of; no quota counts it
ALTER TABLE jobs ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;    -- by which that knows it
ALTER TABLE jobs ADD COLUMN held INTEGER NOT NULL DEFAULT 0;    -- 1: its words and pictures are kept back
ALTER TABLE artworks ADD COLUMN held INTEGER NOT NULL DEFAULT 0;    -- 1: nobody finds it yet
ALTER TABLE outbox ADD COLUMN session_id INTEGER;               -- the session that says it
ALTER TABLE outbox ADD COLUMN board INTEGER NOT NULL DEFAULT 0; -- 1: it is the board of that

CREATE INDEX jobs_by_session ON jobs (session_id, mark) WHERE session_id IS NOT NULL;
