-- What was asked for under an idempotency key, and what was answered: a repeat gets the same for a day.
CREATE TABLE requests (
  idempotency_key      TEXT PRIMARY KEY,
  request_hash         TEXT NOT NULL,                -- hexadecimal digits
  attempt_id           BLOB NOT NULL,                -- trc_: who does it, or did
  begun_at             INTEGER NOT NULL,             -- milliseconds
  status               INTEGER,                      -- HTTP; NULL: under way
  answer               TEXT                          -- JSON; NULL: under way
) WITHOUT ROWID;
