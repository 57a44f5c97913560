use quorate_model::{CollectorTime, Millis};

use super::{ClaimRule, Credit, CreditFacts, CreditRule, CreditStep, Tier};
use crate::percent::{Percent, Ratio};
use crate::tests::{berlin, utc_ms};
use crate::window::WindowKind;
use crate::zone::Zone;

fn percent(text: &str) -> Percent {
    Percent::parse(text).expect("a percentage")
}

fn ratio(part: u128, whole: u128) -> Ratio {
    Ratio::new(part, whole).expect("whole is over 0")
}

#[test]
fn every_step_to_a_credit_is_named() {
    let credit = Credit {
        cap_per_month: Some(percent("20")),
        cap_per_12_months: Some(percent("10")),
        floor: Some(percent("15")),
        ..Credit::new(CreditRule::Tiers(vec![
            Tier { below: percent("99.95"), percent: percent("10") },
            Tier { below: percent("99"), percent: percent("25") },
        ]))
    };
    let owed = |uptime: Ratio, before: Ratio| {
        credit.owed(&CreditFacts {
            uptime: Some(uptime),
            objective: None,
            down: Millis::ZERO,
            longest_down: Millis::ZERO,
            window_days: 30,
            affected: Ratio::ONE,
            credited_before: before,
            windows_in_12_months: 12,
        })
    };
    let (fair, bad) = (ratio(995, 1000), ratio(98, 100));
    let below = |uptime, text| CreditStep::Below { uptime, threshold: percent(text) };
    let floored = owed(fair, Ratio::ZERO);
    assert_eq!(floored.share, ratio(15, 100));
    assert_eq!(
        floored.steps,
        [below(fair, "99.95"), CreditStep::Share(ratio(1, 10)), CreditStep::Floor(percent("15"))]
    );
    let capped = owed(bad, Ratio::ZERO);
    assert_eq!(capped.steps, [below(bad, "99"), CreditStep::Share(ratio(1, 4)), CreditStep::MonthCap(percent("20"))]);
    // 10 % of twelve fees are 1.2 fees; after 1.1 a tenth is left, after 1.2 nothing.
    let last = owed(bad, ratio(11, 10));
    assert_eq!(last.share, ratio(1, 10));
    assert_eq!(last.steps[3], CreditStep::YearCap { cap: percent("10"), left: ratio(1, 10) });
    assert!(owed(bad, ratio(12, 10)).share.is_zero());
    assert!(owed(bad, ratio(50, 10)).share.is_zero());
    assert_eq!(owed(Ratio::ONE, Ratio::ZERO).steps, [CreditStep::Met]);
}

#[test]
fn claims_have_a_deadline() {
    let deadline = |rule: ClaimRule, zone: &Zone, kind: WindowKind, period: &str, incident: Option<&str>| {
        let window = kind.window(period, zone).expect("a period");
        let incident = incident.map(|text| CollectorTime::from_millis(utc_ms(text)));
        rule.deadline(&window, incident, zone).as_millis()
    };
    let (utc, berlin, month) = (Zone::utc(), berlin(), WindowKind::CalendarMonth);
    let day = WindowKind::CalendarDay;
    for (rule, zone, kind, period, incident, expected) in [
        (ClaimRule::DaysAfterWindow(30), &utc, month, "2026-10", None, "2026-12-01T00:00:00Z"),
        (ClaimRule::DaysAfterWindow(30), &berlin, month, "2026-09", None, "2026-10-30T23:00:00Z"),
        (
            ClaimRule::DaysAfterIncident(30),
            &berlin,
            month,
            "2026-10",
            Some("2026-10-04T10:00:00Z"),
            "2026-11-03T11:00:00Z",
        ),
        (ClaimRule::DaysAfterIncident(30), &utc, month, "2026-10", None, "2026-12-01T00:00:00Z"),
        (ClaimRule::SecondBillingCycle, &utc, month, "2026-10", None, "2027-01-01T00:00:00Z"),
        (ClaimRule::SecondBillingCycle, &utc, month, "2026-11", None, "2027-02-01T00:00:00Z"),
        // December 31 and two months: February has no 31st.
        (ClaimRule::SecondBillingCycle, &utc, day, "2026-12-30", None, "2027-02-28T00:00:00Z"),
    ] {
        assert_eq!(deadline(rule, zone, kind, period, incident), utc_ms(expected), "{rule:?} {period}");
    }
}
