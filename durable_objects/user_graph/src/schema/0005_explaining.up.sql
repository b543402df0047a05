-- What a person can ask: why, what was, what is in a range (docs/adr/0019).

-- Why nothing is wanted of a mirror: each pair of an event and a target calendar has a row, so that what is not mirrored is
-- counted too. NULL: a mirror is wanted.
ALTER TABLE event_mirrors ADD COLUMN reason TEXT;

-- Since when the calendar has not shown what is wanted; NULL: it does, or was asked for before this step.
ALTER TABLE event_mirrors ADD COLUMN pending_since INTEGER;                -- milliseconds

-- What became of mirrors: an entry a command and calendar, since fifty are settled at once and a row is billed. Such an
-- entry is half a page long: in a table by its key the engine would keep a page for each.
CREATE TABLE mirror_journal (
  target_calendar_id   BLOB NOT NULL,                -- cal_, its 16 bytes
  journal_id           BLOB NOT NULL,                -- jrn_, its 16 bytes: in order of time
  cause                TEXT NOT NULL,                -- written | seen | removed | missed | conflict | event | policy | window | user
  entries_json         TEXT NOT NULL,                -- [[evt_, occurrence, RFC 6902 back to what was], ...]
  conflict_json        TEXT,                         -- {field: {ours, theirs}} of one mirror that somebody changed
  trace_id             BLOB,                         -- trc_, its 16 bytes
  PRIMARY KEY (target_calendar_id, journal_id)
);

-- What somebody wrote is erased with their account. Conflicts are few: the index costs next to nothing.
CREATE INDEX idx_mirror_journal_conflicts ON mirror_journal (target_calendar_id) WHERE conflict_json IS NOT NULL;

-- Up to when entries were dropped: nothing is known of the time before.
ALTER TABLE graph ADD COLUMN journal_from INTEGER NOT NULL DEFAULT 0;      -- milliseconds

-- Changes of the policy and of constraints. A patch leads from the state after the change back to the one before it.
CREATE TABLE settings_journal (
  subject              TEXT NOT NULL,                -- policy | working_hours | the id of a constraint or an event
  journal_id           BLOB NOT NULL,                -- jrn_, its 16 bytes: in order of time
  ts                   INTEGER NOT NULL,             -- milliseconds
  actor                TEXT NOT NULL,                -- ui | mcp | system
  change_type          TEXT NOT NULL,                -- created | updated | deleted
  patch_json           TEXT,                         -- RFC 6902; NULL: there was nothing before
  reason               TEXT,
  trace_id             BLOB,                         -- trc_, its 16 bytes
  PRIMARY KEY (subject, journal_id)
) WITHOUT ROWID;

-- Events of a range start in its weeks or the one before, unless they last longer than a week, or repeat.
CREATE INDEX idx_events_long ON canonical_events (end_ts)
  WHERE end_ts - start_ts > 604800000 AND recurrence_rule IS NULL;
CREATE INDEX idx_events_repeating ON canonical_events (start_ts) WHERE recurrence_rule IS NOT NULL;

-- Pairs without a mirror get their reasons.
INSERT INTO timers (kind, subject, due_at)
SELECT 'reproject', 'all', 0 WHERE EXISTS (SELECT 1 FROM canonical_events)
ON CONFLICT (kind, subject) DO UPDATE SET due_at = 0, cursor = NULL;
-- What the user makes with us comes from an account of ours, whose id is all zeros: it has an edge to every linked one.
INSERT INTO policy_edges (policy_id, from_account_id, to_account_id, calendar_kind)
SELECT p.policy_id, 'acc_00000000000000000000000000', l.account_id, l.calendar_kind
FROM policies p CROSS JOIN linked_accounts l WHERE p.is_default = 1;
