//! Regular expressions of assertions, with bounds.

use regex::bytes::{Regex, RegexBuilder};

use crate::spec::SpecError;

/// The most bytes a compiled pattern may take.
pub(crate) const MAX_REGEX_BYTES: usize = 1 << 20;
/// The most bytes a pattern's text may have.
pub(crate) const MAX_PATTERN_BYTES: usize = 4096;

/// Compiles a pattern for matching on bytes.
pub(crate) fn compile(field: &str, text: &str) -> Result<Regex, SpecError> {
    if text.len() > MAX_PATTERN_BYTES {
        return Err(SpecError::value(field, text, "a pattern of at most 4096 bytes"));
    }
    RegexBuilder::new(text)
        .size_limit(MAX_REGEX_BYTES)
        .dfa_size_limit(MAX_REGEX_BYTES)
        .build()
        .map_err(|source| SpecError::Regex { field: field.to_owned(), source: Box::new(source) })
}
