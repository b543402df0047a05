//! The live table: a row a change, a column an account.

use std::fmt::Display;

use tminus_e2e::person::Person;

/// Prints as it goes.
pub(crate) struct Table {
    names: Vec<String>,
    to_stderr: bool,
}

impl Table {
    pub(crate) fn new(person: &Person, to_stderr: bool) -> Self {
        Self { names: person.accounts.iter().map(|account| account.email.clone()).collect(), to_stderr }
    }

    /// Prints a line of anything.
    pub(crate) fn line(&self, text: &str) {
        if self.to_stderr {
            eprintln!("{text}");
        } else {
            println!("{text}");
        }
    }

    /// Prints the names of the accounts.
    pub(crate) fn head(&self) {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        self.line(&format!("\n{}", columns("from the push to the written block", &names)));
        self.line(&"-".repeat(36 + 18 * self.names.len()));
    }

    /// Prints a change of the account `origin`, and what it came to in each of the others.
    pub(crate) fn row(&self, origin: usize, change: &str, others: &[impl Display]) {
        let mut cells: Vec<String> = others.iter().map(ToString::to_string).collect();
        cells.insert(origin.min(cells.len()), "(here)".to_owned());
        self.line(&columns(change, &cells));
    }
}

fn columns(first: &str, rest: &[impl Display]) -> String {
    let rest: String = rest.iter().map(|cell| format!("{:>18}", cell.to_string())).collect();
    format!("{first:<36}{rest}")
}
