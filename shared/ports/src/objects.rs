//! One command to a Durable Object.
//!
//! A contract is a set of [`Command`] types; the wire form is `POST /{NAME}` with the command as JSON, answered
//! by `Result<Reply, ObjectError>` as JSON. [`call`] is the typed client of every contract.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tminus_domain::words;

use crate::{Classify, ErrorClass};

/// The two classes of Durable Object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectClass {
    /// One person's graph; named by the `usr_` id.
    UserGraph,
    /// One account's tokens, channels, cursors; named by the `acc_` id.
    Account,
}

impl ObjectClass {
    /// The binding under which Workers reach the class.
    #[must_use]
    pub const fn binding(self) -> &'static str {
        match self {
            Self::UserGraph => "USER_GRAPH",
            Self::Account => "ACCOUNT",
        }
    }
}

/// A command of an object's contract.
pub trait Command: Serialize + DeserializeOwned {
    /// What the object answers.
    type Reply: Serialize + DeserializeOwned;
    /// The class that answers it.
    const CLASS: ObjectClass;
    /// The route, unique in the class: lower-case words joined by `_`.
    const NAME: &'static str;
}

words! {
    /// What a command may name without its being there.
    Named {
        /// A linked account.
        Account = "account",
        /// A calendar of a linked account.
        Calendar = "calendar",
        /// A canonical event.
        Event = "event",
    }
}

/// Why an object did not do what it was asked. Crosses the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum ObjectError {
    /// The object was never created, or holds a tombstone.
    #[error("the object does not exist or was erased")]
    Gone,
    /// The command is not one of the contract, or does not decode.
    #[error("the object refused the command: {reason}")]
    Refused {
        /// Why, without personal data.
        reason: String,
    },
    /// The command names what is not there.
    #[error("there is no such {what}")]
    Unknown {
        /// What there is none of.
        what: Named,
    },
    /// The command asks for what cannot be. Its text leaves the reason out: that may quote whoever asked, and is for
    /// them only, not for logs.
    #[error("the command asks for what cannot be")]
    Unfit {
        /// Why, for whoever asked.
        reason: String,
    },
    /// The stored schema is newer than the code.
    #[error("the stored schema is version {stored}, this code knows {known}")]
    NewerSchema {
        /// The version in the database.
        stored: u32,
        /// The newest version that the code knows.
        known: u32,
    },
    /// Someone outside (the provider, a queue) failed; it may work later.
    #[error("the object could not finish: {reason}")]
    Unavailable {
        /// Why, without personal data.
        reason: String,
    },
    /// The grant at the provider is gone; the user must consent again.
    #[error("the account needs a new consent")]
    ConsentNeeded,
    /// A defect of ours.
    #[error("the object failed: {reason}")]
    Internal {
        /// Why, without personal data.
        reason: String,
    },
}

/// A call to an object failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No answer: whether the command had its effect is unknown. Commands are safe to repeat.
    #[error("no answer to {command}: {reason}")]
    NoAnswer {
        /// The command's name.
        command: &'static str,
        /// What the platform said.
        reason: String,
    },
    /// The object answered with an error.
    #[error("{command} failed")]
    Object {
        /// The command's name.
        command: &'static str,
        /// What the object answered.
        #[source]
        source: ObjectError,
    },
    /// The answer does not decode: the two sides are of different versions.
    #[error("the answer to {command} does not decode: {reason}")]
    Undecodable {
        /// The command's name.
        command: &'static str,
        /// Where decoding stopped.
        reason: String,
    },
}

impl CallError {
    /// Whether the object answered that it does not exist (any more).
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        matches!(self, Self::Object { source: ObjectError::Gone, .. })
    }
}

impl Classify for CallError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::NoAnswer { .. } => ErrorClass::RETRY,
            Self::Undecodable { .. } => ErrorClass::Bug,
            Self::Object { source, .. } => match source {
                ObjectError::Gone
                | ObjectError::Refused { .. }
                | ObjectError::Unknown { .. }
                | ObjectError::Unfit { .. } => ErrorClass::Reject,
                ObjectError::NewerSchema { .. } | ObjectError::Unavailable { .. } => ErrorClass::RETRY,
                ObjectError::ConsentNeeded => ErrorClass::Reject,
                ObjectError::Internal { .. } => ErrorClass::Bug,
            },
        }
    }
}

/// Calls Durable Objects.
pub trait ObjectCall {
    /// Sends the command `name` with `body` to the object `object` of `class` and returns the answer's text.
    /// `trace` is the trace id of the work at hand.
    ///
    /// # Errors
    /// What the platform said, when no answer arrived.
    async fn call_raw(
        &self,
        class: ObjectClass,
        object: &str,
        name: &'static str,
        trace: &str,
        body: String,
    ) -> Result<String, String>;
}

/// A command on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    class: ObjectClass,
    name: &'static str,
    body: String,
}

impl Encoded {
    /// Encodes a command.
    ///
    /// # Errors
    /// [`CallError::Undecodable`], if the command has no JSON.
    pub fn of<C: Command>(command: &C) -> Result<Self, CallError> {
        let body = serde_json::to_string(command).map_err(|error| undecodable(C::NAME, &error))?;
        Ok(Self { class: C::CLASS, name: C::NAME, body })
    }
}

/// Sends a typed command to the object named `object`.
///
/// # Errors
/// [`CallError`]; `is_gone` tells an erased or unknown object.
pub async fn call<C: Command>(
    ports: &(impl ObjectCall + ?Sized),
    object: &str,
    trace: &str,
    command: &C,
) -> Result<C::Reply, CallError> {
    call_as(ports, object, trace, Encoded::of(command)?).await
}

/// As [`call`], for who needs only a part of the answer: `R` reads that part of the command's reply.
///
/// # Errors
/// As of [`call`].
pub async fn call_as<R: DeserializeOwned>(
    ports: &(impl ObjectCall + ?Sized),
    object: &str,
    trace: &str,
    Encoded { class, name, body }: Encoded,
) -> Result<R, CallError> {
    let answer = ports
        .call_raw(class, object, name, trace, body)
        .await
        .map_err(|reason| CallError::NoAnswer { command: name, reason })?;
    let answer: Result<R, ObjectError> =
        serde_json::from_str(&answer).map_err(|error| undecodable(name, &error))?;
    answer.map_err(|source| CallError::Object { command: name, source })
}

/// Where, not what: the error's text may hold a value.
fn undecodable(command: &'static str, error: &serde_json::Error) -> CallError {
    CallError::Undecodable { command, reason: format!("line {}, column {}", error.line(), error.column()) }
}
