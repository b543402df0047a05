//! The dead_letter Worker.
