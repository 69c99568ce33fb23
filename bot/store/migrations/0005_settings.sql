-- What people and chats want when they say nothing.
CREATE TABLE settings (
    who         TEXT PRIMARY KEY,           -- key of a user or a chat
    settings    TEXT NOT NULL               -- JSON
) STRICT, WITHOUT ROWID;
