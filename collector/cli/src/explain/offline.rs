//! An explanation made here, from files, in the same words a collector uses.

use std::collections::BTreeSet;

use quorate_collector_consensus as consensus;
use quorate_collector_consensus::{AbstainReason, AgentPart, AgentVote, NoVote, Passes, Value, Window, judge};
use quorate_model::{CollectorTime, Failure, Millis, Policy, PolicyHistory, Quorum, Sample, State};
use quorate_proto::api::{AgentEvidence, Explanation, SampleSummary};

use crate::moment;

/// Explains one moment of the policy's check; `now` is the last moment known.
pub(crate) fn explain(samples: &[Sample], policy: &Policy, at: CollectorTime, now: CollectorTime) -> Explanation {
    let history = PolicyHistory::new(policy.clone());
    let found = consensus::explain(samples, &history, at);
    let bad: Vec<_> = found.regions.iter().filter(|region| region.bad.mid).collect();
    let providers: BTreeSet<String> = bad.iter().map(|region| region.provider.to_string()).collect();
    let window = Window { from: at, to: at + Millis::new(1) };
    let verdict = judge(samples, &history, window, now.max(window.to));
    let incident =
        verdict.incidents.iter().find(|incident| incident.start <= at && incident.end.is_none_or(|end| at < end));
    let mut agents: Vec<AgentEvidence> = found.agents.iter().map(evidence).collect();
    agents.sort_by(|a, b| (&a.region, &a.agent).cmp(&(&b.region, &b.agent)));
    Explanation {
        check: policy.check().to_string(),
        at_ms: at.as_millis(),
        state: found.state.word().to_owned(),
        state_low: found.arithmetic.sums.low.state.word().to_owned(),
        state_high: found.arithmetic.sums.high.state.word().to_owned(),
        settled: true,
        sentence: sentence(&found),
        quorum: rule(policy),
        regions_configured: found.arithmetic.configured.into(),
        regions_voting: found.arithmetic.voting.into(),
        regions_bad: bad.iter().map(|region| region.region.to_string()).collect(),
        min_regions: found.arithmetic.min_regions.into(),
        need: found.arithmetic.need.into(),
        providers_bad: providers.into_iter().collect(),
        min_providers: found.arithmetic.min_providers.into(),
        agents,
        incident: incident.map(|incident| incident.id.to_string()),
    }
}

/// A policy's quorum in words, such as `majority: 3 of 5, of at least 2 providers`.
pub(crate) fn rule(policy: &Policy) -> String {
    let all = policy.regions().len();
    let need = match policy.quorum() {
        Quorum::Majority => format!("majority: {} of {all}", all / 2 + 1),
        Quorum::AtLeast(least) => format!("at least {least} of {all}"),
        Quorum::Fraction(ppm) => format!("{}.{:04} % of those voting, of {all}", ppm / 10_000, ppm % 10_000),
        Quorum::All => format!("all of those voting, of {all}"),
        Quorum::Weights(weights) => {
            let sum: u64 = weights.values().map(|weight| u64::from(*weight)).sum();
            format!("weights: more than half of {sum}")
        }
    };
    match policy.min_providers() {
        1 => need,
        least => format!("{need}, of at least {least} providers"),
    }
}

fn sentence(found: &consensus::Explanation) -> String {
    let sums = found.arithmetic;
    let sum = sums.sums.mid;
    let is = |count: u16| if count == 1 { "is" } else { "are" };
    let weight = if sums.voting_weight == u64::from(sums.voting) {
        String::new()
    } else {
        format!(" (weight {} of {})", sum.bad_weight, sums.voting_weight)
    };
    let bad = format!(
        "{} of {} voting regions {} bad{weight}, {} needed",
        sum.bad,
        sums.voting,
        is(sum.bad),
        needed(sums.need)
    );
    let single = if found.single_vantage { "; single vantage: nothing confirms its word" } else { "" };
    let text = match found.state {
        State::Unknown if sums.voting < sums.min_regions => {
            format!(
                "{} of {} regions vote, {} needed to know anything",
                sums.voting,
                sums.configured,
                needed(sums.min_regions)
            )
        }
        State::Unknown => format!(
            "{bad}, but all voting regions are of {}, {} needed to tell an outage from a provider's own fault",
            providers(sums.voting_providers),
            needed(sums.min_providers)
        ),
        State::Down => {
            format!("{bad}; they are of {}, {} needed", providers(sum.bad_providers), needed(sums.min_providers))
        }
        State::Partial if sum.bad >= sums.need => {
            format!("{bad}, but they are of {}, {} needed", providers(sum.bad_providers), needed(sums.min_providers))
        }
        State::Partial => bad,
        State::Degraded => format!("a quorum of the {} voting regions is slow or bad; {bad}", sums.voting),
        State::Up => format!("none of {} voting regions is bad", sums.voting),
    };
    format!("{text}{single}")
}

fn needed(count: u16) -> String {
    format!("{count} {}", if count == 1 { "is" } else { "are" })
}

fn providers(count: u16) -> String {
    format!("{count} provider{}", if count == 1 { "" } else { "s" })
}

fn evidence(part: &AgentPart) -> AgentEvidence {
    let (vote, reason) = match &part.vote {
        AgentVote::Votes(passes) => value(*passes),
        AgentVote::None(why) => ("none", no_vote(why, part.last_abstaining.as_ref())),
    };
    AgentEvidence {
        agent: part.agent.to_string(),
        region: part.region.to_string(),
        provider: part.provider.to_string(),
        vote: vote.to_owned(),
        reason,
        last_good: part.last_good.as_ref().map(summary),
        last_bad: part.last_bad.as_ref().map(summary),
        next: part.next.as_ref().map(summary),
    }
}

fn value(passes: Passes<Value>) -> (&'static str, String) {
    let word = |value: Value| match value {
        Value::Good | Value::Slow => "good",
        Value::Bad => "bad",
    };
    if word(passes.low) == word(passes.high) {
        let slow = if passes.mid == Value::Slow { "slow" } else { "" };
        return (word(passes.mid), slow.to_owned());
    }
    ("ambiguous", format!("it changes between its samples; {} by the best estimate", word(passes.mid)))
}

fn no_vote(why: &NoVote, sample: Option<&Sample>) -> String {
    let clock = |at: &CollectorTime| moment::show_clock(at.as_millis(), &jiff::tz::TimeZone::UTC);
    match why {
        NoVote::NothingYet => "it has no sample at or before this time".to_owned(),
        NoVote::Silent { since } => format!("silent: its last sample held until {} UTC", clock(since)),
        NoVote::RegionHasNoSeat => "its region does not vote on this check".to_owned(),
        NoVote::Abstains { reason, since } => {
            let because = match (reason, sample) {
                (AbstainReason::Local, _) => "it could not even try".to_owned(),
                (AbstainReason::References, Some(sample)) => {
                    let references = sample.references;
                    format!("its own references failed too: {} of {} answered", references.ok(), references.total())
                }
                (AbstainReason::References, None) => "its own references failed too".to_owned(),
                (AbstainReason::Health, _) => "its own health forbids believing its failures".to_owned(),
                (AbstainReason::Late, _) => "the probe began long after its slot".to_owned(),
                (AbstainReason::Clock, _) => "its clock is not known well enough".to_owned(),
            };
            format!("abstains since {} UTC: {because}", clock(since))
        }
    }
}

fn summary(sample: &Sample) -> SampleSummary {
    SampleSummary {
        id: format!("{}/{}", sample.id.boot.get(), sample.id.seq.get()),
        start_ms: sample.start_corrected().as_millis(),
        end_ms: sample.end_corrected().as_millis(),
        outcome: sample.outcome.word().to_owned(),
        failure: sample.failure.map(Failure::word).map(str::to_owned),
        total_us: None,
        detail: None,
        trigger: sample.trigger.word().to_owned(),
    }
}
