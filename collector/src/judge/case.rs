//! One check: its samples, what was concluded of them, and what is to be written and asked.
//!
//! A case is pure: samples, the time and what the store holds come in, [`Case::poll`] says what is to be written, and
//! [`Case::committed`] that it was. Its engine retains what is needed from a little before the settled past on. A sample
//! from before that makes the case ask for its past again ([`Case::wants_past`]); it then goes back and concludes
//! everything from there on anew, by the same path as ever.

mod latest;

use std::collections::BTreeMap;

use quorate_collector_consensus::confirm::{Confirmation, Request, is_reason_to_ask};
use quorate_collector_consensus::{self as consensus, Engine, Event, Live};
use quorate_collector_http::Window;
use quorate_collector_http::view::CheckTotals;
use quorate_collector_store::Finality;
use quorate_model::{
    AgentId, CheckId, CollectorTime, Incident, IncidentId, Micros, Millis, Policy, Record, Sample, Segment, State,
};

use super::amend::{Written, adopt_names, is_due};
use super::recent::{HELD, Recent, clip};
use crate::history::CheckHistory;
use latest::Latest;

/// After a start nothing more is settled for so long, so that agents with a backlog can connect first.
const START_GRACE: Millis = Millis::from_secs(30);

/// After the last late sample the samples of the past stay in memory for so long, as more may follow.
const LATE_QUIET: Millis = Millis::from_secs(10);

/// Samples are kept for so long before the settled past, beyond what the rules reach back.
const MARGIN: Millis = Millis::from_secs(60);

/// What is no longer needed is let go so often.
const TRIM_EVERY: Millis = Millis::from_secs(30);

/// What is to be written of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Writes {
    /// Replaces what was concluded of the window.
    pub(crate) segments: Option<(Window, Vec<Segment>)>,
    pub(crate) incidents: Vec<(Incident, Finality)>,
    pub(crate) withdrawn: Vec<IncidentId>,
}

/// What a case learns from the store.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    /// All samples from here on are in `samples`.
    pub(crate) from: CollectorTime,
    pub(crate) samples: Vec<Sample>,
    /// What was concluded before `rewind_to` is taken as it is; what comes behind is concluded anew.
    pub(crate) rewind_to: CollectorTime,
    /// The stored segments of the last day and those before `rewind_to`, sorted.
    pub(crate) segments: Vec<Segment>,
    /// The incidents of the last day and those that touch what comes behind `from`, withdrawn ones too.
    pub(crate) incidents: Vec<Written>,
}

/// What a poll made.
#[derive(Debug)]
pub(crate) struct Polled {
    pub(crate) live: Live,
    pub(crate) writes: Writes,
    pub(crate) request: Option<Request>,
}

/// One check.
#[derive(Debug)]
pub(crate) struct Case {
    check: CheckId,
    history: CheckHistory,
    interval: Millis,
    started: CollectorTime,
    /// Judges; `None` before the past was read.
    engine: Option<Engine>,
    latest: Latest,
    recent: Recent,
    /// What was concluded behind the settled past.
    provisional: Vec<Segment>,
    written: BTreeMap<IncidentId, Written>,
    /// The incidents of the samples in memory, as found last.
    found: Vec<Incident>,
    confirmation: Confirmation,
    /// The earliest sample from before the settled past that was not looked at yet.
    late: Option<CollectorTime>,
    last_late: Option<CollectorTime>,
    /// True if the engine does not retain what is to be judged.
    missing: bool,
    trimmed: CollectorTime,
    /// Verdicts that broke an invariant, and those of them that the present engine told of.
    breaches: u64,
    breaches_told: u64,
}

impl Case {
    /// A case before its past was read.
    pub(crate) fn new(check: CheckId, history: CheckHistory, interval: Millis, now: CollectorTime) -> Self {
        Self {
            recent: Recent::new(history.since, now),
            latest: Latest::new(interval.times(3)),
            check,
            history,
            interval,
            started: now,
            engine: None,
            provisional: Vec::new(),
            written: BTreeMap::new(),
            found: Vec::new(),
            confirmation: Confirmation::new(),
            late: None,
            last_late: None,
            missing: false,
            trimmed: now,
            breaches: 0,
            breaches_told: 0,
        }
    }

    /// The check.
    pub(crate) fn check(&self) -> &CheckId {
        &self.check
    }

    /// What is configured of it.
    pub(crate) fn history(&self) -> &CheckHistory {
        &self.history
    }

    /// How it is judged now.
    pub(crate) fn policy(&self) -> &Policy {
        self.history.policies.latest()
    }

    /// Settled segments of the last day.
    pub(crate) fn recent(&self) -> &[Segment] {
        self.recent.segments()
    }

    /// What was concluded behind the settled past.
    pub(crate) fn provisional(&self) -> &[Segment] {
        &self.provisional
    }

    /// What was concluded and is not in the store yet: settled or not.
    pub(crate) fn unstored(&self) -> Vec<Segment> {
        let mut unstored = self.recent.settled_only_here();
        unstored.extend(self.provisional.iter().cloned());
        unstored
    }

    /// Up to here nothing changes any more, unless an agent that was silent sends its backlog.
    pub(crate) fn settled(&self) -> CollectorTime {
        self.recent.settled()
    }

    /// Settled time by state since the process started.
    pub(crate) fn totals(&self) -> CheckTotals {
        CheckTotals { breaches: self.breaches, ..self.recent.totals() }
    }

    /// The latest samples of every agent, which say what each votes now.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        self.latest.samples()
    }

    /// How many samples the engine retains.
    #[cfg(test)]
    pub(crate) fn retained(&self) -> usize {
        self.engine.as_ref().map_or(0, Engine::retained)
    }

    /// The incidents of the samples in memory, as found last; whether they are settled.
    pub(crate) fn found(&self) -> impl Iterator<Item = (&Incident, Finality)> {
        self.found.iter().map(|incident| (incident, self.finality(incident)))
    }

    /// The incidents of the last day and those in memory, as known best.
    pub(crate) fn incidents(&self) -> Vec<Incident> {
        let known = self.written.iter().filter(|(_, written)| !written.withdrawn);
        let mut all: BTreeMap<&IncidentId, &Incident> = known.map(|(id, written)| (id, &written.incident)).collect();
        all.extend(self.found.iter().map(|incident| (&incident.id, incident)));
        all.into_values().cloned().collect()
    }

    /// The end of an agent's last sample, and the total of its last right answer.
    pub(crate) fn last_of(&self, agent: &AgentId) -> Option<(CollectorTime, Option<Micros>)> {
        self.latest.last_of(agent)
    }

    /// How far samples and their order reach: what lies further apart does not touch.
    fn margin(&self) -> Millis {
        self.reach().times(2) + MARGIN + self.policy().merge_gap
    }

    /// The longest a sample's value was held.
    fn reach(&self) -> Millis {
        self.latest.reach()
    }

    /// Takes a changed configuration.
    pub(crate) fn handle_history(&mut self, history: CheckHistory, interval: Millis, now: CollectorTime) {
        if let Some(engine) = &mut self.engine {
            let known = engine.history().changes().len();
            for (from, policy) in history.policies.changes().iter().skip(known) {
                engine.handle_policy(*from, policy.clone(), now);
            }
        }
        self.history = history;
        self.interval = interval;
    }

    /// Takes a record that is durable and counts. Gives what to ask of other agents.
    pub(crate) fn handle_record(&mut self, record: &Record, now: CollectorTime) -> Option<Request> {
        let sample = &record.sample;
        // Before the past was read there is nothing to do: the record is in the store and will be read with it.
        let engine = self.engine.as_mut()?;
        let start = sample.start_corrected();
        self.latest.note(sample, Some(record.phases.total));
        engine.handle_sample(sample, now);
        let mut changed = false;
        while let Some(event) = engine.poll_event() {
            match event {
                Event::AgentChanged { from, to, .. } => changed |= is_reason_to_ask(from, to),
                // The sample was not taken: within what is retained only what an open incident needs is whole.
                Event::HistoryNeeded { .. } => self.missing = true,
                _ => {}
            }
        }
        if start < self.recent.settled() {
            self.last_late = Some(now);
            self.late = Some(self.late.map_or(start, |late| late.min(start)));
        }
        // What is long past is no reason to ask anybody now.
        let is_news = now - sample.end_corrected() <= self.reach();
        (changed && is_news).then(|| self.handle_suspect(&sample.id.agent, now)).flatten()
    }

    /// Takes an agent's hint that a probe has waited long. Gives what to ask of other agents.
    pub(crate) fn handle_suspect(&mut self, agent: &AgentId, now: CollectorTime) -> Option<Request> {
        let confirm = self.policy().confirm;
        self.confirmation.handle_change(&confirm, agent, now)
    }

    /// Where the past is wanted from the store: from when on conclusions are to be drawn anew. `None` where the samples in
    /// memory suffice; `MAX` = from where the stored conclusions end.
    pub(crate) fn wants_past(&self) -> Option<CollectorTime> {
        if self.engine.is_none() {
            return Some(CollectorTime::MAX);
        }
        self.missing.then(|| self.judge_from())
    }

    /// From where on conclusions are to be drawn anew after a start, if the stored ones are settled up to `settled`: a sample
    /// that took the mark back changes what was from a reach before it on.
    pub(crate) fn reopens_at(&self, settled: CollectorTime) -> CollectorTime {
        (settled - self.reach()).max(self.history.since.min(settled))
    }

    /// From where on conclusions are to be drawn: from where the settled past ends, or from where late samples begin.
    fn judge_from(&self) -> CollectorTime {
        let settled = self.recent.settled();
        self.late.map_or(settled, |late| (late - self.reach()).min(settled))
    }

    /// The latest moment from which samples have to be known so that conclusions from `wanted` on are right: a margin
    /// before it, and before every incident that touches what comes behind.
    pub(crate) fn begin_before(&self, wanted: CollectorTime, incidents: &[&Incident]) -> CollectorTime {
        let margin = self.margin();
        let mut begin = wanted - margin;
        loop {
            let touching = incidents.iter().filter(|incident| match incident.end {
                Some(end) => end.max(incident.end_bounds.latest) + margin > begin,
                None => true,
            });
            let starts = touching.map(|incident| incident.start.min(incident.start_bounds.earliest) - margin);
            let earlier = starts.fold(begin, CollectorTime::min);
            if earlier == begin {
                return begin;
            }
            begin = earlier;
        }
    }

    /// Takes what the store holds.
    pub(crate) fn recall(&mut self, past: Past, now: CollectorTime) {
        for written in past.incidents {
            self.written.insert(written.incident.id.clone(), written);
        }
        self.recent.recall(past.rewind_to, past.segments);
        let mut engine = Engine::new(self.history.policies.clone());
        engine.reload(past.from, &past.samples, Vec::new(), now);
        while engine.poll_event().is_some() {}
        for sample in &past.samples {
            self.latest.note(sample, None);
        }
        // What came late meanwhile is in the store, so it was read.
        if self.engine.replace(engine).is_some() {
            self.last_late = Some(now);
        }
        self.late = None;
        self.missing = false;
        self.breaches_told = 0;
    }

    /// Concludes everything up to `now`; `None` while the past is wanted.
    pub(crate) fn poll(&mut self, now: CollectorTime) -> Option<Polled> {
        if self.wants_past().is_some() {
            return None;
        }
        let from = self.judge_from();
        let end = self.history.removed.unwrap_or(now).min(now).max(self.recent.settled());
        let since = self.history.since;
        let engine = self.engine.as_mut()?;
        let known_from = known_from(engine);
        if from < known_from {
            self.missing = true;
            return None;
        }
        // All that is retained is judged, so that every incident in it is seen and its absence means something.
        let span = consensus::Window { from: known_from.max(since.min(from)), to: end };
        let Ok(verdict) = engine.verdict(span, end) else {
            self.missing = true;
            return None;
        };
        let breaches = engine.invariant_breaches();
        if breaches > self.breaches_told {
            tracing::error!(check = %self.check, "a verdict breaks an invariant; the engine is wrong");
        }
        self.breaches += breaches.saturating_sub(self.breaches_told);
        self.breaches_told = breaches;
        let watermark = engine.watermark(now);
        if from < self.recent.settled() {
            self.recent.rewind(from, self.recent.segments().to_vec());
        }
        self.late = None;
        let settled = self.recent.settled();
        let is_fresh = now - self.started < START_GRACE;
        let watermark = if is_fresh { settled } else { watermark.min(end).max(settled) };
        self.recent.settle(&verdict.segments, watermark);
        self.provisional = Window::new(watermark, end).map_or_else(Vec::new, |rest| clip(&verdict.segments, rest));
        let mut writes = Writes::default();
        self.reconcile(verdict.incidents, now, &mut writes);
        writes.segments = self.recent.unstored();
        self.let_go(now);
        let confirm = self.policy().confirm;
        let request = self.confirmation.handle_state(&confirm, &verdict.live, self.interval, now);
        Some(Polled { live: verdict.live, writes, request })
    }

    fn finality(&self, incident: &Incident) -> Finality {
        let last = incident.end.map(|end| end.max(incident.end_bounds.latest));
        match last {
            Some(last) if last + self.margin() <= self.recent.settled() => Finality::Settled,
            _ => Finality::Provisional,
        }
    }

    /// Compares what was found with what was written.
    fn reconcile(&mut self, mut found: Vec<Incident>, now: CollectorTime, writes: &mut Writes) {
        adopt_names(&self.written, &mut found, now);
        for incident in &found {
            let finality = self.finality(incident);
            if is_due(self.written.get(&incident.id), incident, finality, now) {
                writes.incidents.push((incident.clone(), finality));
            }
        }
        let Some(engine) = &self.engine else { return };
        let (retained_from, known_from) = (engine.retained_from(), known_from(engine));
        for (id, written) in &self.written {
            let incident = &written.incident;
            let is_retained = incident.start.min(incident.start_bounds.earliest) >= retained_from
                // One that ends near where conclusions begin may be left out of them without being gone.
                && incident.end.is_none_or(|end| end > known_from + self.reach());
            if is_retained && !written.withdrawn && found.iter().all(|incident| incident.id != *id) {
                writes.withdrawn.push(id.clone());
            }
        }
        self.found = found;
    }

    /// Says that what a poll made is on disk, with the revision each incident has now.
    pub(crate) fn committed(&mut self, writes: Writes, revisions: &[u32], now: CollectorTime) {
        if let Some((window, _)) = writes.segments {
            self.recent.committed(window.to());
        }
        let mut revisions = revisions.iter().copied();
        for (incident, finality) in writes.incidents {
            let revision = revisions.next().unwrap_or(1);
            let id = incident.id.clone();
            self.written.insert(id, Written { incident, revision, at: now, finality, withdrawn: false });
        }
        for id in writes.withdrawn {
            if let Some(written) = self.written.get_mut(&id) {
                written.withdrawn = true;
                written.revision += 1;
                written.at = now;
            }
        }
    }

    /// Lets go of what is no longer needed in memory.
    fn let_go(&mut self, now: CollectorTime) {
        let incidents = self.incidents();
        self.recent.count(&incidents, now);
        if self.last_late.is_some_and(|at| now >= at && now - at < LATE_QUIET) {
            return;
        }
        let oldest = now - HELD;
        self.written.retain(|_, written| {
            let end = written.incident.end.map(|end| end.max(written.incident.end_bounds.latest));
            end.is_none_or(|end| end >= oldest) && !(written.withdrawn && written.incident.start < oldest)
        });
        if now >= self.trimmed && now - self.trimmed < TRIM_EVERY {
            return;
        }
        self.trimmed = now;
        self.latest.forget_before(oldest);
        let horizon = self.recent.settled() - self.margin();
        if let Some(engine) = &mut self.engine {
            engine.trim(horizon, now);
            while engine.poll_event().is_some() {}
        }
    }

    /// Since when the check is in its present state.
    pub(crate) fn since(&self, state: State) -> CollectorTime {
        let all = self.recent.segments().iter().chain(&self.provisional).rev();
        let same = all.take_while(|segment| segment.state == state);
        same.last().map_or(self.recent.settled(), |segment| segment.start)
    }
}

/// From here on the engine's conclusions are whole: a sample's neighbours lie at most so far before it.
fn known_from(engine: &Engine) -> CollectorTime {
    match engine.retained_from() {
        CollectorTime::MIN => CollectorTime::MIN,
        from => from + engine.margin().times(2),
    }
}

#[cfg(test)]
mod tests;
