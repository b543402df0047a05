//! tminus, the operator's tool. So far it only says what operators can do and where.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to its user")]

use std::process::ExitCode;

const HELP: &str = "\
tminus, the operator's tool of T-Minus

Usage: tminus [help | version]

Operator commands come with a later version. Until then the api Worker answers operators directly, with an admin
token as bearer:

  GET  /v1/admin/accounts/<acc_…>/status         how an account stands
  POST /v1/admin/accounts/<acc_…>/resync         fetch its calendars again: {\"level\": \"full\" | \"incremental\"}
  POST /v1/admin/accounts/<acc_…>/maintain       discover calendars, renew channels
  GET  /v1/admin/accounts/<acc_…>/dead_letters   messages that were given up
  GET  /v1/admin/users/<usr_…>/status            how a person's graph stands
  GET  /v1/admin/dead_letters                    the newest dead letters of all accounts
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (None | Some("help" | "--help" | "-h"), None) => print!("{HELP}"),
        (Some("version" | "--version" | "-V"), None) => println!("tminus {}", env!("CARGO_PKG_VERSION")),
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
