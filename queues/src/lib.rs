//! Queue message contracts, one file a queue.
