//! Draws samples on a schedule and keeps the last of them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use quorate_collector_consensus::{Verdict, Window, judge};
use quorate_collector_http::ProbeTally;
use quorate_model::{
    AgentId, AgentTime, Boot, CertificateFacts, CheckId, CheckVersion, ClockReading, CollectorTime, Evidence, Failure,
    Health, Micros, Millis, Outcome, Phases, Policy, PolicyHistory, PolicyRegion, ProviderId, Quorum, Record,
    References, RegionId, Sample, SampleId, Seq, Trigger,
};

/// How much of the past is kept and judged.
pub(crate) const PAST: Millis = Millis::from_secs(900);

const TIMEOUT: Millis = Millis::new(3_000);

/// How large the world is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) checks: usize,
    pub(crate) regions: usize,
    pub(crate) interval_ms: i64,
}

/// What is wrong with a check from its middle on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Well,
    Down,
    OneRegion,
    NoAgents,
    Slow,
}

pub(crate) struct Check {
    pub(crate) id: CheckId,
    pub(crate) history: PolicyHistory,
    pub(crate) samples: VecDeque<Sample>,
    pub(crate) verdict: Verdict,
    /// Totals of right answers, by region.
    pub(crate) totals: BTreeMap<RegionId, Vec<u64>>,
    fate: Fate,
    place: usize,
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    /// Each under a lock of its own, so that a question waits for one check only.
    pub(crate) checks: Arc<Vec<Mutex<Check>>>,
    pub(crate) tally: ProbeTally,
    pub(crate) started: CollectorTime,
    pub(crate) samples: u64,
    drawn_until: CollectorTime,
    seed: u64,
}

pub(crate) fn region(place: usize) -> RegionId {
    RegionId::new(&format!("r{place}")).expect("a letter and digits are an id")
}

pub(crate) fn provider(place: usize) -> ProviderId {
    ProviderId::new(&format!("p{}", place % 4)).expect("a letter and a digit are an id")
}

pub(crate) fn agent(place: usize) -> AgentId {
    AgentId::new(&format!("r{place}-1")).expect("letters, digits and a dash are an id")
}

impl World {
    pub(crate) fn new(plan: Plan, now: CollectorTime) -> Self {
        let from = now - PAST;
        let checks = Arc::new((0..plan.checks).map(|place| Mutex::new(Check::new(place, plan, from))).collect());
        let mut world =
            Self { plan, checks, tally: ProbeTally::default(), started: from, samples: 0, drawn_until: from, seed: 7 };
        world.advance(now);
        world
    }

    /// Draws what falls due up to `now` and judges it.
    pub(crate) fn advance(&mut self, now: CollectorTime) {
        let (plan, from) = (self.plan, self.drawn_until);
        let trouble = self.started + PAST.over(2);
        for check in self.checks.iter() {
            let mut check = check.lock().unwrap_or_else(PoisonError::into_inner);
            let before = check.samples.len();
            for place in 0..plan.regions {
                for start in slots(plan, check.place, place, from, now) {
                    let record = check.draw(place, start, start > trouble, plan, &mut self.seed);
                    self.tally.observe(&record);
                    self.samples += 1;
                    if record.sample.failure.is_none() {
                        check.totals.entry(region(place)).or_default().push(record.phases.total.get());
                    }
                    check.samples.push_back(record.sample);
                }
            }
            if check.samples.len() > before || check.fate == Fate::NoAgents {
                let oldest = now - PAST;
                check.samples.retain(|sample| sample.start_corrected() >= oldest);
                check.verdict = check.judge(Window { from: oldest, to: now }, now);
            }
        }
        self.drawn_until = now;
    }
}

/// The slots of one agent and check in a half-open window; agents and checks are spread over the interval.
fn slots(plan: Plan, check: usize, place: usize, from: CollectorTime, to: CollectorTime) -> Vec<CollectorTime> {
    let shift = i64::try_from(check * 37 + place * 1_000).unwrap_or(0) % plan.interval_ms;
    let first = (from.as_millis() - shift).div_euclid(plan.interval_ms) * plan.interval_ms + shift;
    let mut found = Vec::new();
    let mut at = first;
    while at < to.as_millis() {
        if at >= from.as_millis() {
            found.push(CollectorTime::from_millis(at));
        }
        at += plan.interval_ms;
    }
    found
}

impl Check {
    fn new(place: usize, plan: Plan, from: CollectorTime) -> Self {
        let id = CheckId::new(&format!("check-{place:04}")).expect("letters, digits and a dash are an id");
        let regions = (0..plan.regions).map(|place| PolicyRegion { region: region(place), provider: provider(place) });
        let policy = Policy::new(id.clone(), regions.collect(), Quorum::Majority, None, None);
        let history = PolicyHistory::new(policy.expect("a majority of different regions is a policy"));
        let fate = match place % 10 {
            1 => Fate::Down,
            2 => Fate::OneRegion,
            3 => Fate::NoAgents,
            4 => Fate::Slow,
            _ => Fate::Well,
        };
        let verdict = judge(&[], &history, Window { from, to: from }, from);
        Self { id, history, samples: VecDeque::new(), verdict, totals: BTreeMap::new(), fate, place }
    }

    pub(crate) fn judge(&self, window: Window, now: CollectorTime) -> Verdict {
        let samples: Vec<Sample> = self.samples.iter().cloned().collect();
        judge(&samples, &self.history, window, now)
    }

    fn draw(&self, place: usize, start: CollectorTime, troubled: bool, plan: Plan, seed: &mut u64) -> Record {
        let usual_us = 8_000 + 11_000 * place as u64 + random(seed) % 9_000;
        let (outcome, total_us) = match self.fate {
            Fate::Down if troubled && place != 0 => (Outcome::Fail, 3_000_000),
            Fate::OneRegion if troubled && place == 0 => (Outcome::Fail, 3_000_000),
            Fate::NoAgents if troubled => (Outcome::Local, 100),
            Fate::Slow if troubled => (Outcome::Slow, usual_us + 900_000),
            _ => (Outcome::Ok, usual_us),
        };
        let good = matches!(outcome, Outcome::Ok | Outcome::Slow);
        let part = |percent: u64| good.then(|| Micros::new(total_us * percent / 100));
        let start = AgentTime::from_millis(start.as_millis());
        let total = Micros::new(total_us);
        let certificate = CertificateFacts {
            not_after_s: self.verdict.window.from.as_millis() / 1_000
                + 86_400 * (10 + i64::try_from(self.place % 80).unwrap_or(0)),
            chain_not_after_s: self.verdict.window.from.as_millis() / 1_000 + 86_400 * 8,
            chain_length: 2,
            verified: true,
        };
        Record {
            sample: Sample {
                id: SampleId {
                    agent: agent(place),
                    boot: Boot::new(self.place as u64 + 1),
                    seq: Seq::new(start.as_millis().unsigned_abs()),
                },
                check: self.id.clone(),
                region: region(place),
                provider: provider(place),
                start,
                end: start + total.as_millis(),
                outcome,
                failure: match outcome {
                    Outcome::Fail => Some(Failure::ConnectTimeout),
                    Outcome::Local => Some(Failure::LocalNetwork),
                    _ => None,
                },
                interval: Millis::new(plan.interval_ms),
                timeout: TIMEOUT,
                typical: Some(Millis::new(80)),
                clock: ClockReading { offset: Millis::ZERO, error: Millis::new(5) },
                references: References::default(),
                health: Health::WELL,
                lag: Millis::ZERO,
                trigger: if random(seed).is_multiple_of(50) { Trigger::Retry } else { Trigger::Scheduled },
                check_version: CheckVersion::default(),
            },
            phases: Phases {
                dns: part(10),
                connect: part(25),
                tls: part(30),
                first_byte: part(30),
                transfer: part(5),
                total,
            },
            evidence: Evidence { certificate: good.then_some(certificate), ..Evidence::default() },
        }
    }
}

/// A linear congruential step (Knuth's constants); the high bits are good enough to spread latencies.
fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}
