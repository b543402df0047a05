-- == Requests under keys of their senders ==

DROP TABLE requests;
DELETE FROM timers WHERE kind = 'requests';
