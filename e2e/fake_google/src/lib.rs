//! A faithful local Google Calendar and OAuth server.
//!
//! [`Google`] is a state machine without clock, threads or IO: it takes a [`http::Request`] and the
//! time, gives back a [`http::Response`], and collects the pushes which the call has produced. A
//! simulation embeds it as it is. [`server`] puts it behind HTTP and delivers the pushes.
//!
//! Behaviour follows Google's documentation and captures of the real service; what is neither
//! documented nor observed is a knob in [`settings::Settings`]. `/control` drives it from outside.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::missing_errors_doc,
    reason = "a development server, never deployed"
)]

pub mod api;
pub mod batch;
pub mod calendars;
pub mod control;
pub mod cursor;
pub mod discovery;
pub mod error;
pub mod events;
pub mod faults;
pub mod fields;
pub mod http;
pub mod ids;
pub mod model;
pub mod oauth;
pub mod push;
pub mod quota;
pub mod scopes;
pub mod sender;
pub mod server;
pub mod settings;
pub mod state;
pub mod time;
pub mod timeline;
pub mod wire;

pub use state::Google;
