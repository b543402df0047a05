//! End-to-end scenarios and benchmarks on the real runtime.
