//! The sync Worker.
