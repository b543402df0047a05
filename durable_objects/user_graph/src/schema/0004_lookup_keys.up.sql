-- Events are found by a number made of their provider's id, and of their iCalUID: a third of the index that held these
-- texts (docs/adr/0014).

CREATE TABLE canonical_events_4 (
  canonical_event_id   BLOB PRIMARY KEY,             -- evt_, its 16 bytes
  origin_account_id    BLOB NOT NULL,                -- acc_, its 16 bytes
  origin_calendar_id   BLOB NOT NULL,                -- cal_, its 16 bytes
  origin_event_id      TEXT NOT NULL,                -- the provider's id
  origin_key           INTEGER NOT NULL,             -- of origin_event_id
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
  uid_key              INTEGER,                      -- of ical_uid
  sequence             INTEGER NOT NULL DEFAULT 0,
  recurring_event_id   TEXT,                         -- exceptions: the provider's id of the master
  original_start       TEXT,                         -- exceptions: the start by the rule, as a stamp
  lone                 INTEGER NOT NULL DEFAULT 0,   -- exceptions, 1: the provider has no master
  etag                 TEXT NOT NULL DEFAULT '',     -- the provider's, as last applied
  generation           INTEGER NOT NULL DEFAULT 0,   -- position of the last sighting: generation of its run
  page                 INTEGER NOT NULL DEFAULT 0,   -- position of the last sighting: page of its run
  deleted              INTEGER NOT NULL DEFAULT 0,   -- 1: a tombstone
  suspect_generation   INTEGER                       -- the full run that missed it first
) WITHOUT ROWID;

-- As `key_of` in keys.rs: a polynomial over the characters, modulo the largest prime below 2^48.
INSERT INTO canonical_events_4 (
  canonical_event_id, origin_account_id, origin_calendar_id, origin_event_id, title, description, location, start_ts,
  end_ts, timezone, end_timezone, all_day, status, visibility, transparency, recurrence_rule, last_end_ts, source,
  version, created_at, updated_at, event_type, own_response, organizer, ical_uid, sequence, recurring_event_id,
  original_start, lone, etag, generation, page, deleted, suspect_generation, origin_key, uid_key)
SELECT
  e.canonical_event_id, e.origin_account_id, e.origin_calendar_id, e.origin_event_id, e.title, e.description,
  e.location, e.start_ts, e.end_ts, e.timezone, e.end_timezone, e.all_day, e.status, e.visibility, e.transparency,
  e.recurrence_rule, e.last_end_ts, e.source, e.version, e.created_at, e.updated_at, e.event_type, e.own_response,
  e.organizer, e.ical_uid, e.sequence, e.recurring_event_id, e.original_start, e.lone, e.etag, e.generation, e.page,
  e.deleted, e.suspect_generation,
  (WITH RECURSIVE digit (at, key) AS (SELECT 1, 0 UNION ALL
      SELECT at + 1, (key * 1021 + unicode(substr(e.origin_event_id, at, 1))) % 281474976710597 FROM digit WHERE at <= length(e.origin_event_id))
    SELECT key FROM digit WHERE at = length(e.origin_event_id) + 1),
  (WITH RECURSIVE digit (at, key) AS (SELECT 1, 0 UNION ALL
      SELECT at + 1, (key * 1021 + unicode(substr(e.ical_uid, at, 1))) % 281474976710597 FROM digit WHERE at <= length(e.ical_uid))
    SELECT key FROM digit WHERE at = length(e.ical_uid) + 1)
FROM canonical_events e
ORDER BY e.canonical_event_id;

DROP TABLE canonical_events;
ALTER TABLE canonical_events_4 RENAME TO canonical_events;

-- By the week, so that it grows in as many places as there are weeks; within a week the order is the id's.
CREATE INDEX idx_events_time ON canonical_events (start_ts / 604800000);
CREATE INDEX idx_events_origin ON canonical_events (origin_key);
-- Meetings whose UID is not the usual one; the others are found by their id.
CREATE INDEX idx_events_uid ON canonical_events (uid_key) WHERE uid_key IS NOT NULL;
CREATE INDEX idx_events_series ON canonical_events (origin_calendar_id, recurring_event_id)
  WHERE recurring_event_id IS NOT NULL;
