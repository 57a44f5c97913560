//! The caps on what one request may ask for. All are inclusive.

use quorate_model::Millis;

const DAY: Millis = Millis::from_secs(86_400);

/// The longest window of segments: a year's report with its edges.
pub const SEGMENTS_WINDOW: Millis = DAY.times(400);

/// The longest window of latency.
pub const LATENCY_WINDOW: Millis = DAY.times(400);

/// The longest window of samples: a month.
pub const SAMPLES_WINDOW: Millis = DAY.times(31);

/// The window where `from_ms` is not given.
pub const DEFAULT_WINDOW: Millis = DAY;

/// How far in the future a time may be, so that a client's clock need not agree with ours to the second.
pub const FUTURE: Millis = Millis::from_secs(60);

/// The most incidents of one page.
pub const INCIDENTS: usize = 1_000;

/// Incidents of one page where `limit` is not given.
pub const DEFAULT_INCIDENTS: usize = 100;

/// The longest query string, in bytes.
pub const QUERY_BYTES: usize = 2_048;

/// The longest contract id taken, in bytes.
pub const CONTRACT_ID_BYTES: usize = 64;

/// The most windows of one ledger: a day each for a year.
pub const LEDGER_WINDOWS: usize = 400;

/// The windows of a ledger where `from` is not given.
pub const LEDGER_DEFAULT: usize = 12;

/// The highest revision of a report that can be asked for.
pub const REVISIONS: usize = 1_000_000;

/// The longest body of a decision, in bytes.
pub const DECISION_BYTES: usize = 64 * 1024;

/// The longest incident id taken, in bytes.
pub const INCIDENT_ID_BYTES: usize = 256;
