//! tminus, the operator's tool.

fn main() {}
