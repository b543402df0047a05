//! The webhook Worker.
