//! A service level report to read: JSON, CSV, Markdown and HTML made for print, all from one [`Document`].
//!
//! [`Document::of`] writes down what the service level engine worked out; every figure in it is exact, as a whole number of
//! milliseconds or as the decimal text that is printed. The formats are pure functions of the document, so that a report
//! that was frozen as JSON is rendered years later without what it was made from. [`tables`] writes histories of incidents, states and windows.
//!
//! Not here: no judgement, no store, no clock, no float on the way to a figure.

#[cfg(test)]
mod complete;
mod csv;
mod document;
#[cfg(test)]
mod hostile;
mod html;
mod markdown;
mod moment;
mod revision;
mod sentences;
pub mod tables;
mod words;

pub use document::numbers::MAX_MS;
pub use document::{
    AppliedExclusion, BudgetLine, Change, CheckLine, CustomerLine, Day, Document, DocumentError, ErrorRate,
    ExclusionLine, IncidentLine, Latency, LatencyPromise, Ledger, OutageLine, Period, Rule, Seen, Stretch, SupportLine,
    Voter, Worst,
};
