//! The mirror Worker.
