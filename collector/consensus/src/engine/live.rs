//! The live state: every agent's newest value, held as far as it reaches.

use alloc::vec::Vec;

use quorate_model::{AgentId, CollectorTime, PolicyHistory, RegionId, State};

use crate::engine::Engine;
use crate::engine::event::Event;
use crate::engine::line::Line;
use crate::evidence::{Kind, Point};
use crate::explain::Value;
use crate::quorum::{Regions, Rules, Tally};
use crate::references;
use crate::timeline::Votes;
use crate::verdict;

/// The region an agent votes in and what it says; `None` = it has no vote.
pub(crate) type Said = Option<(u16, Kind)>;

/// What an agent says now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Voice {
    vote: Said,
    /// Until when it holds.
    hold: i64,
}

#[derive(Debug)]
pub(crate) struct Live {
    /// In the order of the engine's lines.
    voices: Vec<Voice>,
    tallies: Vec<Tally>,
    state: State,
    regions_bad: Vec<u16>,
    /// The latest moment the engine was told of.
    seen: i64,
    /// The moment the state was last judged at.
    judged: i64,
}

impl Live {
    pub(crate) fn new(rules: &Rules, regions: &Regions) -> Self {
        let tallies = alloc::vec![Tally::default(); regions.len()];
        let finding = rules.at(i64::MIN).judge(&tallies);
        Self {
            voices: Vec::new(),
            tallies,
            state: finding.state,
            regions_bad: finding.bad,
            seen: i64::MIN,
            judged: i64::MIN,
        }
    }

    pub(crate) fn insert(&mut self, at: usize) {
        self.voices.insert(at.min(self.voices.len()), Voice::default());
    }

    /// Takes over the state that was told last.
    pub(crate) fn go_on_from(&mut self, old: &Self) {
        self.state = old.state;
        self.seen = old.seen;
    }

    /// The region of an agent's newest sample, what it says and until when that holds; `None` = it has no vote.
    pub(crate) fn said(&self, at: usize) -> Option<(u16, Kind, i64)> {
        let voice = self.voices.get(at)?;
        voice.vote.map(|(region, kind)| (region, kind, voice.hold))
    }

    pub(crate) const fn seen(&self) -> i64 {
        self.seen
    }

    pub(crate) fn next_to_run_out(&self) -> Option<i64> {
        self.voices.iter().filter(|voice| voice.vote.is_some()).map(|voice| voice.hold).min()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.voices.capacity() * size_of::<Voice>() + self.tallies.capacity() * size_of::<Tally>()
    }

    /// Takes the newest values anew, as regions and policies changed.
    pub(crate) fn renew(&mut self, lines: &[Line], history: &PolicyHistory, rules: &Rules, regions: &Regions) {
        let seen = self.seen;
        let state = self.state;
        *self = Self::new(rules, regions);
        self.state = state;
        self.seen = seen;
        for line in lines {
            let newest = line.len().checked_sub(1).and_then(|at| line.point(at, history));
            let at = self.voices.len();
            self.voices.push(Voice::default());
            self.speak(at, newest.as_ref());
        }
    }

    /// Sets what an agent says. Returns its vote before and after.
    fn speak(&mut self, at: usize, newest: Option<&Point>) -> (Said, Said) {
        let voice = match newest {
            Some(point) if point.kind_votes() && point.hold > self.seen => {
                Voice { vote: Some((point.region, point.kind)), hold: point.hold }
            }
            _ => Voice::default(),
        };
        let Some(slot) = self.voices.get_mut(at) else { return (None, None) };
        let old = core::mem::replace(slot, voice);
        if old.vote != voice.vote {
            if let Some((region, kind)) = old.vote
                && let Some(tally) = self.tallies.get_mut(usize::from(region))
            {
                tally.remove(Votes::certain(kind));
            }
            if let Some((region, kind)) = voice.vote
                && let Some(tally) = self.tallies.get_mut(usize::from(region))
            {
                tally.add(Votes::certain(kind));
            }
        }
        (old.vote, voice.vote)
    }
}

fn value(kind: Kind) -> Option<Value> {
    match kind {
        Kind::Good => Some(Value::Good),
        Kind::Slow => Some(Value::Slow),
        Kind::Bad => Some(Value::Bad),
        Kind::Abstains(_) => None,
    }
}

impl Engine {
    /// The live state.
    pub fn live_state(&self) -> State {
        self.live.state
    }

    /// The regions that are bad now, sorted.
    pub fn live_regions_bad(&self) -> Vec<RegionId> {
        self.live.regions_bad.iter().filter_map(|region| self.regions.name(*region)).cloned().collect()
    }

    /// The live state with the regions it comes from.
    pub fn live(&self) -> verdict::Live {
        let finding = self.rules.at(self.live.seen).judge(&self.live.tallies);
        verdict::Live {
            state: self.live.state,
            regions_bad: self.live_regions_bad(),
            voting: finding.voting,
            need: finding.need,
        }
    }

    /// What an agent says now; `None` = it has no vote.
    pub fn live_value(&self, agent: &AgentId) -> Option<Value> {
        let at = self.lines.binary_search_by(|line| line.agent.cmp(agent)).ok()?;
        self.live.voices.get(at)?.vote.and_then(|(_, kind)| value(kind))
    }

    /// An agent may have a new newest sample.
    pub(crate) fn follow_live(&mut self, line_at: usize, mut newest: Point, now: CollectorTime) {
        self.live.seen = self.live.seen.max(now.as_millis());
        if references::is_doubted(&newest) {
            let mut alone = [alloc::vec![newest]];
            self.look_again(&mut alone);
            newest = alone.into_iter().flatten().next().unwrap_or(newest);
        }
        let (old, new) = self.live.speak(line_at, Some(&newest));
        self.tell_agent(line_at, old, new);
        if old != new || self.rules.starts().any(|at| self.live.judged < at && at <= self.live.seen) {
            self.follow_state(now);
        }
    }

    fn tell_agent(&mut self, line_at: usize, old: Said, new: Said) {
        let [from, to] = [old, new].map(|vote| vote.and_then(|(_, kind)| value(kind)));
        if from != to
            && let Some(agent) = self.lines.get(line_at).map(|line| line.agent.clone())
        {
            self.events.push_back(Event::AgentChanged { agent, from, to });
        }
    }

    /// Any sample may show the references of another agent's newest one in another light.
    pub(crate) fn follow_doubts(&mut self, now: CollectorTime) {
        let changed = self.hear_doubted();
        for (line_at, old, new) in &changed {
            self.tell_agent(*line_at, *old, *new);
        }
        if !changed.is_empty() {
            self.follow_state(now);
        }
    }

    /// Judges the agents' newest samples again where their references are doubted. Returns the votes that changed.
    pub(crate) fn hear_doubted(&mut self) -> Vec<(usize, Said, Said)> {
        if !self.doubts {
            return Vec::new();
        }
        let newest = |line: &Line| line.len().checked_sub(1).and_then(|at| line.point(at, &self.history));
        let doubted = self.lines.iter().map(newest).enumerate();
        let doubted: Vec<(usize, Point)> =
            doubted.filter_map(|(at, point)| point.filter(references::is_doubted).map(|point| (at, point))).collect();
        let mut changed = Vec::new();
        for (line_at, point) in doubted {
            let mut alone = [alloc::vec![point]];
            self.look_again(&mut alone);
            let (old, new) = self.live.speak(line_at, alone.iter().flatten().next());
            if old != new {
                changed.push((line_at, old, new));
            }
        }
        changed
    }

    /// Votes run out and policies come into effect as time passes. Returns whether any vote ran out.
    pub(crate) fn follow_time(&mut self, now: CollectorTime) -> bool {
        self.live.seen = self.live.seen.max(now.as_millis());
        let ran_out = |voice: &Voice| voice.vote.is_some() && voice.hold <= self.live.seen;
        let over: Vec<usize> =
            self.live.voices.iter().enumerate().filter(|(_, voice)| ran_out(voice)).map(|(at, _)| at).collect();
        let changed = !over.is_empty();
        if changed {
            self.unquiet_to = self.unquiet_to.max(self.live.seen);
        }
        for at in over {
            let (old, _) = self.live.speak(at, None);
            if let Some(line) = self.lines.get(at) {
                let (agent, from) = (line.agent.clone(), old.and_then(|(_, kind)| value(kind)));
                self.events.push_back(Event::AgentChanged { agent, from, to: None });
            }
        }
        if changed || self.rules.starts().any(|at| self.live.judged < at && at <= self.live.seen) {
            self.follow_state(now);
        }
        changed
    }

    /// Tells if the live state changed.
    pub(crate) fn follow_state(&mut self, now: CollectorTime) {
        self.live.judged = self.live.seen;
        let finding = self.rules.at(self.live.seen).judge(&self.live.tallies);
        let old = core::mem::replace(&mut self.live.state, finding.state);
        let changed = old != finding.state;
        self.live.regions_bad = finding.bad;
        if changed {
            let regions_bad = self.live_regions_bad();
            self.events.push_back(Event::StateChanged { at: now, from: old, to: finding.state, regions_bad });
            if old == State::Down || finding.state == State::Down {
                self.work_out(now);
            }
        }
    }
}
