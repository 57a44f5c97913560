//! What the collector has to say after a fault, asked of it as any client asks.

use std::collections::{BTreeMap, BTreeSet};

use quorate_proto::api::{Incident, Segments, Spread, Status};
use quorate_proto::jsonl::SampleReader;

use super::super::cast::{API, SHOP};
use super::super::observer::check;
use super::super::report::{Expected, Said, Sighting, StateFor};
use super::{Opening, Teller, millis, now_ms};
use crate::api_client::ApiError;
use crate::moment::show_span;

impl Teller<'_> {
    /// Neither downtime nor incidents since the opening, not even at most.
    pub(super) async fn expect_no_downtime(
        &self,
        opening: &Opening,
        checks: &[&str],
        said: &mut Said,
        expected: &mut Expected,
    ) {
        for id in checks {
            let what = format!("{id} has no downtime, not even possibly, and no incident");
            match self.history(opening, id).await {
                Ok((segments, incidents)) => {
                    let down = segments.uptime.down_ms.clone();
                    let found = format!(
                        "{} ms of downtime, at most {} ms; {} incidents",
                        down.point,
                        down.high,
                        incidents.len()
                    );
                    expected.that(what, down == Spread { low: 0, point: 0, high: 0 } && incidents.is_empty(), found);
                    said.states.extend(totals(&segments));
                    if said.down_ms.is_none() {
                        said.down_ms = Some(down);
                    }
                    said.incidents.extend(incidents);
                }
                Err(error) => expected.that(what, false, error.to_string()),
            }
        }
    }

    /// One outage of the shop since the opening, where the truth is. Returns its id.
    pub(super) async fn expect_one_outage(
        &self,
        opening: &Opening,
        [stopped_ms, started_ms]: [i64; 2],
        said: &mut Said,
        expected: &mut Expected,
    ) -> Option<String> {
        let down = |sighting: &&Sighting| sighting.check == SHOP && sighting.state == "down";
        let delay = self.seen_since(opening).iter().find(down).map(|sighting| sighting.at_ms - stopped_ms);
        expected.that("the check is DOWN", delay.is_some(), seen_after(delay));
        said.detection_delay_ms = delay;
        let (segments, incidents) = match self.history(opening, SHOP).await {
            Ok(history) => history,
            Err(error) => {
                expected.that("the collector tells its history", false, error.to_string());
                return None;
            }
        };
        said.states = totals(&segments);
        said.down_ms = Some(segments.uptime.down_ms.clone());
        said.incidents.clone_from(&incidents);
        let outages = incidents.iter().filter(|incident| incident.class == "outage").count();
        let found = format!("{} incidents, {outages} of them outages", incidents.len());
        expected.that("there is one incident, an outage", incidents.len() == 1 && outages == 1, found);
        let incident = incidents.first()?;
        let tolerance = self.tolerance_ms();
        let (start_off, end_off) = (incident.start_ms - stopped_ms, incident.end_ms.map(|end| end - started_ms));
        let within = format!("start and end are within {} of the truth", show_span(tolerance));
        let found = format!(
            "start {} off, end {} off",
            show_span(start_off),
            end_off.map_or_else(|| "still open,".to_owned(), show_span)
        );
        let near = start_off.abs() <= tolerance && end_off.is_some_and(|off| off.abs() <= tolerance);
        expected.that(within, near, found);
        let holds = |[earliest, latest]: [i64; 2], truth: i64| earliest <= truth && truth <= latest;
        let found = format!(
            "start within {}, end within {}",
            show_span(width(incident.start_bounds_ms)),
            show_span(width(incident.end_bounds_ms))
        );
        let sound = holds(incident.start_bounds_ms, stopped_ms) && holds(incident.end_bounds_ms, started_ms);
        expected.that("the bounds hold the truth", sound, found);
        Some(incident.id.clone())
    }

    /// Every sample that an agent numbered since the opening is stored, and none was dropped.
    pub(super) async fn expect_nothing_lost(&self, opening: &Opening, expected: &mut Expected) {
        let what = "nothing is lost: every agent's samples are there without a hole, and none was dropped";
        let counted = self.holes(opening.at_ms).await;
        let agents = self.observer.agents().await;
        match (counted, agents) {
            (Ok((samples, holes)), Ok(agents)) => {
                let dropped: u64 = agents.agents.iter().map(|agent| agent.samples_dropped).sum();
                let found = format!("{samples} samples, {holes} missing, {dropped} dropped");
                expected.that(what, holes == 0 && dropped == 0 && samples > 0, found);
            }
            (Err(error), _) | (_, Err(error)) => expected.that(what, false, error.to_string()),
        }
    }

    /// How many samples are stored since `from_ms`, and how many sequence numbers between them are missing.
    async fn holes(&self, from_ms: i64) -> Result<(usize, u64), ApiError> {
        let mut numbers: BTreeMap<(String, u64), BTreeSet<u64>> = BTreeMap::new();
        for id in [SHOP, API] {
            let text = self.observer.samples(id, from_ms, now_ms()).await?;
            let mut reader = SampleReader::new();
            for sample in text.lines().filter_map(|line| reader.read(line).ok().flatten()) {
                let life = (sample.id.agent.to_string(), sample.id.boot.get());
                numbers.entry(life).or_default().insert(sample.id.seq.get());
            }
        }
        let samples = numbers.values().map(BTreeSet::len).sum();
        let holes = numbers.values().map(|numbers| match (numbers.first(), numbers.last()) {
            (Some(first), Some(last)) => (last - first + 1).saturating_sub(u64::try_from(numbers.len()).unwrap_or(0)),
            _ => 0,
        });
        Ok((samples, holes.sum()))
    }

    pub(super) async fn expect_up(&self, expected: &mut Expected) {
        let state =
            |status: &Status, id: &str| check(status, id).map_or("missing", |check| check.state.as_str()).to_owned();
        let (up, found) = match self.observer.status().await {
            Ok(status) => {
                let (shop, api) = (state(&status, SHOP), state(&status, API));
                (shop == "up" && api == "up", format!("{SHOP} is {shop}, {API} is {api}"))
            }
            Err(error) => (false, error.to_string()),
        };
        expected.that("in the end both checks are UP", up, found);
    }

    /// A check's segments and incidents since the opening, up to two intervals ago: behind that agents whose next
    /// sample is still to come may have seen anything, and the collector rightly says so.
    async fn history(&self, opening: &Opening, id: &str) -> Result<(Segments, Vec<Incident>), ApiError> {
        let to_ms = now_ms() - 2 * millis(self.pace.interval);
        let segments = self.observer.segments(id, opening.at_ms, to_ms).await?;
        let incidents = self.observer.incidents(id, opening.at_ms, to_ms).await?;
        Ok((segments, incidents))
    }
}

/// A detection delay in words.
pub(super) fn seen_after(delay_ms: Option<i64>) -> String {
    delay_ms.map_or_else(|| "never seen".to_owned(), |delay| format!("seen {} after the fault", show_span(delay)))
}

fn width([earliest, latest]: [i64; 2]) -> i64 {
    latest - earliest
}

fn totals(segments: &Segments) -> Vec<StateFor> {
    let mut totals: Vec<StateFor> = Vec::new();
    for segment in &segments.segments {
        let length = segment.end_ms - segment.start_ms;
        let same = |total: &&mut StateFor| total.state == segment.state && total.regions_bad == segment.regions_bad;
        match totals.iter_mut().find(same) {
            Some(total) => total.total_ms += length,
            None => totals.push(StateFor {
                check: segments.check.clone(),
                state: segment.state.clone(),
                regions_bad: segment.regions_bad.clone(),
                total_ms: length,
            }),
        }
    }
    totals
}

/// How long a check was in states that `wanted` says yes to.
pub(super) fn total(states: &[StateFor], id: &str, wanted: impl Fn(&StateFor) -> bool) -> i64 {
    states.iter().filter(|state| state.check == id && wanted(state)).map(|state| state.total_ms).sum()
}
