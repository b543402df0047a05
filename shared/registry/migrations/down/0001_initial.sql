DROP TABLE deletion_certificates;

DROP INDEX idx_accounts_channel;

DROP INDEX idx_accounts_user;

DROP TABLE accounts;

DROP TABLE users;

DROP TABLE orgs;
