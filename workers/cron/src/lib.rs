//! The cron Worker.
