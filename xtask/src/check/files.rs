//! Files stay short enough to read, and name no machine.

use super::Source;

const LONGEST: usize = 600;

/// Paths of somebody's machine; split so that this file does not hold them.
const MACHINE_PATHS: &[&str] =
    &[concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];

pub(crate) fn check(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let path = source.path.display();
        let lines = source.text.lines().count();
        if is_code(source) && lines > LONGEST {
            found.push(format!("{path} has {lines} lines, at most {LONGEST} are readable"));
        }
        for (index, line) in source.text.lines().enumerate() {
            if MACHINE_PATHS.iter().any(|machine| names_path(line, machine)) {
                found.push(format!("{path}:{} names a path of one machine", index + 1));
            }
        }
    }
    found
}

fn is_code(source: &Source) -> bool {
    source.path.extension().is_some_and(|extension| extension == "rs" || extension == "mjs")
}

/// Whether `line` holds `machine` at the start of a path, not in the middle of a URL or a longer path.
fn names_path(line: &str, machine: &str) -> bool {
    line.match_indices(machine).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|before| before.is_alphanumeric() || "._-/~}".contains(before))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_named() {
        let sources = [Source::new("a.rs", &"x\n".repeat(601)), Source::new("b.rs", &"x\n".repeat(600))];
        assert_eq!(check(&sources), ["a.rs has 601 lines, at most 600 are readable"]);
    }

    #[test]
    fn a_path_of_a_machine_is_named_and_a_url_is_not() {
        let bad = concat!("first\nsee /ho", "me/kim/notes\n");
        let good = concat!("https://example.com/ho", "me/kim and $X/ho", "me/\n").replace("$X", "./a");
        assert_eq!(check(&[Source::new("a.md", bad)]), ["a.md:2 names a path of one machine"]);
        assert!(check(&[Source::new("b.md", &good)]).is_empty());
    }
}
