//! Budgets: a 12-month report of one check in 50 ms, the monthly ledger of 1,000 checks in 2 s.
//!
//! `cargo bench -p quorate-collector-sla` prints the best of several runs beside the budget.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use quorate_collector_sla::credit::Tier;
use quorate_collector_sla::report::{Finality, InputHash, Report, ReportInputs};
use quorate_collector_sla::zone::Zone;
use quorate_collector_sla::{
    CheckInput, Contract, ContractDraft, ContractId, Credit, CreditRule, Inputs, Percent, Service, Timeline,
    WindowKind, evaluate,
};
use quorate_model::{Bounds, CheckId, CollectorTime, Incident, IncidentClass, IncidentId, Millis, Segment, State};

const DAY_MS: i64 = 86_400_000;

fn main() {
    // 10 outages a day over a year, each with uncertain edges: 3,650 incidents in 18,250 segments.
    let (segments, incidents) = verdict(1_767_225_600_000, 365, 10);
    let year = contract(WindowKind::CalendarYear);
    print("12-month report of one check, 3,650 incidents", Duration::from_millis(50), || {
        report(&year, &segments, &incidents);
    });
    let month = contract(WindowKind::CalendarMonth);
    let checks: Vec<_> = (0..1000).map(|shift| verdict(1_788_220_800_000 + shift, 30, 10)).collect();
    print("month of 1,000 checks, 300 incidents each", Duration::from_secs(2), || {
        for (segments, incidents) in &checks {
            let inputs = inputs(segments, incidents);
            let zone = Zone::utc();
            let window = month.terms().window.window("2026-09", &zone).expect("a month");
            black_box(evaluate(&month, &window, Inputs { checks: &inputs, zone: &zone }).expect("UTC"));
        }
    });
}

#[expect(clippy::print_stdout, reason = "a bench tells its figures")]
fn print(name: &str, budget: Duration, mut work: impl FnMut()) {
    let best = (0..5)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .min()
        .unwrap_or_default();
    let share = best.as_micros() * 100 / budget.as_micros();
    println!("{name}: {:.2} ms of {} ms ({share} %)", best.as_secs_f64() * 1000.0, budget.as_millis());
}

fn report(contract: &Contract, segments: &[Segment], incidents: &[Incident]) {
    let zone = Zone::utc();
    let window = contract.terms().window.window("2026", &zone).expect("a year");
    let checks = inputs(segments, incidents);
    let about = ReportInputs {
        revision: 1,
        finality: Finality::Final,
        made_at: CollectorTime::from_millis(0),
        input_hash: InputHash([0; 32]),
        incidents: vec![],
        latency: vec![],
        methods: vec![],
        plans: vec![],
    };
    let data = Inputs { checks: &checks, zone: &zone };
    let report = Report::new(contract, &window, data, about).expect("UTC");
    // Twelve months apart from the year, as a report shows them.
    let assessor = quorate_collector_sla::evaluate::Assessor::new(contract, window.interval, data).expect("UTC");
    let months = WindowKind::CalendarMonth.windows(window.interval, &zone);
    let months: Vec<_> = months.iter().map(|month| assessor.evaluate(month)).collect();
    black_box((report, months));
}

fn inputs(segments: &[Segment], incidents: &[Incident]) -> BTreeMap<CheckId, CheckInput> {
    let timeline = Timeline::from_verdict(segments, incidents);
    BTreeMap::from([(check(), CheckInput { timeline, attempts: None })])
}

fn check() -> CheckId {
    CheckId::new("shop").expect("an id")
}

fn contract(window: WindowKind) -> Contract {
    let percent = |text: &str| Percent::parse(text).expect("a percentage");
    let mut draft = ContractDraft::new(ContractId::new("gold").expect("an id"), Service::Check(check()));
    draft.window = window;
    draft.min_outage = Millis::from_secs(60);
    draft.objectives.availability = Some(percent("99.95"));
    draft.credit = Some(Credit::new(CreditRule::Tiers(vec![Tier { below: percent("99.95"), percent: percent("10") }])));
    Contract::new(draft).expect("a contract")
}

/// Days of a check that is down `per_day` times a day for 90 s, with 2 s of doubt at each edge.
fn verdict(start_ms: i64, days: i64, per_day: i64) -> (Vec<Segment>, Vec<Incident>) {
    let at = CollectorTime::from_millis;
    let (mut segments, mut incidents) = (Vec::new(), Vec::new());
    let mut cursor = start_ms;
    let mut push = |until: i64, [state_low, state, state_high]: [State; 3]| {
        segments.push(Segment { start: at(cursor), end: at(until), state, state_low, state_high, regions_bad: vec![] });
        cursor = until;
    };
    let gap = DAY_MS / per_day;
    for index in 0..days * per_day {
        let down = start_ms + index * gap + gap / 2;
        push(down, [State::Up; 3]);
        push(down + 2000, [State::Up, State::Down, State::Down]);
        push(down + 90_000, [State::Down; 3]);
        push(down + 92_000, [State::Up, State::Down, State::Down]);
        push(start_ms + (index + 1) * gap, [State::Up; 3]);
        let bounds = |from: i64| Bounds { earliest: at(from), latest: at(from + 2000) };
        incidents.push(Incident {
            id: IncidentId::new(format!("i{index}")),
            check: check(),
            start: at(down + 1000),
            end: Some(at(down + 91_000)),
            start_bounds: bounds(down),
            end_bounds: bounds(down + 90_000),
            class: IncidentClass::Outage,
            billed: Millis::new(90_000),
            runs: vec![(at(down + 1000), at(down + 91_000))],
            regions: vec![],
            support: 5,
        });
    }
    (segments, incidents)
}
