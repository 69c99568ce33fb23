-- Pages, search, favourites and keeping of artworks.
ALTER TABLE artworks ADD COLUMN chat TEXT NOT NULL DEFAULT '';      -- key: where it was asked for
ALTER TABLE artworks ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;   -- of its files; 0: not weighed yet

UPDATE artworks SET chat = (SELECT chat FROM jobs WHERE jobs.id = job_id);

CREATE INDEX artworks_by_chat ON artworks (chat);
CREATE INDEX artworks_by_parent ON artworks (parent_id) WHERE parent_id IS NOT NULL;
-- Which row names a file. The path is empty where it follows from the hash.
CREATE INDEX artworks_by_hash ON artworks (substr(sha256, 1, 12));

-- What a job that is removed, and an image that was handed in, would be missed by.
CREATE INDEX jobs_by_parent ON jobs (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX messages_by_job ON messages (job_id);
CREATE INDEX jobs_by_source ON jobs (json_extract(request, '$.source'))
    WHERE json_extract(request, '$.source') > '';
CREATE INDEX jobs_by_mask ON jobs (json_extract(request, '$.mask'))
    WHERE json_extract(request, '$.mask') > '';
CREATE INDEX outbox_over ON outbox (created_at) WHERE state IN ('sent', 'failed');

CREATE TABLE favourites (
    user        TEXT NOT NULL,              -- key
    artwork_id  INTEGER NOT NULL REFERENCES artworks (id) ON DELETE CASCADE,
    at          REAL NOT NULL,
    PRIMARY KEY (user, artwork_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX favourites_of ON favourites (artwork_id);

-- Words of prompts, and of whom and where each is. No text is kept here, only which words occur;
-- the words come parted by spaces (bot/store/search.py).
CREATE VIRTUAL TABLE search USING fts5 (
    words, content = '', detail = none, columnsize = 0, tokenize = 'ascii', prefix = '1 2'
);

CREATE TABLE gallery (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    bytes       INTEGER NOT NULL,           -- of the files of all artworks
    unread      INTEGER NOT NULL,           -- artworks up to this id are not in the index yet
    reading     TEXT NOT NULL               -- how words are told apart in it
) STRICT;

INSERT INTO gallery (one, bytes, unread, reading) SELECT 1, 0, coalesce(max(id), 0), '' FROM artworks;

CREATE TRIGGER artworks_come AFTER INSERT ON artworks BEGIN
    UPDATE gallery SET bytes = bytes + new.bytes;
END;
CREATE TRIGGER artworks_go AFTER DELETE ON artworks BEGIN
    UPDATE gallery SET bytes = bytes - old.bytes;
END;
CREATE TRIGGER artworks_weighed AFTER UPDATE OF bytes ON artworks BEGIN
    UPDATE gallery SET bytes = bytes - old.bytes + new.bytes;
END;
