//! Test doubles: clock, seeded rng, in-memory queue, builders.
