//! The `crowdhook` command.

fn main() {}
