//! Who somebody is to a provider.

/// An account at a provider, by the id that the provider never reuses. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject {
    /// The provider: `google`.
    pub provider: String,
    /// The provider's id of the account: Google's `sub`.
    pub id: String,
}

impl Subject {
    /// A Google account, by its `sub`.
    pub fn google(sub: impl Into<String>) -> Self {
        Self { provider: "google".to_owned(), id: sub.into() }
    }
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject").field("provider", &self.provider).finish_non_exhaustive()
    }
}
