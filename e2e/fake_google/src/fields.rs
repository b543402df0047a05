//! Partial responses: the `fields` parameter, `a,b(c,d),e/f`.

use serde_json::{Map, Value};

use crate::error::{ApiError, ApiResult};

/// A parsed mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask(Vec<(String, Option<Mask>)>);

impl Mask {
    /// Parses a mask.
    pub fn parse(text: &str) -> ApiResult<Self> {
        let mut parser = Parser { text, at: 0 };
        match parser.list() {
            Some(mask) if parser.at == text.len() => Ok(mask),
            _ => Err(ApiError::new(
                400,
                "global",
                "invalidParameter",
                format!("Invalid field selection {text}"),
            )
            .at("parameter", "fields")),
        }
    }

    /// Keeps what the mask names; arrays are transparent.
    #[must_use]
    pub fn apply(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) => Value::Array(items.iter().map(|v| self.apply(v)).collect()),
            Value::Object(object) => Value::Object(self.select(object)),
            other => other.clone(),
        }
    }

    fn select(&self, object: &Map<String, Value>) -> Map<String, Value> {
        let mut out = Map::new();
        for (name, inner) in &self.0 {
            let hits = object.iter().filter(|(k, _)| name == "*" || *k == name);
            for (key, value) in hits {
                let part = inner.as_ref().map_or_else(|| value.clone(), |mask| mask.apply(value));
                match (out.get_mut(key), part) {
                    (Some(old), part) => merge(old, part),
                    (None, part) => {
                        out.insert(key.clone(), part);
                    }
                }
            }
        }
        out
    }
}

/// Joins two selections from the same value (`a/b,a/c`).
fn merge(into: &mut Value, other: Value) {
    match (into, other) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in b {
                match a.get_mut(&key) {
                    Some(old) => merge(old, value),
                    None => {
                        a.insert(key, value);
                    }
                }
            }
        }
        (Value::Array(a), Value::Array(b)) => a.iter_mut().zip(b).for_each(|(x, y)| merge(x, y)),
        _ => {}
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let hit = self.peek() == Some(byte);
        self.at += usize::from(hit);
        hit
    }

    fn list(&mut self) -> Option<Mask> {
        let mut items = vec![self.item()?];
        while self.eat(b',') {
            items.push(self.item()?);
        }
        Some(Mask(items))
    }

    fn item(&mut self) -> Option<(String, Option<Mask>)> {
        while self.eat(b' ') {}
        let from = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'*' | b'_' | b'-' | b'.'))
        {
            self.at += 1;
        }
        let name = self.text.get(from..self.at).filter(|n| !n.is_empty())?.to_owned();
        let inner = if self.eat(b'/') {
            Some(Mask(vec![self.item()?]))
        } else if self.eat(b'(') {
            let inner = self.list()?;
            if !self.eat(b')') {
                return None;
            }
            Some(inner)
        } else {
            None
        };
        while self.eat(b' ') {}
        Some((name, inner))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cut(mask: &str) -> Value {
        let value = json!({
            "kind": "k", "nextPageToken": "t",
            "items": [{"id": "1", "start": {"date": "d", "timeZone": "z"}, "end": {"date": "e"}}, {"id": "2"}],
        });
        Mask::parse(mask).unwrap().apply(&value)
    }

    #[test]
    fn selects_names_groups_and_paths() {
        assert_eq!(cut("kind"), json!({"kind": "k"}));
        assert_eq!(cut("items(id)"), json!({"items": [{"id": "1"}, {"id": "2"}]}));
        assert_eq!(
            cut("nextPageToken,items(id,start/date)"),
            json!({"nextPageToken": "t", "items": [{"id": "1", "start": {"date": "d"}}, {"id": "2"}]})
        );
        assert_eq!(
            cut("items/id,items/end"),
            json!({"items": [{"id": "1", "end": {"date": "e"}}, {"id": "2"}]})
        );
        assert_eq!(cut("items/*/date").pointer("/items/0/end/date"), Some(&json!("e")));
        assert_eq!(cut("*"), cut("kind,nextPageToken,items"));
    }

    #[test]
    fn refuses_bad_masks() {
        for mask in ["", "a(", "a(b", "a)b", "a,,b", "a/"] {
            assert_eq!(Mask::parse(mask).unwrap_err().reason, "invalidParameter", "{mask}");
        }
    }
}
