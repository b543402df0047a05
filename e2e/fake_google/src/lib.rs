//! A faithful local Google Calendar and OAuth server.
