//! Developer tasks: demo, up, test, bench, check.

fn main() {}
