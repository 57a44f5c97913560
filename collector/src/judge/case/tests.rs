use quorate_collector_config::Config;
use quorate_model::sample::{ClockReading, Health, References};
use quorate_model::{
    AgentTime, Boot, CheckVersion, Evidence, Failure, IncidentClass, Outcome, Phases, ProviderId, RegionId, SampleId,
    Seq, State, Trigger,
};

use super::*;
use crate::history::Histories;

const REGIONS: [(&str, &str); 5] = [("fra", "a"), ("iad", "b"), ("sin", "c"), ("gru", "d"), ("syd", "a")];
const START: i64 = 1_790_000_000_000;

fn at(s: i64) -> CollectorTime {
    CollectorTime::from_millis(START + s * 1000)
}

fn history() -> CheckHistory {
    let regions: Vec<String> =
        REGIONS.iter().map(|(id, provider)| format!("{{id: {id}, provider: {provider}}}")).collect();
    let text = format!("regions: [{}]\nchecks: [{{id: shop, icmp: {{host: h}}}}]\n", regions.join(", "));
    let config = Config::parse(&text).unwrap_or_else(|errors| panic!("{errors:?}"));
    let mut histories = Histories::default();
    histories.apply(at(0), &config);
    histories.get(&CheckId::new("shop").expect("is an id")).expect("is there").clone()
}

/// The record of agent `index` whose probe began at `ms` after the start.
fn record(index: usize, ms: i64, bad: bool) -> Record {
    let (region, provider) = REGIONS[index];
    let took = if bad { 3_000 } else { 50 };
    Record {
        sample: Sample {
            id: SampleId {
                agent: AgentId::new(&format!("{region}-1")).expect("is an id"),
                boot: Boot::new(1),
                seq: Seq::new(u64::try_from(ms / 1000 + 1).expect("after the start")),
            },
            check: CheckId::new("shop").expect("is an id"),
            region: RegionId::new(region).expect("is an id"),
            provider: ProviderId::new(provider).expect("is an id"),
            start: AgentTime::from_millis(START + ms),
            end: AgentTime::from_millis(START + ms + took),
            outcome: if bad { Outcome::Fail } else { Outcome::Ok },
            failure: bad.then_some(Failure::ConnectTimeout),
            interval: Millis::from_secs(10),
            timeout: Millis::from_secs(3),
            typical: Some(Millis::new(60)),
            clock: ClockReading { offset: Millis::ZERO, error: Millis::new(5) },
            references: References::default(),
            health: Health::WELL,
            lag: Millis::ZERO,
            trigger: Trigger::Scheduled,
            check_version: CheckVersion::new(1),
        },
        phases: Phases { total: Micros::new(50_000), ..Phases::default() },
        evidence: Evidence::default(),
    }
}

/// All records of an agent that start in `[from, to)` seconds, bad while the target is down.
fn records(index: usize, (from, to): (i64, i64), down: &[(i64, i64)]) -> Vec<Record> {
    let phase = i64::try_from(index).expect("few") * 2_000;
    (from / 10..to / 10)
        .map(|slot| slot * 10_000 + phase)
        .map(|ms| record(index, ms, down.iter().any(|(a, b)| (a * 1000..b * 1000).contains(&ms))))
        .collect()
}

/// A store in memory, and the case that uses it.
struct World {
    case: Case,
    stored: Vec<Record>,
    segments: Vec<Segment>,
    settled: Option<CollectorTime>,
    incidents: BTreeMap<IncidentId, (u32, Incident, bool)>,
}

impl World {
    fn new() -> Self {
        let check = CheckId::new("shop").expect("is an id");
        Self {
            case: Case::new(check, history(), Millis::from_secs(10), at(0)),
            stored: Vec::new(),
            segments: Vec::new(),
            settled: None,
            incidents: BTreeMap::new(),
        }
    }

    fn restart(&mut self, now: i64) {
        self.case = Case::new(self.case.check().clone(), history(), Millis::from_secs(10), at(now));
    }

    fn feed(&mut self, records: Vec<Record>, now: i64) -> usize {
        let mut asked = 0;
        for record in records {
            asked += usize::from(self.case.handle_record(&record, at(now)).is_some());
            let start = record.sample.start_corrected();
            self.settled = self.settled.map(|settled| settled.min(start));
            self.stored.push(record);
        }
        asked
    }

    fn recall(&mut self, now: i64) {
        for _ in 0..3 {
            let Some(wanted) = self.case.wants_past() else { return };
            let rewind_to = match (wanted, self.settled) {
                (CollectorTime::MAX, Some(settled)) => self.case.reopens_at(settled),
                (CollectorTime::MAX, None) => self.case.history().since,
                (wanted, _) => wanted,
            };
            let known = self.incidents.values().filter(|(.., withdrawn)| !withdrawn).map(|(_, incident, _)| incident);
            let from = self.case.begin_before(rewind_to, &known.collect::<Vec<_>>());
            let past = Past {
                from,
                samples: self.stored.iter().map(|r| r.sample.clone()).filter(|s| s.start_corrected() >= from).collect(),
                rewind_to,
                segments: self.segments.clone(),
                incidents: self
                    .incidents
                    .values()
                    .map(|(revision, incident, withdrawn)| Written {
                        incident: incident.clone(),
                        revision: *revision,
                        at: at(now),
                        finality: Finality::Provisional,
                        withdrawn: *withdrawn,
                    })
                    .collect(),
            };
            self.case.recall(past, at(now));
        }
        assert_eq!(self.case.wants_past(), None, "the past is wanted for ever");
    }

    fn poll(&mut self, now: i64) -> Polled {
        self.recall(now);
        let polled = self.case.poll(at(now)).or_else(|| {
            self.recall(now);
            self.case.poll(at(now))
        });
        let polled = polled.expect("the past was read");
        let mut revisions = Vec::new();
        if let Some((window, segments)) = &polled.writes.segments {
            self.segments.retain(|segment| segment.start < window.from());
            if let Some(last) = self.segments.last_mut() {
                last.end = last.end.min(window.from());
            }
            self.segments.extend(segments.iter().cloned());
            let reaches = self.settled.is_none_or(|settled| settled >= window.from());
            self.settled = if reaches { self.settled.max(Some(window.to())) } else { self.settled };
        }
        for (incident, _) in &polled.writes.incidents {
            let known = self.incidents.get(&incident.id);
            let revision = known.map_or(1, |(revision, old, _)| {
                revision + u32::from(old != incident && !crate::judge::amend::only_grew(old, incident))
            });
            revisions.push(revision);
            self.incidents.insert(incident.id.clone(), (revision, incident.clone(), false));
        }
        for id in &polled.writes.withdrawn {
            self.incidents.get_mut(id).expect("what is withdrawn was written").2 = true;
        }
        self.case.committed(polled.writes.clone(), &revisions, at(now));
        polled
    }

    /// Time passes second by second with every agent of `indices` alive.
    fn live(&mut self, indices: &[usize], (from, to): (i64, i64), down: &[(i64, i64)]) -> State {
        let mut coming: Vec<Record> = indices.iter().flat_map(|index| records(*index, (from, to), down)).collect();
        coming.sort_by_key(|record| record.sample.end);
        let mut coming = coming.into_iter().peekable();
        let mut state = State::Unknown;
        for now in from..to {
            let mut arrived = Vec::new();
            while let Some(record) = coming.next_if(|record| record.sample.end_corrected() <= at(now)) {
                arrived.push(record);
            }
            self.feed(arrived, now);
            state = self.poll(now).live.state;
        }
        self.feed(coming.collect(), to + 4);
        state
    }

    fn only_incident(&self) -> (&IncidentId, &(u32, Incident, bool)) {
        assert_eq!(self.incidents.len(), 1, "{:?}", self.incidents);
        self.incidents.first_key_value().expect("there is one")
    }
}

const ALL: [usize; 5] = [0, 1, 2, 3, 4];

#[test]
fn an_outage_is_found_written_and_ends() {
    let mut world = World::new();
    assert_eq!(world.live(&ALL, (0, 300), &[]), State::Up);
    assert_eq!(world.live(&ALL, (300, 400), &[(300, 400)]), State::Down);
    let (id, (_, incident, _)) = world.only_incident();
    let id = id.clone();
    assert_eq!((incident.end, incident.class), (None, IncidentClass::Outage));
    assert_eq!(world.live(&ALL, (400, 900), &[]), State::Up);
    let (same, (revision, incident, withdrawn)) = world.only_incident();
    assert_eq!((same, withdrawn), (&id, &false));
    assert!(incident.start_bounds.earliest <= at(300) && at(300) <= incident.start_bounds.latest, "{incident:?}");
    assert!(incident.end_bounds.earliest <= at(400) && at(400) <= incident.end_bounds.latest, "{incident:?}");
    assert!((1..=8).contains(revision), "{revision} revisions for one outage");
    // What is stored covers everything up to the settled past without holes.
    assert!(world.segments.windows(2).all(|pair| pair[0].end == pair[1].start));
    assert!(world.settled.expect("something is settled") > at(880));
    assert!(world.case.retained() < 200, "{} samples are kept", world.case.retained());
}

#[test]
fn a_restart_inside_an_outage_keeps_the_incident() {
    let mut world = World::new();
    world.live(&ALL, (0, 300), &[]);
    world.live(&ALL, (300, 400), &[(300, 900)]);
    let id = world.only_incident().0.clone();
    world.restart(400);
    assert_eq!(world.live(&ALL, (400, 700), &[(300, 900)]), State::Down);
    world.restart(700);
    assert_eq!(world.live(&ALL, (700, 900), &[(300, 900)]), State::Down);
    world.live(&ALL, (900, 1_000), &[]);
    let (same, (_, incident, _)) = world.only_incident();
    assert_eq!(same, &id);
    assert!((incident.billed.get() - 600_000).abs() < 5_000, "{incident:?}");
}

#[test]
fn every_settled_conclusion_is_that_of_the_whole_set() {
    let down = [(305, 391), (900, 1_000), (1_030, 1_100)];
    let mut world = World::new();
    world.live(&ALL, (0, 700), &down);
    world.restart(700);
    world.live(&ALL, (700, 1_500), &down);
    let samples: Vec<Sample> = world.stored.iter().map(|record| record.sample.clone()).collect();
    let settled = world.settled.expect("something is settled");
    let span = consensus::Window { from: at(0), to: settled };
    let whole = consensus::judge(&samples, &history().policies, span, at(1_500));
    assert_eq!(world.segments, whole.segments);
    let found: Vec<_> = world.incidents.values().map(|(_, incident, _)| (incident.start, incident.end)).collect();
    let wanted: Vec<_> = whole.incidents.iter().map(|incident| (incident.start, incident.end)).collect();
    assert_eq!(found, wanted);
}

#[test]
fn late_samples_change_the_past_and_say_so() {
    let mut world = World::new();
    // Three agents are cut off from 200 s to 800 s, in which the target is down for a minute: two regions see it.
    world.live(&ALL, (0, 200), &[]);
    assert_eq!(world.live(&[0, 1], (200, 800), &[(400, 460)]), State::Unknown);
    assert_eq!(world.incidents.len(), 0);
    world.live(&ALL, (800, 1_400), &[]);
    assert!(world.settled.expect("something is settled") > at(1_300));
    for index in [2, 3, 4] {
        world.feed(records(index, (200, 800), &[(400, 460)]), 1_400);
        world.poll(1_401 + i64::try_from(index).expect("few"));
    }
    world.live(&ALL, (1_410, 1_500), &[]);
    let (_, (_, incident, withdrawn)) = world.only_incident();
    assert!(!withdrawn);
    assert_eq!(incident.class, IncidentClass::Outage);
    let samples: Vec<Sample> = world.stored.iter().map(|record| record.sample.clone()).collect();
    let span = consensus::Window { from: at(0), to: world.settled.expect("something is settled") };
    let whole = consensus::judge(&samples, &history().policies, span, at(1_500));
    assert_eq!(world.segments, whole.segments);
}

#[test]
fn late_samples_can_take_an_incident_back() {
    let mut world = World::new();
    world.live(&ALL, (0, 300), &[]);
    // Three of five see an outage while two are cut off: that is a quorum of those voting.
    world.live(&[1, 2, 3], (300, 420), &[(330, 390)]);
    world.live(&ALL, (420, 1_000), &[]);
    let id = world.only_incident().0.clone();
    // What one of the three said is contradicted by nobody, but a second agent of two regions was there all the time.
    let mut others = Vec::new();
    for index in [1, 2] {
        for record in records(index, (250, 450), &[]) {
            let mut record = record;
            record.sample.id.agent = AgentId::new(&format!("{}-2", REGIONS[index].0)).expect("is an id");
            others.push(record);
        }
    }
    world.feed(others, 1_000);
    world.live(&ALL, (1_010, 1_100), &[]);
    let (same, (revision, _, withdrawn)) = world.only_incident();
    assert_eq!((same, *withdrawn), (&id, true));
    assert!(*revision >= 1);
}

#[test]
fn silence_is_unknown() {
    let mut world = World::new();
    assert_eq!(world.live(&ALL, (0, 200), &[]), State::Up);
    assert_eq!(world.live(&[], (200, 260), &[]), State::Unknown);
    assert_eq!(world.incidents.len(), 0);
}

#[test]
fn one_region_is_partial_and_no_incident() {
    let mut world = World::new();
    world.live(&ALL, (0, 200), &[]);
    let mut coming: Vec<Record> = [0, 1, 2, 3].iter().flat_map(|i| records(*i, (200, 300), &[])).collect();
    coming.extend(records(4, (200, 300), &[(200, 300)]));
    world.feed(coming, 300);
    let polled = world.poll(300);
    assert_eq!((polled.live.state, world.incidents.len()), (State::Partial, 0));
}

#[test]
fn a_change_asks_the_others_once_in_five_seconds() {
    let mut world = World::new();
    world.live(&ALL, (0, 100), &[]);
    let first = world.feed(vec![record(0, 100_000, true)], 103);
    let second = world.feed(vec![record(1, 101_000, true)], 104);
    let third = world.feed(vec![record(2, 106_000, true)], 109);
    assert_eq!((first, second, third), (1, 0, 1));
    let old = world.feed(vec![record(3, 20_000, true), record(3, 30_000, true)], 400);
    assert_eq!(old, 0, "what is long past asks nobody");
}

#[test]
fn a_removed_check_is_judged_up_to_its_end() {
    let mut world = World::new();
    world.live(&ALL, (0, 300), &[]);
    let mut history = history();
    history.removed = Some(at(290));
    world.case.handle_history(history, Millis::from_secs(10), at(300));
    world.live(&ALL, (300, 400), &[(300, 400)]);
    assert_eq!((world.settled, world.incidents.len()), (Some(at(290)), 0));
}

/// `SplitMix64`, so that a failing world can be named by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % sides
    }

    fn seconds(&mut self, sides: u64) -> i64 {
        i64::try_from(self.roll(sides)).expect("few")
    }
}

/// A world with outages, agents that are cut off and send what they have later, and restarts: what is stored in the end
/// is what the pure function makes of all samples at once.
fn play(seed: u64) {
    const END: i64 = 1_500;
    let mut dice = Dice(seed);
    let down: Vec<(i64, i64)> = (0..3)
        .map(|_| {
            let from = dice.seconds(1_200);
            (from, from + 5 + dice.seconds(200))
        })
        .collect();
    // Until then what an agent takes from the first moment on waits for the second.
    let cut: Vec<(i64, i64)> = (0..5)
        .map(|_| {
            let from = dice.seconds(1_200);
            (from, from + dice.seconds(500))
        })
        .collect();
    // One at any time, and one when what an agent kept has been stored and was not looked at yet.
    let restarts = [dice.seconds(1_400), cut[1].1];
    let mut coming: Vec<(i64, Record)> = Vec::new();
    for index in ALL {
        for record in records(index, (0, END), &down) {
            let end = (record.sample.end.as_millis() - START) / 1_000 + 1;
            let (from, to) = cut[index];
            coming.push((if (from..to).contains(&end) { to } else { end }, record));
        }
    }
    coming.sort_by_key(|(arrives, record)| (*arrives, record.sample.end));
    let mut coming = coming.into_iter().peekable();
    let mut world = World::new();
    for now in (0..END + 400).step_by(3) {
        let mut arrived = Vec::new();
        while let Some((_, record)) = coming.next_if(|(arrives, _)| *arrives <= now) {
            arrived.push(record);
        }
        world.feed(arrived, now);
        if restarts.iter().any(|restart| (now - 3..now).contains(&(restart - 1))) {
            world.restart(now);
        }
        world.poll(now);
    }
    let samples: Vec<Sample> = world.stored.iter().map(|record| record.sample.clone()).collect();
    let settled = world.settled.expect("something is settled");
    let span = consensus::Window { from: world.segments[0].start, to: settled };
    let whole = consensus::judge(&samples, &history().policies, span, at(END + 400));
    let other = world.segments.iter().zip(&whole.segments).find(|(stored, whole)| stored != whole);
    assert_eq!((other, world.segments.len()), (None, whole.segments.len()), "seed {seed}");
    let known = world.incidents.values().filter(|(.., withdrawn)| !withdrawn);
    let mut found: Vec<_> = known.map(|(_, i, _)| (i.start, i.end, i.class, i.billed, i.regions.clone())).collect();
    found.sort();
    let wanted: Vec<_> =
        whole.incidents.iter().map(|i| (i.start, i.end, i.class, i.billed, i.regions.clone())).collect();
    assert_eq!(found, wanted, "seed {seed}");
}

/// How many worlds are played, each a tenth of a second; in the long form a hundred times as many.
const SEEDS: u64 = 60;

#[test]
fn whatever_the_order_of_arrival_the_conclusions_are_those_of_the_whole_set() {
    let seeds = if std::env::var_os("QUORATE_LONG").is_some() { SEEDS * 100 } else { SEEDS };
    for seed in 0..seeds {
        play(seed);
    }
}
