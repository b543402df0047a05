DROP TABLE dead_letter_index;

DROP TABLE oauth_states;

DROP TABLE identities;
