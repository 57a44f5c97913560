//! Answers about the past: what is stored, and behind it what the judge sees.

use std::sync::Arc;

use quorate_collector_http::{IncidentFilter, IncidentPhase, QueryError, RegionHistogram, Window};
use quorate_collector_store::{Finality, Span, StoredIncident, Wanted};
use quorate_model::{CheckId, CollectorTime, Incident, IncidentId, Millis, Sample, Segment, State};
use quorate_proto::api;

use super::{Views, failed};
use crate::judge::CaseView;
use crate::uptime::{sums, uptime};

/// Latency of windows up to so long is made of minutes; beyond of hours.
const MINUTES_UP_TO: Millis = Millis::from_secs(6 * 3600);

/// Latency of windows up to so long is made of hours; beyond of days.
const HOURS_UP_TO: Millis = Millis::from_secs(60 * 86_400);

fn stored(window: Window) -> quorate_collector_store::Window {
    quorate_collector_store::Window::new(window.from(), window.to())
}

pub(crate) async fn segments(views: &Views, check: &CheckId, window: Window) -> Result<api::Segments, QueryError> {
    views.is_known(check)?;
    let view = views.board.get(check);
    // Nothing is known of the future, and what is about to be judged is not unknown time, so the window ends before.
    let judged = view.as_deref().map_or_else(|| views.clock.now(), CaseView::judged_to);
    let window = Window::new(window.from(), window.to().min(judged))
        .or(Window::new(window.from(), window.from() + Millis::new(1)));
    let window = window.expect("a millisecond is not empty");
    let name = check.clone();
    let (found, incidents) = views
        .read(move |store| {
            let segments = store.segments(&name, stored(window)).map_err(failed)?;
            let incidents = store.incidents_as_they_are(Some(&name), stored(window)).map_err(failed)?;
            Ok((segments, incidents))
        })
        .await?;
    let settled = view.as_ref().map_or(CollectorTime::MIN, |view| view.settled);
    let concluded = join(found.segments, view.as_deref(), window);
    let incidents = overlay(incidents, view.as_deref());
    let incidents: Vec<Incident> = incidents.into_iter().filter(|i| !i.withdrawn).map(|i| i.incident).collect();
    Ok(api::Segments {
        check: check.to_string(),
        uptime: uptime(&sums(&concluded, &incidents, window), window),
        segments: plain(&concluded, settled),
    })
}

/// Stored segments, then what the judge concluded behind them, with holes as unknown.
pub(crate) fn join(stored: Vec<Segment>, view: Option<&CaseView>, window: Window) -> Vec<Segment> {
    let mut all: Vec<Segment> = Vec::new();
    let unstored = view.map(|view| view.unstored.as_slice()).unwrap_or_default();
    let begins = unstored.first().map_or(CollectorTime::MAX, |first| first.start);
    let before = stored.into_iter().filter(|segment| segment.start < begins);
    let mut at = window.from();
    for mut segment in before.chain(unstored.iter().cloned()) {
        segment.start = segment.start.max(at);
        segment.end = segment.end.min(window.to());
        if segment.end <= segment.start {
            continue;
        }
        if segment.start > at {
            all.push(unknown(at, segment.start));
        }
        at = segment.end;
        all.push(segment);
    }
    if at < window.to() {
        all.push(unknown(at, window.to()));
    }
    all
}

fn unknown(start: CollectorTime, end: CollectorTime) -> Segment {
    let state = State::Unknown;
    Segment { start, end, state, state_low: state, state_high: state, regions_bad: Vec::new() }
}

/// As people read them: neighbours that differ only in their bounds are one.
fn plain(segments: &[Segment], settled: CollectorTime) -> Vec<api::Segment> {
    let mut plain: Vec<api::Segment> = Vec::new();
    let mut add = |start: CollectorTime, end: CollectorTime, segment: &Segment| {
        let is_settled = end <= settled;
        let regions_bad: Vec<String> = segment.regions_bad.iter().map(ToString::to_string).collect();
        match plain.last_mut() {
            Some(last)
                if last.state == segment.state.word()
                    && last.regions_bad == regions_bad
                    && last.settled == is_settled
                    && last.end_ms == start.as_millis() =>
            {
                last.end_ms = end.as_millis();
            }
            _ => plain.push(api::Segment {
                start_ms: start.as_millis(),
                end_ms: end.as_millis(),
                state: segment.state.word().to_owned(),
                regions_bad,
                settled: is_settled,
            }),
        }
    };
    for segment in segments {
        let cut = settled.max(segment.start).min(segment.end);
        if segment.start < cut {
            add(segment.start, cut, segment);
        }
        if cut < segment.end {
            add(cut, segment.end, segment);
        }
    }
    plain
}

pub(crate) async fn samples(views: &Views, check: &CheckId, window: Window) -> Result<Vec<Sample>, QueryError> {
    views.is_known(check)?;
    let oldest = views.clock.now() - views.present().configured.config.retention.samples;
    if window.to() <= oldest {
        return Err(QueryError::NotRetained { oldest });
    }
    let name = check.clone();
    let mut samples =
        views.read(move |store| store.samples(&name, stored(window), Wanted::Counted).map_err(failed)).await?;
    samples.sort_by(|a, b| (a.start_corrected(), &a.id).cmp(&(b.start_corrected(), &b.id)));
    Ok(samples)
}

pub(crate) async fn latency(
    views: &Views,
    check: &CheckId,
    window: Window,
) -> Result<Vec<RegionHistogram>, QueryError> {
    views.is_known(check)?;
    let span = match window.length() {
        length if length <= MINUTES_UP_TO => Span::Minute,
        length if length <= HOURS_UP_TO => Span::Hour,
        _ => Span::Day,
    };
    // A span counts whole: the window is widened to its edges.
    let widened = quorate_collector_store::Window::new(span.start(window.from()), window.to());
    let name = check.clone();
    let regions = views.read(move |store| store.latency_by_region(&name, span, widened).map_err(failed)).await?;
    let histograms = regions
        .into_iter()
        .filter(|(_, latency)| latency.count() > 0)
        .map(|(region, latency)| RegionHistogram { region, histogram: latency.histogram().clone() });
    Ok(histograms.collect())
}

pub(crate) async fn incidents(views: &Views, filter: &IncidentFilter) -> Result<Vec<api::Incident>, QueryError> {
    if let Some(check) = &filter.check {
        views.is_known(check)?;
    }
    let from = filter.from.unwrap_or(CollectorTime::MIN);
    let to = filter.to.unwrap_or(CollectorTime::MAX);
    let check = filter.check.clone();
    let found = views
        .read(move |store| {
            store.incidents(check.as_ref(), quorate_collector_store::Window::new(from, to)).map_err(failed)
        })
        .await?;
    let mut incidents: Vec<StoredIncident> = Vec::with_capacity(found.len());
    let mut view: Option<(CheckId, Option<Arc<CaseView>>)> = None;
    for stored in found {
        let check = &stored.incident.check;
        if view.as_ref().is_none_or(|(of, _)| of != check) {
            view = Some((check.clone(), views.board.get(check)));
        }
        let live = view.as_ref().and_then(|(_, view)| view.as_deref());
        incidents.extend(overlay(vec![stored], live));
    }
    incidents.retain(|stored| !stored.withdrawn && matches(filter, &stored.incident));
    incidents.sort_by(|a, b| (b.incident.start, &b.incident.id).cmp(&(a.incident.start, &a.incident.id)));
    incidents.truncate(filter.limit);
    Ok(incidents.into_iter().map(told).collect())
}

fn matches(filter: &IncidentFilter, incident: &Incident) -> bool {
    let open = incident.end.is_none();
    filter.from.is_none_or(|from| incident.end.is_none_or(|end| end > from))
        && filter.to.is_none_or(|to| incident.start < to)
        && filter.phase.is_none_or(|phase| open == (phase == IncidentPhase::Open))
        && filter.class.is_none_or(|class| incident.class == class)
        && filter.after.as_ref().is_none_or(|after| (incident.start, &incident.id) < (after.start, &after.id))
}

pub(crate) async fn incident(views: &Views, id: &IncidentId) -> Result<api::Incident, QueryError> {
    let name = id.clone();
    let found = views.read(move |store| store.incident(&name).map_err(failed)).await?;
    let Some(stored) = found else { return Err(QueryError::UnknownIncident(id.clone())) };
    let view = views.board.get(&stored.incident.check);
    let shown = overlay(vec![stored], view.as_deref());
    shown.into_iter().next().map(told).ok_or_else(|| QueryError::UnknownIncident(id.clone()))
}

/// Incidents that were told and became part of this one.
pub(crate) async fn parts(views: &Views, incident: &api::Incident) -> Result<Vec<IncidentId>, QueryError> {
    let Ok(check) = CheckId::new(&incident.check) else { return Ok(Vec::new()) };
    let time = CollectorTime::from_millis;
    let end = incident.end_ms.map_or(CollectorTime::MAX, |_| time(incident.end_bounds_ms[1]));
    let window = quorate_collector_store::Window::new(time(incident.start_bounds_ms[0]), end);
    let found = views.read(move |store| store.incidents_as_they_are(Some(&check), window).map_err(failed)).await?;
    let gone = found.into_iter().filter(|stored| stored.withdrawn).map(|stored| stored.incident);
    Ok(gone.filter(|part| was_inside(part, (window.from, window.to))).map(|part| part.id).collect())
}

/// Whether a withdrawn incident lay in the time of another. One that was withdrawn while it lasted was last seen at the end
/// of its bounds.
pub(crate) fn was_inside(part: &Incident, (from, to): (CollectorTime, CollectorTime)) -> bool {
    part.start_bounds.earliest < to && from < part.end_bounds.latest
}

/// What the judge sees of an open incident now, in place of what was written of it last: its growth is not written with
/// every sample. What would be a revision is shown once it is one.
pub(crate) fn overlay(mut stored: Vec<StoredIncident>, view: Option<&CaseView>) -> Vec<StoredIncident> {
    let Some(view) = view else { return stored };
    for known in stored.iter_mut().filter(|known| !known.withdrawn) {
        let live = view.incidents.iter().find(|(incident, _)| incident.id == known.incident.id);
        if let Some((live, _)) = live
            && crate::judge::only_grew(&known.incident, live)
        {
            known.incident = live.clone();
        }
    }
    stored
}

fn told(stored: StoredIncident) -> api::Incident {
    let StoredIncident { incident, revision, finality, changes, .. } = stored;
    let pair = |bounds: quorate_model::Bounds| [bounds.earliest.as_millis(), bounds.latest.as_millis()];
    api::Incident {
        id: incident.id.to_string(),
        check: incident.check.to_string(),
        start_ms: incident.start.as_millis(),
        end_ms: incident.end.map(CollectorTime::as_millis),
        start_bounds_ms: pair(incident.start_bounds),
        end_bounds_ms: pair(incident.end_bounds),
        class: incident.class.word().to_owned(),
        billed_ms: incident.billed.get(),
        regions: incident.regions.iter().map(ToString::to_string).collect(),
        support: incident.support,
        revision,
        settled: finality == Finality::Settled,
        changes,
    }
}

#[cfg(test)]
mod tests;
