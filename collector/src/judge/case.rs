//! One check: its samples, what was concluded of them, and what is to be written and asked.
//!
//! A case is pure: samples, the time and what the store holds come in, [`Case::poll`] says what is to be written, and
//! [`Case::committed`] that it was. It keeps the samples from a little before the settled past on. A sample from before
//! that makes the case ask for its past again ([`Case::wants_past`]); it then goes back and concludes everything from
//! there on anew, by the same path as ever.

mod lives;

use std::collections::BTreeMap;

use quorate_collector_consensus::confirm::{Confirmation, Request};
use quorate_collector_consensus::{self as consensus, Live};
use quorate_collector_http::Window;
use quorate_collector_http::view::CheckTotals;
use quorate_collector_store::Finality;
use quorate_model::{
    AgentId, CheckId, CollectorTime, Incident, IncidentId, Micros, Millis, Policy, Record, Sample, Segment, State,
};

use super::amend::{Written, adopt_names, is_due};
use super::recent::{HELD, Recent, clip};
use crate::history::CheckHistory;
use lives::Lives;

/// After a start nothing more is settled for so long, so that agents with a backlog can connect first.
const START_GRACE: Millis = Millis::from_secs(30);

/// After the last late sample the samples of the past stay in memory for so long, as more may follow.
const LATE_QUIET: Millis = Millis::from_secs(10);

/// Samples are kept for so long before the settled past, beyond what the rules reach back.
const MARGIN: Millis = Millis::from_secs(60);

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
    samples: Vec<Sample>,
    /// All samples from here on are in memory; `MAX` before the past was read.
    kept_from: CollectorTime,
    lives: Lives,
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
}

impl Case {
    /// A case before its past was read.
    pub(crate) fn new(check: CheckId, history: CheckHistory, interval: Millis, now: CollectorTime) -> Self {
        Self {
            recent: Recent::new(history.since, now),
            lives: Lives::new(interval.times(3)),
            check,
            history,
            interval,
            started: now,
            samples: Vec::new(),
            kept_from: CollectorTime::MAX,
            provisional: Vec::new(),
            written: BTreeMap::new(),
            found: Vec::new(),
            confirmation: Confirmation::new(),
            late: None,
            last_late: None,
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

    /// Up to here nothing changes any more, unless an agent that was silent sends its backlog.
    pub(crate) fn settled(&self) -> CollectorTime {
        self.recent.settled()
    }

    /// Settled time by state since the process started.
    pub(crate) fn totals(&self) -> CheckTotals {
        self.recent.totals()
    }

    /// The samples in memory.
    pub(crate) fn samples(&self) -> &[Sample] {
        &self.samples
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
        self.lives.last_of(agent)
    }

    /// How far samples and their order reach: what lies further apart does not touch.
    fn margin(&self) -> Millis {
        self.lives.reach().times(2) + MARGIN + self.policy().merge_gap
    }

    /// Takes a changed configuration.
    pub(crate) fn handle_history(&mut self, history: CheckHistory, interval: Millis) {
        self.history = history;
        self.interval = interval;
    }

    /// Takes a record that is durable and counts. Gives what to ask of other agents.
    pub(crate) fn handle_record(&mut self, record: &Record, now: CollectorTime) -> Option<Request> {
        let sample = &record.sample;
        let start = sample.start_corrected();
        let late_ok = self.history.policies.at(start).late_ok;
        let changed = self.lives.note(sample, Some(record.phases.total), late_ok);
        if start >= self.kept_from {
            self.samples.push(sample.clone());
        }
        if start < self.recent.settled() {
            self.last_late = Some(now);
            self.late = Some(self.late.map_or(start, |late| late.min(start)));
        }
        // What is long past is no reason to ask anybody now.
        let is_news = now - sample.end_corrected() <= self.lives.reach();
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
        if self.kept_from == CollectorTime::MAX {
            return Some(CollectorTime::MAX);
        }
        self.rewind_to().filter(|to| *to < self.kept_from + self.margin())
    }

    /// From where on late samples make conclusions anew.
    fn rewind_to(&self) -> Option<CollectorTime> {
        self.late.map(|late| (late - self.lives.reach()).min(self.recent.settled()))
    }

    /// The latest moment from which samples have to be known so that conclusions from `wanted` on are right: a margin
    /// before it, and before every incident that touches what comes behind.
    pub(crate) fn begin_before<'a>(
        &self,
        wanted: CollectorTime,
        incidents: impl Iterator<Item = &'a Incident> + Clone,
    ) -> CollectorTime {
        let margin = self.margin();
        let mut begin = wanted - margin;
        loop {
            let touching = incidents.clone().filter(|incident| match incident.end {
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
        let opened = self.kept_from == CollectorTime::MAX;
        for written in past.incidents {
            self.written.insert(written.incident.id.clone(), written);
        }
        self.recent.rewind(past.rewind_to, past.segments);
        for sample in &past.samples {
            let late_ok = self.history.policies.at(sample.start_corrected()).late_ok;
            self.lives.note(sample, None, late_ok);
        }
        let came = std::mem::replace(&mut self.samples, past.samples);
        self.samples.extend(came.into_iter().filter(|sample| sample.start_corrected() >= past.from));
        self.kept_from = past.from;
        if opened {
            // Samples that came meanwhile are in the store, so they were read.
            self.late = None;
        } else {
            self.last_late = Some(now);
        }
        self.late = self.late.filter(|_| self.wants_past().is_some());
    }

    /// Concludes everything up to `now`; `None` while the past is wanted.
    pub(crate) fn poll(&mut self, now: CollectorTime) -> Option<Polled> {
        if self.wants_past().is_some() {
            return None;
        }
        if let Some(to) = self.rewind_to() {
            self.recent.rewind(to, self.recent.segments().to_vec());
            self.late = None;
        }
        let settled = self.recent.settled();
        let end = self.history.removed.unwrap_or(now).min(now).max(settled);
        let span = consensus::Window { from: self.history.since.min(settled), to: end };
        let verdict = consensus::judge(&self.samples, &self.history.policies, span, end);
        let watermark = self.watermark(now).min(end).max(settled);
        self.recent.settle(&verdict.segments, watermark);
        self.provisional = Window::new(watermark, end).map_or_else(Vec::new, |rest| clip(&verdict.segments, rest));
        let mut writes = Writes::default();
        self.reconcile(verdict.incidents, now, &mut writes);
        writes.segments = self.recent.unstored();
        self.let_go(now);
        let confirm = self.policy().confirm;
        let request = self.confirmation.handle_state(&confirm, verdict.live.state, self.interval, now);
        Some(Polled { live: verdict.live, writes, request })
    }

    /// Before this moment no sample of a live agent can change anything: each agent's samples come in the order of their
    /// time, so only what follows its last one can still come.
    fn watermark(&self, now: CollectorTime) -> CollectorTime {
        if now - self.started < START_GRACE {
            return self.recent.settled();
        }
        self.lives.watermark(now)
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
        // Where the samples in memory begin, not every agent has spoken yet: what seems down there is not. No incident
        // can really begin so near, as the samples are kept from a margin before each.
        let believed_from = self.kept_from + self.lives.reach();
        found.retain(|incident| incident.start >= believed_from);
        adopt_names(&self.written, &mut found, now);
        for incident in &found {
            let finality = self.finality(incident);
            if is_due(self.written.get(&incident.id), incident, finality, now) {
                writes.incidents.push((incident.clone(), finality));
            }
        }
        for (id, written) in &self.written {
            let in_memory = written.incident.start.min(written.incident.start_bounds.earliest) >= believed_from;
            if in_memory && !written.withdrawn && found.iter().all(|incident| incident.id != *id) {
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
        let from = self.begin_before(self.recent.settled(), incidents.iter());
        if from > self.kept_from {
            self.kept_from = from;
            self.samples.retain(|sample| sample.start_corrected() >= from);
        }
        let oldest = (now - HELD).min(self.kept_from);
        self.written.retain(|_, written| {
            let end = written.incident.end.map(|end| end.max(written.incident.end_bounds.latest));
            end.is_none_or(|end| end >= oldest) && !(written.withdrawn && written.incident.start < oldest)
        });
        self.lives.forget_before(now - HELD);
    }

    /// Since when the check is in its present state.
    pub(crate) fn since(&self, state: State) -> CollectorTime {
        let all = self.recent.segments().iter().chain(&self.provisional).rev();
        let same = all.take_while(|segment| segment.state == state);
        same.last().map_or(self.recent.settled(), |segment| segment.start)
    }
}

#[cfg(test)]
mod tests;
