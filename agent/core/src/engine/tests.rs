use std::collections::BTreeMap;

use proptest::prelude::*;
use quorate_model::check::{Family, TcpSpec};
use quorate_model::{CheckVersion, Confirm, Micros, ProbeSpec, References};

use super::*;
use crate::clock::AgentMicros;

const fn at(ms: u64) -> MonoTime {
    MonoTime::from_micros(ms * 1000)
}

fn id(number: usize) -> CheckId {
    CheckId::new(&format!("c{number}")).expect("a valid id")
}

fn spec(number: usize, interval_ms: i64, timeout_ms: i64) -> CheckSpec {
    CheckSpec {
        id: id(number),
        version: CheckVersion::new(1),
        probe: ProbeSpec::Tcp(TcpSpec {
            address: "192.0.2.1:80".to_owned(),
            family: Family::Any,
            send: None,
            expect: None,
        }),
        interval: Millis::new(interval_ms),
        timeout: Millis::new(timeout_ms),
        degraded_over: None,
        confirm: Confirm::default(),
        phase: Millis::ZERO,
        effective_from: CollectorTime::from_millis(0),
    }
}

fn core(max_in_flight: usize) -> AgentCore {
    let name = |text: &str| text.to_owned();
    let identity = Identity {
        agent: AgentId::new(&name("fra-1")).expect("a valid id"),
        boot: Boot::new(3),
        region: RegionId::new("fra").expect("a valid id"),
        provider: ProviderId::new("example").expect("a valid id"),
    };
    let clock = AgentClock::anchored(AgentMicros::from_micros(1_790_000_000_000_000), at(0));
    AgentCore::new(identity, clock, AgentLimits { max_in_flight })
}

fn finding(good: bool, total_ms: u64) -> Finding {
    Finding {
        outcome: if good { Outcome::Ok } else { Outcome::Fail },
        failure: (!good).then_some(Failure::Timeout),
        phases: Phases { total: Micros::new(total_ms * 1000), ..Phases::default() },
        evidence: Evidence::default(),
    }
}

/// Plays the world: each probe takes a time and ends as told; the clock jumps from event to event.
struct World {
    core: AgentCore,
    now: MonoTime,
    running: Vec<(MonoTime, CheckId, ProbeId, MonoTime, Finding)>,
    rounds: Vec<(MonoTime, RoundId)>,
    reference_mask: u32,
    reference_ms: i64,
    starts: Vec<(MonoTime, StartProbe)>,
    suspects: Vec<(MonoTime, CheckId)>,
    records: Vec<(MonoTime, Record)>,
}

impl World {
    fn new(core: AgentCore) -> Self {
        Self {
            core,
            now: at(0),
            running: Vec::new(),
            rounds: Vec::new(),
            reference_mask: 0,
            reference_ms: 20,
            starts: Vec::new(),
            suspects: Vec::new(),
            records: Vec::new(),
        }
    }

    /// Does everything due now.
    fn poll(&mut self, result: &mut impl FnMut(&StartProbe, MonoTime) -> Finding) {
        while let Some(command) = self.core.poll_command(self.now) {
            match command {
                Command::StartProbe(start) => {
                    assert!(!self.running.iter().any(|(_, id, ..)| *id == start.spec.id), "invariant 1");
                    let finding = result(&start, self.now);
                    let end = self.now.plus(finding.phases.total.as_millis());
                    self.running.push((end, start.spec.id.clone(), start.probe, self.now, finding));
                    assert!(self.running.len() <= self.core.limits.max_in_flight, "invariant 2");
                    let late = self.now.since(start.due).as_millis();
                    assert!(start.trigger != Trigger::Scheduled || late < start.spec.interval, "invariant 3");
                    self.starts.push((self.now, start));
                }
                Command::StartReferences(round) => {
                    self.rounds.push((self.now.plus(Millis::new(self.reference_ms)), round));
                }
                Command::Suspect { check, .. } => self.suspects.push((self.now, check)),
                Command::Record(record) => self.records.push((self.now, *record)),
            }
        }
    }

    /// Runs to a moment, punctually.
    fn run(&mut self, until: MonoTime, mut result: impl FnMut(&StartProbe, MonoTime) -> Finding) {
        loop {
            self.poll(&mut result);
            let ends = self.running.iter().map(|(end, ..)| *end).chain(self.rounds.iter().map(|(end, _)| *end));
            let next = ends.chain(self.core.next_wake()).min().unwrap_or(until.plus(Millis::new(1)));
            assert!(next > self.now, "the engine asks to be called at {next:?} again and again");
            if next > until {
                self.now = until;
                return;
            }
            self.now = next;
            self.finish();
        }
    }

    /// Ends what has reached its end.
    fn finish(&mut self) {
        let now = self.now;
        let (done, running) = core::mem::take(&mut self.running).into_iter().partition(|(end, ..)| *end <= now);
        self.running = running;
        for (_, id, probe, started, finding) in done {
            self.core.handle_probe_finished(&id, probe, started, finding, now);
        }
        let (done, rounds) = core::mem::take(&mut self.rounds).into_iter().partition(|(end, _)| *end <= now);
        self.rounds = rounds;
        for (_, round) in done {
            self.core.handle_references_finished(round, self.reference_mask, now);
        }
    }
}

fn assert_consecutive(world: &World) {
    for (i, (_, record)) in world.records.iter().enumerate() {
        assert_eq!(record.sample.id.seq.get(), i as u64 + 1, "invariant 5");
    }
}

#[test]
fn probes_follow_the_slots_however_long_they_take() {
    let mut world = World::new(core(8));
    world.core.set_check(Arc::new(spec(1, 1000, 900)), at(0));
    let mut ms = 0;
    world.run(at(60_500), |_, _| {
        ms = (ms + 377) % 900;
        finding(true, ms + 1)
    });
    let starts: Vec<u64> = world.starts.iter().map(|(now, _)| now.as_micros()).collect();
    assert_eq!(starts, (0..=60).map(|k| k * 1_000_000).collect::<Vec<_>>());
    assert_consecutive(&world);
    assert!(world.records.iter().all(|(_, record)| record.sample.health == Health::WELL));
    let sample = &world.records.first().expect("records").1.sample;
    assert_eq!(sample.start.as_millis(), 1_790_000_000_000);
    assert_eq!((sample.end - sample.start).get(), 378);
    assert_eq!(sample.id.boot, Boot::new(3));
}

#[test]
fn a_flip_is_retried_twice_and_a_slow_answer_is_hinted_at() {
    let mut world = World::new(core(8));
    world.core.set_check(Arc::new(spec(1, 10_000, 3000)), at(0));
    let outage = at(200_000)..at(260_000);
    world.run(at(400_000), |_, now| if outage.contains(&now) { finding(false, 3000) } else { finding(true, 50) });
    let extra: Vec<u64> = world
        .starts
        .iter()
        .filter(|(_, start)| start.trigger == Trigger::Retry)
        .map(|(now, _)| now.as_micros() / 1000)
        .collect();
    assert_eq!(extra, [204_000, 208_000, 261_050, 262_100]);
    assert_eq!(world.suspects, [(at(200_200), id(1))], "4 x 50 ms, once, as the value was good");
    assert_eq!(world.core.take_snapshot(world.now).counters.extra, 4);
    assert_consecutive(&world);
}

#[test]
fn a_probe_longer_than_the_interval_skips_slots_and_never_overlaps() {
    let mut world = World::new(core(8));
    world.core.set_check(Arc::new(spec(1, 1000, 5000)), at(0));
    world.run(at(20_500), |_, _| finding(true, 2500));
    let starts: Vec<u64> = world.starts.iter().map(|(now, _)| now.as_micros() / 1000).collect();
    assert_eq!(starts, [0, 3000, 6000, 9000, 12_000, 15_000, 18_000]);
    let counters = world.core.take_snapshot(world.now).counters;
    assert_eq!((counters.missed, counters.overlapped), (0, 14));
}

#[test]
fn a_solicited_probe_starts_at_once_but_not_beside_another() {
    let mut world = World::new(core(8));
    world.core.set_check(Arc::new(spec(1, 10_000, 3000)), at(0));
    world.run(at(5000), |_, _| finding(true, 100));
    assert!(world.core.handle_probe_now(&id(1), world.now));
    assert!(!world.core.handle_probe_now(&id(1), world.now), "it is about to start");
    assert!(!world.core.handle_probe_now(&id(2), world.now), "unknown");
    world.poll(&mut |_, _| finding(true, 1000));
    assert_eq!(world.starts.last().map(|(now, start)| (*now, start.trigger)), Some((at(5000), Trigger::Solicited)));
    assert!(!world.core.handle_probe_now(&id(1), world.now), "it is under way");
    world.run(at(9000), |_, _| finding(true, 100));
    assert_eq!(
        world.records.last().map(|(_, r)| (r.sample.trigger, r.sample.lag)),
        Some((Trigger::Solicited, Millis::ZERO))
    );
}

#[test]
fn hastened_checks_are_probed_twice_as_often() {
    let mut world = World::new(core(8));
    world.core.set_check(Arc::new(spec(1, 10_000, 3000)), at(0));
    world.run(at(11_000), |_, _| finding(true, 100));
    let until = CollectorTime::from_millis(1_790_000_000_000 + 31_000);
    world.core.handle_hasten(&id(1), until, world.now);
    world.run(at(50_000), |_, _| finding(true, 100));
    let starts: Vec<u64> = world.starts.iter().map(|(now, _)| now.as_micros() / 1_000_000).collect();
    assert_eq!(starts, [0, 10, 15, 20, 25, 30, 35, 40, 50]);
}

#[test]
fn a_failing_record_waits_for_references_inside_its_window() {
    let mut world = World::new(core(8));
    world.reference_mask = 0b110;
    world.core.set_references(ReferencePlan { total: 3, interval: Millis::from_secs(60) }, at(0));
    world.core.set_check(Arc::new(spec(1, 10_000, 3000)), at(0));
    world.run(at(9_999), |_, _| finding(true, 10));
    world.run(at(19_999), |_, _| finding(false, 100));
    let failing = world.records.iter().find(|(_, r)| r.sample.outcome == Outcome::Fail).expect("a failing record");
    assert_eq!(failing.0, at(10_120), "100 ms for the probe, 20 ms for the round it asked for");
    assert_eq!(failing.1.sample.references, References::mask(0b110, 3).expect("in range"));
    assert!(world.core.take_snapshot(world.now).health > Health::WELL, "most references fail: this node is in doubt");
}

#[test]
fn a_record_does_not_wait_for_ever() {
    let mut world = World::new(core(8));
    world.core.set_references(ReferencePlan { total: 3, interval: Millis::from_secs(60) }, at(0));
    world.core.set_check(Arc::new(spec(1, 10_000, 3000)), at(0));
    world.reference_ms = 1_000_000;
    world.run(at(9_000), |_, _| finding(false, 100));
    let (now, record) = world.records.first().expect("a record");
    assert_eq!(*now, at(100).plus(MAX_HOLD), "invariant 6");
    assert_eq!(record.sample.references, References::default());
}

#[test]
fn a_process_that_stood_still_doubts_itself() {
    let mut world = World::new(core(8));
    world.core.set_check(Arc::new(spec(1, 1000, 900)), at(0));
    world.run(at(10_500), |_, _| finding(true, 10));
    assert_eq!(world.core.take_snapshot(world.now).health, Health::WELL);
    world.now = at(13_600);
    world.poll(&mut |_, _| finding(false, 900));
    let snapshot = world.core.take_snapshot(world.now);
    assert!(snapshot.health >= Health::new(4).expect("in range"), "{snapshot:?}");
    assert_eq!(snapshot.counters.missed, 2, "slots at 11 and 12 s; the one at 13 s runs late");
    assert_eq!(snapshot.max_lag, Millis::new(600));
}

#[test]
fn unchanged_checks_keep_their_slots_and_a_removed_one_gives_no_record() {
    let mut world = World::new(core(8));
    world.core.set_check(Arc::new(spec(1, 10_000, 3000)), at(0));
    world.core.set_check(Arc::new(spec(2, 10_000, 3000)), at(0));
    world.run(at(3000), |_, _| finding(true, 100));
    world.core.set_check(Arc::new(spec(1, 10_000, 3000)), world.now);
    assert_eq!(world.core.next_wake(), Some(at(10_000)));
    world.now = at(10_000);
    world.poll(&mut |_, _| finding(true, 500));
    world.core.remove_check(&id(2));
    world.run(at(15_000), |_, _| finding(true, 100));
    assert_eq!(world.records.iter().filter(|(_, r)| r.sample.check == id(2)).count(), 1);
    assert!(world.core.is_quiet());
}

#[test]
fn a_probe_under_way_ends_under_the_settings_it_began_with() {
    let mut world = World::new(core(8));
    world.core.set_check(Arc::new(spec(1, 10_000, 3000)), at(0));
    world.poll(&mut |_, _| finding(true, 500));
    let changed = CheckSpec { version: CheckVersion::new(2), interval: Millis::new(5000), ..spec(1, 10_000, 3000) };
    world.core.set_check(Arc::new(changed), at(0));
    world.run(at(9000), |_, _| finding(true, 100));
    let versions: Vec<u64> = world.records.iter().map(|(_, r)| r.sample.check_version.get()).collect();
    assert_eq!(versions, [1, 2]);
}

#[test]
fn after_a_stop_nothing_starts_and_what_is_under_way_ends() {
    let mut world = World::new(core(8));
    world.core.set_check(Arc::new(spec(1, 1000, 900)), at(0));
    world.poll(&mut |_, _| finding(false, 500));
    world.core.handle_stop();
    assert!(!world.core.is_quiet());
    world.run(at(20_000), |_, _| finding(true, 10));
    assert_eq!((world.starts.len(), world.records.len()), (1, 1));
    assert!(world.core.is_quiet());
}

#[test]
fn slots_move_to_the_collectors_clock() {
    let mut world = World::new(core(8));
    world.core.set_check(Arc::new(spec(1, 10_000, 3000)), at(0));
    world.run(at(1000), |_, _| finding(true, 100));
    world.core.handle_clock_offset(Millis::new(3000), world.now);
    assert_eq!(world.core.next_wake(), Some(at(7000)));
    world.core.handle_clock_offset(Millis::new(3050), world.now);
    assert_eq!(world.core.next_wake(), Some(at(7000)), "a small change moves nothing");
}

#[derive(Clone, Debug)]
enum Event {
    Set(usize, i64, i64),
    Remove(usize),
    Now(usize),
    Hasten(usize, i64),
    Run(u64),
    /// The process stands still.
    Stall(u64),
    Offset(i64),
    References(u8, u32),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (0usize..12, 1i64..40, 1i64..40).prop_map(|(n, i, t)| Event::Set(n, i * 100, t * 100)),
        1 => (0usize..12).prop_map(Event::Remove),
        2 => (0usize..12).prop_map(Event::Now),
        1 => (0usize..12, 0i64..20_000).prop_map(|(n, ms)| Event::Hasten(n, ms)),
        6 => (1u64..5000).prop_map(Event::Run),
        1 => (1u64..5000).prop_map(Event::Stall),
        1 => (-5000i64..5000).prop_map(Event::Offset),
        1 => (0u8..=32, any::<u32>()).prop_map(|(n, mask)| Event::References(n, mask)),
    ]
}

proptest! {
    #[test]
    fn the_invariants_hold_whatever_happens(
        events in prop::collection::vec(event(), 1..60), limit in 1usize..6,
        results in prop::collection::vec((any::<bool>(), 1u64..3000), 1..50),
    ) {
        let mut world = World::new(core(limit));
        world.core.set_check(Arc::new(spec(0, 1000, 500)), at(0));
        let mut results = results.into_iter().cycle();
        let mut result = move |_: &StartProbe, _: MonoTime| {
            let (good, total_ms) = results.next().expect("cycles");
            finding(good, total_ms)
        };
        let mut abandoned = Vec::new();
        for event in events {
            match event {
                Event::Set(number, interval_ms, timeout_ms) => {
                    world.core.set_check(Arc::new(spec(number, interval_ms, timeout_ms)), world.now);
                }
                Event::Remove(number) => {
                    // The probe under way goes on; what comes of it is passed over.
                    world.core.remove_check(&id(number));
                    let gone = world.running.extract_if(.., |(_, running, ..)| *running == id(number));
                    abandoned.extend(gone);
                }
                Event::Now(number) => { world.core.handle_probe_now(&id(number), world.now); }
                Event::Hasten(number, ms) => {
                    let until = CollectorTime::from_millis(1_790_000_000_000) + world.now.since(at(0)).as_millis() + Millis::new(ms);
                    world.core.handle_hasten(&id(number), until, world.now);
                }
                Event::Run(ms) => {
                    let until = world.now.plus(Millis::new(ms.cast_signed()));
                    world.core.set_check(Arc::new(spec(0, 1000, 500)), world.now);
                    world.run(until, &mut result);
                }
                Event::Stall(ms) => {
                    world.now = world.now.plus(Millis::new(ms.cast_signed()));
                    world.finish();
                    world.poll(&mut result);
                }
                Event::Offset(ms) => world.core.handle_clock_offset(Millis::new(ms), world.now),
                Event::References(total, mask) => {
                    world.reference_mask = mask;
                    world.core.set_references(ReferencePlan { total, interval: Millis::new(2000) }, world.now);
                }
            }
        }
        // Let everything under way end, and every held record go.
        let numbers: Vec<CheckId> = (0..12).map(id).filter(|id| !world.running.iter().any(|(_, r, ..)| r == id)).collect();
        for id in &numbers {
            world.core.remove_check(id);
        }
        let last = world.now.plus(Millis::new(20_000));
        world.run(last, &mut result);
        let counters = world.core.take_snapshot(world.now).counters;
        prop_assert_eq!(counters.started, world.starts.len() as u64);
        let records = world.records.len() + world.core.held.len();
        for (_, check, probe, started, finding) in abandoned.iter().cloned() {
            world.core.handle_probe_finished(&check, probe, started, finding, world.now);
        }
        world.poll(&mut result);
        let finished = world.starts.len() - world.running.len() - abandoned.len();
        prop_assert_eq!(world.records.len() + world.core.held.len(), records);
        prop_assert_eq!(records, finished);
        assert_consecutive(&world);

        // Invariant 4: no slot is run twice.
        let mut slots: BTreeMap<(CheckId, MonoTime), usize> = BTreeMap::new();
        for (_, start) in world.starts.iter().filter(|(_, start)| start.trigger == Trigger::Scheduled) {
            *slots.entry((start.spec.id.clone(), start.due)).or_default() += 1;
        }
        for ((check, slot), times) in slots {
            prop_assert!(times == 1 || check != id(0), "slot {slot:?} of {check} ran {times} times");
        }
    }
}
