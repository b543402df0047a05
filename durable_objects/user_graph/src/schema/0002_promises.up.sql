-- The page of each calendar that was applied last, and how much of it: what one who takes a run over asks for.
CREATE TABLE applied_pages (
  calendar_id          TEXT PRIMARY KEY,             -- cal_
  generation           INTEGER NOT NULL,
  run_id               TEXT NOT NULL,                -- run_
  page                 INTEGER NOT NULL,
  attempt              INTEGER NOT NULL,
  chunks               TEXT NOT NULL,                -- a JSON array of indexes
  full_until           INTEGER                       -- milliseconds: until then a full run is taken to go on
) WITHOUT ROWID;

-- The highest generation of each account that was unlinked: whatever is of it or below is forgotten, also after the
-- account is linked again.
CREATE TABLE account_floors (
  account_id           TEXT PRIMARY KEY,             -- acc_
  generation           INTEGER NOT NULL
) WITHOUT ROWID;
