DROP TABLE tombstone;
DROP TABLE fetch_again;
ALTER TABLE account DROP COLUMN generation_floor;
ALTER TABLE account DROP COLUMN empty_lists;
ALTER TABLE account DROP COLUMN unlink_after;
ALTER TABLE account DROP COLUMN unlink_step;
ALTER TABLE account DROP COLUMN overlay_missed;
ALTER TABLE calendars DROP COLUMN quiet;
ALTER TABLE calendars DROP COLUMN write_after;
