//! One case: a zone, terms, a world, a period, and what has to come out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use quorate_collector_config::contract::{parse_contract, read_segments, zone_for_period};
use quorate_collector_config::scalar::duration;
use quorate_collector_sla::evaluate::{CheckInput, Evaluation, Inputs, evaluate};
use quorate_collector_sla::{Contract, Interval, Window, WindowKind, Zone};
use quorate_model::{CollectorTime, Millis};

/// What the checks' states are known for around the window.
const AROUND: Millis = Millis::from_secs(3 * 86_400);

/// What a contract says where the case does not.
const DEFAULTS: [(&str, &str); 2] = [
    ("objectives", "{availability: 99.95%}"),
    (
        "credit",
        "{tiers: [{below: 99.95%, percent: 10}, {below: 99%, percent: 25}, {below: 95%, percent: 100}], claim_within_days: 30}",
    ),
];

/// A contract on the check `shop` with these terms, written `window: calendar_day, min_outage: 60s`.
fn contract(zone: &str, terms: &str) -> Contract {
    let mut text = format!("{{id: gold, service: shop, timezone: {zone}, {terms}");
    for (key, value) in DEFAULTS.iter().filter(|(key, _)| !terms.contains(&format!("{key}: "))) {
        write!(text, ", {key}: {value}").expect("a text takes all");
    }
    parse_contract(&(text.clone() + "}")).unwrap_or_else(|errors| panic!("{text}: {errors:#?}"))
}

fn window(contract: &Contract, period: &str) -> (Zone, Result<Window, String>) {
    let zone = zone_for_period(&contract.terms().timezone, period).expect("a zone of the database");
    let window = contract.terms().window.window(period, &zone).map_err(|error| error.to_string());
    (zone, window)
}

/// Judges `period` of a contract of these `terms` in a world that is up but for `lines`, parted by `;`: a state, a start and a
/// length, such as `down 2026-10-25T02:30+01:00 1h30m`. Compares the words of `expected`: `down 60000 breach none`.
#[track_caller]
pub(crate) fn check(zone: &str, terms: &str, lines: &str, period: &str, expected: &str) {
    let contract = contract(zone, terms);
    let (zone, window) = window(&contract, period);
    let window = window.unwrap_or_else(|error| panic!("{error}"));
    let known = Interval::new(window.interval.start() - AROUND, window.interval.end() + AROUND).expect("some time");
    let segments = read_segments(world(lines, known).as_bytes()).expect("a text reads").expect("segments");
    let checks: BTreeMap<_, _> = contract
        .terms()
        .service
        .checks()
        .into_iter()
        .map(|check| {
            let timeline = segments.timeline(check).expect("nothing overlaps");
            (check.clone(), CheckInput { timeline, attempts: None })
        })
        .collect();
    let found = evaluate(&contract, &window, Inputs { checks: &checks, zone: &zone }).expect("the right zone");
    let ledger = found.ledger;
    let sum = ledger.up() + ledger.down() + ledger.unknown() + ledger.excluded();
    assert_eq!(sum, window.interval.length(), "the ledger sums to the window exactly: {period}");
    let mut words = expected.split_whitespace();
    while let Some(key) = words.next() {
        let want = words.next().expect("a value for each key");
        assert_eq!(word(&contract, &zone, &found, key), want, "{key} of {period}: {lines}");
    }
    holds_its_time(&window, &zone);
}

/// What a word of a case says.
fn word(contract: &Contract, zone: &Zone, found: &Evaluation, key: &str) -> String {
    let (ledger, interval) = (found.ledger, found.window.interval);
    let bound = |place: usize| found.uptime.map_or("none".into(), |uptime| uptime.percent()[place].clone());
    match key {
        "start" => shown(interval.start()),
        "end" => shown(interval.end()),
        "total" => ledger.total().get().to_string(),
        "up" => ledger.up().get().to_string(),
        "down" => ledger.down().get().to_string(),
        "unknown" => ledger.unknown().get().to_string(),
        "excluded" => ledger.excluded().get().to_string(),
        "low" => bound(0),
        "point" => bound(1),
        "high" => bound(2),
        "breach" => found.breach.as_str().into(),
        "credit" => found.credit.share.percent_short(4),
        "refused" => {
            let refusals = found.rulings.iter().flat_map(|ruling| &ruling.refusals);
            refusals.map(ToString::to_string).collect::<Vec<_>>().join(";").replace(' ', "_")
        }
        "claim_before" => {
            let rule =
                contract.terms().credit.as_ref().and_then(|credit| credit.claim).expect("the credit has a deadline");
            shown(rule.deadline(&found.window, None, zone))
        }
        _ => panic!("{key} is not a word of a case"),
    }
}

/// The contract's windows have no such period; the message says `part`.
#[track_caller]
pub(crate) fn refused(zone: &str, terms: &str, period: &str, part: &str) {
    let (_, window) = window(&contract(zone, terms), period);
    let error = window.expect_err("there is no such period");
    assert!(error.contains(part), "{error}");
}

/// The window of a moment inside is the window, from its first to its last.
#[track_caller]
fn holds_its_time(window: &Window, zone: &Zone) {
    let last = window.interval.end() - Millis::new(1);
    assert_eq!(&window.kind.at(last, zone), window, "from its last moment");
    if !matches!(window.kind, WindowKind::RollingDays(_)) {
        assert_eq!(&window.kind.at(window.interval.start(), zone), window, "from its first moment");
    }
}

/// The lines as segments of JSON; what lies between them is up.
fn world(lines: &str, known: Interval) -> String {
    let mut told: Vec<(CollectorTime, CollectorTime, &str)> = Vec::new();
    for line in lines.split(';').map(str::trim).filter(|line| !line.is_empty()) {
        let [state, start, length] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line} is no line of a world")
        };
        let start = moment(start);
        told.push((start, start + span(length), state));
    }
    told.push((known.end(), known.end(), "up"));
    told.sort_unstable();
    let (mut text, mut at) = (String::new(), known.start());
    for (start, end, state) in told {
        for (start, end, state) in [(at, start, "up"), (start, end, state)] {
            if start < end {
                let (start, end) = (start.as_millis(), end.as_millis());
                let line = format!(r#"{{"check":"shop","start_ms":{start},"end_ms":{end},"state":"{state}"}}"#);
                text += &(line + "\n");
            }
        }
        at = end;
    }
    text
}

/// `2026-10-25T02:30+01:00`.
pub(crate) fn moment(text: &str) -> CollectorTime {
    let moment: Timestamp = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    CollectorTime::from_millis(moment.as_millisecond())
}

fn shown(time: CollectorTime) -> String {
    Timestamp::from_millisecond(time.as_millis()).expect("a year of four digits").to_string()
}

/// `1h30m`, `500ms`, `60s`, `1d`.
fn span(text: &str) -> Millis {
    duration(text).expect("a duration")
}
