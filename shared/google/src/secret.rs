//! Tokens: their text is reached on purpose only, never through `Debug`.

use serde::{Deserialize, Serialize};

macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a text.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text itself, to be sent or sealed.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

secrets! {
    /// A bearer token (RFC 6750) of about an hour.
    AccessToken;
    /// A refresh token (RFC 6749 §1.5). Google does not rotate it.
    RefreshToken;
    /// The secret of the OAuth client (RFC 6749 §2.3.1).
    ClientSecret;
}
