-- Search by text: made when someone searches for the first time, kept from then on (search.rs).

-- Which events the index has, and under which number.
CREATE TABLE searched_events (
  place                INTEGER PRIMARY KEY,          -- the row of event_texts
  canonical_event_id   BLOB NOT NULL UNIQUE          -- evt_, its 16 bytes
);

-- FTS5, SQLite's own. It keeps no texts: those are in canonical_events.
CREATE VIRTUAL TABLE event_texts USING fts5(
  title, description, location, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);

-- How far the index is; no row: nobody searches.
CREATE TABLE search_progress (
  one                  INTEGER PRIMARY KEY CHECK (one = 1),
  after_event          BLOB NOT NULL,                -- evt_, its 16 bytes: those up to it were gone through
  passed               INTEGER NOT NULL,             -- how many these were
  total                INTEGER NOT NULL,             -- how many there were at first
  whole                INTEGER NOT NULL              -- 1: all were gone through
);
