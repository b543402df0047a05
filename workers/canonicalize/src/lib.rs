//! The canonicalize Worker.
