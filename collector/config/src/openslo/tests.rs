use std::fs;
use std::path::PathBuf;

use quorate_collector_sla::objective::LatencyObjective;
use quorate_collector_sla::{Basis, Contract, Percent, WindowKind};
use quorate_model::{Micros, Millis};

use super::{Imported, export};
use crate::contract::parse_contract;
use crate::yaml::Diagnostic;

mod files;
mod rules;
mod valid;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/openslo").join(name)
}

fn contract(text: &str) -> Contract {
    parse_contract(text).unwrap_or_else(|errors| panic!("{text}\n{errors:#?}"))
}

fn import(text: &str) -> Result<Imported, Vec<Diagnostic>> {
    super::import(text, None)
}

fn imported(text: &str) -> Imported {
    let imported = import(text).unwrap_or_else(|errors| panic!("{text}\n{errors:#?}"));
    assert_eq!(contract(&imported.yaml), imported.contract, "the file says what was read");
    imported
}

/// Compares with the text beside the fixture; `QUORATE_BLESS=1` writes it anew.
fn same_as_written_down(name: &str, found: &str) {
    let golden = fixture(name).with_extension("txt");
    if std::env::var_os("QUORATE_BLESS").is_some() {
        fs::write(&golden, found).expect("is writable");
    }
    let expected = fs::read_to_string(&golden).expect("the expected text stands beside the fixture");
    assert_eq!(found, expected, "{name}");
}

#[test]
fn foreign_documents_come_with_a_remark_on_everything_left_out() {
    for name in ["foreign.yml", "threshold.yml"] {
        let imported = imported(&fs::read_to_string(fixture(name)).expect("is readable"));
        let remarks = imported.remarks.iter().fold(imported.yaml, |text, remark| format!("{text}# {remark}\n"));
        same_as_written_down(name, &remarks);
    }
}

#[test]
fn wrong_values_are_told_with_their_place() {
    let text = fs::read_to_string(fixture("bad-values.yml")).expect("is readable");
    let errors = import(&text).expect_err("the values are wrong");
    same_as_written_down(
        "bad-values.yml",
        &errors.iter().fold(String::new(), |text, error| format!("{text}{error}\n")),
    );
}

#[test]
fn contracts_that_can_be_expressed_come_back_as_they_were() {
    let windows = [
        "calendar_hour",
        "calendar_day",
        "calendar_week",
        "calendar_month",
        "calendar_quarter",
        "calendar_year",
        "{billing_month: {anchor_day: 15}}",
        "{billing_month: {anchor_day: 31}}",
    ];
    let bases = [
        "requests",
        "{minute_error_rate: {over: \"5%\"}}",
        "{minute_error_rate: {over: \"0%\"}}",
        "{minute_error_rate: {over: \"0.000001%\"}}",
        "{interval_error_rate_mean: {interval: 5m}}",
        "{interval_error_rate_mean: {interval: 1h}}",
    ];
    let mut texts = vec!["window: {rolling_days: 28}\nbasis: requests\n".to_owned()];
    for window in windows {
        for basis in bases {
            texts.push(format!("timezone: Europe/Berlin\nwindow: {window}\nbasis: {basis}\n"));
        }
    }
    for axes in texts {
        for availability in ["99.95%", "99.999999%", "5%", "0.000001%"] {
            let text = format!(
                "id: shop-gold\nname: 'Shop: \"gold\" # 1'\nservice: shop\n{axes}objectives: {{availability: \"{availability}\"}}\n"
            );
            comes_back(&contract(&text));
        }
    }
    comes_back(&contract(
        "id: c\nservice: shop\nbasis: requests\nobjectives: {availability: 99.9, error_rate: 0.1, latency: [{percentile: 95, \
         under: 300ms}, {percentile: 99.9, under: 2s, region: eu-west}]}\n",
    ));
}

fn comes_back(contract: &Contract) {
    let exported = export(contract);
    assert_eq!(exported.remarks, Vec::<String>::new(), "{}", exported.yaml);
    assert_eq!(rules::broken(&exported.yaml), Vec::<String>::new(), "{}", exported.yaml);
    let again = imported(&exported.yaml);
    assert_eq!((&again.contract, again.remarks), (contract, Vec::new()), "{}", exported.yaml);
}

#[test]
fn every_term_without_a_place_is_named() {
    let lines = [
        ("basis: continuous", "basis: "),
        ("basis: minute_all_fail", "basis: "),
        ("min_outage: 60s", "min_outage: 1m "),
        ("denominator: total", "denominator: "),
        ("service_start: \"2026-01-01T00:00:00Z\"", "service_start: "),
        ("unknown: down", "unknown: down "),
        ("service_hours: [{days: [mon], from: \"08:00\", to: \"20:00\"}]", "service_hours: "),
        ("maintenance: {min_notice: 48h}", "maintenance: "),
        ("credit: {tiers: [{below: 99, percent: 10}]}", "credit: "),
        ("timezone: Europe/Berlin\nwindow: {rolling_days: 30}", "timezone: "),
        ("window: {billing_month: {anchor_day: 1}}", "window: "),
        ("id: Shop_Gold.1-", "id: Shop_Gold.1- is no name of OpenSLO"),
        ("name: A name for people that is a good deal longer than sixty-three characters", "name: "),
        ("objectives: {availability: 100}", "objectives.availability: "),
        ("objectives: {error_rate: 0}", "objectives.error_rate: "),
        ("objectives: {latency: [{percentile: 100, under: 1s}]}", "objectives.latency[0]: "),
        ("objectives: {}", "objectives: "),
        ("service: {any_down: [shop, api]}", "service: "),
        (
            "exclusions: [{class: customer, start: \"2026-10-04T01:00:00Z\", end: \"2026-10-04T03:00:00Z\", reason: r}]",
            "exclusions: 1 ",
        ),
    ];
    for (line, told) in lines {
        let service = if line.starts_with("service:") { "" } else { "service: shop\n" };
        let basis = if line.starts_with("basis:") { "" } else { "basis: requests\n" };
        let id = if line.starts_with("id:") { "" } else { "id: c\n" };
        let objectives = if line.starts_with("objectives:") { "" } else { "objectives: {availability: 99.9}\n" };
        let exported = export(&contract(&format!("{id}{service}{basis}{objectives}{line}\n")));
        assert_eq!(exported.remarks.len(), 1, "{line}: {:?}", exported.remarks);
        assert!(exported.remarks.iter().all(|remark| remark.starts_with(told)), "{line}: {:?}", exported.remarks);
        imported(&exported.yaml);
    }
    let slices = "id: c\nservice: shop\nbasis: {minute_error_rate: {over: 5}}\nobjectives: {availability: 99, error_rate: 1, \
                  latency: [{percentile: 95, under: 1s}]}\n";
    assert_eq!(export(&contract(slices)).remarks.len(), 2, "neither the error rate nor the latency goes with slices");
}

const LATENCY: &str = "{spec: {thresholdMetric: {metricSource: {type: quorate, spec: {measure: latency_ms}}}}}";

const RATIO: &str = "{spec: {ratioMetric: {good: {metricSource: {type: quorate, spec: {measure: good_attempts}}}, \
                     total: {metricSource: {type: quorate, spec: {measure: all_attempts}}}}}}";

/// An SLO with a line of its spec for the indicator.
fn slo_of(indicator: &str, window: &str, method: &str, objective: &str) -> String {
    format!(
        "apiVersion: openslo/v1\nkind: SLO\nmetadata: {{name: c}}\nspec:\n  service: web\n  {indicator}\n  timeWindow: \
         [{window}]\n  budgetingMethod: {method}\n  objectives: [{objective}]\n"
    )
}

fn slo(window: &str, method: &str, objective: &str) -> String {
    slo_of(&format!("indicator: {RATIO}"), window, method, objective)
}

#[test]
fn windows_are_told_apart() {
    let rolling = |duration: &str| format!("{{duration: {duration}, isRolling: true}}");
    let calendar = |duration: &str, start: &str| {
        format!("{{duration: {duration}, isRolling: false, calendar: {{startTime: {start}, timeZone: UTC}}}}")
    };
    for (window, kind, remarks) in [
        (rolling("28d"), Some(WindowKind::RollingDays(28)), 0),
        (rolling("48h"), Some(WindowKind::RollingDays(2)), 0),
        (rolling("1M"), Some(WindowKind::RollingDays(30)), 1),
        (rolling("1h"), None, 0),
        (rolling("0d"), None, 0),
        (rolling("1Y, calendar: {startTime: 2024-01-01, timeZone: UTC}"), None, 0),
        (calendar("1w", "2024-01-01"), Some(WindowKind::CalendarWeek), 0),
        (calendar("1w", "2024-01-02"), Some(WindowKind::CalendarWeek), 1),
        (calendar("1d", "2024-01-02 12:00:00"), Some(WindowKind::CalendarDay), 1),
        (calendar("1h", "2024-01-02 12:30:00"), Some(WindowKind::CalendarHour), 1),
        (calendar("1M", "2024-05-01 00:00:00"), Some(WindowKind::CalendarMonth), 0),
        (calendar("1M", "2024-05-01T12:00:00"), Some(WindowKind::CalendarMonth), 1),
        (calendar("1M", "2020-01-21 12:30:00"), Some(WindowKind::BillingMonth { anchor_day: 21 }), 1),
        (calendar("3M", "2024-04-01"), Some(WindowKind::CalendarQuarter), 0),
        (calendar("1Q", "2024-05-01"), Some(WindowKind::CalendarQuarter), 1),
        (calendar("1Y", "2024-01-02"), Some(WindowKind::CalendarYear), 1),
        (calendar("2M", "2024-05-01"), None, 0),
        (calendar("1m", "2024-05-01"), None, 0),
        (calendar("2d", "2024-05-01"), None, 0),
        ("{duration: 1d, isRolling: false}".to_owned(), None, 0),
        ("{duration: 1d}".to_owned(), None, 0),
        (
            "{duration: 1d, calendar: {startTime: 2024-01-01 00:00:00, timeZone: UTC}}".to_owned(),
            Some(WindowKind::CalendarDay),
            0,
        ),
    ] {
        let text = slo(&window, "Occurrences", "{target: 0.99}");
        match (import(&text), kind) {
            (Ok(imported), Some(kind)) => {
                assert_eq!((imported.contract.terms().window, imported.remarks.len()), (kind, remarks), "{window}");
            }
            (Err(errors), None) => {
                assert!(
                    errors.iter().all(|error| error.path.starts_with("spec.timeWindow[0]")),
                    "{window}: {errors:?}"
                );
            }
            (other, _) => panic!("{window}: {other:?}"),
        }
    }
}

#[test]
fn bases_and_targets_are_told_apart() {
    let five = Percent::whole(5).expect("a percentage");
    let slices = Basis::MinuteErrorRate { over: five };
    let all = Basis::MinuteErrorRate { over: Percent::ZERO };
    let mean = Basis::IntervalErrorRateMean { interval: Millis::from_secs(300) };
    for (method, objective, basis, remarks) in [
        ("Occurrences", "{target: 0.99}", Some(Basis::Requests), 0),
        ("Occurrences", "{targetPercent: 99, timeSliceWindow: 1m}", Some(Basis::Requests), 1),
        ("Timeslices", "{target: 0.99, timeSliceTarget: 0.95, timeSliceWindow: 1m}", Some(slices), 0),
        ("Timeslices", "{target: 0.99, timeSliceTarget: 0.95, timeSliceWindow: 1h}", Some(slices), 1),
        ("Timeslices", "{target: 0.99, timeSliceTarget: 0.95, timeSliceWindow: 1}", Some(slices), 0),
        ("Timeslices", "{target: 0.99, timeSliceTarget: 0.95, timeSliceWindow: 0.5}", None, 0),
        ("Timeslices", "{target: 0, timeSliceTarget: 0.95, timeSliceWindow: 1m}", Some(slices), 1),
        ("Timeslices", "{target: 0.99, timeSliceTarget: 0, timeSliceWindow: 1m}", None, 0),
        ("Timeslices", "{target: 0.99, timeSliceWindow: 1m}", None, 0),
        ("Timeslices", "{target: 0.99, op: lt, value: 3, timeSliceTarget: 1, timeSliceWindow: 1m}", Some(all), 2),
        ("RatioTimeslices", "{target: 0.99, timeSliceWindow: 5m}", Some(mean), 0),
        ("RatioTimeslices", "{target: 0.99, timeSliceWindow: 5}", Some(mean), 0),
        ("RatioTimeslices", "{target: 0.99, timeSliceWindow: 7m}", None, 0),
        ("RatioTimeslices", "{target: 0}", None, 0),
        ("Occurrences", "{target: 0.0}", Some(Basis::Requests), 1),
        ("Occurrences", "{target: .5}", Some(Basis::Requests), 0),
        ("Occurrences", "{target: 0.99999999}", Some(Basis::Requests), 0),
        ("Occurrences", "{target: 1}", None, 0),
        ("Occurrences", "{target: 1.0}", None, 0),
        ("Occurrences", "{targetPercent: 100}", None, 0),
        ("Occurrences", "{targetPercent: \"99%\"}", None, 0),
        ("Occurrences", "{target: 1.01}", None, 0),
        ("Occurrences", "{target: -0.5}", None, 0),
        ("Occurrences", "{target: 0.123456789}", None, 0),
    ] {
        let text = slo("{duration: 30d, isRolling: true}", method, objective);
        match (import(&text), basis) {
            (Ok(imported), Some(basis)) => {
                assert_eq!((imported.contract.terms().basis, imported.remarks.len()), (basis, remarks), "{objective}");
            }
            (Err(errors), None) => {
                assert!(errors.iter().all(|error| error.path.starts_with("spec.objectives[0]")), "{errors:?}");
            }
            (other, _) => panic!("{method} {objective}: {other:?}"),
        }
    }
}

#[test]
fn latency_of_our_own_sources_is_read() {
    let with = |bound: &str| {
        let objective = format!("{{target: 0.95, {bound}}}");
        slo_of(&format!("indicator: {LATENCY}"), "{duration: 30d, isRolling: true}", "Occurrences", &objective)
    };
    let under = LatencyObjective {
        percentile: Percent::whole(95).expect("a percentage"),
        under: Micros::new(300_000),
        region: None,
    };
    let over_a_day = imported(&with("op: lt, value: 172800000"));
    assert_eq!(over_a_day.contract.terms().objectives.latency[0].under, Micros::new(172_800_000_000));
    for (bound, remarks) in [("op: lt, value: 300", 0), ("op: lt, value: 300.0", 0), ("op: lte, value: 300", 1)] {
        let imported = imported(&with(bound));
        assert_eq!(imported.contract.terms().objectives.latency.as_slice(), std::slice::from_ref(&under));
        assert_eq!(imported.remarks.len(), remarks, "{bound}");
    }
    let twice = with("op: lt, value: 300}, {target: 0.95, op: lt, value: 400");
    let told: Vec<String> = imported(&twice).remarks.iter().map(ToString::to_string).collect();
    assert!(
        told[0].contains("spec.objectives[1]: is left out, as a contract has one bound for percentile 95"),
        "{told:?}"
    );
    let highest = LatencyObjective::MAX_UNDER.get() / 1000;
    imported(&with(&format!("op: lt, value: {highest}")));
    let too_high = format!("op: lt, value: {}", highest + 1);
    for bound in
        [&too_high, "op: gt, value: 300", "op: lt, value: 0", "op: lt, value: 0.5", "op: lt, value: 1e3", "op: lt"]
    {
        import(&with(bound)).expect_err(bound);
    }
}
