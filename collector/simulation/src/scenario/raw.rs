//! The file as it is written, and its way to a [`super::Scenario`].

use std::collections::BTreeMap;

use quorate_model::{
    AgentId, CheckId, CollectorTime, Confirm, Failure, IdError, LateOk, Millis, Policy, PolicyHistory, PolicyRegion,
    ProviderId, Quorum, RegionId, Solicit,
};
use serde::Deserialize;

use super::span::{Range, Span};
use super::{AgentPlan, Event, ScenarioError, What, Who};

/// The most agents of a world.
const MAX_AGENTS: usize = 100;
/// The longest a world is watched: a year.
const MAX_LENGTH_MS: i64 = 366 * 86_400_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    name: String,
    title: String,
    #[serde(default = "some_day")]
    begins_ms: i64,
    length: Span,
    #[serde(default = "base_regions")]
    regions: Vec<Region>,
    #[serde(default = "ten_seconds")]
    interval: Span,
    #[serde(default = "three_seconds")]
    timeout: Span,
    #[serde(default)]
    quorum: Option<RawQuorum>,
    #[serde(default)]
    min_regions: Option<u16>,
    #[serde(default)]
    min_providers: Option<u16>,
    #[serde(default)]
    late_ok_is_good: bool,
    #[serde(default)]
    merge_gap: Option<Span>,
    #[serde(default)]
    confirm: Option<RawConfirm>,
    #[serde(default)]
    rtt: Option<Rtt>,
    #[serde(default)]
    false_failures_ppm: u32,
    #[serde(default)]
    blips: Option<Blips>,
    #[serde(default)]
    events: Vec<RawEvent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Region {
    id: String,
    provider: String,
    #[serde(default = "one")]
    agents: u16,
    #[serde(default)]
    interval: Option<Span>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum RawQuorum {
    Majority,
    All,
    AtLeast(u16),
    FractionPpm(u32),
    Weights(BTreeMap<String, u32>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfirm {
    retries: u8,
    after: Span,
    solicit: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rtt {
    mean_us: i64,
    deviation_us: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Blips {
    /// Per hour and region, in thousandths.
    per_hour_milli: u32,
    lasts: Range,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEvent {
    what: String,
    at: Range,
    #[serde(default)]
    lasts: Option<Range>,
    #[serde(default)]
    shows: Option<String>,
    #[serde(default)]
    regions: Option<RawWho>,
    #[serde(default)]
    loss_ppm: Option<u32>,
    #[serde(default)]
    by: Option<Span>,
    #[serde(default)]
    times: Option<u32>,
    #[serde(default)]
    every: Option<Span>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawWho {
    Count(usize),
    Names(Vec<String>),
}

/// Five regions on four providers, of which two share one.
fn base_regions() -> Vec<Region> {
    [("ams", "north"), ("fra", "north"), ("iad", "east"), ("sin", "south"), ("syd", "west")]
        .into_iter()
        .map(|(id, provider)| Region { id: id.into(), provider: provider.into(), agents: 1, interval: None })
        .collect()
}

/// A Monday in September 2026.
fn some_day() -> i64 {
    1_790_000_000_000
}

fn ten_seconds() -> Span {
    Span(10_000)
}

fn three_seconds() -> Span {
    Span(3_000)
}

fn one() -> u16 {
    1
}

fn wrong(place: impl Into<String>, problem: impl Into<String>) -> ScenarioError {
    ScenarioError::Value { place: place.into(), problem: problem.into() }
}

fn positive(place: impl Into<String>, Span(ms): Span, max_ms: i64) -> Result<i64, ScenarioError> {
    if (1..=max_ms).contains(&ms) {
        Ok(ms)
    } else {
        Err(wrong(place, format!("{ms} ms is not allowed; 1 ms to {max_ms} ms is")))
    }
}

fn id<T>(place: String, text: &str, new: fn(&str) -> Result<T, IdError>) -> Result<T, ScenarioError> {
    new(text).map_err(|e| wrong(place, e.to_string()))
}

impl Scenario {
    pub(super) fn validate(self) -> Result<super::Scenario, ScenarioError> {
        let length_ms = positive("length", self.length, MAX_LENGTH_MS)?;
        let interval_ms = positive("interval", self.interval, 86_400_000)?;
        let timeout_ms = positive("timeout", self.timeout, 600_000)?;
        let mut agents = Vec::new();
        let mut regions = Vec::new();
        for (i, region) in self.regions.iter().enumerate() {
            let place = format!("regions[{i}]");
            let name = id(format!("{place}.id"), &region.id, RegionId::new)?;
            let provider = id(format!("{place}.provider"), &region.provider, ProviderId::new)?;
            let own_ms = match region.interval {
                Some(span) => positive(format!("{place}.interval"), span, 86_400_000)?,
                None => interval_ms,
            };
            for number in 1..=region.agents {
                agents.push(AgentPlan {
                    agent: id(format!("{place}.id"), &format!("{}-{number}", region.id), AgentId::new)?,
                    region: name.clone(),
                    provider: provider.clone(),
                    interval_ms: own_ms,
                });
            }
            regions.push(PolicyRegion { region: name, provider });
        }
        if agents.is_empty() || agents.len() > MAX_AGENTS {
            return Err(wrong("regions", format!("{} agents in all; allowed are 1 to {MAX_AGENTS}", agents.len())));
        }
        let names: Vec<RegionId> = regions.iter().map(|r| r.region.clone()).collect();
        let quorum = quorum(self.quorum)?;
        let check = CheckId::new("target").expect("a valid id");
        let mut policy = Policy::new(check, regions, quorum, self.min_regions, self.min_providers)
            .map_err(|e| wrong("quorum", e.to_string()))?;
        let confirm = match self.confirm {
            None => Confirm::default(),
            Some(raw) => Confirm {
                retries: raw.retries.min(5),
                after: Millis::new(positive("confirm.after", raw.after, 60_000)?),
                solicit: if raw.solicit { Solicit::On } else { Solicit::Off },
            },
        };
        policy.confirm = confirm;
        policy.late_ok = if self.late_ok_is_good { LateOk::Good } else { LateOk::Bad };
        if let Some(Span(ms)) = self.merge_gap {
            policy.merge_gap = Millis::new(ms);
        }
        let mut events = Vec::new();
        for (i, event) in self.events.into_iter().enumerate() {
            events.push(event.validate(&format!("events[{i}]"), &names)?);
        }
        let (mean_us, deviation_us) = self.rtt.map_or((80_000, 15_000), |rtt| (rtt.mean_us, rtt.deviation_us));
        // Of a normal law hardly anything lies beyond six deviations; short of that right answers come too late by chance.
        let may_time_out = mean_us.saturating_add(deviation_us.saturating_mul(6)) >= timeout_ms.saturating_mul(1000);
        let has_false_failures = self.false_failures_ppm > 0
            || may_time_out
            || self.blips.is_some()
            || events.iter().any(|e| {
                !matches!(e.what, What::Outage { .. } | What::Partition(_) | What::CollectorAway | What::Crash(_))
            });
        Ok(super::Scenario {
            name: self.name,
            title: self.title,
            begins: CollectorTime::from_millis(self.begins_ms.clamp(0, 4_102_444_800_000)),
            length_ms,
            agents,
            policy: PolicyHistory::new(policy),
            confirm,
            timeout_ms,
            rtt_us: (mean_us, deviation_us),
            false_failures_ppm: self.false_failures_ppm,
            blips: self.blips.map(|b| (b.per_hour_milli, b.lasts)),
            events,
            has_false_failures,
        })
    }
}

fn quorum(raw: Option<RawQuorum>) -> Result<Quorum, ScenarioError> {
    Ok(match raw {
        None | Some(RawQuorum::Majority) => Quorum::Majority,
        Some(RawQuorum::All) => Quorum::All,
        Some(RawQuorum::AtLeast(count)) => Quorum::AtLeast(count),
        Some(RawQuorum::FractionPpm(ppm)) => Quorum::Fraction(ppm),
        Some(RawQuorum::Weights(weights)) => {
            let mut parsed = BTreeMap::new();
            for (name, weight) in weights {
                parsed.insert(id(format!("quorum.weights.{name}"), &name, RegionId::new)?, weight);
            }
            Quorum::Weights(parsed)
        }
    })
}

impl RawEvent {
    fn validate(self, place: &str, names: &[RegionId]) -> Result<Event, ScenarioError> {
        let who = match &self.regions {
            None => Who::All,
            Some(RawWho::Count(count)) if (1..=names.len()).contains(count) => Who::Any(*count),
            Some(RawWho::Count(count)) => {
                return Err(wrong(format!("{place}.regions"), format!("{count}; allowed are 1 to {}", names.len())));
            }
            Some(RawWho::Names(list)) => {
                let mut found = Vec::new();
                for name in list {
                    found.push(names.iter().find(|n| n.as_str() == name).cloned().ok_or_else(|| {
                        wrong(format!("{place}.regions"), format!("{name:?} is not a region of this world"))
                    })?);
                }
                Who::Regions(found)
            }
        };
        let by_ms = || self.by.map(|Span(ms)| ms).ok_or_else(|| wrong(place, "by is missing"));
        let what = match self.what.as_str() {
            "outage" => {
                let word = self.shows.as_deref().unwrap_or("timeout");
                let shows = Failure::from_word(word)
                    .ok_or_else(|| wrong(format!("{place}.shows"), format!("{word:?} is not a failure class")))?;
                What::Outage { shows }
            }
            "path" => What::Path(who),
            "uplink" => What::Uplink(who),
            "rolling" => What::Rolling,
            "loss" => What::Loss { who, ppm: self.loss_ppm.ok_or_else(|| wrong(place, "loss_ppm is missing"))? },
            "crash" => What::Crash(who),
            "partition" => What::Partition(who),
            "skew" => What::Skew { who, ahead_ms: by_ms()? },
            "clock_step" => What::ClockStep { who, by_ms: by_ms()? },
            "references" => What::References,
            "collector_away" => What::CollectorAway,
            other => {
                return Err(wrong(
                    format!("{place}.what"),
                    format!(
                        "{other:?} is not allowed; one of outage, path, uplink, rolling, loss, crash, partition, skew, \
                         clock_step, references, collector_away is"
                    ),
                ));
            }
        };
        let times = self.times.unwrap_or(1);
        if times > 1 && self.every.is_none() {
            return Err(wrong(format!("{place}.every"), "is missing, as the event comes more than once"));
        }
        Ok(Event {
            what,
            at: self.at,
            lasts: self.lasts.unwrap_or(Range { low_ms: i64::MAX / 4, high_ms: i64::MAX / 4 }),
            times,
            every_ms: self.every.map_or(0, |Span(ms)| ms),
        })
    }
}
