CREATE TABLE canonical_events_3 (
  canonical_event_id   BLOB PRIMARY KEY,             -- evt_, its 16 bytes
  origin_account_id    BLOB NOT NULL,                -- acc_, its 16 bytes
  origin_calendar_id   BLOB NOT NULL,                -- cal_, its 16 bytes
  origin_event_id      TEXT NOT NULL,                -- the provider's id
  title                TEXT,
  description          TEXT,
  location             TEXT,
  start_ts             INTEGER NOT NULL,             -- milliseconds; midnight in UTC of a whole day
  end_ts               INTEGER NOT NULL,             -- exclusive, as start_ts
  timezone             TEXT,                         -- IANA name as the provider gave it
  end_timezone         TEXT,                         -- of the end, if it is another one
  all_day              INTEGER NOT NULL DEFAULT 0,
  status               TEXT NOT NULL DEFAULT 'confirmed', -- confirmed | tentative | cancelled
  visibility           TEXT NOT NULL DEFAULT 'default',
  transparency         TEXT NOT NULL DEFAULT 'opaque',
  recurrence_rule      TEXT,                         -- the master's lines in canonical spelling, joined by newlines
  last_end_ts          INTEGER,                      -- masters: the end of the last occurrence; NULL: endless
  source               TEXT NOT NULL,                -- provider | ui | mcp | system
  version              INTEGER NOT NULL DEFAULT 1,   -- grows with every change
  created_at           INTEGER NOT NULL,             -- milliseconds
  updated_at           INTEGER NOT NULL,             -- milliseconds
  event_type           TEXT NOT NULL DEFAULT 'default',
  own_response         TEXT NOT NULL DEFAULT 'notInvited',
  organizer            TEXT NOT NULL DEFAULT 'own',  -- own | other
  ical_uid             TEXT,                         -- NULL: the usual one, the provider's id and '@google.com'
  sequence             INTEGER NOT NULL DEFAULT 0,
  recurring_event_id   TEXT,                         -- exceptions: the provider's id of the master
  original_start       TEXT,                         -- exceptions: the start by the rule, as a stamp
  lone                 INTEGER NOT NULL DEFAULT 0,   -- exceptions, 1: the provider has no master
  etag                 TEXT NOT NULL DEFAULT '',     -- the provider's, as last applied
  generation           INTEGER NOT NULL DEFAULT 0,   -- position of the last sighting: generation of its run
  page                 INTEGER NOT NULL DEFAULT 0,   -- position of the last sighting: page of its run
  deleted              INTEGER NOT NULL DEFAULT 0,   -- 1: a tombstone
  suspect_generation   INTEGER,                      -- the full run that missed it first
  UNIQUE (origin_calendar_id, origin_event_id)
) WITHOUT ROWID;

INSERT INTO canonical_events_3 (
  canonical_event_id, origin_account_id, origin_calendar_id, origin_event_id, title, description, location, start_ts,
  end_ts, timezone, end_timezone, all_day, status, visibility, transparency, recurrence_rule, last_end_ts, source,
  version, created_at, updated_at, event_type, own_response, organizer, ical_uid, sequence, recurring_event_id,
  original_start, lone, etag, generation, page, deleted, suspect_generation)
SELECT
  canonical_event_id, origin_account_id, origin_calendar_id, origin_event_id, title, description, location, start_ts,
  end_ts, timezone, end_timezone, all_day, status, visibility, transparency, recurrence_rule, last_end_ts, source,
  version, created_at, updated_at, event_type, own_response, organizer, ical_uid, sequence, recurring_event_id,
  original_start, lone, etag, generation, page, deleted, suspect_generation
FROM canonical_events
ORDER BY canonical_event_id;

DROP TABLE canonical_events;
ALTER TABLE canonical_events_3 RENAME TO canonical_events;

CREATE INDEX idx_events_time ON canonical_events (start_ts / 604800000);
CREATE INDEX idx_events_uid ON canonical_events (ical_uid) WHERE ical_uid IS NOT NULL;
CREATE INDEX idx_events_series ON canonical_events (origin_calendar_id, recurring_event_id)
  WHERE recurring_event_id IS NOT NULL;
