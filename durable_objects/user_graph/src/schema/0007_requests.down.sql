DROP TABLE requests;
DELETE FROM timers WHERE kind = 'requests';
