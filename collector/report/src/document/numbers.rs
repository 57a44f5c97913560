//! Which times and lengths a report can have, for one that is read from a file.

use serde_json::Value;

use super::{Document, DocumentError};

/// The last millisecond of the year 9999, after 1970; no length is longer than all these years.
pub const MAX_MS: i64 = 253_402_300_799_999;

/// Refuses the first number of milliseconds that is none of a report, and what ends before it starts.
pub(super) fn check(document: &Document) -> Result<(), DocumentError> {
    let value = serde_json::to_value(document).expect("texts, numbers and lists are always JSON");
    look_at(&value, &mut String::new(), Unit::Other)
}

/// What a number counts, by the names of the fields it is in.
#[derive(Clone, Copy)]
enum Unit {
    Milliseconds,
    Other,
}

fn look_at(value: &Value, path: &mut String, unit: Unit) -> Result<(), DocumentError> {
    let length = path.len();
    let refused = |path: &str, found, allowed| Err(DocumentError::Number { field: path.to_owned(), found, allowed });
    match (value, unit) {
        (Value::Object(fields), _) => {
            for (key, value) in fields {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
                look_at(value, path, if key.ends_with("_ms") { Unit::Milliseconds } else { unit })?;
                path.truncate(length);
            }
            let at = |key: &str| fields.get(key).and_then(Value::as_i64);
            match (at("start_ms"), at("end_ms")) {
                (Some(start), Some(end)) if end < start => {
                    refused(&format!("{path}.end_ms"), end, format!("at or after its start_ms, {start}"))
                }
                _ => Ok(()),
            }
        }
        (Value::Array(entries), _) => {
            for (place, entry) in entries.iter().enumerate() {
                path.push_str(&format!("[{place}]"));
                look_at(entry, path, unit)?;
                path.truncate(length);
            }
            Ok(())
        }
        (Value::Number(number), Unit::Milliseconds) => match number.as_i64() {
            Some(number) if !(0..=MAX_MS).contains(&number) => {
                refused(path, number, format!("from 0 to {MAX_MS}, as a time of the years 1970 to 9999"))
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}
