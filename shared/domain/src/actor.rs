//! Who made a change.

use crate::words;

words! {
    /// Who made a change of an event.
    Actor {
        /// The provider of the event's account, or whoever changed the event there.
        Provider = "provider",
        /// The user, through the API.
        Ui = "ui",
        /// An agent of the user.
        Mcp = "mcp",
        /// T-Minus itself.
        System = "system",
    }
}

words! {
    /// Who asks T-Minus for a change.
    Asker {
        /// The user, through the API.
        Ui = "ui",
        /// An agent of the user.
        Mcp = "mcp",
        /// T-Minus itself.
        System = "system",
    }
}

impl From<Asker> for Actor {
    fn from(asker: Asker) -> Self {
        match asker {
            Asker::Ui => Self::Ui,
            Asker::Mcp => Self::Mcp,
            Asker::System => Self::System,
        }
    }
}
