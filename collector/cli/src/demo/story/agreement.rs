//! The last step: what the contract makes of the story, by the collector and by the states alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use quorate_collector_config::Config;
use quorate_collector_config::contract::{read_segments, zone_for_period};
use quorate_collector_contracts::{Edition, Material, document};
use quorate_collector_report::Document;
use quorate_collector_sla::{CheckInput, Interval, Window};
use quorate_model::CollectorTime;
use quorate_proto::api::Segments;

use super::super::cast::{CONTRACT, SHOP};
use super::super::files::agreements;
use super::super::report::{Expected, Said, Step};
use super::{Opening, Teller, now_ms};
use crate::moment::show_span;

/// What the story's customer is owed where the shop was down for more than a hundredth of the time: a quarter of 499.99.
const OWED: &str = "125.00 EUR";

impl Teller<'_> {
    /// What the report says of all that happened since `began_ms`.
    pub(super) async fn agreement(&mut self, began_ms: i64) -> Step {
        let opening = Opening { at_ms: now_ms(), deeds: self.stage.deeds().len(), seen: self.seen.len() };
        let mut expected = Expected::default();
        let mut said = Said::default();
        let told = self.observer.report(CONTRACT).await;
        match told {
            Err(error) => expected.that("the collector reports on its contract", false, error.to_string()),
            Ok(report) => {
                let incidents = self.observer.incidents(SHOP, began_ms, now_ms()).await.unwrap_or_default();
                let outages: Vec<_> = incidents.iter().filter(|incident| incident.class == "outage").collect();
                let lines: Vec<_> = report.incidents.iter().filter(|line| line.class == "outage").collect();
                let same = lines.iter().map(|line| &line.id).eq(outages.iter().map(|incident| &incident.id));
                let found = format!("{} outages, {} lines of the report", outages.len(), lines.len());
                expected.that("every outage is a line of the report", same && !lines.is_empty(), found);
                let evidence = lines.iter().all(|line| !line.evidence.is_empty() && !line.failures.is_empty());
                let found = lines.iter().map(|line| line.evidence.len().to_string()).collect::<Vec<_>>().join(", ");
                expected.that("each names samples that speak for it", evidence, format!("{found} samples"));
                let billed: i64 = outages.iter().map(|incident| incident.billed_ms).sum();
                let ledger = &report.ledger;
                let found = format!("{} in the ledger, {} billed", show_span(ledger.down_ms), show_span(billed));
                expected.that("its downtime is what the outages are billed with", ledger.down_ms == billed, found);
                let sum = ledger.up_ms + ledger.down_ms + ledger.unknown_ms + ledger.excluded_ms;
                expected.that("its ledger sums to the period", sum == ledger.total_ms, format!("{sum} ms"));
                let credits: Vec<&str> = report.customers.iter().map(|line| line.credit.as_str()).collect();
                expected.that(format!("the customer is owed {OWED}"), credits == [OWED], credits.join(", "));
                self.offline(&report, &mut expected).await;
                said.incidents = incidents;
            }
        }
        let title = "The contract of the shop: each outage is a line of the report, and the credit follows";
        self.close(&opening, "f", title, said, expected)
    }

    /// The same report made from the shop's states alone, as any program can write them down.
    async fn offline(&self, report: &Document, expected: &mut Expected) {
        let what = "made from its states alone, the report says the same";
        let period = &report.period;
        match self.observer.segments(SHOP, period.start_ms, period.end_ms).await {
            Err(error) => expected.that(what, false, error.to_string()),
            Ok(segments) => match from_states(&segments, report) {
                Err(why) => expected.that(what, false, why),
                Ok(made) => {
                    let off = made.ledger.down_ms - report.ledger.down_ms;
                    let credits = |document: &Document| -> Vec<String> {
                        document.customers.iter().map(|line| line.credit.clone()).collect()
                    };
                    let same = credits(&made) == credits(report);
                    let found = format!("downtime {} off, credit {}", show_span(off), credits(&made).join(", "));
                    expected.that(what, same && off.abs() <= self.tolerance_ms(), found);
                }
            },
        }
    }
}

/// Makes the report of the same stretch from states.
fn from_states(segments: &Segments, report: &Document) -> Result<Document, String> {
    let mut lines = String::new();
    for segment in &segments.segments {
        let (start, end, state) = (segment.start_ms, segment.end_ms, &segment.state);
        let line = format!(r#"{{"check":"{SHOP}","start_ms":{start},"end_ms":{end},"state":"{state}"}}"#);
        writeln!(lines, "{line}").map_err(|error| error.to_string())?;
    }
    let read = read_segments(lines.as_bytes()).map_err(|error| error.to_string())?;
    let read = read.map_err(|errors| errors.first().map_or_else(String::new, ToString::to_string))?;
    // Only the agreements of the stage's configuration count here, so the rest is as short as it can be.
    let config = Config::parse(&agreements("regions: [{id: x, provider: x}]\nchecks: [{id: shop, icmp: {host: x}}]\n"));
    let config = config.map_err(|errors| errors.first().map_or_else(String::new, ToString::to_string))?;
    let contract = config.catalogue.contracts().first().ok_or("the stage has no contract")?;
    let terms = contract.terms();
    let zone = zone_for_period(&terms.timezone, &report.period.label).map_err(|error| error.to_string())?;
    let interval = Interval::from_millis(report.period.start_ms, report.period.end_ms).ok_or("an empty period")?;
    let mut checks = BTreeMap::new();
    for check in terms.service.checks() {
        let timeline = read.timeline(check).map_err(|error| error.to_string())?;
        checks.insert(check.clone(), CheckInput { timeline, attempts: None });
    }
    let customers = config.catalogue.customers_of(&terms.id);
    let material = Material {
        window: Window { kind: terms.window, label: report.period.label.clone(), interval },
        known_to: interval.end(),
        checks,
        incidents: Vec::new(),
        latency: Vec::new(),
        methods: Vec::new(),
        plans: Vec::new(),
        customers: customers.map(|(plan, customer)| (plan.clone(), customer.clone())).collect(),
        credited_before: BTreeMap::new(),
        contract: contract.clone(),
        zone,
    };
    document(&material, Edition::provisional(CollectorTime::from_millis(now_ms()))).map_err(|error| error.to_string())
}
