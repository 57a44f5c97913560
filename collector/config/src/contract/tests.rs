use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use quorate_collector_sla::credit::{ClaimRule, Tier};
use quorate_collector_sla::objective::LatencyObjective;
use quorate_collector_sla::{
    Basis, Contract, ContractDraft, ContractId, Credit, CreditRule, DailyHours, Exclusion, ExclusionClass, Interval,
    Percent, Service, ServiceHours, Weekday, WindowKind,
};
use quorate_model::{CheckId, CollectorTime, Micros, Millis};

use super::{Catalogue, parse_contract, zone, zone_for_period};

fn root(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn contract(text: &str) -> Contract {
    parse_contract(text).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn percent(text: &str) -> Percent {
    Percent::parse(text).expect("a percentage")
}

fn check(name: &str) -> Service {
    Service::Check(CheckId::new(name).expect("an id"))
}

/// Files of a folder with this ending, sorted.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root(folder)).expect("the folder is there");
    let mut names: Vec<PathBuf> = entries
        .map(|entry| entry.expect("can be listed").path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    names.sort();
    names
}

/// Each `bad-*.yml` has one kind of mistake; the expected text stands beside it. `QUORATE_BLESS=1` writes it anew.
#[test]
fn every_mistake_is_told_as_written_down() {
    let names = files("fixtures/contract", "yml");
    assert!(names.len() >= 20, "only {} fixtures found", names.len());
    for path in names {
        let text = fs::read_to_string(&path).expect("is readable");
        let errors = parse_contract(&text).expect_err("the text is wrong");
        let found = errors.iter().fold(String::new(), |text, error| text + &error.to_string() + "\n");
        let golden = path.with_extension("txt");
        if std::env::var_os("QUORATE_BLESS").is_some() {
            fs::write(&golden, &found).expect("is writable");
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(found, expected, "{}", path.display());
    }
}

const GOLD: &str = r#"
id: shop-gold
name: Web shop, gold
service: {any_down: [shop, api]}
timezone: Europe/Berlin
window: calendar_month
basis: continuous
min_outage: 60s
denominator: minus_excluded
unknown: exclude
service_hours: [{days: [mon, tue, wed, thu, fri], from: "08:00", to: "20:00"}]
objectives: {availability: "99.95%", latency: [{percentile: 95, under: 300ms}], error_rate: "0.1%"}
maintenance: {min_notice: 48h, cap_per_month: 4h}
exclusions:
  - {class: maintenance, start: "2026-10-04T01:00:00Z", end: "2026-10-04T03:00:00Z", announced_at: "2026-10-01T09:00:00Z", reason: database upgrade}
credit: {tiers: [{below: "99.95%", percent: 10}, {below: "99.0%", percent: 25}, {below: "95.0%", percent: 100}], cap_per_month_percent: 100, claim_within_days: 30}
"#;

#[test]
fn one_mistake_makes_one_error() {
    for (good, bad) in [
        ("id: shop-gold", "id: shop gold"),
        ("id: shop-gold", "ID: shop-gold"),
        ("[shop, api]", "[shop, {}]"),
        ("[shop, api]", "shop"),
        ("Europe/Berlin", "Mars"),
        ("calendar_month", "month"),
        ("continuous", "[]"),
        ("min_outage: 60s", "min_outage: 60"),
        ("mon, tue, wed, thu, fri", "monday"),
        ("\"08:00\"", "8"),
        ("\"99.95%\", latency", "\"99,95%\", latency"),
        ("percentile: 95", "percentile: p95"),
        ("300ms", "300"),
        ("48h", "2 days"),
        ("class: maintenance", "class: works"),
        ("start: \"2026", "start: \"26"),
        ("end: \"2026", "end: \"26"),
        ("announced_at: \"2026", "announced_at: \"26"),
        ("announced_at", "announced"),
        ("{below: \"99.0%\", percent: 25}", "{below: \"99.0%\"}"),
        ("{below: \"99.95%\", percent: 10}", "10"),
        ("tiers: [", "multiplier: 0, tiers: ["),
        ("claim_within_days: 30", "claim_within_days: month"),
    ] {
        assert!(GOLD.contains(good), "{good}");
        let errors = parse_contract(&GOLD.replacen(good, bad, 1)).expect_err(bad);
        assert_eq!(errors.len(), 1, "{bad}: {errors:#?}");
    }
}

#[test]
fn the_whole_file_is_read() {
    use Weekday::{Fri, Mon, Thu, Tue, Wed};
    let hour = |hours: i64| Millis::from_secs(hours * 3600);
    let mut draft = ContractDraft::new(
        ContractId::new("shop-gold").expect("an id"),
        Service::AnyDown(vec![check("shop"), check("api")]),
    );
    draft.name = "Web shop, gold".into();
    draft.timezone = "Europe/Berlin".into();
    draft.min_outage = Millis::from_secs(60);
    draft.service_hours =
        ServiceHours::Weekly(vec![DailyHours { days: vec![Mon, Tue, Wed, Thu, Fri], from: hour(8), to: hour(20) }]);
    draft.objectives.availability = Some(percent("99.95"));
    draft.objectives.latency =
        vec![LatencyObjective { percentile: percent("95"), under: Micros::new(300_000), region: None }];
    draft.objectives.error_rate = Some(percent("0.1"));
    draft.maintenance.min_notice = hour(48);
    draft.maintenance.cap_per_month = Some(hour(4));
    let night = Interval::from_millis(1_791_075_600_000, 1_791_082_800_000).expect("two hours");
    draft.exclusions = vec![Exclusion {
        announced_at: Some(CollectorTime::from_millis(1_790_845_200_000)),
        ..Exclusion::new(ExclusionClass::Maintenance, night, "database upgrade")
    }];
    let tier = |below: &str, share: &str| Tier { below: percent(below), percent: percent(share) };
    draft.credit = Some(Credit {
        cap_per_month: Some(percent("100")),
        claim: Some(ClaimRule::DaysAfterWindow(30)),
        ..Credit::new(CreditRule::Tiers(vec![tier("99.95", "10"), tier("99", "25"), tier("95", "100")]))
    });
    assert_eq!(contract(GOLD), Contract::new(draft).expect("a contract"));
}

#[test]
fn every_axis_has_its_forms() {
    let with = |line: &str| contract(&format!("id: c\n{line}\n")).into_draft();
    let of_shop = |line: &str| with(&format!("service: shop\n{line}"));
    assert_eq!(with("service: {check: shop}").service, check("shop"));
    assert_eq!(with("service: shop").service, check("shop"));
    assert_eq!(
        with("service: {weights: {shop: 3, api: 1}}").service,
        Service::Weights(vec![(check("shop"), 3), (check("api"), 1)])
    );
    let nested =
        "service: {weights: [{service: {any_down: [a, {all_down: [b, c]}]}, weight: 2}, {service: d, weight: 1}]}";
    let inner = Service::AnyDown(vec![check("a"), Service::AllDown(vec![check("b"), check("c")])]);
    assert_eq!(with(nested).service, Service::Weights(vec![(inner, 2), (check("d"), 1)]));
    assert_eq!(of_shop("window: {rolling_days: 30}").window, WindowKind::RollingDays(30));
    assert_eq!(
        of_shop("window: {billing_month: {anchor_day: 15}}").window,
        WindowKind::BillingMonth { anchor_day: 15 }
    );
    assert_eq!(of_shop("window: calendar_hour").window, WindowKind::CalendarHour);
    assert_eq!(of_shop("basis: requests").basis, Basis::Requests);
    assert_eq!(of_shop("basis: {minute_error_rate: {over: 5%}}").basis, Basis::MinuteErrorRate { over: percent("5") });
    let mean = Basis::IntervalErrorRateMean { interval: Millis::from_secs(3600) };
    assert_eq!(of_shop("basis: {interval_error_rate_mean: {interval: 1h}}").basis, mean);
    assert_eq!(of_shop("timezone: europe/berlin").timezone, "Europe/Berlin");
    assert_eq!(of_shop("service_hours: []").service_hours, ServiceHours::Always);
    let rule = |line: &str| of_shop(&format!("credit: {line}")).credit.expect("a credit").rule;
    assert_eq!(rule("{multiplier: 1.5}"), CreditRule::Multiplier { times_milli: 1500 });
    assert_eq!(rule("{multiplier: 10}"), CreditRule::Multiplier { times_milli: 10_000 });
    assert_eq!(rule("{proportional: true}"), CreditRule::Proportional);
    assert!(matches!(
        rule("{duration_ladder: [{at_least: 5m, days: 1}], ladder_measure: longest}"),
        CreditRule::DurationLadder { .. }
    ));
    let claim =
        |line: &str| of_shop(&format!("credit: {{proportional: true, {line}}}")).credit.expect("a credit").claim;
    assert_eq!(claim("claim_within_days: 7, claim_after: incident"), Some(ClaimRule::DaysAfterIncident(7)));
    assert_eq!(claim("claim_by: second_billing_cycle"), Some(ClaimRule::SecondBillingCycle));
}

#[test]
fn zones_come_from_the_bundled_database() {
    let berlin = zone("Europe/Berlin").expect("a zone");
    for (period, hours) in [("2026-03", 743), ("2026-10", 745), ("2026-11", 720), ("2099-10", 745)] {
        let month = WindowKind::CalendarMonth.window(period, &berlin).expect("a month");
        assert_eq!(month.interval.length(), Millis::from_secs(hours * 3600), "{period}");
    }
    // Half an hour of summer time, and a day that was left out.
    let lord_howe = zone("Australia/Lord_Howe").expect("a zone");
    let april = WindowKind::CalendarDay.window("2026-04-05", &lord_howe).expect("a day");
    assert_eq!(april.interval.length(), Millis::from_secs(24 * 3600 + 1800));
    let apia = zone("Pacific/Apia").expect("a zone");
    let december = WindowKind::CalendarMonth.window("2011-12", &apia).expect("a month");
    assert_eq!(december.interval.length(), Millis::from_secs(30 * 86_400));
    let far = zone_for_period("Europe/Berlin", "2400-10").expect("a zone");
    let month = WindowKind::CalendarMonth.window("2400-10", &far).expect("a month");
    assert_eq!(month.interval.length(), Millis::from_secs(745 * 3600));
    assert!(zone("Europe/Berlim").is_err());
    assert_eq!(zone("UTC").map(|zone| zone.name().to_owned()), Ok("UTC".into()));
}

#[test]
fn presets_are_contracts_named_as_their_files() {
    let names = files("../sla/presets", "yaml");
    let mut presets = 0;
    for path in names {
        let text = fs::read_to_string(&path).expect("is readable");
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        if stem == "four-plans" {
            continue;
        }
        assert_eq!(contract(&text).terms().id.as_str(), stem);
        assert!(text.contains("# Source: "), "{stem} names its source");
        presets += 1;
    }
    assert_eq!(presets, 9);
}

#[test]
fn the_example_has_four_plans() {
    let text = fs::read_to_string(root("../sla/presets/four-plans.yaml")).expect("is readable");
    let catalogue = Catalogue::parse(&text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let promised: Vec<String> =
        catalogue.contracts().iter().map(|contract| contract.objective().expect("a promise").to_string()).collect();
    assert_eq!(promised, ["99.5", "99.9", "99.95", "99.99"]);
    assert_eq!(catalogue.plans().len(), 4);
    let fees: Vec<String> = catalogue.customers().iter().map(|customer| customer.fee.to_string()).collect();
    assert_eq!(fees, ["0.00 EUR", "49.00 EUR", "499.00 EUR", "2400.00 EUR"]);
}

#[test]
fn a_catalogue_names_what_does_not_fit_together() {
    let text = "\
slas:
  - {id: gold, service: shop}
  - {id: gold, service: api, min_outage: 2d}
plans:
  - {id: pro, contract: golt, support: {hours: [{days: [mon], from: \"08:00\", to: \"08:00\"}], targets: {high: {acknowledge: 2h, resolve: 1h}}}}
  - {id: max, contract: gold}
customers:
  - {id: acme, plan: mox, fee: 10 eur}
  - {id: acme, plan: max, fee: 10.001 EUR}
";
    let shown = |text: &str| {
        let errors = Catalogue::parse(text).expect_err("the text is wrong");
        errors.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        shown(text),
        [
            "3:10: slas[1].id: gold stands twice; each id is used once",
            "3:42: slas[1].min_outage: is 2d; allowed is 0 up to a day",
            "5:25: plans[0].contract: no contract has the id golt; did you mean gold?",
            "5:82: plans[0].support.hours[0].to: begins and ends at the same time of day; write 00:00 to 24:00 for a whole day",
            "5:136: plans[0].support.targets.high.resolve: is below acknowledge",
            "8:22: customers[0].plan: no plan has the id mox; did you mean max?",
            "8:32: customers[0].fee: expected an amount with the code of its currency, such as 499.00 EUR, found \"10 eur\"",
            "9:10: customers[1].id: acme stands twice; each id is used once",
            "9:32: customers[1].fee: \"10.001\" has more decimals than the currency, which has 2",
        ]
    );
    let crossed = "\
slas: [{id: gold, service: shop}, {id: gold, service: api}]
plans: [{id: pro, contract: golt}, {id: pro, contract: gold}]
customers: [{id: acme, plan: prp, fee: 10 EUR}, {id: acme, plan: pro, fee: 10 EUR}]
";
    assert_eq!(
        shown(crossed),
        [
            "1:40: slas[1].id: gold stands twice; each id is used once",
            "2:29: plans[0].contract: no contract has the id golt; did you mean gold?",
            "2:41: plans[1].id: pro stands twice; each id is used once",
            "3:30: customers[0].plan: no plan has the id prp; did you mean pro?",
            "3:54: customers[1].id: acme stands twice; each id is used once",
        ]
    );
    assert_eq!(Catalogue::parse("{}"), Ok(Catalogue::default()));
}

proptest! {
    /// Whatever is damaged in a good file, reading it ends with a contract or with errors, never otherwise.
    #[test]
    fn damaged_contracts_are_errors(place in 0usize..1200, length in 0usize..12, filler in "[ -~\n]{0,6}") {
        let start = GOLD.char_indices().map(|(at, _)| at).take_while(|at| *at <= place).last().unwrap_or(0);
        let end = (start + length).min(GOLD.len());
        let text = [&GOLD[..start], filler.as_str(), &GOLD[end..]].concat();
        if let Err(errors) = parse_contract(&text) {
            prop_assert!(!errors.is_empty());
            let lines = u32::try_from(text.lines().count()).expect("a short text") + 1;
            prop_assert!(errors.iter().all(|error| error.position.line <= lines));
        }
    }
}
