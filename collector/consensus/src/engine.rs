//! The incremental twin of [`crate::judge`]: samples come one by one, in any order, and the verdict is the same.
//!
//! Only what a sample can have changed is swept again: from its agent's sample before to the one after, and as far as
//! they reach. An agent's newest value is followed at once, for alerting; segments and incidents are worked out when the
//! live state changes, on [`Engine::handle_timeout`] and when asked for.

mod event;
mod ledger;
mod line;
mod live;
mod rebuild;
mod span;
mod tell;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use quorate_model::{AgentId, CheckId, CollectorTime, Millis, Policy, PolicyHistory, Sample, State};

use crate::engine::ledger::Ledger;
use crate::engine::line::{Arrival, Line};
use crate::engine::live::Live;
use crate::engine::span::Spans;
use crate::engine::tell::Cached;
use crate::evidence::{Kind, Point};
use crate::quorum::{Regions, Rules};
use crate::references;
use crate::sweep::{Stretch, is_sound, sweep};
use crate::timeline::{self, Timeline};
use crate::verdict::Counters;

pub use event::{Difference, Event, differences};
pub use ledger::{Told, adopt_ids};
pub use rebuild::HistoryMissing;

/// The verdict of one check, kept up to date.
///
/// Feed it with [`Engine::handle_sample`] and [`Engine::handle_policy`], call [`Engine::handle_timeout`] at the time
/// [`Engine::poll_timeout`] says and about once per interval, and take the events with [`Engine::poll_event`].
#[derive(Debug)]
pub struct Engine {
    check: CheckId,
    history: PolicyHistory,
    regions: Regions,
    rules: Rules,
    /// Sorted by agent.
    lines: Vec<Line>,
    live: Live,
    /// From the beginning of time to its end, as far as `dirty` does not say otherwise.
    stretches: Vec<Stretch>,
    /// What has to be swept again.
    dirty: Spans,
    /// What was swept again since incidents were last worked out.
    touched: Spans,
    incidents: Vec<Cached>,
    ledger: Ledger,
    events: VecDeque<Event>,
    /// Where the first settled segment starts.
    told_from: i64,
    /// Where the next settled segment starts; `None` before the first.
    told_to: Option<i64>,
    /// Samples that begin before this are not taken any more.
    accept_from: i64,
    /// Nothing before this is retained.
    cut: i64,
    /// A reload from this time on was asked for.
    history_needed: Option<i64>,
    /// Counts of samples that are not retained any more, and of those never retained.
    past: Counters,
    /// Samples of other checks, duplicates and disputes, which no retained sample shows.
    refused: Counters,
    /// How many retained samples are doubted because of their references.
    doubts: bool,
    equivocating: Vec<AgentId>,
    too_late: u64,
    breaches: u64,
    /// Whether other samples than such that change nothing came since things were last worked out.
    stirred: bool,
    /// How many samples changed nothing since things were last worked out.
    quiet: u32,
    /// How far reaches what other samples can have changed.
    unquiet_to: i64,
    /// The watermark when things were last worked out.
    worked_out_to: i64,
}

/// So many samples that change nothing are left to gather before they are swept.
const MOST_QUIET: u32 = 240;

impl Engine {
    /// An engine without samples.
    pub fn new(history: PolicyHistory) -> Self {
        let regions = Regions::of(&history);
        let rules = Rules::of(&history, &regions);
        let stretches = sweep(&[], &rules, &regions, i64::MIN, i64::MAX);
        let live = Live::new(&rules, &regions);
        Self {
            check: history.first().check().clone(),
            history,
            regions,
            rules,
            lines: Vec::new(),
            live,
            stretches,
            dirty: Spans::default(),
            touched: Spans::default(),
            incidents: Vec::new(),
            ledger: Ledger::default(),
            events: VecDeque::new(),
            told_from: i64::MAX,
            told_to: None,
            accept_from: i64::MIN,
            cut: i64::MIN,
            history_needed: None,
            past: Counters::default(),
            refused: Counters::default(),
            doubts: false,
            equivocating: Vec::new(),
            too_late: 0,
            breaches: 0,
            stirred: false,
            quiet: 0,
            unquiet_to: i64::MIN,
            worked_out_to: i64::MIN,
        }
    }

    /// Takes a sample. Those of other checks are counted and left out; those older than what is retained are counted and
    /// ask for a reload.
    pub fn handle_sample(&mut self, sample: &Sample, now: CollectorTime) {
        // The name the samples share is found equal by its address.
        if !core::ptr::eq(self.check.as_str(), sample.check.as_str()) {
            if sample.check != self.check {
                self.refused.other_check += 1;
                return;
            }
            self.check = sample.check.clone();
        }
        let start = sample.start_corrected().as_millis();
        if start < self.accept_from {
            self.too_late += 1;
            self.need_history(start);
            return;
        }
        if let Some((line_at, newest)) = self.take(sample) {
            self.follow_live(line_at, newest, now);
        }
        self.follow_doubts(now);
    }

    /// The line of an agent, begun where there is none.
    fn line_of(&mut self, agent: &AgentId) -> usize {
        // Samples mostly share the allocation of their agent's name, so that comparing addresses finds it.
        let few = self.lines.iter().take(Self::FEW);
        let same = few.enumerate().find(|(_, line)| core::ptr::eq(line.agent.as_str(), agent.as_str()));
        if let Some((at, _)) = same {
            return at;
        }
        match self.lines.binary_search_by(|line| line.agent.cmp(agent)) {
            Ok(at) => at,
            Err(at) => {
                self.lines.insert(at, Line::new(agent.clone()));
                self.live.insert(at);
                at
            }
        }
    }

    /// So many lines are looked through by address before they are searched by name.
    const FEW: usize = 16;

    /// Puts a sample into its line. Returns the line and its newest point, if that may have changed.
    fn take(&mut self, sample: &Sample) -> Option<(usize, Point)> {
        let agent = &sample.id.agent;
        let at = self.line_of(agent);
        let line = self.lines.get_mut(at)?;
        let (place, disputed) = match line.insert(sample, &self.regions) {
            Arrival::New(place) => (place, false),
            Arrival::Duplicate => {
                self.refused.duplicates += 1;
                return None;
            }
            Arrival::Disputed { again } => {
                self.refused.duplicates += 1;
                self.refused.equivocations += u64::from(!again);
                if !again && let Err(place) = self.equivocating.binary_search(agent) {
                    self.equivocating.insert(place, agent.clone());
                }
                let larger = line.larger(sample)?;
                self.soil(at, larger);
                let line = self.lines.get_mut(at)?;
                line.remove(larger);
                let Arrival::New(place) = line.insert(sample, &self.regions) else { return None };
                line.mark_disputed(place);
                (place, true)
            }
        };
        let quiet = if disputed { None } else { self.extend_quietly(at, place) };
        if let Some(newest) = quiet {
            return Some((at, newest));
        }
        self.soil(at, place);
        let line = self.lines.get(at)?;
        let last = line.len().checked_sub(1)?;
        let may_have_changed = disputed || place == last;
        may_have_changed.then(|| line.point(last, &self.history)).flatten().map(|newest| (at, newest))
    }

    /// The common case: an agent's newest sample says what the one before it said, within reach. Only the end of what is
    /// held moves.
    fn extend_quietly(&mut self, line_at: usize, place: usize) -> Option<Point> {
        let line = self.lines.get_mut(line_at)?;
        let newest = place + 1 == line.len();
        if !newest || self.doubts {
            return None;
        }
        let earlier = place.checked_sub(1)?;
        // What the one before it says stands in the live state, unless it ran out.
        let (region, kind, hold) = self.live.said(line_at)?;
        let z = line.point(place, &self.history)?;
        let joined = kind == z.kind && region == z.region && z.start <= hold && line.is_alike(earlier, place);
        if !joined {
            return None;
        }
        let earliest = line.earliest(earlier)?;
        line.reach = line.reach.max(z.hold.saturating_sub(z.earliest()));
        self.dirty.add(earliest.min(z.earliest()), hold.max(z.hold).saturating_add(1));
        self.quiet += 1;
        // An agent that lags behind changes what the others' samples had settled.
        self.stirred |= earliest < self.worked_out_to;
        Some(z)
    }

    /// Marks as dirty what the sample at a place can have changed.
    fn soil(&mut self, line_at: usize, place: usize) {
        let Some(line) = self.lines.get(line_at) else { return };
        let Some(point) = line.point(place, &self.history) else { return };
        let may_vote = point.kind_votes() || references::is_doubted(&point);
        let (from, to) = self.neighbourhood(line, place, &point);
        if let Some(line) = self.lines.get_mut(line_at)
            && may_vote
        {
            line.reach = line.reach.max(point.hold.saturating_sub(point.earliest()));
        }
        self.dirty.add(from, to);
        self.stirred |= from < self.worked_out_to;
        // What is held behind an agent's newest sample is settled by the next one, which is quiet or not by itself.
        let newest = self.lines.get(line_at).is_some_and(|line| place + 1 == line.len());
        self.unquiet_to = self.unquiet_to.max(if newest { to.min(point.latest()) } else { to });
        self.doubts |= references::is_doubted(&point);
        if self.doubts {
            // Up to the next of its line it is what the agent saw of the references last, in place of the one before.
            let line = self.lines.get(line_at);
            let before = line.and_then(|line| line.point(place.checked_sub(1)?, &self.history));
            self.soil_doubted(point.start, before.map_or(point.hold, |before| before.hold.max(point.hold)));
        }
    }

    /// From where to where the votes of an agent can depend on a sample (CONSENSUS section 7). Doubted samples may or may
    /// not vote, so that the search goes on to one that surely does.
    fn neighbourhood(&self, line: &Line, place: usize, point: &Point) -> (i64, i64) {
        let (mut from, mut to) = (point.earliest(), point.hold.max(point.latest()));
        let at = |at: usize| line.point(at, &self.history);
        let may_vote = |point: &Point| point.kind_votes() || references::is_doubted(point);
        for before in (0..place).rev().filter_map(at).filter(may_vote) {
            if before.hold >= point.start {
                from = from.min(before.earliest());
                to = to.max(before.hold);
            }
            if before.kind_votes() {
                break;
            }
        }
        for after in (place + 1..line.len()).filter_map(at).filter(may_vote) {
            if after.start > to {
                break;
            }
            to = to.max(after.latest());
            if after.kind_votes() {
                break;
            }
            to = to.max(after.hold);
        }
        (from, to.saturating_add(1))
    }

    /// Looks whether any retained sample is doubted because of its references.
    pub(crate) fn find_doubts(&mut self) {
        let all = self.lines.iter().flat_map(|line| (0..line.len()).filter_map(|at| line.point(at, &self.history)));
        self.doubts = all.into_iter().any(|point| references::is_doubted(&point));
    }

    /// Marks as dirty the neighbourhoods of samples whose references are judged by views taken in `[from, to]`.
    fn soil_doubted(&mut self, from: i64, to: i64) {
        let mut spans = Vec::new();
        for line in &self.lines {
            for place in line.place_at(from)..line.place_at(to.saturating_add(1)) {
                let point = line.point(place, &self.history);
                if let Some(point) = point.filter(references::is_doubted) {
                    spans.push(self.neighbourhood(line, place, &point));
                }
            }
        }
        for (from, to) in spans {
            self.dirty.add(from, to);
        }
    }

    /// Changes the policy from a time on; said of an earlier time it amends the past.
    pub fn handle_policy(&mut self, from: CollectorTime, policy: Policy, now: CollectorTime) {
        self.history.change(from, policy);
        self.set_history();
        self.flush();
        self.live.renew(&self.lines, &self.history, &self.rules, &self.regions);
        self.hear_doubted();
        self.follow_time(now);
        self.follow_state(now);
    }

    /// Regions may have other numbers now, and a merge gap reaches back in time: everything is swept again.
    fn set_history(&mut self) {
        let regions = Regions::of(&self.history);
        self.rules = Rules::of(&self.history, &regions);
        for stretch in &mut self.stretches {
            let names = stretch.finding.bad.iter().filter_map(|number| self.regions.name(*number));
            stretch.finding.bad = names.map(|name| regions.number(name)).collect();
            stretch.finding.bad.sort_unstable();
        }
        for line in &mut self.lines {
            line.renumber(&regions);
        }
        self.regions = regions;
        self.find_doubts();
        self.dirty.add(self.cut, i64::MAX);
        self.unquiet_to = self.unquiet_to.max(self.live.seen().saturating_add(self.reach()));
        self.incidents.clear();
    }

    /// Works out what changed up to `now`: votes that ran out, settled segments, incidents. Call it at the time
    /// [`Engine::poll_timeout`] says, and about once per interval of the check.
    pub fn handle_timeout(&mut self, now: CollectorTime) {
        let ran_out = self.follow_time(now);
        let new_rule = self.rules.starts().any(|at| self.worked_out_to < at && at <= now.as_millis());
        let changed = ran_out || new_rule || self.stirred;
        // While samples only say again what was said, nothing is told, and sweeping them can wait.
        if changed || self.quiet >= MOST_QUIET || self.is_worth_telling(now) {
            self.work_out(now);
        }
    }

    /// Whether what lies behind what was worked out last is not quiet, and can be told: it is settled, or belongs to an
    /// incident that is open.
    fn is_worth_telling(&self, now: CollectorTime) -> bool {
        self.worked_out_to <= self.unquiet_to
            && (self.live_state() == State::Down
                || self.ledger.has_open()
                || self.unquiet_to < self.watermark(now).as_millis())
    }

    /// When a vote runs out or a policy comes into effect, if nothing comes before.
    pub fn poll_timeout(&self) -> Option<CollectorTime> {
        let policy = self.rules.starts().find(|at| *at > self.live.seen());
        let votes = self.live.next_to_run_out();
        policy.into_iter().chain(votes).min().map(CollectorTime::from_millis)
    }

    /// The next thing to tell.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The policies the engine judges by.
    pub fn history(&self) -> &PolicyHistory {
        &self.history
    }

    /// How many samples came too late to be retained.
    pub fn too_late(&self) -> u64 {
        self.too_late
    }

    /// How often an invariant of the verdict was found broken; never, unless the engine is wrong.
    pub fn invariant_breaches(&self) -> u64 {
        self.breaches
    }

    /// The incidents as they were last told, in order of time, with the names they keep.
    pub fn told(&self) -> &[Told] {
        self.ledger.told()
    }

    /// How many samples are retained.
    pub fn retained(&self) -> usize {
        self.lines.iter().map(Line::len).sum()
    }

    /// Bytes taken by agents and state, and bytes taken by retained samples.
    pub fn memory_bytes(&self) -> (usize, usize) {
        let overhead = self.lines.iter().map(Line::overhead_bytes).sum::<usize>() + self.live.bytes();
        (overhead, self.lines.iter().map(Line::window_bytes).sum())
    }

    /// The points and votes of every agent that tell of `[from, to)`.
    fn read(&self, from: i64, to: i64) -> (Vec<Vec<Point>>, Vec<Timeline>) {
        let mut points: Vec<Vec<Point>> = self
            .lines
            .iter()
            .map(|line| {
                let point = |at: usize| line.point(at, &self.history);
                let surely_votes = |at: usize| point(at).is_some_and(|point| point.kind_votes());
                let places = line.places(from, to, surely_votes);
                let mut points = Vec::with_capacity(places.len());
                points.extend(places.filter_map(point));
                points
            })
            .collect();
        if self.doubts {
            self.look_again(&mut points);
        }
        let timelines = points.iter().map(|points| timeline::read(points)).collect();
        (points, timelines)
    }

    /// As [`references::look_again`], with views from all that is retained.
    fn look_again(&self, agents: &mut [Vec<Point>]) {
        for point in agents.iter_mut().flatten().filter(|point| references::is_doubted(point)) {
            let latest = self.lines.iter().filter_map(|line| {
                let after = line.place_at(point.start.saturating_add(1));
                line.point(after.checked_sub(1)?, &self.history)
            });
            if references::is_believed(point, latest, &self.history) {
                point.kind = Kind::Bad;
            }
        }
    }

    /// Sweeps again what is dirty.
    fn flush(&mut self) {
        for (from, to) in self.dirty.take() {
            let from = from.max(self.cut);
            if from >= to {
                continue;
            }
            let (_, timelines) = self.read(from, to);
            let fresh = sweep(&timelines, &self.rules, &self.regions, from, to);
            let sound = is_sound(&fresh, from, to);
            debug_assert!(sound, "invariants 3 and 5 hold: {fresh:?}");
            self.breaches += u64::from(!sound);
            self.replace(from, to, fresh);
            self.touched.add(from, to);
        }
    }

    /// How far back a sample may come and still be taken without a reload, counted from what [`Engine::trim`] was told.
    fn reach(&self) -> i64 {
        self.lines.iter().map(|line| line.reach).max().unwrap_or(0)
    }

    /// The widest a sample of this check has reached so far: two intervals, a timeout and twice the clock's error.
    pub fn margin(&self) -> Millis {
        Millis::new(self.reach())
    }
}
