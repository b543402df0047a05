-- Core.

-- Calendars of the user's linked accounts.
CREATE TABLE calendars (
  calendar_id          TEXT PRIMARY KEY,             -- cal_
  account_id           TEXT NOT NULL,                -- acc_
  provider_calendar_id TEXT NOT NULL,                -- personal data: never logged
  role                 TEXT NOT NULL DEFAULT 'primary',
  kind                 TEXT NOT NULL DEFAULT 'PRIMARY', -- PRIMARY | BUSY_OVERLAY | PROJECTED | READONLY
  display_name         TEXT,
  UNIQUE (account_id, provider_calendar_id)
) WITHOUT ROWID;

-- Canonical events: the single source of truth. Widened by the origin calendar: two calendars of one account may
-- hold the same provider id.
CREATE TABLE canonical_events (
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

CREATE INDEX idx_events_time ON canonical_events (start_ts, end_ts);

-- Mirrors: intent (desired_*) against what the provider acknowledged (last_projected_hash, provider_etag).
-- The table is the outbox. Widened by the target calendar.
CREATE TABLE event_mirrors (
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

CREATE INDEX idx_mirrors_work ON event_mirrors (target_account_id, lane, next_attempt_ts, start_ts)
  WHERE state = 'PENDING';

-- Append-only journal.
CREATE TABLE event_journal (
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

CREATE INDEX idx_journal_event ON event_journal (canonical_event_id, version);

-- Policy graph.
CREATE TABLE policies (
  policy_id            TEXT PRIMARY KEY,             -- pol_
  name                 TEXT NOT NULL,
  is_default           INTEGER NOT NULL DEFAULT 1,
  created_at           TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE policy_edges (
  policy_id            TEXT NOT NULL REFERENCES policies (policy_id),
  from_account_id      TEXT NOT NULL,
  to_account_id        TEXT NOT NULL,
  detail_level         TEXT NOT NULL DEFAULT 'BUSY',         -- BUSY | TITLE | FULL
  calendar_kind        TEXT NOT NULL DEFAULT 'BUSY_OVERLAY', -- BUSY_OVERLAY | TRUE_MIRROR
  PRIMARY KEY (policy_id, from_account_id, to_account_id)
) WITHOUT ROWID;

-- Trips, working hours, overrides.
CREATE TABLE constraints (
  constraint_id        TEXT PRIMARY KEY,
  kind                 TEXT NOT NULL,                -- trip | working_hours | no_meetings_after | override
  config_json          TEXT NOT NULL,
  active_from          TEXT,
  active_to            TEXT,
  created_at           TEXT NOT NULL
) WITHOUT ROWID;

-- Time governance.

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

CREATE TABLE time_commitments (
  commitment_id        TEXT PRIMARY KEY,
  client_id            TEXT NOT NULL,
  client_name          TEXT,
  window_type          TEXT NOT NULL DEFAULT 'WEEKLY',
  target_hours         REAL NOT NULL,
  rolling_window_weeks INTEGER NOT NULL DEFAULT 4,
  hard_minimum         INTEGER NOT NULL DEFAULT 0,
  proof_required       INTEGER NOT NULL DEFAULT 0,
  created_at           TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE commitment_reports (
  report_id            TEXT PRIMARY KEY,
  commitment_id        TEXT NOT NULL REFERENCES time_commitments (commitment_id),
  window_start         TEXT NOT NULL,
  window_end           TEXT NOT NULL,
  actual_hours         REAL NOT NULL,
  expected_hours       REAL NOT NULL,
  status               TEXT NOT NULL,                -- compliant | under | over
  proof_hash           TEXT,
  created_at           TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE vip_policies (
  vip_id               TEXT PRIMARY KEY,
  participant_hash     TEXT NOT NULL,
  display_name         TEXT,
  priority_weight      REAL NOT NULL DEFAULT 1.0,
  conditions_json      TEXT NOT NULL,
  created_at           TEXT NOT NULL
) WITHOUT ROWID;

-- Relationships.

CREATE TABLE relationships (
  relationship_id              TEXT PRIMARY KEY,
  participant_hash             TEXT NOT NULL UNIQUE,
  display_name                 TEXT,
  category                     TEXT NOT NULL DEFAULT 'OTHER',
  closeness_weight             REAL NOT NULL DEFAULT 0.5,
  last_interaction_ts          TEXT,
  city                         TEXT,
  timezone                     TEXT,
  interaction_frequency_target INTEGER,
  created_at                   TEXT NOT NULL,
  updated_at                   TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE interaction_ledger (
  ledger_id            TEXT PRIMARY KEY,
  participant_hash     TEXT NOT NULL,
  canonical_event_id   TEXT,
  outcome              TEXT NOT NULL,
  weight               REAL NOT NULL DEFAULT 1.0,
  note                 TEXT,
  ts                   TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE milestones (
  milestone_id         TEXT PRIMARY KEY,
  participant_hash     TEXT,
  kind                 TEXT NOT NULL,
  date                 TEXT NOT NULL,
  recurs_annually      INTEGER NOT NULL DEFAULT 0,
  note                 TEXT,
  created_at           TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE excuse_profiles (
  profile_id           TEXT PRIMARY KEY,
  participant_hash     TEXT,
  tone                 TEXT NOT NULL DEFAULT 'neutral',
  config_json          TEXT NOT NULL,
  created_at           TEXT NOT NULL
) WITHOUT ROWID;

-- Scheduling.

CREATE TABLE schedule_sessions (
  session_id           TEXT PRIMARY KEY,
  status               TEXT NOT NULL DEFAULT 'open',
  objective_json       TEXT,
  created_at           TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE schedule_candidates (
  candidate_id         TEXT PRIMARY KEY,
  session_id           TEXT NOT NULL REFERENCES schedule_sessions (session_id),
  start_ts             TEXT NOT NULL,
  end_ts               TEXT NOT NULL,
  score                REAL,
  explanation          TEXT,
  created_at           TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE schedule_holds (
  hold_id              TEXT PRIMARY KEY,
  session_id           TEXT NOT NULL REFERENCES schedule_sessions (session_id),
  account_id           TEXT NOT NULL,
  provider_event_id    TEXT,
  expires_at           TEXT NOT NULL,
  status               TEXT NOT NULL DEFAULT 'held'
) WITHOUT ROWID;

-- The pipeline's own.

-- One row: whose graph it is.
CREATE TABLE graph (
  user_id              TEXT PRIMARY KEY,             -- usr_
  incarnation          INTEGER NOT NULL DEFAULT 1,   -- changed by restore and import
  created_at           TEXT NOT NULL
) WITHOUT ROWID;

-- Linked accounts, and into which of their calendars mirrors are written.
CREATE TABLE linked_accounts (
  account_id           TEXT PRIMARY KEY,             -- acc_
  calendar_kind        TEXT NOT NULL                 -- BUSY_OVERLAY | TRUE_MIRROR
) WITHOUT ROWID;

-- Which ids each chunk of a full run held: what is missing is computed from them at its end.
CREATE TABLE full_run_chunks (
  run_id               TEXT NOT NULL,                -- run_
  page                 INTEGER NOT NULL,
  attempt              INTEGER NOT NULL,
  chunk                INTEGER NOT NULL,
  calendar_id          TEXT NOT NULL,
  ids_json             TEXT NOT NULL,                -- a JSON array of provider ids
  PRIMARY KEY (run_id, page, attempt, chunk)
) WITHOUT ROWID;

-- The newest generation of each calendar that took a page over from another, or was a whole full run. An older page
-- that shows an event nobody knows is old news: the newer one did not show it any more.
CREATE TABLE generation_floors (
  calendar_id          TEXT PRIMARY KEY,             -- cal_
  generation           INTEGER NOT NULL
) WITHOUT ROWID;

-- What the last concluded full run of each calendar came to: the answer to a repeat. Chunks of it that arrive late
-- leave no ids behind.
CREATE TABLE full_runs (
  calendar_id          TEXT PRIMARY KEY,             -- cal_
  run_id               TEXT NOT NULL,                -- run_ that was concluded last
  generation           INTEGER NOT NULL,
  suspects             INTEGER NOT NULL,
  deleted              INTEGER NOT NULL,
  held                 INTEGER NOT NULL
) WITHOUT ROWID;

-- Items that could not be understood, each by itself.
CREATE TABLE quarantine (
  account_id           TEXT NOT NULL,
  calendar_id          TEXT NOT NULL,
  origin_event_id      TEXT NOT NULL,
  reason               TEXT NOT NULL,
  ts                   TEXT NOT NULL,
  PRIMARY KEY (account_id, calendar_id, origin_event_id)
) WITHOUT ROWID;

-- Sweeps too large to be believed, waiting for the operator.
CREATE TABLE holds (
  calendar_id          TEXT PRIMARY KEY,
  run_id               TEXT NOT NULL,
  missing              INTEGER NOT NULL,
  total                INTEGER NOT NULL,
  ts                   TEXT NOT NULL
) WITHOUT ROWID;

-- What is to be done when. The alarm is the earliest due row.
CREATE TABLE timers (
  kind                 TEXT NOT NULL,                -- nudge | reproject
  subject              TEXT NOT NULL,                -- acc_ of a nudge; the cursor's owner of a job
  due_at               INTEGER NOT NULL,             -- milliseconds
  tries                INTEGER NOT NULL DEFAULT 0,
  cursor               TEXT,                         -- how far a job is
  PRIMARY KEY (kind, subject)
) WITHOUT ROWID;
