//! Incidents from a file.

use std::path::Path;

use quorate_collector_report::MAX_MS;
use quorate_collector_sla::report::ReportIncident;
use quorate_collector_sla::support::Response;
use quorate_model::{Bounds, CheckId, CollectorTime, Incident, IncidentClass, IncidentId, Millis, RegionId};
use quorate_proto::api;

use crate::error::CommandError;

/// Reads the answer of `/api/v1/incidents`, or one incident a line.
///
/// # Errors
/// The file cannot be read, or holds something else; the line is named.
pub(super) fn read(path: &Path) -> Result<Vec<ReportIncident>, CommandError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| CommandError::Read { path: path.to_path_buf(), source })?;
    let name = path.display();
    if let Ok(answer) = serde_json::from_str::<api::Incidents>(&text) {
        return answer
            .incidents
            .iter()
            .map(|told| incident(told).map_err(|why| wrong(&name.to_string(), &why)))
            .collect();
    }
    let mut incidents = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("{name}:{}", number + 1);
        let told: api::Incident = serde_json::from_str(line).map_err(|error| wrong(&place, &error.to_string()))?;
        incidents.push(incident(&told).map_err(|why| wrong(&place, &why))?);
    }
    Ok(incidents)
}

fn wrong(place: &str, why: &str) -> CommandError {
    CommandError::input(place, format!("is no incident as `quorate incidents --output json` prints them: {why}"))
}

fn incident(told: &api::Incident) -> Result<ReportIncident, String> {
    let [start_earliest, start_latest] = told.start_bounds_ms;
    let [end_earliest, end_latest] = told.end_bounds_ms;
    let end_ms = told.end_ms.unwrap_or(told.start_ms);
    let times = [
        ("start_ms", told.start_ms),
        ("start_bounds_ms", start_earliest),
        ("start_bounds_ms", start_latest),
        ("end_ms", end_ms),
        ("end_bounds_ms", end_earliest),
        ("end_bounds_ms", end_latest),
        ("billed_ms", told.billed_ms),
    ];
    if let Some((field, ms)) = times.into_iter().find(|(_, ms)| !(0..=MAX_MS).contains(ms)) {
        return Err(format!("{field}: {ms} is not between 0 and {MAX_MS}"));
    }
    if end_ms < told.start_ms {
        return Err(format!("end_ms: {end_ms} is before start_ms, {}", told.start_ms));
    }
    let time = CollectorTime::from_millis;
    let bounds = |[earliest, latest]: [i64; 2]| Bounds { earliest: time(earliest), latest: time(latest) };
    let class = IncidentClass::ALL.iter().copied().find(|class| class.word() == told.class);
    let regions: Result<Vec<RegionId>, _> = told.regions.iter().map(|region| RegionId::new(region)).collect();
    let end = told.end_ms.map(time);
    Ok(ReportIncident {
        incident: Incident {
            id: IncidentId::new(told.id.as_str()),
            check: CheckId::new(&told.check).map_err(|error| format!("check: {error}"))?,
            start: time(told.start_ms),
            end,
            start_bounds: bounds(told.start_bounds_ms),
            end_bounds: bounds(told.end_bounds_ms),
            class: class.ok_or_else(|| format!("class: {:?} is neither outage nor blip", told.class))?,
            billed: Millis::new(told.billed_ms),
            // The file does not say where the gaps were; the states that are judged come from the segments.
            runs: end.map(|end| (time(told.start_ms), end)).into_iter().collect(),
            regions: regions.map_err(|error| format!("regions: {error}"))?,
            support: told.support,
        },
        failures: Vec::new(),
        evidence: Vec::new(),
        response: Response::default(),
    })
}
