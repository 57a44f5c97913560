//! Everything a report is made from, out of the store and the board.

use std::collections::{BTreeMap, BTreeSet};

use quorate_collector_contracts::evidence::{AttemptCount, IncidentEvidence};
use quorate_collector_contracts::{BURN_WINDOWS, Material};
use quorate_collector_http::Window as Asked;
use quorate_collector_sla::objective::LatencyAnswer;
use quorate_collector_sla::report::{CheckMethod, ReportIncident};
use quorate_collector_sla::{
    Attempts, Basis, CheckInput, Contract, ContractId, Currency, CustomerId, Interval, Money, Percent, Timeline,
};
use quorate_collector_store::{Latency, Span, Wanted as Samples, Window as StoreWindow};
use quorate_model::{CheckId, CollectorTime, Incident, IncidentId, Millis, RegionId, Sample};

use super::terms::{Terms, Wanted, terms};
use super::{ContractError, Sources, keep};
use crate::views::history::{join, overlay, was_inside};

/// Samples are read in pieces of this length.
const PIECE: Millis = Millis::from_secs(6 * 3600);

/// The most time of one incident in which samples are looked at.
const INCIDENT_TIME: Millis = Millis::from_secs(86_400);

/// The most incidents of a report whose samples are looked at.
const INCIDENTS_WITH_EVIDENCE: usize = 500;

/// Latency of windows up to so long is made of hours; beyond of days.
const HOURS_UP_TO: Millis = Millis::from_secs(62 * 86_400);

/// The percentiles every report shows.
const PERCENTILES: [&str; 4] = ["50", "90", "95", "99"];

/// How much of a report is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Everything.
    Report,
    /// What uptime, budget and burn rate need.
    Figures,
}

/// Gathers everything a report is made from. Blocks.
pub(crate) fn material_of_report(
    sources: &Sources,
    id: &ContractId,
    wanted: Wanted<'_>,
) -> Result<Material, ContractError> {
    material(sources, id, wanted, Depth::Report)
}

/// Gathers the material of one window of a contract. Blocks.
pub(super) fn material(
    sources: &Sources,
    id: &ContractId,
    wanted: Wanted<'_>,
    depth: Depth,
) -> Result<Material, ContractError> {
    let Terms { contract, catalogue, zone, window } = terms(sources, id, wanted, sources.desk.exclusions_of(id))?;
    let whole = window.interval;
    if sources.now <= whole.start() {
        return Err(ContractError::NotBegun(window.label));
    }
    let known_to = judged_to(sources, &contract).max(whole.start() + Millis::new(1));
    let longest = BURN_WINDOWS.iter().map(|(_, length)| *length).max().unwrap_or_default();
    let around = around(&contract);
    let from = match depth {
        Depth::Report => whole.start() - around,
        Depth::Figures => (whole.start() - around).min(known_to - longest),
    };
    let to = (whole.end() + around).min(known_to);
    let range = Asked::new(from, to).expect("the window began before now");
    let attempts = needs_attempts(&contract);
    let mut checks = BTreeMap::new();
    let (mut incidents, mut withdrawn) = (Vec::new(), Vec::new());
    for check in contract.terms().service.checks() {
        let (timeline, found, gone) = timeline(sources, check, range)?;
        if depth == Depth::Report {
            withdrawn.extend(parts_of_all(sources, check, &found, gone, range)?);
        }
        incidents.extend(found);
        let attempts = if attempts { read_attempts(sources, check, range)? } else { None };
        checks.insert(check.clone(), CheckInput { timeline, attempts });
    }
    let measured = Interval::new(whole.start(), whole.end().min(known_to)).expect("the window began before now");
    let mut material = Material {
        zone,
        window,
        known_to,
        checks,
        incidents: Vec::new(),
        latency: Vec::new(),
        methods: Vec::new(),
        plans: catalogue.plans_of(id).cloned().collect(),
        customers: catalogue.customers_of(id).map(|(plan, customer)| (plan.clone(), customer.clone())).collect(),
        credited_before: BTreeMap::new(),
        contract,
    };
    if depth == Depth::Report {
        incidents.retain(|incident| touches(incident, measured));
        incidents.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
        material.incidents = with_evidence(sources, incidents, &withdrawn, measured)?;
        material.latency = latency(sources, &material.contract, measured)?;
        material.methods = methods(sources, &material.contract, measured)?;
        material.credited_before = credited_before(sources, &material)?;
    }
    Ok(material)
}

/// Up to here every check of the contract is judged: what is about to be is not unknown time.
fn judged_to(sources: &Sources, contract: &Contract) -> CollectorTime {
    let checks = contract.terms().service.checks();
    let judged = checks.into_iter().filter_map(|check| Some(sources.board.get(check)?.judged_to()));
    judged.fold(sources.now, CollectorTime::min)
}

/// How far around a window its checks' states matter: minutes and intervals are judged whole. Outages are known whole in any
/// case.
pub(super) fn around(contract: &Contract) -> Millis {
    match contract.terms().basis {
        Basis::IntervalErrorRateMean { interval } => interval,
        _ => Millis::from_secs(60),
    }
}

/// True if the contract counts attempts.
pub(super) fn needs_attempts(contract: &Contract) -> bool {
    contract.terms().basis != Basis::Continuous || contract.terms().objectives.error_rate.is_some()
}

fn touches(incident: &Incident, window: Interval) -> bool {
    incident.start < window.end() && incident.end.is_none_or(|end| window.start() < end)
}

/// A check's states, the incidents that make them, and those of the range that were withdrawn.
fn timeline(
    sources: &Sources,
    check: &CheckId,
    range: Asked,
) -> Result<(Timeline, Vec<Incident>, Vec<Incident>), ContractError> {
    let view = sources.board.get(check);
    let window = StoreWindow::new(range.from(), range.to());
    let segments = sources.store.segments(check, window)?.segments;
    let incidents = sources.store.incidents_as_they_are(Some(check), window)?;
    let (gone, incidents): (Vec<_>, Vec<_>) =
        overlay(incidents, view.as_deref()).into_iter().partition(|stored| stored.withdrawn);
    let [gone, incidents] =
        [gone, incidents].map(|found| found.into_iter().map(|stored| stored.incident).collect::<Vec<Incident>>());
    let segments = join(segments, view.as_deref(), range);
    Ok((Timeline::from_verdict(&segments, &incidents), incidents, gone))
}

/// The attempts of a range; `None` where its samples are no longer all kept, as a part of them would mislead.
fn read_attempts(sources: &Sources, check: &CheckId, range: Asked) -> Result<Option<Attempts>, ContractError> {
    let Some(history) = sources.configured.histories.get(check) else { return Ok(None) };
    if range.from() < oldest_samples(sources) {
        return Ok(None);
    }
    let mut count = AttemptCount::default();
    each_sample(sources, check, (range.from(), range.to()), |sample| {
        count.add(sample, history.policies.at(sample.start_corrected()).late_ok);
    })?;
    Ok(Some(count.finish()))
}

/// The moment from which on all samples are kept.
pub(super) fn oldest_samples(sources: &Sources) -> CollectorTime {
    sources.now - sources.configured.config.retention.samples
}

fn each_sample(
    sources: &Sources,
    check: &CheckId,
    (from, to): (CollectorTime, CollectorTime),
    mut take: impl FnMut(&Sample),
) -> Result<(), ContractError> {
    for piece in pieces(from, to) {
        sources.store.samples(check, piece, Samples::Counted)?.iter().for_each(&mut take);
    }
    Ok(())
}

/// What samples say of each incident, as long as they are kept.
fn with_evidence(
    sources: &Sources,
    incidents: Vec<Incident>,
    withdrawn: &[Incident],
    window: Interval,
) -> Result<Vec<ReportIncident>, ContractError> {
    let mut wanted: BTreeMap<&CheckId, Vec<(usize, StoreWindow)>> = BTreeMap::new();
    let kept =
        incidents.iter().enumerate().map(|(place, incident)| (place, incident, kept_time(sources, incident, window)));
    for (place, incident, (from, to)) in kept.filter(|(.., (from, to))| from < to).take(INCIDENTS_WITH_EVIDENCE) {
        let pieces = pieces(from, to).map(|piece| (place, piece));
        wanted.entry(&incident.check).or_default().extend(pieces);
    }
    let mut evidence: Vec<IncidentEvidence> = incidents.iter().map(|_| IncidentEvidence::default()).collect();
    for (check, pieces) in wanted {
        let mut rest = pieces.as_slice();
        while !rest.is_empty() {
            // Incidents near each other are read together, as long as all of them are no more than a piece.
            let mut time = Millis::ZERO;
            let together = rest.iter().take_while(|(_, piece)| {
                time += piece.to - piece.from;
                time <= PIECE
            });
            let (part, later) = rest.split_at(together.count().max(1));
            let windows: Vec<StoreWindow> = part.iter().map(|(_, piece)| *piece).collect();
            let found = sources.store.samples_of_each(check, &windows, Samples::Counted)?;
            for ((place, _), samples) in part.iter().zip(&found) {
                if let Some(evidence) = evidence.get_mut(*place) {
                    for sample in samples {
                        evidence.add(sample);
                    }
                }
            }
            rest = later;
        }
    }
    let told = incidents.into_iter().zip(evidence).map(|(incident, evidence)| {
        let (failures, evidence) = evidence.finish();
        let parts: Vec<IncidentId> = parts(&incident, withdrawn).cloned().collect();
        let response = sources.desk.response(&incident.id, &parts);
        ReportIncident { incident, failures, evidence, response }
    });
    Ok(told.collect())
}

/// The withdrawn incidents of a check over all the time its incidents take; `gone` are those of the range.
fn parts_of_all(
    sources: &Sources,
    check: &CheckId,
    incidents: &[Incident],
    gone: Vec<Incident>,
    range: Asked,
) -> Result<Vec<Incident>, ContractError> {
    let first = incidents.iter().map(|incident| incident.start_bounds.earliest).min();
    let last = incidents.iter().map(|incident| incident.end.map_or(range.to(), |_| incident.end_bounds.latest)).max();
    let (Some(first), Some(last)) = (first, last) else { return Ok(gone) };
    if range.from() <= first && last <= range.to() {
        return Ok(gone);
    }
    let stored = sources.store.incidents_as_they_are(Some(check), StoreWindow::new(first, last))?;
    Ok(stored.into_iter().filter(|stored| stored.withdrawn).map(|stored| stored.incident).collect())
}

/// Those that became part of an incident.
fn parts<'a>(incident: &'a Incident, withdrawn: &'a [Incident]) -> impl Iterator<Item = &'a IncidentId> {
    let end = incident.end.map_or(CollectorTime::MAX, |_| incident.end_bounds.latest);
    let time = (incident.start_bounds.earliest, end);
    withdrawn.iter().filter(move |part| part.check == incident.check && was_inside(part, time)).map(|part| &part.id)
}

/// The time of an incident in which samples are looked at; ends before it begins where none are kept.
fn kept_time(sources: &Sources, incident: &Incident, window: Interval) -> (CollectorTime, CollectorTime) {
    let from = incident.start_bounds.earliest.max(oldest_samples(sources));
    let end = incident.end.map_or(window.end(), |_| incident.end_bounds.latest);
    (from, end.min(from + INCIDENT_TIME))
}

/// A range in pieces.
fn pieces(from: CollectorTime, to: CollectorTime) -> impl Iterator<Item = StoreWindow> {
    let begin = std::iter::successors(Some(from), |at| Some(*at + PIECE)).take_while(move |at| *at < to);
    begin.map(move |at| StoreWindow::new(at, (at + PIECE).min(to)))
}

/// Percentiles per region and overall, over all checks of the service.
fn latency(sources: &Sources, contract: &Contract, window: Interval) -> Result<Vec<LatencyAnswer>, ContractError> {
    let span = if window.length() <= HOURS_UP_TO { Span::Hour } else { Span::Day };
    let widened = StoreWindow::new(span.start(window.start()), window.end());
    let mut regions: BTreeMap<Option<RegionId>, Latency> = BTreeMap::new();
    for check in contract.terms().service.checks() {
        for (region, latency) in sources.store.latency_by_region(check, span, widened)? {
            regions.entry(None).or_default().merge(&latency);
            regions.entry(Some(region)).or_default().merge(&latency);
        }
    }
    let mut percentiles: Vec<Percent> = PERCENTILES.iter().filter_map(|text| Percent::parse(text).ok()).collect();
    percentiles.extend(contract.terms().objectives.latency.iter().map(|objective| objective.percentile));
    percentiles.sort();
    percentiles.dedup();
    let mut answers = Vec::new();
    for (region, latency) in regions {
        for percentile in &percentiles {
            let Some(value) = latency.percentile(parts_per_million(*percentile)) else { continue };
            let (region, percentile) = (region.clone(), *percentile);
            answers.push(LatencyAnswer { region, percentile, value, count: latency.count() });
        }
    }
    Ok(answers)
}

fn parts_per_million(percent: Percent) -> u32 {
    let ratio = percent.ratio();
    u32::try_from(ratio.part() * 1_000_000 / ratio.whole()).unwrap_or(1_000_000)
}

/// How each check was probed and judged over the window.
fn methods(sources: &Sources, contract: &Contract, window: Interval) -> Result<Vec<CheckMethod>, ContractError> {
    let mut methods = Vec::new();
    for check in contract.terms().service.checks() {
        let Some(history) = sources.configured.histories.get(check) else { continue };
        let inside = |time: &CollectorTime| window.start() < *time && *time < window.end();
        let mut times: Vec<CollectorTime> = history.settings.iter().map(|settings| settings.from).collect();
        times.extend(history.policies.changes().iter().map(|(from, _)| *from));
        times.retain(inside);
        times.push(window.start().max(history.since));
        times.sort_unstable();
        times.dedup();
        times.retain(|from| *from < window.end());
        let ends: Vec<CollectorTime> = times.iter().skip(1).copied().chain([window.end()]).collect();
        for (from, to) in times.into_iter().zip(ends) {
            let settings = history.settings.iter().rev().find(|settings| settings.from <= from);
            let Some(settings) = settings.or(history.settings.first()) else { continue };
            methods.push(CheckMethod {
                check: check.clone(),
                from,
                version: settings.version,
                interval: settings.interval,
                timeout: settings.timeout,
                agents: agents(sources, check, (from, to), settings.interval + settings.timeout)?,
                policy: history.policies.at(from).clone(),
            });
        }
    }
    Ok(methods)
}

/// How many agents probed in a stretch: the fewest seen at its beginning, in its middle and at its end.
fn agents(
    sources: &Sources,
    check: &CheckId,
    (from, to): (CollectorTime, CollectorTime),
    look: Millis,
) -> Result<u32, ContractError> {
    let middle = from + (to - from).over(2);
    let mut fewest: Option<usize> = None;
    for start in [from, middle, (to - look).max(from)] {
        let samples =
            sources.store.samples(check, StoreWindow::new(start, (start + look).min(to)), Samples::Counted)?;
        let agents: BTreeSet<_> = samples.iter().map(|sample| &sample.id.agent).collect();
        if !agents.is_empty() {
            fewest = Some(fewest.map_or(agents.len(), |fewest| fewest.min(agents.len())));
        }
    }
    Ok(u32::try_from(fewest.unwrap_or(0)).unwrap_or(u32::MAX))
}

/// What each customer was credited in the 11 months before, by the final reports; only where the contract caps 12 months.
fn credited_before(sources: &Sources, material: &Material) -> Result<BTreeMap<CustomerId, Money>, ContractError> {
    let caps = material.contract.terms().credit.as_ref().is_some_and(|credit| credit.cap_per_12_months.is_some());
    if !caps {
        return Ok(BTreeMap::new());
    }
    let start = material.window.interval.start();
    // 335 days hold 11 months, and not the month before these.
    let earliest = start - Millis::from_secs(335 * 86_400);
    let mut credited: BTreeMap<CustomerId, Money> = BTreeMap::new();
    for report in keep::latest_of(sources, &material.contract.terms().id)? {
        let begins = CollectorTime::from_millis(report.period.start_ms);
        if begins < earliest || start <= begins {
            continue;
        }
        for line in &report.customers {
            let Some((customer, credit)) = CustomerId::new(&line.customer).ok().zip(amount(&line.credit)) else {
                continue;
            };
            let sum = credited.get(&customer).map_or(Some(credit), |sum| sum.plus(credit));
            // Another currency than before cannot be added up; the last one counts from there on.
            credited.insert(customer, sum.unwrap_or(credit));
        }
    }
    Ok(credited)
}

/// An amount as reports write it: `125.00 EUR`.
fn amount(text: &str) -> Option<Money> {
    let (amount, code) = text.split_once(' ')?;
    Money::parse(amount, Currency::new(code)?).ok()
}

#[cfg(test)]
mod tests;
