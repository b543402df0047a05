DELETE FROM timers WHERE kind = 'index';
DROP TABLE search_progress;
DROP TABLE event_texts;
DROP TABLE searched_events;
