//! Segments as JSON Lines: `{"check","start_ms","end_ms","state"}`, one object a line.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, Read};

use quorate_collector_sla::{Interval, PlainSegment, Timeline};
use quorate_model::{CheckId, CollectorTime, State};
use serde_json::{Map, Value};

use super::values::TIMES;

/// The most segments of one file.
pub const MAX_SEGMENTS: usize = 5_000_000;

/// The most errors told of one file; reading stops there.
pub const MAX_LINE_ERRORS: usize = 100;

/// The longest line, in bytes.
const MAX_LINE_BYTES: u64 = 64 * 1024;

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineError {
    /// The line, from 1.
    pub line: usize,
    /// The field at fault; empty where the line as a whole is.
    pub field: &'static str,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl fmt::Display for LineError {
    /// `12: end_ms: is not after start_ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            write!(f, "{}: {}", self.line, self.message)
        } else {
            write!(f, "{}: {}: {}", self.line, self.field, self.message)
        }
    }
}

impl std::error::Error for LineError {}

/// The segments of one file by check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentLines {
    checks: BTreeMap<CheckId, Vec<(usize, PlainSegment)>>,
}

/// Reads segments to the end.
///
/// A line has the fields `check`, `start_ms`, `end_ms` and `state`; `regions_bad`, which `quorate replay` prints beside them,
/// is not used. Empty lines are skipped.
///
/// # Errors
/// The reader fails; or, inside, every line that is no segment, up to [`MAX_LINE_ERRORS`].
pub fn read_segments(mut reader: impl BufRead) -> io::Result<Result<SegmentLines, Vec<LineError>>> {
    let mut out = SegmentLines::default();
    let mut errors = Vec::new();
    let mut bytes = Vec::new();
    let mut count = 0usize;
    for line in 1.. {
        bytes.clear();
        let mut whole = |field, message: String| errors.push(LineError { line, field, message });
        if reader.by_ref().take(MAX_LINE_BYTES + 1).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        if bytes.len() as u64 > MAX_LINE_BYTES {
            whole("", format!("is longer than {MAX_LINE_BYTES} bytes"));
            break;
        }
        let Ok(text) = std::str::from_utf8(&bytes) else {
            whole("", "is not UTF-8".to_owned());
            break;
        };
        // Some editors begin a file with a byte order mark.
        let text = if line == 1 { text.trim_start_matches('\u{feff}') } else { text };
        if text.trim().is_empty() {
            continue;
        }
        count += 1;
        if count > MAX_SEGMENTS {
            whole("", format!("more segments than the {MAX_SEGMENTS} that are allowed"));
            break;
        }
        if let Some((check, segment)) = segment(text, &mut whole) {
            out.checks.entry(check).or_default().push((line, segment));
        }
        if errors.len() >= MAX_LINE_ERRORS {
            break;
        }
    }
    Ok(if errors.is_empty() { Ok(out) } else { Err(errors) })
}

fn segment(text: &str, error: &mut impl FnMut(&'static str, String)) -> Option<(CheckId, PlainSegment)> {
    let object = match serde_json::from_str::<Value>(text.trim_end()) {
        Ok(Value::Object(object)) => object,
        Ok(_) => {
            error("", "is not an object; a segment is {\"check\", \"start_ms\", \"end_ms\", \"state\"}".to_owned());
            return None;
        }
        Err(mistake) => {
            let text = mistake.to_string();
            let reason = text.split(" at line ").next().unwrap_or_default();
            let column = mistake.column();
            error("", format!("is not JSON: {reason} at column {column}; each line is one object"));
            return None;
        }
    };
    for key in object.keys() {
        if !["check", "start_ms", "end_ms", "state", "regions_bad"].contains(&key.as_str()) {
            error("", format!("unknown field {key:?}; allowed are check, start_ms, end_ms and state"));
        }
    }
    let check = text_of(&object, "check", error).and_then(|text| match CheckId::new(text) {
        Ok(check) => Some(check),
        Err(mistake) => {
            error("check", mistake.to_string());
            None
        }
    });
    let start = time_of(&object, "start_ms", error);
    let end = time_of(&object, "end_ms", error);
    let state = text_of(&object, "state", error).and_then(|text| {
        let found = State::ALL.iter().copied().find(|state| state.word() == text);
        if found.is_none() {
            let words: Vec<&str> = State::ALL.iter().map(|state| state.word()).collect();
            error("state", format!("is {text:?}; allowed are {}", words.join(", ")));
        }
        found
    });
    let interval = Interval::from_millis(start?, end?);
    if interval.is_none() {
        error("end_ms", "is not after start_ms".to_owned());
    }
    Some((check?, PlainSegment { interval: interval?, state: state? }))
}

fn text_of<'a>(
    object: &'a Map<String, Value>,
    field: &'static str,
    error: &mut impl FnMut(&'static str, String),
) -> Option<&'a str> {
    match object.get(field) {
        Some(Value::String(text)) => Some(text),
        Some(_) => {
            error(field, "is not a text".to_owned());
            None
        }
        None => {
            error(field, "is missing".to_owned());
            None
        }
    }
}

fn time_of(
    object: &Map<String, Value>,
    field: &'static str,
    error: &mut impl FnMut(&'static str, String),
) -> Option<i64> {
    let Some(value) = object.get(field) else {
        error(field, "is missing".to_owned());
        return None;
    };
    let time = value.as_i64().filter(|ms| TIMES.contains(&CollectorTime::from_millis(*ms)));
    if time.is_none() {
        error(
            field,
            format!("is {value}; allowed are whole milliseconds since 1970, up to {}", TIMES.end().as_millis()),
        );
    }
    time
}

impl SegmentLines {
    /// The checks that have segments.
    pub fn checks(&self) -> impl Iterator<Item = &CheckId> {
        self.checks.keys()
    }

    /// The timeline of a check; one without segments is unknown all the time.
    ///
    /// # Errors
    /// Two segments of different states overlap.
    pub fn timeline(&self, check: &CheckId) -> Result<Timeline, LineError> {
        let lines = self.checks.get(check).map_or(&[][..], Vec::as_slice);
        let segments: Vec<PlainSegment> = lines.iter().map(|(_, segment)| *segment).collect();
        Timeline::from_plain(&segments).map_err(|overlap| {
            let line = |place: usize| lines.get(place).map_or(0, |(line, _)| *line);
            let (first, second) = (line(overlap.first), line(overlap.second));
            let message = format!("overlaps line {} and has another state", first.min(second));
            LineError { line: first.max(second), field: "start_ms", message }
        })
    }
}

#[cfg(test)]
mod tests;
