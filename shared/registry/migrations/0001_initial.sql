-- The registry as the data model names it. Times are RFC 3339 in UTC with milliseconds. The code always passes
-- them, the defaults only keep hand-written rows valid (CURRENT_TIMESTAMP is datetime('now') in portable SQL).

CREATE TABLE orgs (
  org_id       TEXT PRIMARY KEY,
  name         TEXT NOT NULL,
  created_at   TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at   TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE users (
  user_id      TEXT PRIMARY KEY,
  org_id       TEXT NOT NULL REFERENCES orgs(org_id),
  email        TEXT NOT NULL UNIQUE,
  display_name TEXT,
  created_at   TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- status: active, revoked or error.
CREATE TABLE accounts (
  account_id           TEXT PRIMARY KEY,
  user_id              TEXT NOT NULL REFERENCES users(user_id),
  provider             TEXT NOT NULL DEFAULT 'google',
  provider_subject     TEXT NOT NULL,
  email                TEXT NOT NULL,
  status               TEXT NOT NULL DEFAULT 'active',
  channel_id           TEXT,
  channel_expiry_ts    TEXT,
  created_at           TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  UNIQUE (provider, provider_subject)
);

CREATE INDEX idx_accounts_user ON accounts(user_id);

CREATE INDEX idx_accounts_channel ON accounts(channel_id);

-- entity_type: user, account or event.
CREATE TABLE deletion_certificates (
  cert_id       TEXT PRIMARY KEY,
  entity_type   TEXT NOT NULL,
  entity_id     TEXT NOT NULL,
  deleted_at    TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
  proof_hash    TEXT NOT NULL,
  signature     TEXT NOT NULL
);
