//! A document in which every field has a value of its own, and the promise that every format says each of them.

use std::collections::BTreeSet;

use quorate_proto::api::{Spread, SpreadText};
use serde_json::Value;

use crate::document::{
    AppliedExclusion, BudgetLine, Change, CheckLine, CustomerLine, Day, Document, ErrorRate, ExclusionLine,
    IncidentLine, Latency, LatencyPromise, Ledger, OutageLine, Period, Rule, Seen, Stretch, SupportLine, Voter, Worst,
};
use crate::moment::{Moments, latency, machine, span};

/// Leaves that a format does not say, and why.
const EXCEPTIONS: [(&str, &str, &str); 9] = [
    ("csv", "days.ledger.total_ms", "the sum of the four columns"),
    ("md", "days.ledger.total_ms", "the sum of the four columns"),
    ("html", "days.ledger.total_ms", "the sum of the four columns"),
    ("md", "days.period.start_ms", "a day's name says when it is"),
    ("html", "days.period.start_ms", "a day's name says when it is"),
    ("md", "days.period.end_ms", "a day's name says when it is"),
    ("html", "days.period.end_ms", "a day's name says when it is"),
    ("md", "format", "says how the JSON is read"),
    ("html", "format", "says how the JSON is read"),
];

/// Gives values that no other field has, in whatever form they are printed.
struct Fresh(i64);

impl Fresh {
    fn next(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }

    fn word(&mut self) -> String {
        format!("w{:03}w", self.next())
    }

    fn words(&mut self) -> Vec<String> {
        vec![self.word(), self.word()]
    }

    /// Another minute each.
    fn moment(&mut self) -> i64 {
        1_790_805_600_000 + self.next() * 61_000
    }

    /// Another second each.
    fn span(&mut self) -> i64 {
        5 * 3_600_000 + self.next() * 1001
    }

    fn count(&mut self) -> u32 {
        910_000 + u32::try_from(self.next()).expect("few")
    }

    /// Another millisecond and tenth each, all of five digits before the point.
    fn latency_us(&mut self) -> u64 {
        40_000_000 + self.next().unsigned_abs() * 1_100
    }

    fn small(&mut self) -> u16 {
        60_000 + u16::try_from(self.next()).expect("few")
    }

    fn money(&mut self) -> String {
        format!("{}.50 EU{}", 70_000 + self.next(), self.next())
    }

    fn spread(&mut self) -> Spread {
        Spread { low: self.span(), point: self.span(), high: self.span() }
    }

    fn bounds(&mut self, around: i64) -> [i64; 2] {
        [around - self.span(), around + self.span()]
    }

    fn ledger(&mut self) -> Ledger {
        Ledger {
            total_ms: self.span(),
            up_ms: self.span(),
            down_ms: self.span(),
            unknown_ms: self.span(),
            excluded_ms: self.span(),
        }
    }

    fn period(&mut self) -> Period {
        Period { label: self.word(), start_ms: self.moment(), end_ms: self.moment() }
    }

    fn incident(&mut self) -> IncidentLine {
        let (start_ms, end_ms) = (self.moment(), self.moment());
        IncidentLine {
            id: self.word(),
            check: self.word(),
            start_ms,
            end_ms: Some(end_ms),
            start_bounds_ms: self.bounds(start_ms),
            end_bounds_ms: self.bounds(end_ms),
            class: self.word(),
            billed_ms: self.span(),
            regions: self.words(),
            support: self.count(),
            failures: vec![Seen { what: self.word(), times: self.count().into() }],
            evidence: self.words(),
            exclusions: vec![AppliedExclusion {
                class: self.word(),
                start_ms: self.moment(),
                end_ms: self.moment(),
                excluded_ms: self.span(),
            }],
            severity: Some(self.word()),
            acknowledged_at_ms: Some(self.moment()),
            resolved_at_ms: Some(self.moment()),
            postmortem: Some(self.word()),
        }
    }

    fn support(&mut self) -> SupportLine {
        SupportLine {
            incident: self.word(),
            plan: self.word(),
            severity: self.word(),
            promise: self.word(),
            target_ms: self.span(),
            deadline_ms: Some(self.moment()),
            took_ms: Some(self.span()),
            kept: self.word(),
        }
    }

    fn exclusion(&mut self) -> ExclusionLine {
        ExclusionLine {
            class: self.word(),
            start_ms: self.moment(),
            end_ms: self.moment(),
            excluded_ms: self.span(),
            refused: self.words(),
            reason: self.word(),
            author: Some(self.word()),
            approver: Some(self.word()),
            announced_at_ms: Some(self.moment()),
            recorded_at_ms: Some(self.moment()),
            actual_end_ms: Some(self.moment()),
            evidence: self.words(),
        }
    }

    fn customer(&mut self) -> CustomerLine {
        CustomerLine {
            customer: self.word(),
            plan: self.word(),
            fee: self.money(),
            share_percent: self.word(),
            credit: self.money(),
            steps: self.words(),
            claim_before_ms: Some(self.moment()),
        }
    }

    fn check(&mut self) -> CheckLine {
        CheckLine {
            check: self.word(),
            from_ms: self.moment(),
            version: self.word(),
            interval_ms: self.span(),
            timeout_ms: self.span(),
            agents: self.count(),
            voters: vec![Voter { region: self.word(), provider: self.word(), weight: Some(self.count()) }],
            quorum: self.word(),
            min_regions: self.small(),
            min_providers: self.small(),
        }
    }
}

/// A document with everything in it.
pub(crate) fn document() -> Document {
    let mut fresh = Fresh(0);
    let f = &mut fresh;
    Document {
        format: f.count(),
        contract: f.word(),
        customer: Some(f.word()),
        name: f.word(),
        timezone: "Europe/Berlin".to_owned(),
        period: f.period(),
        state: f.word(),
        revision: f.count(),
        made_at_ms: f.moment(),
        input_hash: f.word(),
        ledger: f.ledger(),
        down_ms: f.spread(),
        uptime_percent: Some(SpreadText { low: f.word(), point: f.word(), high: f.word() }),
        coverage_percent: f.word(),
        resolution_ms: Some(f.span()),
        objective_percent: Some(f.word()),
        breach: "certain".to_owned(),
        error_rate: Some(ErrorRate { objective_percent: f.word(), measured_percent: Some(f.word()), kept: f.word() }),
        latency_promises: vec![LatencyPromise {
            percentile: f.word(),
            region: Some(f.word()),
            under_us: f.latency_us(),
            measured_us: Some(f.latency_us()),
            kept: f.word(),
        }],
        latency: vec![Latency {
            region: Some(f.word()),
            percentile: f.word(),
            value_us: f.latency_us(),
            answers: f.count().into(),
        }],
        budget: Some(BudgetLine { allowed_ms: f.span(), spent_ms: f.spread() }),
        worst: vec![Worst {
            start_ms: f.moment(),
            end_ms: f.moment(),
            down_ms: f.span(),
            availability_percent: f.word(),
        }],
        credit_percent: f.word(),
        credit_steps: f.words(),
        days: vec![Day { period: f.period(), ledger: f.ledger(), spent_ms: f.span() }],
        // People are told of time that was down as outages, and of time that was left out as exclusions.
        stretches: vec![Stretch { start_ms: f.moment(), end_ms: f.moment(), state: "unknown".to_owned() }],
        outages: vec![OutageLine {
            start_ms: f.moment(),
            end_ms: f.moment(),
            down_ms: f.span(),
            not_counted: Some(f.word()),
        }],
        incidents: vec![f.incident()],
        support: vec![f.support()],
        exclusions: vec![f.exclusion()],
        customers: vec![f.customer()],
        checks: vec![f.check()],
        rules: vec![Rule { about: f.word(), says: f.word() }],
        change: Some(Change {
            since_revision: f.count(),
            figures: vec![[f.word(), f.word(), f.word()]],
            incidents_changed: f.words(),
            incidents_gone: f.words(),
        }),
    }
}

/// A leaf of the data model.
pub(crate) struct Leaf {
    /// Its path without places in lists, such as `days.ledger.up_ms`.
    pub(crate) path: String,
    /// Where it is (RFC 6901), such as `/days/0/ledger/up_ms`.
    pub(crate) pointer: String,
    /// What it holds.
    pub(crate) value: Value,
}

impl Leaf {
    fn key(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }
}

/// Every leaf. Nothing may be missing or empty.
fn leaves(value: &Value, path: &str, pointer: &str, out: &mut Vec<Leaf>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(value, &path, &format!("{pointer}/{key}"), out);
            }
        }
        Value::Array(entries) => {
            assert!(!entries.is_empty(), "{path} is empty; give it an entry, so that it is looked for");
            for (place, entry) in entries.iter().enumerate() {
                leaves(entry, path, &format!("{pointer}/{place}"), out);
            }
        }
        Value::Null => panic!("{path} has no value; give it one, so that it is looked for"),
        leaf => out.push(Leaf { path: path.to_owned(), pointer: pointer.to_owned(), value: leaf.clone() }),
    }
}

/// Every leaf of the document that has everything.
pub(crate) fn all_leaves() -> Vec<Leaf> {
    let mut all = Vec::new();
    leaves(&value_of(&document()), "", "", &mut all);
    all
}

/// A document as JSON.
pub(crate) fn value_of(document: &Document) -> Value {
    serde_json::to_value(document).expect("texts, numbers and lists are always JSON")
}

const MOMENTS: [&str; 11] = [
    "start_ms",
    "end_ms",
    "made_at_ms",
    "from_ms",
    "announced_at_ms",
    "recorded_at_ms",
    "actual_end_ms",
    "claim_before_ms",
    "acknowledged_at_ms",
    "resolved_at_ms",
    "deadline_ms",
];

/// What the tables for machines hold for a leaf: cells of their own.
fn cells(key: &str, value: &Value) -> Vec<String> {
    match value {
        Value::String(money) if ["fee", "credit"].contains(&key) => money.split(' ').map(str::to_owned).collect(),
        Value::String(text) => vec![text.clone()],
        number => {
            let number = number.as_i64().expect("a whole number");
            let moment = MOMENTS.contains(&key) || key.ends_with("bounds_ms");
            vec![if moment { machine(number) } else { number.to_string() }]
        }
    }
}

/// What a person reads for a leaf.
fn words(format: &str, leaf: &Leaf, document: &Document) -> String {
    let moments = Moments::new(&document.timezone);
    let (path, key) = (leaf.path.as_str(), leaf.key());
    let number = match &leaf.value {
        // The page has words for a breach.
        Value::String(breach) if (format, path, breach.as_str()) == ("html", "breach", "certain") => {
            return "missed".to_owned();
        }
        Value::String(text) => return text.clone(),
        number => number.as_i64().expect("a whole number"),
    };
    let incident = &document.incidents[0];
    match path {
        // The table has the length of a worst window.
        "worst.end_ms" => span(number - document.worst[0].start_ms),
        // Bounds are distances from the best estimate.
        "incidents.start_bounds_ms" => span((number - incident.start_ms).abs()),
        "incidents.end_bounds_ms" => span((number - incident.end_ms.unwrap_or(0)).abs()),
        "customers.claim_before_ms" | "checks.from_ms" if format == "html" => moments.minute(number),
        _ if MOMENTS.contains(&key) => moments.second(number),
        _ if key.ends_with("_us") => latency(number.unsigned_abs()),
        _ if key.ends_with("_ms") || path.contains("_ms.") => span(number),
        _ => number.to_string(),
    }
}

/// The cells of a table as [`Document::csv`] writes it; none of these needs quotes but for a comma inside.
fn cells_of(csv: &str) -> BTreeSet<String> {
    csv.split(['\n', '\r', ',']).map(|cell| cell.trim_matches('"').to_owned()).collect()
}

/// Otherwise one field could stand for another that a format forgot.
#[test]
fn no_field_is_printed_as_another_is() {
    let document = document();
    let all = all_leaves();
    let in_cells: Vec<String> = all.iter().flat_map(|leaf| cells(leaf.key(), &leaf.value)).collect();
    assert_eq!(in_cells.iter().collect::<BTreeSet<_>>().len(), in_cells.len(), "two cells are the same");
    for format in ["md", "html"] {
        let printed: Vec<String> = all.iter().map(|leaf| words(format, leaf, &document)).collect();
        for (place, text) in printed.iter().enumerate() {
            let other = printed.iter().enumerate().find(|(at, other)| *at != place && other.contains(text.as_str()));
            let other = other.map(|(at, other)| format!("{} as {other}", all[at].path));
            assert_eq!(other, None, "{format} prints {} as {text}", all[place].path);
        }
    }
}

#[test]
fn every_format_says_everything() {
    let document = document();
    let all = all_leaves();
    let (csv, md, html) = (cells_of(&document.csv()), document.markdown(), document.html());
    // The title and the style say some of it again.
    let html = html.split_once("<body>").expect("a page has a body").1;
    let mut missing = Vec::new();
    for leaf in &all {
        let Leaf { path, value, .. } = leaf;
        let unsaid = [
            ("csv", cells(leaf.key(), value).iter().any(|cell| !csv.contains(cell))),
            ("md", !md.contains(&words("md", leaf, &document))),
            ("html", !html.contains(&words("html", leaf, &document))),
        ];
        for (format, unsaid) in unsaid {
            let excepted = EXCEPTIONS.iter().any(|(of, at, _)| (*of, *at) == (format, path.as_str()));
            match (unsaid, excepted) {
                (true, false) => missing.push(format!("{format} does not say {path}, {value}")),
                (false, true) => missing.push(format!("{format} says {path}, which is among the exceptions")),
                _ => {}
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn a_document_of_everything_is_read_back() {
    let document = document();
    assert_eq!(Document::parse(&document.json()).expect("it was just written"), document);
}
