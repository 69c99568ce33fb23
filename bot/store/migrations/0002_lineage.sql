-- What a job was derived from, and so what its pictures come from.
ALTER TABLE jobs ADD COLUMN parent_id INTEGER REFERENCES jobs (id);
ALTER TABLE jobs ADD COLUMN parent_number INTEGER;  -- which picture of it, from 0; NULL: no one in particular
ALTER TABLE artworks ADD COLUMN parent_id INTEGER REFERENCES artworks (id);

-- Our messages that are about a job: what a reply to one of them is about.
CREATE TABLE messages (
    chat        TEXT NOT NULL,
    message     TEXT NOT NULL,              -- the platform's id
    job_id      INTEGER NOT NULL REFERENCES jobs (id),
    number      INTEGER,                    -- the one picture of the job that it shows, from 0; NULL: all, or none
    PRIMARY KEY (chat, message)
) STRICT, WITHOUT ROWID;

CREATE INDEX jobs_by_message ON jobs (chat, reply_to);
