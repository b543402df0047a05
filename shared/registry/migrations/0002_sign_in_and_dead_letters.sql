-- Whom a provider's subject signs in as: found again before any calendar account is linked, and after all are gone.
CREATE TABLE identities (
  provider         TEXT NOT NULL,
  provider_subject TEXT NOT NULL,
  user_id          TEXT NOT NULL REFERENCES users(user_id),
  created_at       TEXT NOT NULL,
  PRIMARY KEY (provider, provider_subject)
);

-- OAuth states that were used: a second use finds its row. Rows are swept once the state itself has expired.
CREATE TABLE oauth_states (
  nonce_hash TEXT PRIMARY KEY,
  expires_at TEXT NOT NULL
);

-- Where each dead letter lies: the letter itself is in the object named by account_id, which may be the reserved
-- acc_unroutable and so references nothing.
CREATE TABLE dead_letter_index (
  letter_id  TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  queue      TEXT NOT NULL,
  reason     TEXT NOT NULL,
  created_at TEXT NOT NULL
);
