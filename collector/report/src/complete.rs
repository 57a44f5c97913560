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

/// Every leaf with its path, without places in lists. Nothing may be missing or empty.
fn leaves(value: &Value, path: &str, out: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(value, &path, out);
            }
        }
        Value::Array(entries) => {
            assert!(!entries.is_empty(), "{path} is empty; give it an entry, so that it is looked for");
            for entry in entries {
                leaves(entry, path, out);
            }
        }
        Value::Null => panic!("{path} has no value; give it one, so that it is looked for"),
        leaf => out.push((path.to_owned(), leaf.clone())),
    }
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
fn words(format: &str, path: &str, value: &Value, document: &Document) -> String {
    let moments = Moments::new(&document.timezone);
    let key = path.rsplit('.').next().unwrap_or(path);
    let number = match value {
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

fn leaves_of(document: &Document) -> Vec<(String, Value)> {
    let json: Value = serde_json::from_str(&document.json()).expect("JSON");
    let mut all = Vec::new();
    leaves(&json, "", &mut all);
    all
}

/// Otherwise one field could stand for another that a format forgot.
#[test]
fn no_field_is_printed_as_another_is() {
    let document = document();
    let all = leaves_of(&document);
    let key = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let in_cells = all.iter().flat_map(|(path, value)| cells(&key(path), value)).collect::<Vec<_>>();
    assert_eq!(in_cells.iter().collect::<BTreeSet<_>>().len(), in_cells.len(), "two cells are the same");
    for format in ["md", "html"] {
        let printed: Vec<String> = all.iter().map(|(path, value)| words(format, path, value, &document)).collect();
        for (place, text) in printed.iter().enumerate() {
            let other = printed.iter().enumerate().find(|(at, other)| *at != place && other.contains(text.as_str()));
            let other = other.map(|(at, other)| format!("{} as {other}", all[at].0));
            assert_eq!(other, None, "{format} prints {} as {text}", all[place].0);
        }
    }
}

#[test]
fn every_format_says_everything() {
    let document = document();
    let all = leaves_of(&document);
    let (csv, md, html) = (cells_of(&document.csv()), document.markdown(), document.html());
    // The title and the style say some of it again.
    let html = html.split_once("<body>").expect("a page has a body").1;
    let mut missing = Vec::new();
    for (path, value) in &all {
        let key = path.rsplit('.').next().unwrap_or(path);
        let unsaid = [
            ("csv", cells(key, value).iter().any(|cell| !csv.contains(cell))),
            ("md", !md.contains(&words("md", path, value, &document))),
            ("html", !html.contains(&words("html", path, value, &document))),
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

/// What a person might write to be noticed by a program.
const LOUD: &str = "=cmd()|' /C calc'!A0 | *x* <script>alert(1)</script> \\| &lt; \"q\",\nnext\r\n+1";

/// A document in which every text that a person writes is loud.
fn loud() -> Document {
    let mut document = document();
    document.name = LOUD.to_owned();
    for line in &mut document.exclusions {
        line.reason = LOUD.to_owned();
        (line.author, line.approver) = (Some(LOUD.to_owned()), Some(LOUD.to_owned()));
        line.evidence = vec![LOUD.to_owned(); 2];
    }
    document
}

/// The lines of a table by RFC 4180, each as its cells.
fn rows(csv: &str) -> Vec<Vec<String>> {
    let (mut rows, mut cell, mut quoted) = (vec![vec![]], String::new(), false);
    let mut letters = csv.chars().peekable();
    while let Some(letter) = letters.next() {
        let row: &mut Vec<String> = rows.last_mut().expect("it begins with one");
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && letters.next_if_eq(&'\n').is_some() => {
                row.push(std::mem::take(&mut cell));
                rows.push(Vec::new());
            }
            letter => cell.push(letter),
        }
    }
    rows.pop();
    rows
}

#[test]
fn what_people_write_leaves_its_cell_in_no_format() {
    let (loud, calm) = (loud(), document());
    let (table, calm_table) = (rows(&loud.csv()), rows(&calm.csv()));
    assert_eq!(table.len(), calm_table.len());
    for row in &table {
        assert_eq!(row.len(), 10, "{row:?}");
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{row:?}");
    }
    assert_eq!(table.iter().flatten().filter(|cell| **cell == format!("'{LOUD}")).count(), 6);
    let markdown = loud.markdown();
    assert!(!markdown.replace("\\<", "").contains(['\r', '<']), "{markdown}");
    let bars = |line: &str| line.replace("\\\\", "").replace("\\|", "").matches('|').count();
    let shape = |text: &str| text.lines().skip(1).map(bars).collect::<Vec<_>>();
    assert_eq!(shape(&markdown), shape(&calm.markdown()), "the title apart, tables have the same rows and cells");
    let html = loud.html();
    assert!(!html.contains("<script") && html.matches("</style>").count() == 1, "{html}");
    let tags = |html: &str| html.matches('<').count() - html.matches("<br>").count();
    assert_eq!(tags(&html), tags(&calm.html()));
}

#[test]
fn a_document_of_everything_is_read_back() {
    let document = document();
    assert_eq!(Document::parse(&document.json()).expect("it was just written"), document);
}
