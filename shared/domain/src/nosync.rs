//! The tag by which a user keeps an event to itself, in the calendar where the event is.

/// The tag, in lower case.
const TAG: &str = "#nosync";

/// Whether the tag stands in a text as a word of its own, in any case. `x#nosync`, `#nosyncing`, `#nosync-not` and the
/// end of an address are other words.
pub(crate) fn is_tagged(text: &str) -> bool {
    let is_found = |window: &[u8]| window.eq_ignore_ascii_case(TAG.as_bytes());
    text.as_bytes().windows(TAG.len()).enumerate().filter(|(_, window)| is_found(window)).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at.saturating_add(TAG.len())..).and_then(|after| after.chars().next());
        !before.is_some_and(|c| c.is_alphanumeric() || "_/#".contains(c))
            && !after.is_some_and(|c| c.is_alphanumeric() || "_-".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_a_word_of_its_own_in_any_case() {
        for tagged in [
            "#nosync",
            "Lunch #NoSync",
            "(#nosync)",
            "<p>#nosync</p>",
            "a#nosync #nosync",
            "über,#nosync.",
            "ü #NOSYNC é",
        ] {
            assert!(is_tagged(tagged), "{tagged}");
        }
        for other in [
            "",
            "nosync",
            "# nosync",
            "a#nosync",
            "ü#nosync",
            "#nosyncs",
            "#nosync_",
            "#nosync-x",
            "http://a/#nosync",
        ] {
            assert!(!is_tagged(other), "{other}");
        }
    }
}
