//! One report with everything in it, made by the engine, in every format as it was looked at and found good.
//!
//! `QUORATE_BLESS=1 cargo nextest run -p quorate-collector-report` writes the files anew; look at what changed.

use std::collections::BTreeMap;
use std::path::Path;

use quorate_collector_report::Document;
use quorate_collector_sla::account::{Customer, Plan, statement};
use quorate_collector_sla::combine::Service;
use quorate_collector_sla::contract::UnknownRule;
use quorate_collector_sla::credit::{ClaimRule, Credit, CreditRule, Tier};
use quorate_collector_sla::evaluate::{CheckInput, Inputs};
use quorate_collector_sla::exclusion::{Exclusion, ExclusionClass, MaintenanceRules};
use quorate_collector_sla::id::{ContractId, CustomerId, PlanId};
use quorate_collector_sla::interval::Interval;
use quorate_collector_sla::money::{Currency, Money};
use quorate_collector_sla::objective::{LatencyAnswer, LatencyObjective};
use quorate_collector_sla::percent::Percent;
use quorate_collector_sla::report::{CheckMethod, Finality, InputHash, Report, ReportIncident, ReportInputs};
use quorate_collector_sla::service_hours::ServiceHours;
use quorate_collector_sla::support::{Response, Severity, SupportPlan, SupportTarget};
use quorate_collector_sla::timeline::{PlainSegment, Timeline};
use quorate_collector_sla::zone::{Transition, Zone};
use quorate_collector_sla::{Contract, ContractDraft};
use quorate_model::{
    AgentId, Boot, Bounds, CheckId, CheckVersion, CollectorTime, Failure, Incident, IncidentClass, IncidentId, Micros,
    Millis, Policy, PolicyRegion, ProviderId, Quorum, RegionId, SampleId, Seq, State,
};

/// 2026-10-01T00:00 in Berlin.
const OCTOBER: i64 = 1_790_805_600_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn at(ms: i64) -> CollectorTime {
    CollectorTime::from_millis(ms)
}

fn percent(text: &str) -> Percent {
    Percent::parse(text).expect("a percentage")
}

fn shop() -> CheckId {
    CheckId::new("shop").expect("an id")
}

fn region(id: &str) -> RegionId {
    RegionId::new(id).expect("an id")
}

fn berlin() -> Zone {
    let summer_ends = Transition { at: at(OCTOBER + 24 * DAY + 3 * HOUR), offset_s: 3600 };
    Zone::new("Europe/Berlin", 7200, vec![summer_ends]).expect("a zone")
}

/// What happened: from when, for how long, as what.
const STORY: [(i64, i64, State); 5] = [
    (OCTOBER + 3 * DAY + HOUR, 30 * MINUTE, State::Down),
    (OCTOBER + 6 * DAY + 14 * HOUR, 25 * MINUTE + 250, State::Down),
    (OCTOBER + 12 * DAY + 9 * HOUR, 12_000, State::Down),
    (OCTOBER + 17 * DAY, 40 * MINUTE, State::Unknown),
    (OCTOBER + 27 * DAY + 22 * HOUR, 8 * MINUTE, State::Down),
];

fn segments() -> Vec<PlainSegment> {
    let mut out = Vec::new();
    let mut from = OCTOBER;
    let mut add = |from: i64, to: i64, state: State| {
        out.extend(Interval::from_millis(from, to).map(|interval| PlainSegment { interval, state }));
    };
    for (start, length, state) in STORY {
        add(from, start, State::Up);
        add(start, start + length, state);
        from = start + length;
    }
    add(from, OCTOBER + 31 * DAY + HOUR, State::Up);
    out
}

fn contract() -> Contract {
    let mut draft = ContractDraft::new(ContractId::new("shop-gold").expect("an id"), Service::Check(shop()));
    draft.name = "Web shop, gold & <more>".into();
    draft.timezone = "Europe/Berlin".into();
    draft.min_outage = Millis::from_secs(60);
    draft.objectives.availability = Some(percent("99.95"));
    draft.objectives.latency =
        vec![LatencyObjective { percentile: percent("95"), under: Micros::new(300_000), region: None }];
    draft.maintenance = MaintenanceRules { min_notice: Millis::from_secs(48 * 3600), ..MaintenanceRules::default() };
    let window = |from: i64, to: i64| Interval::from_millis(from, to).expect("some time");
    let upgrade = window(OCTOBER + 3 * DAY + HOUR, OCTOBER + 3 * DAY + 3 * HOUR);
    let patch = window(OCTOBER + 27 * DAY + 22 * HOUR, OCTOBER + 27 * DAY + 23 * HOUR);
    draft.exclusions = vec![
        Exclusion {
            announced_at: Some(at(OCTOBER)),
            author: Some("anna".to_owned()),
            ..Exclusion::new(ExclusionClass::Maintenance, upgrade, "database upgrade")
        },
        Exclusion {
            announced_at: Some(at(OCTOBER + 27 * DAY + 20 * HOUR)),
            author: Some("ben".to_owned()),
            ..Exclusion::new(ExclusionClass::Maintenance, patch, "urgent patch")
        },
    ];
    let tier = |below: &str, share: &str| Tier { below: percent(below), percent: percent(share) };
    draft.credit = Some(Credit {
        rule: CreditRule::Tiers(vec![tier("99.95", "10"), tier("99.0", "25"), tier("95.0", "100")]),
        cap_per_month: Some(percent("100")),
        cap_per_12_months: None,
        floor: None,
        claim: Some(ClaimRule::DaysAfterWindow(30)),
    });
    Contract::new(draft).expect("a contract")
}

fn incident(id: &str, (start, length, _): (i64, i64, State), class: IncidentClass) -> ReportIncident {
    let agent = |name: &str, seq| SampleId { agent: AgentId::new(name).expect("an id"), boot: Boot::new(3), seq };
    let end = start + length;
    ReportIncident {
        incident: Incident {
            id: IncidentId::new(id),
            check: shop(),
            start: at(start),
            end: Some(at(end)),
            start_bounds: Bounds { earliest: at(start - 3_100), latest: at(start + 2_050) },
            end_bounds: Bounds { earliest: at(end - 2_500), latest: at(end + 1_900) },
            class,
            billed: if class == IncidentClass::Outage { Millis::new(length) } else { Millis::ZERO },
            runs: vec![(at(start), at(end))],
            regions: vec![region("fra"), region("iad"), region("sin")],
            support: 40,
        },
        failures: vec![(Failure::ConnectTimeout, 31), (Failure::HttpStatus, 4)],
        evidence: vec![agent("fra-1", Seq::new(5_120)), agent("iad-1", Seq::new(5_118))],
        response: Response::default(),
    }
}

/// Answers a critical incident within 15 minutes and solves it within four hours, around the clock.
fn support() -> SupportPlan {
    let target = SupportTarget { acknowledge: Some(Millis::new(15 * MINUTE)), resolve: Some(Millis::new(4 * HOUR)) };
    let targets = BTreeMap::from([(Severity::Critical, target), (Severity::High, target)]);
    SupportPlan::new(ServiceHours::Always, vec!["phone".to_owned()], targets).expect("a plan")
}

fn methods() -> Vec<CheckMethod> {
    let seat = |id: &str, provider: &str| PolicyRegion {
        region: region(id),
        provider: ProviderId::new(provider).expect("an id"),
    };
    let seats = vec![seat("fra", "hetzner"), seat("iad", "aws"), seat("sin", "ovh")];
    vec![CheckMethod {
        check: shop(),
        from: at(OCTOBER - 40 * DAY),
        version: CheckVersion::new(0x51f3),
        interval: Millis::from_secs(10),
        timeout: Millis::from_secs(3),
        agents: 3,
        policy: Policy::new(shop(), seats, Quorum::Majority, None, None).expect("a policy"),
    }]
}

fn report(revision: u32) -> Document {
    let contract = contract();
    let zone = berlin();
    let mut segments = segments();
    if revision == 1 {
        // The last outage was not known yet when the first revision was made.
        for segment in &mut segments {
            if segment.interval.start().as_millis() > OCTOBER + 20 * DAY {
                segment.state = State::Up;
            }
        }
    }
    let timeline = Timeline::from_plain(&segments).expect("no overlap");
    let checks = BTreeMap::from([(shop(), CheckInput { timeline, attempts: None })]);
    let window = contract.terms().window.window("2026-10", &zone).expect("a month");
    let mut incidents = vec![
        incident("shop-20261004T2300Z", STORY[0], IncidentClass::Outage),
        incident("shop-20261007T1200Z", STORY[1], IncidentClass::Outage),
        incident("shop-20261013T0700Z", STORY[2], IncidentClass::Blip),
    ];
    incidents[1].response = Response {
        severity: Some(Severity::Critical),
        acknowledged_at: Some(at(STORY[1].0 + 16 * MINUTE)),
        resolved_at: Some(at(STORY[1].0 + 40 * MINUTE)),
        postmortem: Some("https://status.example.com/2026-10-07".to_owned()),
    };
    if revision > 1 {
        incidents.push(incident("shop-20261028T2100Z", STORY[4], IncidentClass::Outage));
    }
    let answer = |id: Option<&str>, percentile: &str, ms: u64, count: u64| LatencyAnswer {
        region: id.map(region),
        percentile: percent(percentile),
        value: Micros::new(ms * 1000 + 250),
        count,
    };
    let plan = Plan {
        id: PlanId::new("gold").expect("an id"),
        name: "Gold".to_owned(),
        contract: contract.terms().id.clone(),
        support: Some(support()),
    };
    let inputs = ReportInputs {
        revision,
        finality: Finality::Final,
        made_at: at(OCTOBER + 35 * DAY),
        input_hash: InputHash([0x5a; 32]),
        incidents,
        latency: vec![
            answer(None, "50", 41, 800_120),
            answer(None, "95", 212, 800_120),
            answer(None, "99", 640, 800_120),
            answer(Some("fra"), "95", 96, 267_010),
            answer(Some("iad"), "95", 231, 266_800),
            answer(Some("sin"), "95", 402, 266_310),
        ],
        methods: methods(),
        plans: vec![plan.clone()],
    };
    let report = Report::new(&contract, &window, Inputs { checks: &checks, zone: &zone }, inputs).expect("the zone");
    let statements = [("acme", "1200.00"), ("initech", "349.99")].map(|(id, fee)| {
        let euro = Currency::new("EUR").expect("a currency");
        let customer = Customer {
            id: CustomerId::new(id).expect("an id"),
            name: id.to_owned(),
            plan: plan.id.clone(),
            fee: Money::parse(fee, euro).expect("money"),
            affected: percent("100"),
        };
        statement(&contract, &report.evaluation, &plan, &customer, None, &zone).expect("one plan, one currency")
    });
    Document::of(&report.with_statements(statements.to_vec()), &contract)
}

fn second_revision() -> Document {
    report(2).with_change_since(&report(1))
}

fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("QUORATE_BLESS").is_some() {
        std::fs::write(&path, text).expect("the golden file is written");
    }
    let golden = std::fs::read_to_string(&path).expect("the golden file is there");
    let other = text.lines().zip(golden.lines()).position(|(new, old)| new != old);
    assert!(text == golden, "{name} differs, first in line {:?}", other.map(|line| line + 1));
}

#[test]
fn the_report_reads_as_it_did() {
    let document = second_revision();
    check("report.json", &document.json());
    check("report.csv", &document.csv());
    check("report.md", &document.markdown());
    check("report.html", &document.html());
}

#[test]
fn a_report_read_back_is_the_same_in_every_format() {
    let document = second_revision();
    let again = Document::parse(&document.json()).expect("what was written can be read");
    assert_eq!(again, document);
    assert_eq!((again.csv(), again.markdown(), again.html()), (document.csv(), document.markdown(), document.html()));
}

/// The same report as a program froze it that knew nothing of rules, weights and exclusions of incidents.
#[test]
fn a_report_frozen_by_an_earlier_program_is_read_and_says_the_same() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/report-format-1.json");
    let frozen = std::fs::read_to_string(path).expect("the file is there");
    let earlier = Document::parse(&frozen).expect("what was frozen can be read");
    assert_eq!((earlier.format, earlier.rules.len()), (1, 0));
    let made = second_revision();
    assert_eq!(made.format, Document::FORMAT);
    assert!(made.says_the_same_as(&earlier));
    let (csv, markdown, html) = (earlier.csv(), earlier.markdown(), earlier.html());
    for text in [&markdown, &html] {
        assert!(text.contains("99.9258 %") && !text.contains("Rules of the contract"), "{text}");
    }
    assert!(csv.contains("\r\nformat,shop-gold,,,,,,,1,\r\n") && !csv.contains("\r\nrule,"), "{csv}");
}

#[test]
fn what_is_no_report_is_refused_with_its_place() {
    let text = second_revision().json().replacen("\"revision\"", "\"revison\"", 1);
    let error = Document::parse(&text).expect_err("a key that is not known");
    assert!(error.to_string().starts_with("line 13, column"), "{error}");
    assert!(Document::parse("").is_err() && Document::parse("[]").is_err());
}

#[test]
fn the_ledgers_of_the_days_sum_to_the_period() {
    let document = second_revision();
    let sum =
        |of: fn(&quorate_collector_report::Ledger) -> i64| document.days.iter().map(|d| of(&d.ledger)).sum::<i64>();
    let ledger = &document.ledger;
    assert_eq!(
        [sum(|l| l.up_ms), sum(|l| l.down_ms), sum(|l| l.unknown_ms), sum(|l| l.excluded_ms)],
        [ledger.up_ms, ledger.down_ms, ledger.unknown_ms, ledger.excluded_ms]
    );
    assert_eq!(ledger.up_ms + ledger.down_ms + ledger.unknown_ms + ledger.excluded_ms, ledger.total_ms);
    // 25 min and a quarter of a second, and 8 min that were announced too late; 30 min of maintenance left out.
    assert_eq!(ledger.down_ms, 33 * MINUTE + 250);
    assert_eq!(document.customers[0].credit, "120.00 EUR");
    let change = document.change.expect("a second revision");
    assert_eq!(change.incidents_changed, ["shop-20261028T2100Z"]);
}

/// Unknown time that counts as down, an error rate nobody measured, no credits, no customers, a day before the service began.
#[test]
fn what_is_not_known_is_neither_up_nor_promised_away() {
    let mut draft = ContractDraft::new(ContractId::new("plain").expect("an id"), Service::Check(shop()));
    draft.timezone = "Europe/Berlin".into();
    draft.unknown = UnknownRule::Down;
    draft.service_start = Some(at(OCTOBER + DAY));
    draft.objectives.availability = Some(percent("99.95"));
    draft.objectives.error_rate = Some(percent("0.1"));
    let contract = Contract::new(draft).expect("a contract");
    let zone = berlin();
    let timeline = Timeline::from_plain(&segments()).expect("no overlap");
    let checks = BTreeMap::from([(shop(), CheckInput { timeline, attempts: None })]);
    let window = contract.terms().window.window("2026-10", &zone).expect("a month");
    let inputs = ReportInputs {
        revision: 1,
        finality: Finality::Final,
        made_at: at(OCTOBER + 35 * DAY),
        input_hash: InputHash([1; 32]),
        incidents: Vec::new(),
        latency: Vec::new(),
        methods: Vec::new(),
        plans: Vec::new(),
    };
    let report = Report::new(&contract, &window, Inputs { checks: &checks, zone: &zone }, inputs).expect("the zone");
    let document = Document::of(&report, &contract);
    let of = |state: &str| -> i64 {
        document.stretches.iter().filter(|s| s.state == state).map(|s| s.end_ms - s.start_ms).sum()
    };
    assert_eq!((of("unknown"), of("down")), (document.ledger.unknown_ms, document.ledger.down_ms));
    let spent: i64 = document.days.iter().map(|day| day.spent_ms).sum();
    let budget = document.budget.as_ref().expect("an objective");
    assert_eq!((spent, spent), (budget.spent_ms.point, document.ledger.down_ms + document.ledger.unknown_ms));
    assert_eq!(document.credit_steps, ["The contract has no credits."]);
    let rate = document.error_rate.as_ref().expect("it is promised");
    assert_eq!((rate.measured_percent.as_deref(), rate.kept.as_str()), (None, "not measured"));
    for (format, text) in [("html", document.html()), ("md", document.markdown()), ("csv", document.csv())] {
        assert!(text.contains("0.1"), "{format} says nothing of the error rate");
        let left_out = text.contains("before the service began: 1 d 00 h 00 min 00 s.");
        assert_eq!(left_out, format != "csv", "{format} says how much is left out: {text}");
    }
    let html = document.html();
    assert!(html.contains("No customer has this contract.") && html.contains("class=\"unknown\" x="), "{html}");
}

#[test]
fn nothing_a_person_wrote_becomes_markup() {
    let html = second_revision().html();
    assert!(html.contains("gold &amp; &lt;more&gt;") && !html.contains("<more>"));
    for outside in ["src=", "href=", "<script", "@import", "url("] {
        assert!(!html.contains(outside), "the page refers to {outside}");
    }
}
