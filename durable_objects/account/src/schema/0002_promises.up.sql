-- No writes into the calendar before this, in milliseconds: the provider refuses the calendar itself.
ALTER TABLE calendars ADD COLUMN write_after INTEGER;
-- Refusals of every write in a row.
ALTER TABLE calendars ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
-- 1: an empty list is no surprise. 0: a push was about something, and a list that does not show it lags.
ALTER TABLE calendars ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0;
-- 1: one list did not hold the overlay that may have been inserted.
ALTER TABLE account ADD COLUMN overlay_missed INTEGER NOT NULL DEFAULT 0;
-- NULL | draining | purging | closing
ALTER TABLE account ADD COLUMN unlink_step TEXT;
-- No step before this, in milliseconds.
ALTER TABLE account ADD COLUMN unlink_after INTEGER;
-- Lists in a row that held none of our events.
ALTER TABLE account ADD COLUMN empty_lists INTEGER NOT NULL DEFAULT 0;
-- New calendars begin above the generations of those that were unlinked.
ALTER TABLE account ADD COLUMN generation_floor INTEGER NOT NULL DEFAULT 0;

-- Events to fetch one by one with the calendar's next run.
CREATE TABLE fetch_again (
  calendar_id          TEXT NOT NULL,                -- cal_
  origin_event_id      TEXT NOT NULL,                -- the provider's id
  run_id               TEXT,                         -- run_ that fetches it
  PRIMARY KEY (calendar_id, origin_event_id)
) WITHOUT ROWID;

-- One row once the account was unlinked, and nothing else: no personal data.
CREATE TABLE tombstone (
  generation           INTEGER NOT NULL,             -- the highest of any calendar
  ended_at             INTEGER NOT NULL              -- milliseconds
);
