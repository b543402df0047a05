//! Google Calendar and OAuth: wire types, error taxonomy, client.
