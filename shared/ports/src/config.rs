//! Reading configuration: every missing or malformed value is named, all of them at once.

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("configuration: {}", .problems.join("; "))]
pub struct ConfigError {
    /// One line a problem: the name of the value and what is wrong, never the value.
    pub problems: Vec<String>,
}

/// Collects values by name and remembers every problem on the way.
pub struct ConfigReader<F> {
    get: F,
    problems: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> ConfigReader<F> {
    /// A reader over `get`, which answers a value by its name.
    pub const fn new(get: F) -> Self {
        Self { get, problems: Vec::new() }
    }

    /// The value named `name`; missing or empty is a problem (and answered by an empty text).
    pub fn required(&mut self, name: &str) -> String {
        match (self.get)(name).filter(|value| !value.trim().is_empty()) {
            Some(value) => value,
            None => {
                self.problems.push(format!("{name} is missing"));
                String::new()
            }
        }
    }

    /// The value named `name`, parsed; missing or malformed is a problem.
    pub fn parsed<T, E: std::fmt::Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = (self.get)(name).filter(|value| !value.trim().is_empty());
        let Some(text) = text else {
            self.problems.push(format!("{name} is missing"));
            return None;
        };
        match parse(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problems.push(format!("{name} is malformed: {error}"));
                None
            }
        }
    }

    /// The value named `name`, parsed, if it is there; malformed is a problem.
    pub fn optional<T, E: std::fmt::Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let is_set = (self.get)(name).is_some_and(|value| !value.trim().is_empty());
        if is_set { self.parsed(name, parse) } else { None }
    }

    /// A base URL: `http` or `https`, returned without its trailing slash.
    pub fn base_url(&mut self, name: &str) -> String {
        let value = self.required(name);
        if !value.is_empty() && !value.starts_with("https://") && !value.starts_with("http://") {
            self.problems.push(format!("{name} is malformed: not an http or https URL"));
        }
        value.trim_end_matches('/').to_owned()
    }

    /// Ends reading: `value` if there was no problem.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem met.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, ConfigError> {
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => Err(ConfigError { problems: self.problems }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_named_at_once_and_no_value_is_shown() {
        let mut reader = ConfigReader::new(|name| (name == "B").then(|| "secret-but-no-url".to_owned()));
        let a = reader.required("A");
        let b = reader.base_url("B");
        let c = reader.parsed("C", str::parse::<u8>);
        let error = reader.finish(c.map(|c| (a, b, c))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "configuration: A is missing; B is malformed: not an http or https URL; C is missing"
        );
    }
}
