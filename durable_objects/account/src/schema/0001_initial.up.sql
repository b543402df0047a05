-- Tokens, encrypted under the account's data key, which is wrapped by a master key.
CREATE TABLE auth (
  account_id           TEXT PRIMARY KEY,             -- acc_
  encrypted_tokens     TEXT NOT NULL,                -- AES-256-GCM of JSON {access, refresh, expiry}
  scopes               TEXT NOT NULL,                -- granted, as the provider lists them
  updated_at           TEXT NOT NULL,
  wrapped_key          TEXT NOT NULL,                -- the data key under a master key
  token_version        INTEGER NOT NULL DEFAULT 1    -- grows with every refresh and consent
) WITHOUT ROWID;

-- The account's roll-up of its calendars.
CREATE TABLE sync_state (
  account_id           TEXT PRIMARY KEY,
  sync_token           TEXT,                         -- of the primary calendar
  last_sync_ts         TEXT,
  last_success_ts      TEXT,
  full_sync_needed     INTEGER NOT NULL DEFAULT 1,
  updated_at           TEXT NOT NULL
) WITHOUT ROWID;

-- Push channels.
CREATE TABLE watch_channels (
  channel_id           TEXT PRIMARY KEY,             -- chn_
  account_id           TEXT NOT NULL,
  resource_id          TEXT,                         -- the provider's id of what is watched
  expiry_ts            TEXT NOT NULL,                -- RFC 3339
  calendar_id          TEXT NOT NULL,                -- cal_
  status               TEXT NOT NULL DEFAULT 'active', -- active | expired | error
  created_at           TEXT NOT NULL
) WITHOUT ROWID;

-- One row: whose account it is, its overlay, the maintainer's seat.
CREATE TABLE account (
  account_id           TEXT PRIMARY KEY,             -- acc_
  user_id              TEXT NOT NULL,                -- usr_
  state                TEXT NOT NULL DEFAULT 'active', -- active | revoked | error
  overlay_calendar_id  TEXT NOT NULL,                -- cal_, minted with the account
  overlay_state        TEXT NOT NULL DEFAULT 'absent', -- absent | creating | ready
  overlay_nonce        TEXT,
  write_after          INTEGER,                      -- milliseconds: no writer before
  maintainer           TEXT,                         -- msg_
  maintainer_until     INTEGER,                      -- milliseconds
  created_at           TEXT NOT NULL
) WITHOUT ROWID;

-- Calendars: cursor, dirty level and lease of each.
CREATE TABLE calendars (
  calendar_id          TEXT PRIMARY KEY,             -- cal_
  provider_calendar_id TEXT NOT NULL UNIQUE,         -- personal data: never logged
  role                 TEXT NOT NULL,                -- PRIMARY | PROJECTED | BUSY_OVERLAY | READONLY
  time_zone            TEXT,
  push                 INTEGER NOT NULL DEFAULT 1,   -- 0: the provider cannot push, only a re-sync reads it
  dirty                INTEGER NOT NULL DEFAULT 0,   -- 0 clean, 1 incremental, 2 full
  covering             INTEGER NOT NULL DEFAULT 0,   -- the dirty level that the run covers
  due_at               INTEGER,                      -- milliseconds: no fetch before
  sync_token           TEXT,                         -- the committed cursor
  incarnation          INTEGER NOT NULL DEFAULT 0,   -- of the graph that the cursor is true for
  synced_at            INTEGER,                      -- milliseconds
  failures             INTEGER NOT NULL DEFAULT 0,   -- failed fetches in a row
  generation           INTEGER NOT NULL DEFAULT 0,   -- grows with every run and takeover
  phase                TEXT NOT NULL DEFAULT 'idle', -- idle | ready | fetching | applying
  run_id               TEXT,                         -- run_
  holder               TEXT,                         -- msg_ of the fetcher
  lease_until          INTEGER,                      -- milliseconds
  takeovers            INTEGER NOT NULL DEFAULT 0,   -- in a row
  full_run             INTEGER NOT NULL DEFAULT 0,
  started_at           INTEGER,                      -- milliseconds
  page                 INTEGER NOT NULL DEFAULT 0,
  attempt              INTEGER NOT NULL DEFAULT 0,   -- fetches of the page
  page_token           TEXT,                         -- NULL: the first page
  next_page_token      TEXT,
  next_sync_token      TEXT,
  applied              TEXT NOT NULL DEFAULT ''      -- one character a chunk of the page: 0 or 1
) WITHOUT ROWID;

-- Finished runs.
CREATE TABLE sync_runs (
  run_id               TEXT PRIMARY KEY,             -- run_
  calendar_id          TEXT NOT NULL,
  generation           INTEGER NOT NULL,
  full_run             INTEGER NOT NULL,
  pages                INTEGER NOT NULL,
  started_at           INTEGER NOT NULL,             -- milliseconds
  ended_at             INTEGER NOT NULL,             -- milliseconds
  outcome              TEXT NOT NULL                 -- committed | cursor_expired | failed
) WITHOUT ROWID;

-- The provider's schema as it was seen, and what was decided about its changes.
CREATE TABLE schema_versions (
  provider             TEXT NOT NULL,
  version              INTEGER NOT NULL,
  fingerprint          TEXT NOT NULL,
  seen_at              TEXT NOT NULL,
  PRIMARY KEY (provider, version)
) WITHOUT ROWID;

CREATE TABLE schema_decisions (
  provider             TEXT NOT NULL,
  version              INTEGER NOT NULL,
  field                TEXT NOT NULL,
  decision             TEXT NOT NULL,                -- ignore | keep | quarantine
  decided_at           TEXT NOT NULL,
  PRIMARY KEY (provider, version, field)
) WITHOUT ROWID;

-- Messages that were given up.
CREATE TABLE dead_letters (
  letter_id            TEXT PRIMARY KEY,             -- dlq_
  message_key          TEXT NOT NULL UNIQUE,         -- the message's own id, or a hash of its text
  queue                TEXT NOT NULL,
  reason               TEXT NOT NULL,
  body                 TEXT,
  created_at           INTEGER NOT NULL              -- milliseconds
) WITHOUT ROWID;

-- Calls against the provider's quota.
CREATE TABLE quota_ledger (
  bucket               INTEGER PRIMARY KEY,          -- start of the bucket, milliseconds
  calls                INTEGER NOT NULL
);

-- What is to be done when. The alarm is the earliest due row.
CREATE TABLE timers (
  kind                 TEXT NOT NULL,                -- nudge | lease | resync | write | maintain
  subject              TEXT NOT NULL,                -- cal_ or acc_
  due_at               INTEGER NOT NULL,             -- milliseconds
  tries                INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, subject)
) WITHOUT ROWID;
