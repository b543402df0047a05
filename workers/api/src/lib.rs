//! The api Worker.
