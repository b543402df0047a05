DELETE FROM timers WHERE kind = 'retention';
DELETE FROM policy_edges WHERE from_account_id = 'acc_00000000000000000000000000';
DROP INDEX idx_events_repeating;
DROP INDEX idx_events_long;
DROP TABLE settings_journal;
ALTER TABLE graph DROP COLUMN journal_from;
DROP TABLE mirror_journal;
-- Pairs without a mirror had no row.
DELETE FROM event_mirrors WHERE reason IS NOT NULL AND state = 'DELETED' AND dismissed = 0 AND provider_event_id IS NULL;
ALTER TABLE event_mirrors DROP COLUMN pending_since;
ALTER TABLE event_mirrors DROP COLUMN reason;
