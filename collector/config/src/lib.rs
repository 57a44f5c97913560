//! The collector's configuration: YAML to validated types, all errors at once.

pub mod scalar;
pub mod yaml;
