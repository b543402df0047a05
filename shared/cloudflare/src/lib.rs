//! The Cloudflare adapters of all ports; the only crate that names worker.
