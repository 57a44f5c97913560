//! A month of one check: 5 agents, 10 s, 1.3 million samples, judged at once and fed one by one.
//!
//! Budget: the month in at most 150 ms on one core, a sample in steady state in at most 200 ns, at most 200 bytes for an
//! agent of a check beside its retained samples. Run with
//! `cargo bench -p quorate-collector-consensus --bench month`.
#![expect(clippy::print_stdout, reason = "a bench says what it measured")]

use std::hint::black_box;
use std::time::Instant;

use quorate_collector_consensus::{Engine, Window, judge};
use quorate_model::{
    AgentId, AgentTime, Boot, CheckId, CheckVersion, ClockReading, CollectorTime, Failure, Health, Millis, Outcome,
    Policy, PolicyHistory, PolicyRegion, ProviderId, Quorum, References, RegionId, Sample, SampleId, Seq, Trigger,
};

const INTERVAL_MS: i64 = 10_000;
const MONTH_MS: i64 = 30 * 86_400_000;
const PLACES: [(&str, &str); 5] =
    [("ams", "hetzner"), ("fra", "ovh"), ("iad", "aws"), ("sin", "aws"), ("syd", "vultr")];

/// A generator of random numbers that is the same on every machine (`SplitMix64`).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> i64 {
        i64::try_from(self.next() % limit).expect("a small number")
    }
}

/// A month with an outage a day, and one false failure in `noise` probes.
fn month(noise: u64) -> Vec<Sample> {
    let check = CheckId::new("shop").expect("a word");
    let places: Vec<(AgentId, RegionId, ProviderId)> = PLACES
        .iter()
        .map(|(region, provider)| {
            let agent = AgentId::new(&format!("{region}-1")).expect("a word");
            (agent, RegionId::new(region).expect("a word"), ProviderId::new(provider).expect("a word"))
        })
        .collect();
    let mut random = Random(1);
    let mut samples = Vec::new();
    for (slot, seq) in (0..MONTH_MS / INTERVAL_MS).zip(1u64..) {
        for ((agent, region, provider), at) in places.iter().zip(0i64..) {
            let start = slot * INTERVAL_MS + at * INTERVAL_MS / 5;
            let down = (start - 43_200_000).rem_euclid(86_400_000) < 300_000;
            let fails = down || random.next().is_multiple_of(noise);
            samples.push(Sample {
                id: SampleId { agent: agent.clone(), boot: Boot::new(1), seq: Seq::new(seq) },
                check: check.clone(),
                region: region.clone(),
                provider: provider.clone(),
                start: AgentTime::from_millis(start),
                end: AgentTime::from_millis(start + if fails { 3_000 } else { 80 + random.below(60) }),
                outcome: if fails { Outcome::Fail } else { Outcome::Ok },
                failure: fails.then_some(Failure::ConnectTimeout),
                interval: Millis::new(INTERVAL_MS),
                timeout: Millis::new(3_000),
                typical: Some(Millis::new(140)),
                clock: ClockReading { offset: Millis::new(random.below(20) - 10), error: Millis::new(15) },
                references: References::mask(0, 3).expect("none of 3"),
                health: Health::WELL,
                lag: Millis::ZERO,
                trigger: Trigger::Scheduled,
                check_version: CheckVersion::new(77),
            });
        }
    }
    samples
}

fn history() -> PolicyHistory {
    let seat = |(region, provider): &(&str, &str)| PolicyRegion {
        region: RegionId::new(region).expect("a word"),
        provider: ProviderId::new(provider).expect("a word"),
    };
    let check = CheckId::new("shop").expect("a word");
    let regions = PLACES.iter().map(seat).collect();
    PolicyHistory::new(Policy::new(check, regions, Quorum::Majority, None, None).expect("a policy"))
}

/// Nanoseconds this thread has run, so that other work on the machine counts less; from the wall clock where the system
/// does not tell.
fn run_time_ns(began: Instant) -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let first =
        told.as_deref().and_then(|text| text.split_whitespace().next()).and_then(|word| word.parse::<f64>().ok());
    first.unwrap_or_else(|| began.elapsed().as_secs_f64() * 1e9)
}

/// The best of several runs, in nanoseconds of processor time.
fn best<T>(runs: usize, mut work: impl FnMut() -> T) -> f64 {
    let began = Instant::now();
    let time = |_| {
        let before = run_time_ns(began);
        black_box(work());
        run_time_ns(began) - before
    };
    (0..runs).map(time).fold(f64::INFINITY, f64::min)
}

#[expect(clippy::cast_precision_loss, reason = "figures to show")]
fn main() {
    let history = history();
    let window = Window::from_millis(0, MONTH_MS);
    let now = CollectorTime::from_millis(MONTH_MS);
    for (name, noise) in [("quiet (0.2 % false)", 500), ("harsh (1 % false)", 100)] {
        let samples = month(noise);
        let verdict = judge(&samples, &history, window, now);
        println!(
            "{name}: {} samples, {} segments, {} incidents, {} s down",
            samples.len(),
            verdict.segments.len(),
            verdict.incidents.len(),
            verdict.down.point.get() / 1000
        );
        let batch = best(5, || judge(&samples, &history, window, now));
        println!(
            "  month at once: {:.1} ms ({:.0} ns a sample); budget 150 ms",
            batch / 1e6,
            batch / samples.len() as f64
        );

        let mut shuffled: Vec<Sample> = samples.clone();
        shuffled.reverse();
        let backwards = best(2, || judge(&shuffled, &history, window, now));
        println!("  month at once, in reverse: {:.1} ms", backwards / 1e6);
        drop(shuffled);

        let mut overhead = (0, 0, 0);
        let steady = best(3, || {
            let mut engine = Engine::new(history.clone());
            for (sample, count) in samples.iter().zip(1usize..) {
                let now = CollectorTime::from_millis(sample.end.as_millis());
                engine.handle_sample(sample, now);
                // Five samples an interval: things are worked out once per interval, and let go of every ten minutes.
                if count % 5 == 0 {
                    engine.handle_timeout(now);
                }
                if count % 300 == 0 {
                    engine.trim(CollectorTime::from_millis(now.as_millis() - 900_000), now);
                }
                while let Some(event) = engine.poll_event() {
                    black_box(event);
                }
            }
            let (beside, retained) = engine.memory_bytes();
            overhead = (beside, retained, engine.retained());
        });
        println!("  one by one: {:.0} ns a sample; budget 200 ns", steady / samples.len() as f64);
        let (beside, retained, count) = overhead;
        println!(
            "  memory: {} bytes an agent beside its samples (budget 200); {count} samples retained in {retained} bytes",
            beside / PLACES.len()
        );
    }
}
