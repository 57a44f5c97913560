//! Random worlds on a small scale: intervals of 20 ms, so that a naive implementation can look at every millisecond.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use quorate_collector_consensus::Window;
use quorate_model::{
    AgentTime, Boot, CheckVersion, ClockReading, Confirm, Failure, Health, LateOk, Millis, Outcome, Policy,
    PolicyHistory, PolicyRegion, Quorum, References, RegionId, Sample, SampleId, Seq, Solicit, Trigger,
};

use crate::world::{agent, check_id, provider, region, time};

pub(crate) const INTERVAL: i64 = 20;
pub(crate) const TIMEOUT: i64 = 8;

/// Where every random world lies in time, with room on both sides.
pub(crate) const FROM: i64 = -150;
pub(crate) const TO: i64 = 600;

/// No sample starts later, so that all is over before `TO`.
const LAST_START: i64 = 450;

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) history: PolicyHistory,
    pub(crate) samples: Vec<Sample>,
}

impl World {
    pub(crate) fn window() -> Window {
        Window::from_millis(FROM, TO)
    }
}

const REGIONS: [&str; 5] = ["ams", "fra", "iad", "sin", "syd"];
const PROVIDERS: [&str; 5] = ["hetzner", "aws", "aws", "ovh", "vultr"];

pub(crate) fn place(at: usize) -> (RegionId, quorate_model::ProviderId) {
    (region(REGIONS[at % 5]), provider(PROVIDERS[at % 5]))
}

pub(crate) fn seats(count: usize) -> Vec<PolicyRegion> {
    (0..count).map(place).map(|(region, provider)| PolicyRegion { region, provider }).collect()
}

fn quorum(count: usize) -> impl Strategy<Value = Quorum> {
    let most = u16::try_from(count).expect("few regions");
    prop_oneof![
        4 => Just(Quorum::Majority),
        1 => (1..=most).prop_map(Quorum::AtLeast),
        1 => (1u32..=1_000_000).prop_map(Quorum::Fraction),
        1 => Just(Quorum::All),
        1 => vec(1u32..5, count).prop_map(move |weights| {
            Quorum::Weights((0..count).map(|at| place(at).0).zip(weights).collect())
        }),
    ]
}

pub(crate) fn any_policy(count: usize) -> impl Strategy<Value = Policy> {
    let most = u16::try_from(count).expect("few regions");
    let min_regions = prop::option::weighted(0.3, 1..=most);
    (quorum(count), min_regions, prop::option::weighted(0.3, Just(1u16)), 0i64..70, any::<bool>(), any::<bool>())
        .prop_map(move |(quorum, min_regions, min_providers, merge_gap, late_ok, active)| {
            let mut policy =
                Policy::new(check_id(), seats(count), quorum, min_regions, min_providers).expect("it fits");
            policy.merge_gap = Millis::new(merge_gap);
            policy.late_ok = if late_ok { LateOk::Good } else { LateOk::Bad };
            if !active {
                policy.confirm = Confirm { retries: 0, after: Millis::new(1), solicit: Solicit::Off };
            }
            policy
        })
}

fn any_history(count: usize) -> impl Strategy<Value = PolicyHistory> {
    let changes = 0..3usize;
    let smaller = (1..=count).prop_flat_map(any_policy);
    (any_policy(count), vec((0i64..400, smaller), changes)).prop_map(|(first, mut later)| {
        let mut history = PolicyHistory::new(first);
        later.sort_by_key(|(at, _)| *at);
        for (at, policy) in later {
            history.change(time(at), policy);
        }
        history
    })
}

/// A sample beside its agent and time.
pub(crate) fn any_sample() -> impl Strategy<Value = Sample> {
    let outcome = prop_oneof![
        12 => Just((Outcome::Ok, None)),
        2 => Just((Outcome::Slow, None)),
        1 => Just((Outcome::LateOk, None)),
        5 => select(vec![Failure::ConnectTimeout, Failure::Timeout]).prop_map(|f| (Outcome::Fail, Some(f))),
        4 => Just((Outcome::Fail, Some(Failure::ConnectRefused))),
        1 => Just((Outcome::Local, None)),
    ];
    let error = prop_oneof![
        10 => Just(0i64),
        3 => 1i64..=9,
        1 => 11i64..=13,
    ];
    let references = prop_oneof![
        10 => Just(References::counts(3, 3).expect("3 of 3")),
        1 => (0u8..=4).prop_map(|ok| References::counts(ok, 4).expect("up to 4")),
        8 => (0u32..16).prop_map(|mask| References::mask(mask, 4).expect("4 bits")),
    ];
    let health = prop_oneof![15 => Just(0u8), 1 => 0u8..=7];
    let lag = prop_oneof![15 => Just(0i64), 1 => 0i64..=4];
    let version = prop_oneof![10 => Just(1u64), 2 => 0u64..=2];
    let trigger = select(Trigger::ALL);
    (
        outcome,
        0i64..=10,
        prop_oneof![Just(None), (1i64..=3).prop_map(Some)],
        error,
        -6i64..=6,
        (references, health, lag, version, trigger),
    )
        .prop_map(
            |((outcome, failure), length, typical, error, offset, (references, health, lag, version, trigger))| {
                Sample {
                    id: SampleId { agent: agent("none"), boot: Boot::new(1), seq: Seq::new(0) },
                    check: check_id(),
                    region: region(REGIONS[0]),
                    provider: provider(PROVIDERS[0]),
                    start: AgentTime::from_millis(0),
                    end: AgentTime::from_millis(length),
                    outcome,
                    failure,
                    interval: Millis::new(INTERVAL),
                    timeout: Millis::new(TIMEOUT),
                    typical: typical.map(Millis::new),
                    clock: ClockReading { offset: Millis::new(offset), error: Millis::new(error) },
                    references,
                    health: Health::new(health).expect("up to 7"),
                    lag: Millis::new(lag),
                    trigger,
                    check_version: CheckVersion::new(version),
                }
            },
        )
}

/// A scheduled sample of the agent `at` in one of `count` regions that took 5 ms.
pub(crate) fn sample_of(at: usize, count: usize, start: i64, seq: u64, failure: Option<Failure>, error: i64) -> Sample {
    let (region, provider) = place(at % count);
    Sample {
        id: SampleId { agent: agent(&format!("agent-{at}")), boot: Boot::new(1), seq: Seq::new(seq) },
        check: check_id(),
        region,
        provider,
        start: AgentTime::from_millis(start),
        end: AgentTime::from_millis(start + 5),
        outcome: if failure.is_some() { Outcome::Fail } else { Outcome::Ok },
        failure,
        interval: Millis::new(INTERVAL),
        timeout: Millis::new(TIMEOUT),
        typical: None,
        clock: ClockReading { offset: Millis::ZERO, error: Millis::new(error) },
        references: References::counts(3, 3).expect("3 of 3"),
        health: Health::WELL,
        lag: Millis::ZERO,
        trigger: Trigger::Scheduled,
        check_version: CheckVersion::new(1),
    }
}

/// The samples of one agent: mostly an interval apart, sometimes a retry at once, sometimes a long silence.
fn line(at: usize, count: usize) -> impl Strategy<Value = Vec<Sample>> {
    let step = prop_oneof![
        10 => 15i64..=25,
        2 => 1i64..=4,
        1 => 30i64..=60,
        1 => 60i64..=110,
        1 => 0i64..=1,
    ];
    let one = (any_sample(), step, prop::bool::weighted(0.05), prop::bool::weighted(0.05)).boxed();

    // Without other clocks a few agents share a region.
    let seat = at % count;
    let length = prop_oneof![1 => 0usize..10, 4 => 10usize..20];
    let many = length.prop_flat_map(move |length| vec(one.clone(), length));
    (0i64..INTERVAL, many).prop_map(move |(phase, many)| {
        let mut start = phase;
        let mut boot = 1;
        let mut home = seat;
        let mut out: Vec<Sample> = Vec::new();
        for ((mut sample, step, moves, repeats), seq) in many.into_iter().zip(1u64..) {
            if moves {
                // One place more than there are seats: a region no policy names.
                home = (home + 1) % (count + 1);
                boot += 1;
            }
            let offset = sample.clock.offset;
            let length = sample.end - AgentTime::from_millis(0);
            sample.start = AgentTime::from_millis(start) - offset;
            sample.end = sample.start + length;
            (sample.region, sample.provider) = place(home);
            let seq = if repeats && seq > 1 { seq - 1 } else { seq };
            sample.id = SampleId { agent: agent(&format!("agent-{at}")), boot: Boot::new(boot), seq: Seq::new(seq) };
            out.push(sample);
            start += step;
            if start > LAST_START {
                break;
            }
        }
        out
    })
}

/// The lines of a world in which the target was down at times, as most samples tell.
pub(crate) fn lines(count: usize) -> impl Strategy<Value = Vec<Sample>> {
    let agents = count..=(count + 2);
    let outages = vec((0i64..320, 10i64..150), 0..4);
    (agents, outages, vec(prop::bool::weighted(0.85), 20..60)).prop_flat_map(move |(agents, outages, obeys)| {
        let all: Vec<_> = (0..agents).map(|at| line(at, count)).collect();
        all.prop_map(move |lines| {
            let mut samples: Vec<Sample> = lines.into_iter().flatten().collect();
            for (sample, _) in samples.iter_mut().zip(obeys.iter().cycle()).filter(|(_, obeys)| **obeys) {
                let start = sample.start_corrected().as_millis();
                let down = outages.iter().any(|(from, length)| (*from..from + length).contains(&start));
                let says_up = matches!(sample.outcome, Outcome::Ok | Outcome::Slow | Outcome::LateOk);
                if down && says_up {
                    (sample.outcome, sample.failure) = (Outcome::Fail, Some(Failure::Timeout));
                } else if !down && sample.outcome == Outcome::Fail {
                    (sample.outcome, sample.failure) = (Outcome::Ok, None);
                }
            }
            samples
        })
    })
}

pub(crate) fn any_world() -> impl Strategy<Value = World> {
    (1usize..=5).prop_flat_map(move |count| {
        (any_history(count), lines(count)).prop_map(|(history, samples)| World { history, samples })
    })
}
