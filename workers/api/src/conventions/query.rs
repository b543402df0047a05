//! Parameters of a request.

use std::str::FromStr;

use tminus_domain::time::Timestamp;

use crate::error::ApiError;

/// Longest query that is read, in bytes.
const MAX_QUERY: usize = 8192;

/// The parameters of a query, decoded.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes a query.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        if text.len() > MAX_QUERY {
            return Err(ApiError::invalid("the query is over 8 KB"));
        }
        let pairs = form_urlencoded::parse(text.as_bytes());
        Ok(Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()))
    }

    /// A parameter that comes at most once (RFC 6749 §3.1 asks that of OAuth's; the rest follow it). An empty
    /// value is as good as none.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let value = values.next().filter(|value| !value.is_empty());
        if values.next().is_some() {
            return Err(ApiError::invalid("a parameter comes more than once"));
        }
        Ok(value)
    }

    /// A parameter that is a point in time.
    pub(crate) fn time(&self, name: &'static str) -> Result<Timestamp, ApiError> {
        // A `+` that was not encoded arrives as a blank, and RFC 3339 has no blanks.
        let text = self.one(name)?.map(|text| text.replace(' ', "+"));
        text.and_then(|text| Timestamp::parse_rfc3339(&text))
            .ok_or_else(|| ApiError::invalid(format!("{name} must be a time as of RFC 3339")))
    }

    /// A parameter that is an id and may be left out.
    pub(crate) fn id<T: FromStr>(&self, name: &'static str, kind: &str) -> Result<Option<T>, ApiError> {
        let parse = |text: &str| {
            text.parse().map_err(|_| ApiError::invalid(format!("{name} must be the id of {kind}")))
        };
        self.one(name)?.map(parse).transpose()
    }

    /// A parameter that is a number from 1 to `most`.
    pub(crate) fn number(&self, name: &'static str, default: u32, most: u32) -> Result<u32, ApiError> {
        let Some(text) = self.one(name)? else { return Ok(default) };
        let number = text.parse().ok().filter(|number| (1..=most).contains(number));
        number.ok_or_else(|| ApiError::invalid(format!("{name} must be a number from 1 to {most}")))
    }
}
