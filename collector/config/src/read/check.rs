//! One check.

use std::collections::BTreeMap;

use quorate_model::{CheckId, Millis};

use super::policy::policy;
use super::probe::probe;
use super::values::{self, span, text};
use crate::settings::{Check, Defaults, Region};
use crate::version::check_version;
use crate::yaml::Cursor;

/// The most labels of a check.
const MAX_LABELS: usize = 16;

/// The most bytes of a label's value.
const MAX_LABEL_BYTES: usize = 128;

/// Label names the exporter uses itself.
const TAKEN_LABELS: [&str; 8] = ["check", "region", "provider", "agent", "state", "le", "quantile", "kind"];

/// What a check's settings refer to.
pub(super) struct Known<'a> {
    /// `None` where they could not be read.
    pub(super) regions: Option<&'a [Region]>,
    pub(super) defaults: Defaults,
}

pub(super) fn check(cursor: &Cursor<'_>, known: &Known<'_>) -> Option<Check> {
    let mut fields = cursor.fields()?;
    let id = fields.required("id").and_then(|c| c.parse(CheckId::new));
    let name = fields.optional("name", values::name);
    let probe = probe(&mut fields);
    let interval = fields.or("interval", known.defaults.interval, values::interval);
    let timeout = fields.or("timeout", known.defaults.timeout, values::timeout);
    let degraded_over = fields.optional("degraded_over", |c| {
        let longest = timeout.unwrap_or(Millis::from_secs(300)) - Millis::new(1);
        span(c, Millis::new(1)..=longest)
    });
    let policy = policy(&mut fields, id.as_ref(), known.regions);
    let labels = fields.or("labels", BTreeMap::new(), labels);
    fields.finish();
    let (id, probe, interval, timeout, degraded_over) = (id?, probe?, interval?, timeout?, degraded_over?);
    Some(Check {
        name: name?.unwrap_or_else(|| id.as_str().to_owned()),
        id,
        version: check_version(&probe, interval, timeout, degraded_over),
        probe,
        interval,
        timeout,
        degraded_over,
        policy: policy?,
        labels: labels?,
    })
}

fn labels(cursor: &Cursor<'_>) -> Option<BTreeMap<String, String>> {
    let entries = cursor.entries()?;
    let mut fine = entries.len() <= MAX_LABELS;
    if !fine {
        cursor.error(format_args!("has {} labels; allowed are {MAX_LABELS}", entries.len()));
    }
    let mut labels = BTreeMap::new();
    for (name, value) in entries {
        if !is_label_name(name) {
            value.error(format_args!(
                "{name:?} is not a label name; allowed are letters, digits and _ of ASCII, no digit and no __ in first \
                 place, at most 64"
            ));
            fine = false;
        } else if TAKEN_LABELS.contains(&name) {
            value.error(format_args!("the label {name} is set by the collector itself; take another name"));
            fine = false;
        }
        match text(&value, MAX_LABEL_BYTES) {
            Some(value) => {
                labels.insert(name.to_owned(), value.to_owned());
            }
            None => fine = false,
        }
    }
    fine.then_some(labels)
}

fn is_label_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (1..=64).contains(&name.len())
        && name.bytes().all(plain)
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.starts_with("__")
}
