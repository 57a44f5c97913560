use std::collections::{BTreeMap, BTreeSet};

use quorate_collector_config::contract::{Catalogue, zone};
use quorate_collector_sla::report::{InputHash, ReportIncident};
use quorate_collector_sla::support::{Response, Severity};
use quorate_collector_sla::{Breach, CheckInput, Interval, PlainSegment, Timeline};
use quorate_model::{
    AgentId, Boot, Bounds, CheckId, Failure, Incident, IncidentClass, IncidentId, Millis, RegionId, SampleId, Seq,
    State,
};

use super::*;
use crate::standing;

const TEXT: &str = "\
slas:
  - id: gold
    service: shop
    window: calendar_day
    objectives: {availability: \"99%\"}
    credit: {tiers: [{below: \"99%\", percent: 10}], claim_within_days: 7}
plans: [{id: pro, contract: gold}, {id: none, contract: gold}]
customers: [{id: acme, plan: pro, fee: 100.05 EUR}]
";

const DAY_MS: i64 = 86_400_000;
/// 2026-10-04.
const START_MS: i64 = 1_791_072_000_000;

fn at(ms: i64) -> CollectorTime {
    CollectorTime::from_millis(START_MS + ms)
}

/// A day with one outage, asked about at `known_to` after its start.
fn material(down: (i64, i64), known_to: i64) -> Material {
    let catalogue = Catalogue::parse(TEXT).expect("is right");
    let contract = catalogue.contracts()[0].clone();
    let zone = zone("UTC").expect("is a zone");
    let window = contract.terms().window.window("2026-10-04", &zone).expect("is a day");
    assert_eq!(window.interval.start(), at(0));
    let segment = |from, to, state| Interval::new(at(from), at(to)).map(|interval| PlainSegment { interval, state });
    let end = known_to.min(DAY_MS);
    let segments: Vec<PlainSegment> = [
        segment(0, down.0.min(end), State::Up),
        segment(down.0.min(end), down.1.min(end), State::Down),
        segment(down.1.min(end), end, State::Up),
    ]
    .into_iter()
    .flatten()
    .collect();
    let timeline = Timeline::from_plain(&segments).expect("they do not overlap");
    let shop = CheckId::new("shop").expect("is an id");
    let id = contract.terms().id.clone();
    Material {
        zone,
        window,
        known_to: at(known_to),
        checks: BTreeMap::from([(shop, CheckInput { timeline, attempts: None })]),
        incidents: Vec::new(),
        latency: Vec::new(),
        methods: Vec::new(),
        plans: catalogue.plans_of(&id).cloned().collect(),
        customers: catalogue.customers_of(&id).map(|(plan, customer)| (plan.clone(), customer.clone())).collect(),
        credited_before: BTreeMap::new(),
        contract,
    }
}

const HOUR: i64 = 3_600_000;

#[test]
fn a_report_states_what_each_customer_is_owed() {
    let made = make(&material((HOUR, 2 * HOUR), 2 * DAY_MS), Edition::provisional(at(2 * DAY_MS))).expect("is made");
    assert_eq!(made.evaluation.ledger.down(), Millis::new(HOUR));
    assert_eq!(made.evaluation.breach, Breach::Certain);
    let [statement] = made.statements.as_slice() else { panic!("{:?}", made.statements) };
    // A tenth of 100.05, half to even.
    assert_eq!(statement.credit.to_string(), "10.00 EUR");
    assert_eq!(statement.claim_deadline, Some(at(8 * DAY_MS)));
}

#[test]
fn a_window_that_runs_is_judged_up_to_now_and_its_deadlines_count_from_its_end() {
    let running = material((HOUR, 2 * HOUR), 12 * HOUR);
    assert!(running.still_runs());
    let made = make(&running, Edition::provisional(at(12 * HOUR))).expect("is made");
    assert_eq!(made.evaluation.ledger.total(), Millis::new(12 * HOUR));
    assert_eq!(made.evaluation.ledger.unknown(), Millis::ZERO);
    assert_eq!(made.statements[0].claim_deadline, Some(at(8 * DAY_MS)));
    let standing = standing(&running, at(12 * HOUR)).expect("is judged");
    // A hundredth of the whole day, of which an hour is spent.
    assert_eq!(standing.allowed, Some(Millis::new(864_000)));
    assert_eq!(standing.left(), Some(Millis::new(864_000 - HOUR)));
}

#[test]
fn a_window_to_come_has_no_report() {
    let early = material((HOUR, 2 * HOUR), 0);
    let error = make(&early, Edition::provisional(at(0))).expect_err("has not begun");
    assert!(error.to_string().contains("2026-10-04"), "{error}");
}

#[test]
fn the_hash_hangs_on_everything_that_counts_and_on_nothing_else() {
    let hash = |change: &dyn Fn(&mut Material)| {
        let mut material = material((HOUR, 2 * HOUR), 2 * DAY_MS);
        change(&mut material);
        input_hash(&material)
    };
    let plain = hash(&|_| {});
    assert_eq!(plain, hash(&|_| {}));
    // When it is asked does not matter once the window is over.
    assert_eq!(plain, hash(&|material| material.known_to = at(3 * DAY_MS)));
    let changes: [&dyn Fn(&mut Material); 4] = [
        &|material| *material = self::material((HOUR, 2 * HOUR + 1), 2 * DAY_MS),
        &|material| material.customers.clear(),
        &|material| material.checks.clear(),
        &|material| {
            let mut draft = material.contract.clone().into_draft();
            draft.min_outage = Millis::new(1);
            material.contract = quorate_collector_sla::Contract::new(draft).expect("is right");
        },
    ];
    for change in changes {
        assert_ne!(plain, hash(change));
    }
}

/// An incident with a value in every field.
fn incident() -> ReportIncident {
    let region = |id: &str| RegionId::new(id).expect("is an id");
    ReportIncident {
        incident: Incident {
            id: IncidentId::new("shop-1"),
            check: CheckId::new("shop").expect("is an id"),
            start: at(1),
            end: Some(at(9)),
            start_bounds: Bounds { earliest: at(0), latest: at(2) },
            end_bounds: Bounds { earliest: at(8), latest: at(10) },
            class: IncidentClass::Outage,
            billed: Millis::new(7),
            runs: vec![(at(1), at(4)), (at(5), at(9))],
            regions: vec![region("fra"), region("iad")],
            support: 3,
        },
        failures: vec![(Failure::HttpStatus, 2)],
        evidence: vec![SampleId {
            agent: AgentId::new("fra-1").expect("is an id"),
            boot: Boot::new(1),
            seq: Seq::new(5),
        }],
        response: Response::default(),
    }
}

#[test]
fn the_hash_hangs_on_every_field_of_an_incident() {
    let hash = |change: &dyn Fn(&mut ReportIncident)| {
        let mut material = material((HOUR, 2 * HOUR), 2 * DAY_MS);
        let mut entry = incident();
        change(&mut entry);
        material.incidents = vec![entry];
        input_hash(&material)
    };
    let changes: [&dyn Fn(&mut ReportIncident); 22] = [
        &|_| {},
        &|entry| entry.incident.id = IncidentId::new("shop-2"),
        &|entry| entry.incident.check = CheckId::new("api").expect("is an id"),
        &|entry| entry.incident.start = at(2),
        &|entry| entry.incident.end = None,
        &|entry| entry.incident.start_bounds.earliest = at(1),
        &|entry| entry.incident.start_bounds.latest = at(3),
        &|entry| entry.incident.end_bounds.earliest = at(7),
        &|entry| entry.incident.end_bounds.latest = at(11),
        &|entry| entry.incident.class = IncidentClass::Blip,
        &|entry| entry.incident.billed = Millis::new(8),
        &|entry| entry.incident.runs.truncate(1),
        &|entry| entry.incident.regions.truncate(1),
        &|entry| entry.incident.support = 4,
        &|entry| entry.failures[0].0 = Failure::ConnectTimeout,
        &|entry| entry.failures[0].1 = 3,
        &|entry| entry.evidence[0].agent = AgentId::new("iad-1").expect("is an id"),
        &|entry| entry.evidence[0].boot = Boot::new(u64::MAX),
        &|entry| entry.evidence[0].boot = Boot::new(2),
        &|entry| entry.evidence[0].seq = Seq::new(6),
        &|entry| entry.response.severity = Some(Severity::Low),
        &|entry| entry.response.postmortem = Some("https://status.example.com".to_owned()),
    ];
    let hashes: BTreeSet<InputHash> = changes.iter().map(|change| hash(*change)).collect();
    assert_eq!(hashes.len(), changes.len(), "two incidents that differ have one hash");
}

#[test]
fn only_what_a_report_says_makes_a_revision() {
    use crate::revision;
    let first = document(&material((HOUR, 2 * HOUR), 2 * DAY_MS), revision::first(at(4 * DAY_MS))).expect("is made");
    let again = revision::after(first.revision, at(9 * DAY_MS));
    let same = document(&material((HOUR, 2 * HOUR), 2 * DAY_MS), again).expect("is made");
    assert_eq!(revision::next(same, &first), None);
    let other = document(&material((HOUR, 3 * HOUR), 2 * DAY_MS), again).expect("is made");
    let next = revision::next(other, &first).expect("says something else");
    assert_eq!((next.revision, next.state.as_str()), (2, "final"));
    let change = next.change.expect("says what");
    assert_eq!(change.since_revision, 1);
    assert!(change.figures.iter().any(|[what, ..]| what == "down"), "{change:?}");
}

#[test]
fn a_report_is_due_three_days_after_its_window() {
    use crate::revision::{freezes_at, is_due, key};
    let material = material((HOUR, 2 * HOUR), 2 * DAY_MS);
    assert_eq!(freezes_at(&material.window), at(4 * DAY_MS));
    assert!(!is_due(&material.window, at(4 * DAY_MS - 1)) && is_due(&material.window, at(4 * DAY_MS)));
    assert_eq!(key(&material.contract.terms().id, &material.window.label), "gold/2026-10-04");
}
