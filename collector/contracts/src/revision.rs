//! When a report is final, and when a changed one is the next revision.

use quorate_collector_report::Document;
use quorate_collector_sla::report::Finality;
use quorate_collector_sla::{ContractId, Window};
use quorate_model::{CollectorTime, Millis};

use crate::make::Edition;

/// A report is final so long after its window: agents that were away have come back and told what they saw.
pub const FREEZE_AFTER: Millis = Millis::from_secs(72 * 3600);

/// When the report on a window becomes final.
pub fn freezes_at(window: &Window) -> CollectorTime {
    window.interval.end() + FREEZE_AFTER
}

/// Whether the report on a window is to be final now.
pub fn is_due(window: &Window, now: CollectorTime) -> bool {
    freezes_at(window) <= now
}

/// The name a final report on a window is kept under, by the window's name.
pub fn key(contract: &ContractId, label: &str) -> String {
    format!("{contract}/{label}")
}

/// The first final printing.
pub const fn first(now: CollectorTime) -> Edition {
    Edition { revision: 1, finality: Finality::Final, made_at: now }
}

/// The printing after revision `last`.
pub const fn after(last: u32, now: CollectorTime) -> Edition {
    Edition { revision: last.saturating_add(1), finality: Finality::Final, made_at: now }
}

/// What `made`, a report made anew, is beside the last one kept: the next revision with what changed, or `None` where it
/// says nothing else.
pub fn next(made: Document, last: &Document) -> Option<Document> {
    if made.says_the_same_as(last) { None } else { Some(made.with_change_since(last)) }
}
