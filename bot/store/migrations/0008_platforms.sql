-- What platforms know of what they were sent, and chats that go on under another id.

-- Files of artworks that a platform has already.
CREATE TABLE uploads (
    platform    TEXT NOT NULL,
    sha256      TEXT NOT NULL,              -- of the artwork's file
    reference   TEXT NOT NULL,              -- by which the platform knows it
    at          REAL NOT NULL,              -- when it last got it
    PRIMARY KEY (platform, sha256)
) STRICT, WITHOUT ROWID;

CREATE INDEX uploads_by_hash ON uploads (sha256);

-- Whatever removes an artwork, nothing leads to its copies any more.
CREATE TRIGGER artworks_let_go AFTER DELETE ON artworks BEGIN
    DELETE FROM uploads WHERE sha256 = old.sha256 AND NOT EXISTS (
        SELECT 1 FROM artworks
        WHERE substr(sha256, 1, 12) = substr(old.sha256, 1, 12) AND sha256 = old.sha256
    );
END;

-- The chat that an artwork was entered into the index of words for, if that has moved since: the
-- index has to be told what it was told, and a search of a chat asks for those before, too.
ALTER TABLE artworks ADD COLUMN entered_for TEXT;                -- key; NULL: its chat

CREATE INDEX artworks_by_entry ON artworks (chat, entered_for) WHERE entered_for IS NOT NULL;
