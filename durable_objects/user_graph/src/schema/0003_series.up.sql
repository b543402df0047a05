-- Events, mirrors and journal are made anew: ids as their 16 bytes and times as milliseconds, which takes a third off an
-- event and its mirrors; mirrors by occurrence; a journal that leads back (docs/adr/0014, 0015).

-- Text ids and their bytes: each is decoded once. A ULID is 26 digits of 5 bits (Crockford's base 32), taken apart into
-- 48, 40 and 40 bits, since an integer holds 63.
CREATE TABLE ids_3 (id TEXT PRIMARY KEY, bytes BLOB) WITHOUT ROWID;
INSERT OR IGNORE INTO ids_3 (id) SELECT canonical_event_id FROM canonical_events;
INSERT OR IGNORE INTO ids_3 (id) SELECT origin_account_id FROM canonical_events;
INSERT OR IGNORE INTO ids_3 (id) SELECT origin_calendar_id FROM canonical_events;
INSERT OR IGNORE INTO ids_3 (id) SELECT canonical_event_id FROM event_mirrors;
INSERT OR IGNORE INTO ids_3 (id) SELECT target_account_id FROM event_mirrors;
INSERT OR IGNORE INTO ids_3 (id) SELECT target_calendar_id FROM event_mirrors;
INSERT OR IGNORE INTO ids_3 (id) SELECT claim_id FROM event_mirrors WHERE claim_id IS NOT NULL;
INSERT OR IGNORE INTO ids_3 (id) SELECT journal_id FROM event_journal;
INSERT OR IGNORE INTO ids_3 (id) SELECT canonical_event_id FROM event_journal;
INSERT OR IGNORE INTO ids_3 (id) SELECT trace_id FROM event_journal WHERE trace_id IS NOT NULL;
UPDATE ids_3 SET bytes = unhex(
  printf('%012X', (WITH RECURSIVE digit (at, bits) AS (SELECT 5, 0 UNION ALL
    SELECT at + 1, bits * 32 + instr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(ids_3.id, at, 1)) - 1
    FROM digit WHERE at < 15) SELECT bits FROM digit WHERE at = 15)) ||
  printf('%010X', (WITH RECURSIVE digit (at, bits) AS (SELECT 15, 0 UNION ALL
    SELECT at + 1, bits * 32 + instr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(ids_3.id, at, 1)) - 1
    FROM digit WHERE at < 23) SELECT bits FROM digit WHERE at = 23)) ||
  printf('%010X', (WITH RECURSIVE digit (at, bits) AS (SELECT 23, 0 UNION ALL
    SELECT at + 1, bits * 32 + instr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(ids_3.id, at, 1)) - 1
    FROM digit WHERE at < 31) SELECT bits FROM digit WHERE at = 31)))
WHERE length(id) = 30;

-- Canonical events: the single source of truth.
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
  end_ts, timezone, all_day, status, visibility, transparency, recurrence_rule, source, version, created_at, updated_at,
  event_type, own_response, ical_uid, sequence, recurring_event_id, original_start, etag, generation, page, deleted,
  suspect_generation)
SELECT
  event.bytes, account.bytes, calendar.bytes, e.origin_event_id, e.title, e.description, e.location,
  CAST(round(unixepoch(e.start_ts, 'subsec') * 1000) AS INTEGER),
  CAST(round(unixepoch(e.end_ts, 'subsec') * 1000) AS INTEGER),
  e.timezone, e.all_day, e.status, e.visibility, e.transparency, e.recurrence_rule, e.source, e.version,
  CAST(round(unixepoch(e.created_at, 'subsec') * 1000) AS INTEGER),
  CAST(round(unixepoch(e.updated_at, 'subsec') * 1000) AS INTEGER),
  e.event_type, e.own_response,
  CASE WHEN e.ical_uid = COALESCE(e.recurring_event_id, e.origin_event_id) || '@google.com' THEN NULL ELSE e.ical_uid END,
  e.sequence, e.recurring_event_id,
  CASE WHEN length(e.original_start) = 10 THEN replace(e.original_start, '-', '')
       ELSE strftime('%Y%m%dT%H%M%SZ', e.original_start) END,
  e.etag, e.generation, e.page, e.deleted, e.suspect_generation
FROM canonical_events e
JOIN ids_3 event ON event.id = e.canonical_event_id
JOIN ids_3 account ON account.id = e.origin_account_id
JOIN ids_3 calendar ON calendar.id = e.origin_calendar_id
-- What has no time that a calendar shows was never written anywhere.
WHERE unixepoch(e.start_ts) IS NOT NULL AND unixepoch(e.end_ts) IS NOT NULL
  AND (e.original_start IS NULL OR unixepoch(e.original_start) IS NOT NULL)
ORDER BY event.bytes;

-- Mirrors: intent (desired_*) against what the provider acknowledged (last_projected_hash, provider_etag). The table is
-- the outbox. What differs in a mirrored series is a row of its own, by occurrence.
CREATE TABLE event_mirrors_3 (
  canonical_event_id   BLOB NOT NULL,                -- evt_, its 16 bytes
  target_account_id    BLOB NOT NULL,                -- acc_, its 16 bytes
  target_calendar_id   BLOB NOT NULL,                -- cal_, its 16 bytes
  occurrence           TEXT NOT NULL DEFAULT '',     -- an instance of a series: the stamp of its original start
  part                 INTEGER NOT NULL DEFAULT 0,   -- 0 single, 1 instance to be removed before its series is written,
                                                     -- 2 series, 3 instance to be written after its series
  provider_event_id    TEXT,                         -- persisted at claim, before it is sent
  last_projected_hash  BLOB,                         -- what the provider holds, 16 bytes; NULL: nothing
  last_write_ts        INTEGER,                      -- milliseconds
  state                TEXT NOT NULL DEFAULT 'PENDING', -- PENDING | ACTIVE | DELETED | TOMBSTONED | ERROR
  error_message        TEXT,
  desired_hash         BLOB,                         -- what is wanted, 16 bytes; NULL: no mirror
  desired_version      INTEGER NOT NULL DEFAULT 1,
  provider_etag        TEXT,
  provider_updated     INTEGER,                      -- milliseconds by the provider's clock: older sightings are old news
  id_generation        INTEGER NOT NULL DEFAULT 0,
  in_doubt             INTEGER NOT NULL DEFAULT 0,   -- 1: a write was sent whose answer never came
  missed               INTEGER NOT NULL DEFAULT 0,   -- 1: found absent once while in doubt
  dismissed            INTEGER NOT NULL DEFAULT 0,   -- 1: the user does not want it
  attempts             INTEGER NOT NULL DEFAULT 0,
  next_attempt_ts      INTEGER NOT NULL DEFAULT 0,   -- milliseconds
  lane                 INTEGER NOT NULL DEFAULT 0,   -- 0 live, 1 bulk
  start_ts             INTEGER NOT NULL,             -- for the order of claims: the start; what is over comes last
  claim_id             BLOB,                         -- clm_, its 16 bytes
  claim_until          INTEGER,                      -- milliseconds
  restores             INTEGER NOT NULL DEFAULT 0,   -- drifts undone on restore_day
  restore_day          TEXT,                         -- date
  PRIMARY KEY (canonical_event_id, target_calendar_id, occurrence)
) WITHOUT ROWID;

INSERT INTO event_mirrors_3 (
  canonical_event_id, target_account_id, target_calendar_id, provider_event_id, last_projected_hash, last_write_ts,
  state, error_message, desired_hash, desired_version, provider_etag, provider_updated, id_generation, in_doubt, missed,
  attempts, next_attempt_ts, lane, start_ts, claim_id, claim_until, restores, restore_day)
SELECT
  event.bytes, account.bytes, calendar.bytes, m.provider_event_id, unhex(m.last_projected_hash),
  CAST(round(unixepoch(m.last_write_ts, 'subsec') * 1000) AS INTEGER), m.state, m.error_message, unhex(m.desired_hash),
  m.desired_version, m.provider_etag, m.provider_updated, m.id_generation, m.in_doubt, m.missed, m.attempts,
  m.next_attempt_ts, m.lane,
  COALESCE(CAST(round(unixepoch(ltrim(m.start_ts, '~'), 'subsec') * 1000) AS INTEGER), 0)
    + CASE WHEN m.start_ts LIKE '~%' THEN 1125899906842624 ELSE 0 END,
  claim.bytes, m.claim_until, m.restores, m.restore_day
FROM event_mirrors m
JOIN ids_3 event ON event.id = m.canonical_event_id
JOIN ids_3 account ON account.id = m.target_account_id
JOIN ids_3 calendar ON calendar.id = m.target_calendar_id
LEFT JOIN ids_3 claim ON claim.id = m.claim_id
ORDER BY event.bytes;

-- Append-only journal. A patch leads from the state after the change back to the one before it: what stands now is in
-- the event itself. Of what was written before this step there is no way back.
CREATE TABLE event_journal_3 (
  canonical_event_id   BLOB NOT NULL,                -- evt_, its 16 bytes
  version              INTEGER NOT NULL DEFAULT 0,   -- the event's version after the change
  journal_id           BLOB NOT NULL,                -- jrn_, its 16 bytes
  ts                   INTEGER NOT NULL,             -- milliseconds
  actor                TEXT NOT NULL,                -- provider (of the event's account) | ui | mcp | system
  change_type          TEXT NOT NULL,                -- created | updated | deleted | mirrored
  patch_json           TEXT,                         -- RFC 6902; NULL: there was nothing before, or it is not kept
  reason               TEXT,
  trace_id             BLOB,                         -- trc_, its 16 bytes
  PRIMARY KEY (canonical_event_id, version, journal_id)
) WITHOUT ROWID;

INSERT INTO event_journal_3 (canonical_event_id, version, journal_id, ts, actor, change_type, reason, trace_id)
SELECT event.bytes, j.version, entry.bytes, CAST(round(unixepoch(j.ts, 'subsec') * 1000) AS INTEGER),
  CASE WHEN j.actor LIKE 'provider:%' THEN 'provider' ELSE j.actor END,
  j.change_type, j.reason, trace.bytes
FROM event_journal j
JOIN ids_3 event ON event.id = j.canonical_event_id
JOIN ids_3 entry ON entry.id = j.journal_id
LEFT JOIN ids_3 trace ON trace.id = j.trace_id
ORDER BY event.bytes, j.version, entry.bytes;

-- The one table that refers to events, in the new type of their ids. Nothing writes it yet.
DROP TABLE time_allocations;
DROP TABLE event_journal;
DROP TABLE event_mirrors;
DROP TABLE canonical_events;
DROP TABLE ids_3;
ALTER TABLE canonical_events_3 RENAME TO canonical_events;
ALTER TABLE event_mirrors_3 RENAME TO event_mirrors;
ALTER TABLE event_journal_3 RENAME TO event_journal;

-- By the week, so that it grows in as many places as there are weeks; within a week the order is the id's.
CREATE INDEX idx_events_time ON canonical_events (start_ts / 604800000);
-- Meetings whose UID is not the usual one; the others are found by their id.
CREATE INDEX idx_events_uid ON canonical_events (ical_uid) WHERE ical_uid IS NOT NULL;
CREATE INDEX idx_events_series ON canonical_events (origin_calendar_id, recurring_event_id)
  WHERE recurring_event_id IS NOT NULL;
CREATE INDEX idx_mirrors_work ON event_mirrors (target_account_id, lane, next_attempt_ts, start_ts)
  WHERE state = 'PENDING';

CREATE TABLE time_allocations (
  allocation_id        TEXT PRIMARY KEY,
  canonical_event_id   BLOB NOT NULL REFERENCES canonical_events (canonical_event_id),
  client_id            TEXT,
  billing_category     TEXT NOT NULL DEFAULT 'NON_BILLABLE',
  rate                 REAL,
  confidence           TEXT NOT NULL DEFAULT 'manual',
  locked               INTEGER NOT NULL DEFAULT 0,
  created_at           TEXT NOT NULL
) WITHOUT ROWID;

-- Policy: edges of one calendar go before those of its account, and an edge has rules of its own.
CREATE TABLE policy_edges_3 (
  policy_id            TEXT NOT NULL REFERENCES policies (policy_id),
  from_account_id      TEXT NOT NULL,
  from_calendar_id     TEXT NOT NULL DEFAULT '',             -- '': every calendar that has no edge of its own
  to_account_id        TEXT NOT NULL,
  detail_level         TEXT NOT NULL DEFAULT 'BUSY',         -- BUSY | TITLE | FULL
  calendar_kind        TEXT NOT NULL DEFAULT 'BUSY_OVERLAY', -- BUSY_OVERLAY | TRUE_MIRROR
  is_on                INTEGER NOT NULL DEFAULT 1,           -- 0: nothing is projected along it
  rules_json           TEXT NOT NULL DEFAULT '{}',           -- filters and shape
  PRIMARY KEY (policy_id, from_account_id, from_calendar_id, to_account_id)
) WITHOUT ROWID;
INSERT INTO policy_edges_3 (policy_id, from_account_id, to_account_id, detail_level, calendar_kind)
SELECT policy_id, from_account_id, to_account_id, detail_level, calendar_kind FROM policy_edges;
DROP TABLE policy_edges;
ALTER TABLE policy_edges_3 RENAME TO policy_edges;
ALTER TABLE policies ADD COLUMN version INTEGER NOT NULL DEFAULT 1;          -- grows with every change
ALTER TABLE policies ADD COLUMN hand_deleted TEXT NOT NULL DEFAULT 'restore'; -- restore | dismiss: mirrors deleted by hand

-- What the user wants of the mirrors of one event, where it is not what the policy says.
CREATE TABLE event_settings (
  canonical_event_id   BLOB PRIMARY KEY,             -- evt_, its 16 bytes
  hand_deleted         TEXT NOT NULL                 -- restore | dismiss
) WITHOUT ROWID;

-- Series had no mirrors before.
INSERT INTO timers (kind, subject, due_at)
SELECT 'reproject', 'all', 0 WHERE EXISTS (SELECT 1 FROM canonical_events)
ON CONFLICT (kind, subject) DO UPDATE SET due_at = 0, cursor = NULL;
