//! What a contract owes.

use quorate_collector_sla::credit::{ClaimRule, DayTier, LadderMeasure, LadderStep, Tier};
use quorate_collector_sla::{Credit, CreditRule};

use super::gaps::Gaps;
use super::values::{percent, span};
use crate::yaml::{Cursor, Fields};

/// The most tiers or steps of a rule.
const MAX_STEPS: usize = 64;

/// The keys of which exactly one says how a credit comes out.
const RULES: [&str; 5] = ["tiers", "multiplier", "service_days", "duration_ladder", "proportional"];

pub(super) fn credit(cursor: &Cursor<'_>, gaps: &mut Gaps) -> Option<Credit> {
    let mut fields = cursor.fields()?;
    let rule = rule(&mut fields, gaps);
    let cap_per_month = fields.optional("cap_per_month_percent", percent);
    let cap_per_12_months = fields.optional("cap_per_12_months_percent", percent);
    let floor = fields.optional("floor_percent", percent);
    let claim = claim(&mut fields);
    fields.finish();
    Some(Credit {
        rule: gaps.fill(rule, CreditRule::Proportional),
        cap_per_month: gaps.fill(cap_per_month, None),
        cap_per_12_months: gaps.fill(cap_per_12_months, None),
        floor: gaps.fill(floor, None),
        claim: gaps.fill(claim.ok(), None),
    })
}

fn rule(fields: &mut Fields<'_>, gaps: &mut Gaps) -> Option<CreditRule> {
    let given: Vec<&str> = RULES.into_iter().filter(|name| fields.has(name)).collect();
    // Every rule that is there is read, so that its own errors are told too.
    let tiers = fields.get("tiers").map(|c| steps("credit.tiers", &c, gaps, tier).map(CreditRule::Tiers));
    let multiplier = fields.get("multiplier").map(|c| multiplier(&c));
    let service_days = fields
        .get("service_days")
        .map(|c| steps("credit.service_days", &c, gaps, day_tier).map(CreditRule::ServiceDays));
    let measure =
        fields.optional("ladder_measure", |c| c.choice(&[LadderMeasure::Total, LadderMeasure::Longest], measure_word));
    let ladder = fields.get("duration_ladder").map(|c| {
        let steps = steps("credit.duration_ladder", &c, gaps, ladder_step)?;
        Some(CreditRule::DurationLadder { measure: gaps.fill(measure, None).unwrap_or_default(), steps })
    });
    let proportional = fields.get("proportional").map(|c| proportional(&c));
    if !fields.has("duration_ladder") && fields.has("ladder_measure") {
        fields.cursor().error_at("ladder_measure", "goes with duration_ladder only");
    }
    match given.as_slice() {
        [_] => [tiers, multiplier, service_days, ladder, proportional].into_iter().flatten().next().flatten(),
        [] => {
            fields.cursor().error(format_args!("misses how the credit comes out; give one of {}", RULES.join(", ")));
            None
        }
        [..] => {
            fields.cursor().error(format_args!("has {}; give one of them", given.join(" and ")));
            None
        }
    }
}

/// The steps that could be read; none at all is no rule, unless the list itself is empty.
fn steps<T>(
    path: &'static str,
    cursor: &Cursor<'_>,
    gaps: &mut Gaps,
    read: fn(&Cursor<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let count = cursor.list()?.len();
    if count > MAX_STEPS {
        cursor.error(format_args!("has {count} entries; allowed are {MAX_STEPS}"));
        return None;
    }
    gaps.items(path, cursor, |item, _| read(item)).filter(|steps| count == 0 || !steps.is_empty())
}

fn tier(cursor: &Cursor<'_>) -> Option<Tier> {
    let mut fields = cursor.fields()?;
    let below = fields.required("below").and_then(|c| percent(&c));
    let share = fields.required("percent").and_then(|c| percent(&c));
    fields.finish();
    Some(Tier { below: below?, percent: share? })
}

fn day_tier(cursor: &Cursor<'_>) -> Option<DayTier> {
    let mut fields = cursor.fields()?;
    let below = fields.required("below").and_then(|c| percent(&c));
    let days = fields.required("days").and_then(|c| c.small(1..=366));
    fields.finish();
    Some(DayTier { below: below?, days: days? })
}

fn ladder_step(cursor: &Cursor<'_>) -> Option<LadderStep> {
    let mut fields = cursor.fields()?;
    let at_least = fields.required("at_least").and_then(|c| span(&c));
    let days = fields.required("days").and_then(|c| c.small(1..=366));
    fields.finish();
    Some(LadderStep { at_least: at_least?, days: days? })
}

fn measure_word(measure: LadderMeasure) -> &'static str {
    match measure {
        LadderMeasure::Total => "total",
        LadderMeasure::Longest => "longest",
    }
}

fn multiplier(cursor: &Cursor<'_>) -> Option<CreditRule> {
    let parsed = thousandths(cursor.text()?);
    if parsed.is_none() {
        cursor.expected(
            "how many times the fee for the time down, 0.001 to 100 with at most three decimals, such as 10 or 1.5",
        );
    }
    parsed.map(|times_milli| CreditRule::Multiplier { times_milli })
}

fn thousandths(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let fraction = if fraction.len() > 3 { fraction.trim_end_matches('0') } else { fraction };
    if !digits(whole) || !digits(fraction) || fraction.len() > 3 {
        return None;
    }
    format!("{whole}{fraction:0<3}").parse().ok()
}

fn proportional(cursor: &Cursor<'_>) -> Option<CreditRule> {
    if cursor.flag()? {
        return Some(CreditRule::Proportional);
    }
    cursor.expected("true, or another rule");
    None
}

/// An error stands in the list already.
struct Noted;

/// Until when to claim: `claim_within_days`, counted from `claim_after`, or `claim_by`.
fn claim(fields: &mut Fields<'_>) -> Result<Option<ClaimRule>, Noted> {
    let days = fields.optional("claim_within_days", |c| c.small::<u16>(1..=3660));
    let after = fields.optional("claim_after", |c| c.choice(&[After::Window, After::Incident], After::word));
    let by = fields.optional("claim_by", |c| c.choice(&[ClaimRule::SecondBillingCycle], |_| "second_billing_cycle"));
    let (days, after, by) = (days.ok_or(Noted)?, after.ok_or(Noted)?, by.ok_or(Noted)?);
    match (days, by) {
        (Some(_), Some(_)) => {
            fields.cursor().error_at("claim_by", "stands beside claim_within_days; give one of them");
            Err(Noted)
        }
        (None, _) if after.is_some() => {
            fields.cursor().error_at("claim_after", "goes with claim_within_days only");
            Err(Noted)
        }
        (Some(days), None) => Ok(Some(match after.unwrap_or(After::Window) {
            After::Window => ClaimRule::DaysAfterWindow(days),
            After::Incident => ClaimRule::DaysAfterIncident(days),
        })),
        (None, by) => Ok(by),
    }
}

#[derive(Clone, Copy)]
enum After {
    Window,
    Incident,
}

impl After {
    fn word(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Incident => "incident",
        }
    }
}
