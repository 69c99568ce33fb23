-- What the engine has spent on a job, seconds; for quotas.
ALTER TABLE jobs ADD COLUMN seconds REAL NOT NULL DEFAULT 0;

CREATE INDEX jobs_by_user_and_time ON jobs (user, created_at);
CREATE INDEX jobs_by_chat_and_time ON jobs (chat, created_at);
CREATE INDEX jobs_open ON jobs (user, id) WHERE state IN ('queued', 'drawing');
