//! What is wrong with settings that cannot be probed.

use thiserror::Error;

/// The most characters of a refused value that are shown.
const SHOWN_CHARACTERS: usize = 80;

/// A field of a probe's settings that cannot be used, and what is allowed there.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SpecError {
    /// A value outside of what is allowed.
    #[error("{field}: `{value}` cannot be used; allowed: {allowed}")]
    Value {
        /// The field's path inside the check.
        field: String,
        /// The value, cut to what fits on a line.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A value that may be secret and is not shown.
    #[error("{field}: the value (not shown) cannot be used; allowed: {allowed}")]
    Hidden {
        /// The field's path inside the check.
        field: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A regular expression that does not compile or is too large.
    #[error("{field}: not a usable regular expression; allowed: the syntax of Rust's `regex`, at most 1 MiB compiled")]
    Regex {
        /// The field's path inside the check.
        field: String,
        /// What the compiler said.
        #[source]
        source: Box<regex::Error>,
    },
    /// A JSONPath that does not parse.
    #[error("{field}: not a JSONPath; allowed: a query as of RFC 9535, such as `$.status`")]
    JsonPath {
        /// The field's path inside the check.
        field: String,
        /// What the parser said.
        #[source]
        source: serde_json_path::ParseError,
    },
    /// A text that is not JSON.
    #[error("{field}: not JSON; allowed: one JSON value, such as `\"ok\"` or `3`")]
    Json {
        /// The field's path inside the check.
        field: String,
        /// What the parser said.
        #[source]
        source: serde_json::Error,
    },
    /// A URL that does not parse.
    #[error("{field}: `{value}` is not a URL; allowed: `http://HOST/PATH` or `https://HOST/PATH`")]
    Url {
        /// The field's path inside the check.
        field: String,
        /// The text, cut to what fits on a line.
        value: String,
        /// What the parser said.
        #[source]
        source: url::ParseError,
    },
    /// Certificates that cannot be used as roots.
    #[error("{field}: no usable root certificates; allowed: one or more certificates in PEM")]
    Roots {
        /// The field's path inside the check.
        field: String,
        /// What the parser said.
        #[source]
        source: RootsError,
    },
}

/// Why certificates cannot be used as roots.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RootsError {
    /// The text is not PEM.
    #[error("not PEM")]
    Pem(#[source] rustls_pki_types::pem::Error),
    /// There is no certificate in it.
    #[error("there is no certificate in it")]
    Empty,
    /// A certificate cannot be used as a root.
    #[error("certificate {index} cannot be used as a root")]
    Certificate {
        /// Which one, counted from 1.
        index: usize,
        /// What the parser said.
        #[source]
        source: rustls::Error,
    },
    /// No verifier can be built on them.
    #[error("no verifier can be built on them")]
    Verifier(#[source] rustls::client::VerifierBuilderError),
}

impl SpecError {
    pub(crate) fn value(field: &str, value: &str, allowed: &'static str) -> Self {
        Self::Value { field: field.to_owned(), value: shown(value), allowed }
    }

    /// The field's path inside the check, such as `http.expect.body_regex`.
    pub fn field(&self) -> &str {
        match self {
            Self::Value { field, .. }
            | Self::Hidden { field, .. }
            | Self::Regex { field, .. }
            | Self::JsonPath { field, .. }
            | Self::Json { field, .. }
            | Self::Url { field, .. }
            | Self::Roots { field, .. } => field,
        }
    }
}

/// A value on one line, cut.
pub(crate) fn shown(value: &str) -> String {
    let mut cut: String = value.chars().take(SHOWN_CHARACTERS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if cut.len() < value.len() {
        cut.push_str("...");
    }
    cut
}
