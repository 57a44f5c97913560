//! What a contract leaves out.

use quorate_collector_sla::exclusion::OverCap;
use quorate_collector_sla::{Exclusion, ExclusionClass, MaintenanceRules, Recurrence};
use quorate_model::Millis;

use super::values::{moment, span, words};
use crate::yaml::{Cursor, Fields};

/// The most pieces of evidence of one exclusion.
const MAX_EVIDENCE: usize = 32;

pub(super) fn maintenance(cursor: &Cursor<'_>) -> Option<MaintenanceRules> {
    let mut fields = cursor.fields()?;
    let min_notice = fields.or("min_notice", Millis::ZERO, span);
    let cap_per_month = fields.optional("cap_per_month", span);
    let cap_per_year = fields.optional("cap_per_year", span);
    let over_cap = fields.or("over_cap", OverCap::default(), |c| c.choice(&OVER_CAPS, over_cap_word));
    fields.finish();
    Some(MaintenanceRules {
        min_notice: min_notice?,
        cap_per_month: cap_per_month?,
        cap_per_year: cap_per_year?,
        over_cap: over_cap?,
    })
}

const OVER_CAPS: [OverCap; 2] = [OverCap::RefuseWindow, OverCap::ExcludeUpToCap];

fn over_cap_word(over_cap: OverCap) -> &'static str {
    match over_cap {
        OverCap::RefuseWindow => "refuse_window",
        OverCap::ExcludeUpToCap => "exclude_up_to_cap",
    }
}

pub(super) fn exclusion(cursor: &Cursor<'_>) -> Option<Exclusion> {
    let mut fields = cursor.fields()?;
    let class = fields.required("class").and_then(|c| c.choice(&ExclusionClass::ALL, ExclusionClass::as_str));
    let exclusion = of_class(&mut fields, class);
    fields.finish();
    exclusion
}

/// Everything of an exclusion but its class; `class` is `None` where that could not be read.
pub(super) fn of_class(fields: &mut Fields<'_>, class: Option<ExclusionClass>) -> Option<Exclusion> {
    let start = fields.required("start").and_then(|c| moment(&c));
    let end = fields.required("end").and_then(|c| moment(&c));
    let announced_at = fields.optional("announced_at", moment);
    let actual_end = fields.optional("actual_end", moment);
    let recurrence = fields.optional("recurrence", |c| c.parse(Recurrence::parse));
    let reason = fields.or("reason", String::new(), words);
    let author = fields.optional("author", words);
    let approver = fields.optional("approver", words);
    let recorded_at = fields.optional("recorded_at", moment);
    let evidence = fields.or("evidence", Vec::new(), evidence);
    Some(Exclusion {
        class: class?,
        start: start?,
        end: end?,
        recurrence: recurrence?,
        announced_at: announced_at?,
        actual_end: actual_end?,
        reason: reason?,
        author: author?,
        approver: approver?,
        recorded_at: recorded_at?,
        evidence: evidence?,
    })
}

fn evidence(cursor: &Cursor<'_>) -> Option<Vec<String>> {
    let count = cursor.list()?.len();
    if count > MAX_EVIDENCE {
        cursor.error(format_args!("has {count} entries; allowed are {MAX_EVIDENCE}"));
        return None;
    }
    cursor.each(words)
}
