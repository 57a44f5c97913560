//! What a contract leaves out.

use quorate_collector_sla::exclusion::OverCap;
use quorate_collector_sla::{Exclusion, ExclusionClass, Interval, MaintenanceRules, Recurrence};
use quorate_model::Millis;

use super::gaps::Gaps;
use super::values::{moment, span, words};
use crate::yaml::{Cursor, Fields};

/// The most pieces of evidence of one exclusion.
const MAX_EVIDENCE: usize = 32;

pub(super) fn maintenance(cursor: &Cursor<'_>, gaps: &mut Gaps) -> Option<MaintenanceRules> {
    let mut fields = cursor.fields()?;
    let min_notice = fields.or("min_notice", Millis::ZERO, span);
    let cap_per_month = fields.optional("cap_per_month", span);
    let cap_per_year = fields.optional("cap_per_year", span);
    let over_cap = fields.or("over_cap", OverCap::default(), |c| c.choice(&OVER_CAPS, over_cap_word));
    fields.finish();
    Some(MaintenanceRules {
        min_notice: gaps.fill(min_notice, Millis::ZERO),
        cap_per_month: gaps.fill(cap_per_month, None),
        cap_per_year: gaps.fill(cap_per_year, None),
        over_cap: gaps.fill(over_cap, OverCap::default()),
    })
}

const OVER_CAPS: [OverCap; 2] = [OverCap::RefuseWindow, OverCap::ExcludeUpToCap];

fn over_cap_word(over_cap: OverCap) -> &'static str {
    match over_cap {
        OverCap::RefuseWindow => "refuse_window",
        OverCap::ExcludeUpToCap => "exclude_up_to_cap",
    }
}

pub(super) fn exclusion(cursor: &Cursor<'_>, gaps: &mut Gaps) -> Option<Exclusion> {
    let mut fields = cursor.fields()?;
    let class = fields.required("class").and_then(|c| c.choice(&ExclusionClass::ALL, ExclusionClass::as_str));
    // Every key goes with maintenance.
    let class = gaps.fill(class, ExclusionClass::Maintenance);
    let exclusion = of_class(&mut fields, class, gaps);
    fields.finish();
    Some(exclusion)
}

/// Everything of an exclusion but its class.
pub(super) fn of_class(fields: &mut Fields<'_>, class: ExclusionClass, gaps: &mut Gaps) -> Exclusion {
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
    // Where the start could not be read, nothing can be said of what has to be after it.
    let Some(start) = start else { return gaps.fill(None, harmless()) };
    Exclusion {
        class,
        start,
        end: gaps.fill(end, start + Millis::new(1)),
        recurrence: gaps.fill(recurrence, None),
        announced_at: gaps.fill(announced_at, None),
        actual_end: gaps.fill(actual_end, None),
        reason: gaps.fill(reason, "unread".to_owned()),
        author: gaps.fill(author, None),
        approver: gaps.fill(approver, Some("unread".to_owned())),
        recorded_at: gaps.fill(recorded_at, None),
        evidence: gaps.fill(evidence, Vec::new()),
    }
}

/// An exclusion that contradicts nothing.
pub(super) fn harmless() -> Exclusion {
    let moment = Interval::from_millis(0, 1).expect("a millisecond is some time");
    Exclusion::new(ExclusionClass::Customer, moment, "")
}

fn evidence(cursor: &Cursor<'_>) -> Option<Vec<String>> {
    let count = cursor.list()?.len();
    if count > MAX_EVIDENCE {
        cursor.error(format_args!("has {count} entries; allowed are {MAX_EVIDENCE}"));
        return None;
    }
    cursor.each(words)
}
