//! A check's present for people: regions, votes, uptime.

use quorate_collector_consensus::{
    self as consensus, AbstainReason, AgentPart, AgentVote, Live, NoVote, RegionPart, Value,
};
use quorate_collector_http::Window;
use quorate_model::{CollectorTime, Millis, RegionId, Segment};
use quorate_proto::api;

use super::board::CaseView;
use super::case::Case;
use crate::uptime::{sums, uptime};

const DAY: Millis = Millis::from_secs(86_400);

/// Draws a case's view.
pub(crate) fn view(case: &Case, live: &Live, now: CollectorTime) -> CaseView {
    let explained = consensus::explain(&case.samples(), &case.history().policies, now - Millis::new(1));
    let regions = explained.regions.iter().map(|part| region_vote(case, part, &explained.agents)).collect();
    let all: Vec<Segment> = case.recent().iter().chain(case.provisional()).cloned().collect();
    let begin = all.first().map_or(now, |segment| segment.start);
    let from = (now - DAY).max(begin).min(now - Millis::new(1));
    let window = Window::new(from, now).expect("the start was made earlier than the end");
    let open = case.found().filter(|(incident, _)| incident.end.is_none()).last();
    CaseView {
        state: live.state,
        since: case.since(live.state),
        need: live.need,
        regions,
        open: open.map(|(incident, _)| incident.id.clone()),
        last_day: uptime(&sums(&all, &case.incidents(), window), window),
        totals: case.totals(),
        settled: case.settled(),
        unstored: case.unstored(),
        incidents: case.found().map(|(incident, finality)| (incident.clone(), finality)).collect(),
    }
}

fn region_vote(case: &Case, part: &RegionPart, agents: &[AgentPart]) -> api::RegionVote {
    let here = || agents.iter().filter(|agent| agent.region == part.region);
    let slow = here().filter(|agent| matches!(agent.vote, AgentVote::Votes(vote) if vote.mid != Value::Good)).count();
    let voting = usize::from(part.voting_agents);
    let vote = if voting == 0 {
        "none"
    } else if part.bad.mid {
        "bad"
    } else if slow * 2 > voting {
        "slow"
    } else {
        "good"
    };
    let lasts = || here().filter_map(|agent| case.last_of(&agent.agent));
    api::RegionVote {
        region: part.region.to_string(),
        provider: part.provider.to_string(),
        vote: vote.to_owned(),
        reason: reason(vote, &part.region, here()),
        last_sample_ms: lasts().map(|(end, _)| end.as_millis()).max(),
        last_total_us: lasts().max_by_key(|(end, _)| *end).and_then(|(_, total)| total).map(quorate_model::Micros::get),
    }
}

fn reason<'a>(vote: &str, region: &RegionId, mut agents: impl Iterator<Item = &'a AgentPart>) -> String {
    match vote {
        "none" => match agents.next() {
            None => format!("no agent of {region} has sent a sample of this check lately"),
            Some(agent) => match agent.vote {
                AgentVote::None(why) => no_vote(why),
                AgentVote::Votes(_) => String::new(),
            },
        },
        "bad" => {
            let failures = agents.filter_map(|agent| agent.last_bad.as_ref().and_then(|sample| sample.failure));
            failures.last().map_or_else(String::new, |failure| failure.word().to_owned())
        }
        _ => String::new(),
    }
}

/// Why an agent has no vote, for people.
pub(crate) fn no_vote(why: NoVote) -> String {
    match why {
        NoVote::NothingYet => "no sample yet".to_owned(),
        NoVote::Silent { since } => format!("silent: its last sample was held until {}", since.as_millis()),
        NoVote::Abstains { reason, since } => format!("abstains since {}: {}", since.as_millis(), abstains(reason)),
        NoVote::RegionHasNoSeat => "its region does not vote on this check".to_owned(),
    }
}

fn abstains(reason: AbstainReason) -> &'static str {
    match reason {
        AbstainReason::Local => "the node could not even try",
        AbstainReason::References => "half or more of its reference targets failed too",
        AbstainReason::Health => "its own health forbids believing its failures",
        AbstainReason::Late => "the probe began long after its slot",
        AbstainReason::Clock => "its clock is not known well enough",
    }
}
