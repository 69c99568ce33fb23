-- Who has spoken to the bot, so that an operator can name them.
CREATE TABLE names (
    user        TEXT PRIMARY KEY,           -- key
    name        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX names_by_name ON names (name);

INSERT INTO names (user, name)
    SELECT user, user_name FROM (SELECT user, user_name, max(id) FROM jobs GROUP BY user)
    WHERE user_name <> '';

-- Limits that operators have set, over the config.
CREATE TABLE allowances (
    kind        TEXT NOT NULL CHECK (kind IN ('person', 'chat', 'role')),
    who         TEXT NOT NULL,              -- key of a person or a chat, or name of a role
    what        TEXT NOT NULL CHECK (what IN ('pictures', 'seconds', 'cooldown_s')),
    day         REAL NOT NULL,              -- when the one day begins for which it holds; -1: for good
    amount      REAL NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (kind, who, what, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE bans (
    user        TEXT PRIMARY KEY,           -- key
    reason      TEXT NOT NULL,
    at          REAL NOT NULL,
    until       REAL,                       -- NULL: until it is lifted
    told_at     REAL                        -- when they were last told
) STRICT, WITHOUT ROWID;

-- Where nothing new is drawn.
CREATE TABLE pauses (
    scope       TEXT PRIMARY KEY,           -- key of a chat; '': everywhere
    reason      TEXT NOT NULL,
    at          REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- What operators did.
CREATE TABLE acts (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    user        TEXT NOT NULL,              -- key of the operator
    name        TEXT NOT NULL,
    chat        TEXT NOT NULL,              -- where it was said
    command     TEXT NOT NULL,
    whom        TEXT NOT NULL,              -- key of the person that it was done to; '': none
    detail      TEXT NOT NULL,
    at          REAL NOT NULL
) STRICT;

-- How many requests were refused, by the name of the error.
CREATE TABLE refusals (
    error       TEXT PRIMARY KEY,
    count       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Pictures of one's own day that were given to a chat, in shares that were drawn by lot.
CREATE TABLE gifts (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    user        TEXT NOT NULL,              -- key of the giver
    name        TEXT NOT NULL,
    chat        TEXT NOT NULL,
    pictures    INTEGER NOT NULL CHECK (pictures > 0),
    at          REAL NOT NULL,
    expires_at  REAL NOT NULL               -- what is not taken by then is the giver's again
) STRICT;

CREATE INDEX gifts_by_giver ON gifts (user, at);
CREATE INDEX gifts_by_end ON gifts (user, expires_at);

CREATE TABLE shares (
    gift_id     INTEGER NOT NULL REFERENCES gifts (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL,           -- in the order in which they are taken
    pictures    INTEGER NOT NULL CHECK (pictures > 0),
    taken       INTEGER NOT NULL DEFAULT 0,
    user        TEXT,                       -- key of who took it; NULL: nobody yet, or nobody known
    name        TEXT NOT NULL DEFAULT '',
    at          REAL,
    PRIMARY KEY (gift_id, number)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX shares_once ON shares (gift_id, user) WHERE user IS NOT NULL;
CREATE INDEX shares_by_taker ON shares (user, at) WHERE user IS NOT NULL;
