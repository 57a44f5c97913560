//! Worlds in a compact notation: a line for each agent, a character for each slot of its schedule.
//!
//! `fra/hetzner 2s: ...xx.` is an agent `fra-1` in region `fra` at provider `hetzner`, whose first slot is at 2 s and which
//! probes every 10 s; `fra/hetzner 2s 30s:` probes every 30 s:
//! `.` right, `s` slow, `x` silent (a timeout), `r` refused, `L` right but late, `l` could not try, `h` failed while
//! unwell, `w` failed after a late start, `?` failed with its references, `c` right with an unknown clock, `-` no sample,
//! `d` right, sent twice, `E` refused and, under the same identity, right.
//! A second agent of a region writes `fra#2/hetzner`.

use std::fmt::Write as _;

use quorate_collector_consensus::{Verdict, Window, judge, plain_segments};
use quorate_model::{
    AgentId, AgentTime, Boot, CheckId, CheckVersion, ClockReading, CollectorTime, Failure, Health, Millis, Outcome,
    Policy, PolicyHistory, PolicyRegion, ProviderId, Quorum, References, RegionId, Sample, SampleId, Seq, Trigger,
};

pub(crate) const INTERVAL_MS: i64 = 10_000;
pub(crate) const TIMEOUT_MS: i64 = 3_000;
pub(crate) const TYPICAL_MS: i64 = 100;

pub(crate) fn check_id() -> CheckId {
    CheckId::new("shop").expect("a plain word")
}

pub(crate) fn region(name: &str) -> RegionId {
    RegionId::new(name).expect("a plain word")
}

pub(crate) fn provider(name: &str) -> ProviderId {
    ProviderId::new(name).expect("a plain word")
}

pub(crate) fn agent(name: &str) -> AgentId {
    AgentId::new(name).expect("a plain word")
}

pub(crate) fn time(ms: i64) -> CollectorTime {
    CollectorTime::from_millis(ms)
}

/// Regions as `fra/hetzner iad/aws`.
pub(crate) fn regions(text: &str) -> Vec<PolicyRegion> {
    let split = |word: &str| {
        let (name, by) = word.split_once('/').expect("region/provider");
        PolicyRegion { region: region(name), provider: provider(by) }
    };
    text.split_whitespace().map(split).collect()
}

pub(crate) fn policy(places: &str, quorum: Quorum) -> Policy {
    Policy::new(check_id(), regions(places), quorum, None, None).expect("a policy that fits its regions")
}

pub(crate) fn majority(places: &str) -> PolicyHistory {
    PolicyHistory::new(policy(places, Quorum::Majority))
}

/// A good sample that begins at `start` and takes 100 ms.
pub(crate) fn sample(agent_name: &str, place: &str, start_ms: i64, seq: u64) -> Sample {
    let (in_region, by) = place.split_once('/').expect("region/provider");
    Sample {
        id: SampleId { agent: agent(agent_name), boot: Boot::new(1), seq: Seq::new(seq) },
        check: check_id(),
        region: region(in_region),
        provider: provider(by),
        start: AgentTime::from_millis(start_ms),
        end: AgentTime::from_millis(start_ms + 100),
        outcome: Outcome::Ok,
        failure: None,
        interval: Millis::new(INTERVAL_MS),
        timeout: Millis::new(TIMEOUT_MS),
        typical: Some(Millis::new(TYPICAL_MS)),
        clock: ClockReading::default(),
        references: References::counts(3, 3).expect("3 of 3"),
        health: Health::WELL,
        lag: Millis::ZERO,
        trigger: Trigger::Scheduled,
        check_version: CheckVersion::new(1),
    }
}

fn fail(sample: &mut Sample, failure: Failure) {
    sample.outcome = Outcome::Fail;
    sample.failure = Some(failure);
    if failure.is_silence() {
        sample.end = sample.start + sample.timeout;
    }
}

/// The samples of a world.
pub(crate) fn samples(text: &str) -> Vec<Sample> {
    let mut out = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (head, slots) = line.split_once(':').expect("a colon after the head");
        let mut words = head.split_whitespace();
        let place = words.next().expect("region/provider");
        let phase: i64 =
            words.next().map_or(0, |word| word.trim_end_matches('s').parse().expect("whole seconds")) * 1000;
        let interval: i64 = words
            .next()
            .map_or(INTERVAL_MS, |word| 1000 * word.trim_end_matches('s').parse::<i64>().expect("whole seconds"));
        let (name, by) = place.split_once('/').expect("region/provider");
        let (in_region, number) = name.split_once('#').unwrap_or((name, "1"));
        for (slot, letter) in (0i64..).zip(slots.trim().chars()) {
            let start = phase + slot * interval;
            let seq = u64::try_from(slot).expect("from 0 on") + 1;
            let mut one = sample(&format!("{in_region}-{number}"), &format!("{in_region}/{by}"), start, seq);
            one.interval = Millis::new(interval);
            match letter {
                '-' => continue,
                '.' => {}
                's' => one.outcome = Outcome::Slow,
                'x' => fail(&mut one, Failure::ConnectTimeout),
                'r' => fail(&mut one, Failure::ConnectRefused),
                'L' => {
                    one.outcome = Outcome::LateOk;
                    one.end = one.start + one.timeout + Millis::new(500);
                }
                'l' => {
                    one.outcome = Outcome::Local;
                    one.failure = Some(Failure::LocalNetwork);
                }
                'h' => {
                    fail(&mut one, Failure::ConnectTimeout);
                    one.health = Health::new(4).expect("up to 7");
                }
                'w' => {
                    fail(&mut one, Failure::ConnectTimeout);
                    one.lag = Millis::new(TIMEOUT_MS / 4 + 1);
                }
                '?' => {
                    fail(&mut one, Failure::ConnectTimeout);
                    one.references = References::counts(1, 3).expect("1 of 3");
                }
                'c' => one.clock.error = Millis::new(interval / 2 + 1),
                'd' => out.push(one.clone()),
                'E' => {
                    out.push(one.clone());
                    fail(&mut one, Failure::ConnectRefused);
                }
                other => panic!("{other:?} is no slot"),
            }
            out.push(one);
        }
    }
    out
}

/// A verdict as text: states with the seconds they hold, then the incidents, then the sums.
pub(crate) fn show(verdict: &Verdict) -> String {
    let seconds = |ms: i64| {
        let text = format!("{}.{:03}", ms.div_euclid(1000), ms.rem_euclid(1000));
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let mut out = String::new();
    for segment in plain_segments(&verdict.segments) {
        let bad: Vec<&str> = segment.regions_bad.iter().map(RegionId::as_str).collect();
        let bad = if bad.is_empty() { String::new() } else { format!(" [{}]", bad.join(" ")) };
        let (from, to) = (seconds(segment.start.as_millis()), seconds(segment.end.as_millis()));
        writeln!(out, "{from}..{to} {}{bad}", segment.state).expect("text takes everything");
    }
    for incident in &verdict.incidents {
        let end = incident.end.map_or("open".to_owned(), |end| seconds(end.as_millis()));
        let bounds = |b: quorate_model::Bounds| {
            format!("({}..{})", seconds(b.earliest.as_millis()), seconds(b.latest.as_millis()))
        };
        writeln!(
            out,
            "{} {}{} to {end}{} billed {} support {}",
            incident.class,
            seconds(incident.start.as_millis()),
            bounds(incident.start_bounds),
            bounds(incident.end_bounds),
            seconds(incident.billed.get()),
            incident.support
        )
        .expect("text takes everything");
    }
    let down = verdict.down;
    let [low, point, high] = [down.low, down.point, down.high].map(|ms| seconds(ms.get()));
    write!(out, "down {low}..{point}..{high} unknown {}", seconds(verdict.unknown.get()))
        .expect("text takes everything");
    out
}

pub(crate) fn window(from_s: i64, to_s: i64) -> Window {
    Window::from_millis(from_s * 1000, to_s * 1000)
}

/// Judges a world at the end of its window.
pub(crate) fn judge_world(text: &str, history: &PolicyHistory, from_s: i64, to_s: i64) -> Verdict {
    judge(&samples(text), history, window(from_s, to_s), time(to_s * 1000))
}
