//! The query of a request, decoded.

use super::code::Code;
use super::error::ApiError;

/// Longest query that is read, in bytes.
const MAX_QUERY: usize = 8192;

/// The parameters of a query, decoded.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes a query.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        if text.len() > MAX_QUERY {
            return Err(ApiError::refused(Code::InvalidParameter, "the query is over 8 KB"));
        }
        let pairs = form_urlencoded::parse(text.as_bytes());
        Ok(Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()))
    }

    /// Refuses a query with any other parameters: what is misspelt is never taken for left out.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        if self.0.iter().all(|(name, _)| known.contains(&name.as_str())) {
            return Ok(());
        }
        let message = if known.is_empty() {
            "this route takes no parameters".into()
        } else {
            format!("this route takes no parameters but {}", known.join(", "))
        };
        Err(ApiError::refused(Code::InvalidParameter, message))
    }

    /// A parameter that comes at most once.
    pub(crate) fn one(&self, name: &'static str) -> Result<Option<&str>, ApiError> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let value = values.next();
        if values.next().is_some() {
            return Err(ApiError::invalid(name, "a parameter comes more than once"));
        }
        Ok(value)
    }
}
