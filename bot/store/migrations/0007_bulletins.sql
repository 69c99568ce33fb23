-- A job's own message, edited until its end, and results that go out together.
ALTER TABLE outbox ADD COLUMN kind TEXT NOT NULL DEFAULT 'says'  -- opens: the job's own message; closes: its last edit
    CHECK (kind IN ('says', 'opens', 'closes'));
ALTER TABLE outbox ADD COLUMN message TEXT;                      -- of what opens: the platform's id
ALTER TABLE outbox ADD COLUMN pictured INTEGER NOT NULL DEFAULT 0;  -- of what opens: 1 if it bears a picture
ALTER TABLE outbox ADD COLUMN fold INTEGER;                      -- the first of the results that this went out with
