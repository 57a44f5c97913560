//! The collector's configuration: YAML to validated types, all errors at once.
//!
//! [`Config::parse`] takes a text and gives either the whole configuration in the types of `quorate-model`, or every
//! error in the text with line, column and key path. Nothing downstream checks a setting again. [`Config::assignment`]
//! says what one agent is to probe.
//!
//! The crate deliberately reads no file, opens no socket, has no clock and logs nothing: reading the text, telling when it
//! came into effect and reloading are the business of the composition root. Its main type is [`Config`]; [`contract`] reads
//! service level agreements, and [`yaml`] is the machinery both are read with.

mod assign;
pub mod contract;
pub mod files;
pub mod openslo;
mod read;
pub mod scalar;
mod settings;
mod version;
pub mod yaml;

pub use assign::{AgentPlace, Assignment};
pub use settings::{Check, Config, Defaults, Listen, Operator, Region, Retention, Tls};
pub use version::{check_version, policy_version};
pub use yaml::{Diagnostic, Position};

#[cfg(test)]
mod tests;
