//! Who said what at one moment, and why the verdict is what it is.

use std::collections::BTreeMap;

use quorate_collector_consensus::{self as consensus, AgentPart, AgentVote, Explanation, Value};
use quorate_collector_http::QueryError;
use quorate_collector_store::{StoredRecord, Wanted};
use quorate_model::{CheckId, CollectorTime, Millis, Policy, PolicyHistory, Record, Sample, SampleId, State};
use quorate_proto::api;

use super::{Views, failed, words};
use crate::judge::no_vote;

/// Explains one moment from the samples around it.
pub(crate) async fn explain(views: &Views, check: &CheckId, at: CollectorTime) -> Result<api::Explanation, QueryError> {
    let present = views.present();
    let Some(history) = present.configured.histories.get(check).cloned() else {
        return Err(QueryError::UnknownCheck(check.clone()));
    };
    let now = views.clock.now();
    let oldest = now - present.configured.config.retention.samples;
    if at < oldest {
        return Err(QueryError::NotRetained { oldest });
    }
    // Twice the longest a sample of the present settings is held, and a minute for settings of before.
    let reach = present
        .configured
        .config
        .check(check)
        .map_or(Millis::from_secs(60), |check| check.interval.times(2) + check.timeout + Millis::from_secs(60));
    let name = check.clone();
    let window = quorate_collector_store::Window::new(at - reach.times(2), at + reach.times(2));
    let (records, incidents) = views
        .read(move |store| {
            let records = store.records(&name, window, Wanted::Counted).map_err(failed)?;
            let moment = quorate_collector_store::Window::new(at, at + Millis::new(1));
            let incidents = store.incidents(Some(&name), moment).map_err(failed)?;
            Ok((records, incidents))
        })
        .await?;
    let view = views.board.get(check);
    let live = view.iter().flat_map(|view| &view.incidents).map(|(incident, _)| incident);
    let stored = incidents.iter().filter(|stored| !stored.withdrawn).map(|stored| &stored.incident);
    let holds = |incident: &&quorate_model::Incident| incident.start <= at && incident.end.is_none_or(|end| at < end);
    let incident = live.chain(stored).find(holds).map(|incident| incident.id.to_string());
    let settled = view.is_some_and(|view| at < view.settled);
    Ok(draw(check, &history.policies, &records, at, settled, incident))
}

/// Puts the engine's explanation into the API's words.
pub(crate) fn draw(
    check: &CheckId,
    policies: &PolicyHistory,
    records: &[StoredRecord],
    at: CollectorTime,
    settled: bool,
    incident: Option<String>,
) -> api::Explanation {
    let samples: Vec<Sample> = records.iter().map(|stored| stored.record.sample.clone()).collect();
    let measured: BTreeMap<&SampleId, &Record> =
        records.iter().map(|stored| (&stored.record.sample.id, &stored.record)).collect();
    let explained = consensus::explain(&samples, policies, at);
    let policy = policies.at(at);
    let sums = explained.arithmetic.sums;
    let bad: Vec<_> = explained.regions.iter().filter(|region| region.bad.mid).collect();
    let mut providers_bad: Vec<String> = bad.iter().map(|region| region.provider.to_string()).collect();
    providers_bad.sort();
    providers_bad.dedup();
    let mut agents: Vec<api::AgentEvidence> = explained.agents.iter().map(|part| evidence(part, &measured)).collect();
    agents.sort_by(|a, b| (&a.region, &a.agent).cmp(&(&b.region, &b.agent)));
    api::Explanation {
        check: check.to_string(),
        at_ms: at.as_millis(),
        state: explained.state.word().to_owned(),
        state_low: sums.low.state.word().to_owned(),
        state_high: sums.high.state.word().to_owned(),
        settled,
        sentence: sentence(&explained, policy),
        quorum: words::quorum(policy, explained.arithmetic.need, explained.arithmetic.voting),
        regions_configured: explained.arithmetic.configured.into(),
        regions_voting: explained.arithmetic.voting.into(),
        regions_bad: bad.iter().map(|region| region.region.to_string()).collect(),
        min_regions: explained.arithmetic.min_regions.into(),
        need: explained.arithmetic.need.into(),
        providers_bad,
        min_providers: explained.arithmetic.min_providers.into(),
        agents,
        incident,
    }
}

fn evidence(part: &AgentPart, measured: &BTreeMap<&SampleId, &Record>) -> api::AgentEvidence {
    let summary = |sample: &Option<Sample>| sample.as_ref().map(|sample| summary(sample, measured));
    let (vote, reason) = match part.vote {
        AgentVote::None(why) => ("none", no_vote(why)),
        AgentVote::Votes(values) => match (values.low, values.high) {
            (Value::Bad, Value::Bad) => ("bad", String::new()),
            (Value::Slow, Value::Slow) => ("good", "right, but over the degraded threshold".to_owned()),
            (Value::Good | Value::Slow, Value::Good | Value::Slow) => ("good", String::new()),
            _ => ("ambiguous", ambiguity(part, values.mid)),
        },
    };
    api::AgentEvidence {
        agent: part.agent.to_string(),
        region: part.region.to_string(),
        provider: part.provider.to_string(),
        vote: vote.to_owned(),
        reason,
        last_good: summary(&part.last_good),
        last_bad: summary(&part.last_bad),
        next: summary(&part.next),
    }
}

fn ambiguity(part: &AgentPart, best: Value) -> String {
    let best = if best == Value::Bad { "bad" } else { "good" };
    match &part.next {
        Some(_) => format!("it changed its mind between two samples; the best estimate is {best}"),
        None => format!("no later sample says whether it still holds; the best estimate is {best}"),
    }
}

fn summary(sample: &Sample, measured: &BTreeMap<&SampleId, &Record>) -> api::SampleSummary {
    let record = measured.get(&sample.id);
    api::SampleSummary {
        id: format!("{}/{}", sample.id.boot.get(), sample.id.seq.get()),
        start_ms: sample.start_corrected().as_millis(),
        end_ms: sample.end_corrected().as_millis(),
        outcome: sample.outcome.word().to_owned(),
        failure: sample.failure.map(|failure| failure.word().to_owned()),
        total_us: record.map(|record| record.phases.total.get()),
        detail: record.and_then(|record| record.evidence.detail.as_deref().map(str::to_owned)),
        trigger: sample.trigger.word().to_owned(),
    }
}

/// The arithmetic in one sentence.
fn sentence(explained: &Explanation, policy: &Policy) -> String {
    let sum = &explained.arithmetic;
    let mid = &sum.sums.mid;
    let state = explained.state.word();
    if sum.voting < sum.min_regions {
        return format!(
            "{} of {} regions vote, fewer than the {} needed to know anything: {state}.",
            sum.voting, sum.configured, sum.min_regions
        );
    }
    let bad = format!("{} of {} voting regions are bad, {} are a quorum", mid.bad, sum.voting, sum.need);
    let providers =
        format!("the bad ones are of {} providers, {} are needed", mid.bad_providers, policy.min_providers());
    match explained.state {
        State::Unknown => format!(
            "{bad}, but the voting regions are of {} providers, fewer than the {} needed: {state}.",
            sum.voting_providers, sum.min_providers
        ),
        State::Down => format!("{bad}; {providers}: {state}."),
        State::Partial if mid.bad >= sum.need => format!("{bad}, but {providers}: {state}."),
        State::Degraded => format!("{bad}; with slow answers counted too it would be a quorum: {state}."),
        State::Up | State::Partial => format!("{bad}: {state}."),
    }
}

#[cfg(test)]
mod tests;
