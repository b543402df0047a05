-- What step 2 cannot hold goes: mirrors of instances, edges of single calendars, rules, what was dismissed, patches.

DROP TABLE event_settings;
ALTER TABLE policies DROP COLUMN hand_deleted;
ALTER TABLE policies DROP COLUMN version;

CREATE TABLE policy_edges_2 (
  policy_id            TEXT NOT NULL REFERENCES policies (policy_id),
  from_account_id      TEXT NOT NULL,
  to_account_id        TEXT NOT NULL,
  detail_level         TEXT NOT NULL DEFAULT 'BUSY',         -- BUSY | TITLE | FULL
  calendar_kind        TEXT NOT NULL DEFAULT 'BUSY_OVERLAY', -- BUSY_OVERLAY | TRUE_MIRROR
  PRIMARY KEY (policy_id, from_account_id, to_account_id)
) WITHOUT ROWID;
INSERT INTO policy_edges_2 (policy_id, from_account_id, to_account_id, detail_level, calendar_kind)
SELECT policy_id, from_account_id, to_account_id, detail_level, calendar_kind FROM policy_edges
WHERE from_calendar_id = '' AND is_on = 1;
DROP TABLE policy_edges;

-- Bytes of ids and their texts: 26 digits of 5 bits.
CREATE TABLE ids_2 (bytes BLOB PRIMARY KEY, id TEXT) WITHOUT ROWID;
INSERT OR IGNORE INTO ids_2 (bytes) SELECT canonical_event_id FROM canonical_events;
INSERT OR IGNORE INTO ids_2 (bytes) SELECT origin_account_id FROM canonical_events;
INSERT OR IGNORE INTO ids_2 (bytes) SELECT origin_calendar_id FROM canonical_events;
INSERT OR IGNORE INTO ids_2 (bytes) SELECT canonical_event_id FROM event_mirrors;
INSERT OR IGNORE INTO ids_2 (bytes) SELECT target_account_id FROM event_mirrors;
INSERT OR IGNORE INTO ids_2 (bytes) SELECT target_calendar_id FROM event_mirrors;
INSERT OR IGNORE INTO ids_2 (bytes) SELECT claim_id FROM event_mirrors WHERE claim_id IS NOT NULL;
INSERT OR IGNORE INTO ids_2 (bytes) SELECT journal_id FROM event_journal;
INSERT OR IGNORE INTO ids_2 (bytes) SELECT canonical_event_id FROM event_journal;
INSERT OR IGNORE INTO ids_2 (bytes) SELECT trace_id FROM event_journal WHERE trace_id IS NOT NULL;
-- 12, 10 and 10 hexadecimal digits make 10, 8 and 8 digits of 5 bits.
UPDATE ids_2 SET id = (
  WITH RECURSIVE
    hex_digit (at, head, middle, tail) AS (SELECT 1, 0, 0, 0 UNION ALL SELECT at + 1,
      CASE WHEN at <= 12 THEN head * 16 + instr('0123456789ABCDEF', substr(hex(ids_2.bytes), at, 1)) - 1 ELSE head END,
      CASE WHEN at BETWEEN 13 AND 22
        THEN middle * 16 + instr('0123456789ABCDEF', substr(hex(ids_2.bytes), at, 1)) - 1 ELSE middle END,
      CASE WHEN at > 22 THEN tail * 16 + instr('0123456789ABCDEF', substr(hex(ids_2.bytes), at, 1)) - 1 ELSE tail END
      FROM hex_digit WHERE at <= 32),
    digit (at, head, middle, tail, a, b, c) AS (
      SELECT 0, head, middle, tail, '', '', '' FROM hex_digit WHERE at = 33
      UNION ALL SELECT at + 1, head >> 5, middle >> 5, tail >> 5,
        substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (head & 31) + 1, 1) || a,
        CASE WHEN at < 8 THEN substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (middle & 31) + 1, 1) || b ELSE b END,
        CASE WHEN at < 8 THEN substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (tail & 31) + 1, 1) || c ELSE c END
      FROM digit WHERE at < 10)
  SELECT a || b || c FROM digit WHERE at = 10);

CREATE TABLE canonical_events_2 (
  canonical_event_id   TEXT PRIMARY KEY,             -- evt_
  origin_account_id    TEXT NOT NULL,                -- acc_ or 'internal'
  origin_calendar_id   TEXT NOT NULL,                -- cal_
  origin_event_id      TEXT NOT NULL,                -- the provider's id
  title                TEXT,
  description          TEXT,
  location             TEXT,
  start_ts             TEXT NOT NULL,                -- RFC 3339 in UTC, or a date when all-day
  end_ts               TEXT NOT NULL,                -- exclusive, as start_ts
  timezone             TEXT,                         -- IANA name as the provider gave it
  all_day              INTEGER NOT NULL DEFAULT 0,
  status               TEXT NOT NULL DEFAULT 'confirmed', -- confirmed | tentative | cancelled
  visibility           TEXT NOT NULL DEFAULT 'default',
  transparency         TEXT NOT NULL DEFAULT 'opaque',
  recurrence_rule      TEXT,                         -- the master's lines, joined by newlines
  source               TEXT NOT NULL,                -- provider | ui | mcp | system
  version              INTEGER NOT NULL DEFAULT 1,   -- grows with every change
  created_at           TEXT NOT NULL,
  updated_at           TEXT NOT NULL,
  event_type           TEXT NOT NULL DEFAULT 'default',
  own_response         TEXT NOT NULL DEFAULT 'notInvited',
  ical_uid             TEXT,
  sequence             INTEGER NOT NULL DEFAULT 0,
  recurring_event_id   TEXT,                         -- exceptions: the provider's id of the master
  original_start       TEXT,                         -- exceptions: the start by the rule
  etag                 TEXT NOT NULL DEFAULT '',     -- the provider's, as last applied
  generation           INTEGER NOT NULL DEFAULT 0,   -- position of the last sighting: generation of its run
  page                 INTEGER NOT NULL DEFAULT 0,   -- position of the last sighting: page of its run
  deleted              INTEGER NOT NULL DEFAULT 0,   -- 1: a tombstone
  suspect_generation   INTEGER,                      -- the full run that missed it first
  UNIQUE (origin_account_id, origin_calendar_id, origin_event_id)
) WITHOUT ROWID;
INSERT INTO canonical_events_2
SELECT event.id, account.id, calendar.id, e.origin_event_id, e.title, e.description, e.location,
  CASE WHEN e.all_day THEN date(e.start_ts / 1000, 'unixepoch')
    ELSE strftime('%Y-%m-%dT%H:%M:%fZ', e.start_ts / 1000.0, 'unixepoch') END,
  CASE WHEN e.all_day THEN date(e.end_ts / 1000, 'unixepoch')
    ELSE strftime('%Y-%m-%dT%H:%M:%fZ', e.end_ts / 1000.0, 'unixepoch') END,
  e.timezone, e.all_day, e.status, e.visibility, e.transparency, e.recurrence_rule, e.source, e.version,
  strftime('%Y-%m-%dT%H:%M:%fZ', e.created_at / 1000.0, 'unixepoch'),
  strftime('%Y-%m-%dT%H:%M:%fZ', e.updated_at / 1000.0, 'unixepoch'), e.event_type, e.own_response,
  COALESCE(e.ical_uid, COALESCE(e.recurring_event_id, e.origin_event_id) || '@google.com'), e.sequence,
  e.recurring_event_id,
  CASE WHEN length(e.original_start) = 8
    THEN substr(e.original_start, 1, 4) || '-' || substr(e.original_start, 5, 2) || '-' || substr(e.original_start, 7, 2)
    ELSE substr(e.original_start, 1, 4) || '-' || substr(e.original_start, 5, 2) || '-' || substr(e.original_start, 7, 5)
      || ':' || substr(e.original_start, 12, 2) || ':' || substr(e.original_start, 14, 2) || '.000Z' END,
  e.etag, e.generation, e.page, e.deleted, e.suspect_generation
FROM canonical_events e
JOIN ids_2 event ON event.bytes = e.canonical_event_id
JOIN ids_2 account ON account.bytes = e.origin_account_id
JOIN ids_2 calendar ON calendar.bytes = e.origin_calendar_id;
UPDATE canonical_events_2 SET canonical_event_id = 'evt_' || canonical_event_id,
  origin_account_id = 'acc_' || origin_account_id, origin_calendar_id = 'cal_' || origin_calendar_id;

CREATE TABLE event_mirrors_2 (
  canonical_event_id   TEXT NOT NULL,
  target_account_id    TEXT NOT NULL,
  target_calendar_id   TEXT NOT NULL,
  provider_event_id    TEXT,                         -- persisted at claim, before it is sent
  last_projected_hash  TEXT,                         -- what the provider holds; NULL: nothing
  last_write_ts        TEXT,
  state                TEXT NOT NULL DEFAULT 'PENDING', -- PENDING | ACTIVE | DELETED | TOMBSTONED | ERROR
  error_message        TEXT,
  desired_hash         TEXT,                         -- what is wanted; NULL: no mirror
  desired_version      INTEGER NOT NULL DEFAULT 1,
  provider_etag        TEXT,
  provider_updated     INTEGER,                      -- milliseconds by the provider's clock: older sightings are old news
  id_generation        INTEGER NOT NULL DEFAULT 0,
  in_doubt             INTEGER NOT NULL DEFAULT 0,   -- 1: a write was sent whose answer never came
  missed               INTEGER NOT NULL DEFAULT 0,   -- 1: found absent once while in doubt
  attempts             INTEGER NOT NULL DEFAULT 0,
  next_attempt_ts      INTEGER NOT NULL DEFAULT 0,   -- milliseconds
  lane                 INTEGER NOT NULL DEFAULT 0,   -- 0 live, 1 bulk
  start_ts             TEXT NOT NULL,                -- the event's, for the order of claims
  claim_id             TEXT,                         -- clm_
  claim_until          INTEGER,                      -- milliseconds
  restores             INTEGER NOT NULL DEFAULT 0,   -- drifts undone on restore_day
  restore_day          TEXT,                         -- date
  PRIMARY KEY (canonical_event_id, target_account_id, target_calendar_id)
) WITHOUT ROWID;
INSERT INTO event_mirrors_2
SELECT 'evt_' || event.id, 'acc_' || account.id, 'cal_' || calendar.id, m.provider_event_id, nullif(lower(hex(m.last_projected_hash)), ''),
  strftime('%Y-%m-%dT%H:%M:%fZ', m.last_write_ts / 1000.0, 'unixepoch'), m.state, m.error_message, nullif(lower(hex(m.desired_hash)), ''),
  m.desired_version, m.provider_etag, m.provider_updated, m.id_generation, m.in_doubt, m.missed, m.attempts,
  m.next_attempt_ts, m.lane,
  CASE WHEN m.start_ts >= 1125899906842624
    THEN '~' || strftime('%Y-%m-%dT%H:%M:%fZ', (m.start_ts - 1125899906842624) / 1000.0, 'unixepoch')
    ELSE strftime('%Y-%m-%dT%H:%M:%fZ', m.start_ts / 1000.0, 'unixepoch') END,
  'clm_' || claim.id, m.claim_until, m.restores, m.restore_day
FROM event_mirrors m
JOIN ids_2 event ON event.bytes = m.canonical_event_id
JOIN ids_2 account ON account.bytes = m.target_account_id
JOIN ids_2 calendar ON calendar.bytes = m.target_calendar_id
LEFT JOIN ids_2 claim ON claim.bytes = m.claim_id
WHERE m.occurrence = '';

CREATE TABLE event_journal_2 (
  journal_id           TEXT PRIMARY KEY,             -- jrn_
  canonical_event_id   TEXT NOT NULL,
  ts                   TEXT NOT NULL,
  actor                TEXT NOT NULL,                -- provider:acc_… | ui | mcp | system
  change_type          TEXT NOT NULL,                -- created | updated | deleted | mirrored
  patch_json           TEXT,                         -- RFC 6902
  reason               TEXT,
  version              INTEGER NOT NULL DEFAULT 0,   -- the event's version after the change
  trace_id             TEXT                          -- trc_
) WITHOUT ROWID;
INSERT INTO event_journal_2 (journal_id, canonical_event_id, ts, actor, change_type, reason, version, trace_id)
SELECT 'jrn_' || entry.id, 'evt_' || event.id, strftime('%Y-%m-%dT%H:%M:%fZ', j.ts / 1000.0, 'unixepoch'), j.actor,
  j.change_type, j.reason, j.version, 'trc_' || trace.id
FROM event_journal j
JOIN ids_2 event ON event.bytes = j.canonical_event_id
JOIN ids_2 entry ON entry.bytes = j.journal_id
LEFT JOIN ids_2 trace ON trace.bytes = j.trace_id;

DROP TABLE time_allocations;
DROP TABLE event_journal;
DROP TABLE event_mirrors;
DROP TABLE canonical_events;
DROP TABLE ids_2;
ALTER TABLE canonical_events_2 RENAME TO canonical_events;
ALTER TABLE event_mirrors_2 RENAME TO event_mirrors;
ALTER TABLE event_journal_2 RENAME TO event_journal;
ALTER TABLE policy_edges_2 RENAME TO policy_edges;
CREATE INDEX idx_events_time ON canonical_events (start_ts, end_ts);
CREATE INDEX idx_mirrors_work ON event_mirrors (target_account_id, lane, next_attempt_ts, start_ts)
  WHERE state = 'PENDING';
CREATE INDEX idx_journal_event ON event_journal (canonical_event_id, version);

CREATE TABLE time_allocations (
  allocation_id        TEXT PRIMARY KEY,
  canonical_event_id   TEXT NOT NULL REFERENCES canonical_events (canonical_event_id),
  client_id            TEXT,
  billing_category     TEXT NOT NULL DEFAULT 'NON_BILLABLE',
  rate                 REAL,
  confidence           TEXT NOT NULL DEFAULT 'manual',
  locked               INTEGER NOT NULL DEFAULT 0,
  created_at           TEXT NOT NULL
) WITHOUT ROWID;

-- Jobs that step 2 does not know; what it does not write is taken back.
DELETE FROM timers WHERE kind IN ('boundary', 'sweep');
INSERT INTO timers (kind, subject, due_at)
SELECT 'reproject', 'all', 0 WHERE EXISTS (SELECT 1 FROM canonical_events)
ON CONFLICT (kind, subject) DO UPDATE SET due_at = 0, cursor = NULL;
