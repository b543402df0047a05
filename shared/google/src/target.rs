//! Where a request goes: a path and a query, percent-encoded by hand (RFC 3986 §2).

/// A growing URL: absolute, or path-only as the parts of a batch want it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    text: String,
    has_query: bool,
}

impl Target {
    /// Starts with a text that is already encoded.
    pub(crate) fn new(start: impl Into<String>) -> Self {
        Self { text: start.into(), has_query: false }
    }

    /// Adds a fixed piece of path, already encoded.
    pub(crate) fn path(mut self, fixed: &str) -> Self {
        self.text.push_str(fixed);
        self
    }

    /// Adds `/` and one segment, encoded.
    ///
    /// An empty segment and the dot segments would change the path (RFC 3986 §5.2.4: deleting the event `..`
    /// would delete its calendar). They are sent as `-`, which names nothing at Google.
    pub(crate) fn segment(mut self, text: &str) -> Self {
        self.text.push('/');
        push_encoded(&mut self.text, if matches!(text, "" | "." | "..") { "-" } else { text });
        self
    }

    /// Adds a parameter; `name` is fixed and needs no encoding.
    pub(crate) fn query(mut self, name: &'static str, value: &str) -> Self {
        self.text.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.text.push_str(name);
        self.text.push('=');
        push_encoded(&mut self.text, value);
        self
    }

    /// Adds a parameter if there is a value.
    pub(crate) fn maybe(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// The URL.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// A form body (`application/x-www-form-urlencoded`). Spaces become `%20`, which every decoder takes.
pub(crate) fn form(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        push_encoded(&mut text, name);
        text.push('=');
        push_encoded(&mut text, value);
    }
    text.into_bytes()
}

/// Appends `text` with everything but the unreserved characters (RFC 3986 §2.3) encoded.
fn push_encoded(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(hex(byte >> 4));
            out.push(hex(byte & 0x0f));
        }
    }
}

/// The upper-case digit of a value below 16.
fn hex(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_and_parameters_are_encoded() {
        let target = Target::new("/calendars")
            .segment("a b@x.com/ü")
            .path("/events")
            .query("fields", "items(id,etag)")
            .maybe("pageToken", None)
            .maybe("syncToken", Some("CA=="));
        assert_eq!(
            target.into_text(),
            "/calendars/a%20b%40x.com%2F%C3%BC/events?fields=items%28id%2Cetag%29&syncToken=CA%3D%3D"
        );
    }

    #[test]
    fn a_segment_cannot_change_the_path() {
        for bad in ["", ".", ".."] {
            assert_eq!(Target::new("/events").segment(bad).into_text(), "/events/-");
        }
    }

    #[test]
    fn a_form_is_encoded() {
        assert_eq!(form(&[("a", "1 2"), ("b", "x&y=z+")]), b"a=1%202&b=x%26y%3Dz%2B");
    }
}
