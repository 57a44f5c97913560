//! Real programs of others that tests put beside ours.

pub mod ask;
pub mod chromium;
pub mod prometheus;
pub mod promtool;
