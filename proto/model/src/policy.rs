//! How a check is judged: who votes, how many are needed, and across how many providers.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::id::{CheckId, ProviderId, RegionId};
use crate::sample::closed_words;
use crate::time::{CollectorTime, Millis};

/// How many bad regions are a quorum (CONSENSUS section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quorum {
    /// More than half of the voting regions.
    Majority,
    /// At least so many.
    AtLeast(u16),
    /// At least this share of the voting regions, in parts per million, rounded up.
    Fraction(u32),
    /// Every voting region.
    All,
    /// Bad weight over half of the voting weight.
    Weights(BTreeMap<RegionId, u32>),
}

closed_words! {
    /// What a right answer after the deadline counts as.
    LateOk {
        /// A failure.
        Bad = 1 "bad",
        /// A success.
        Good = 2 "good",
    }
}

closed_words! {
    /// Whether the collector asks the other agents at once when one changes its mind.
    Solicit {
        /// It does.
        On = 1 "on",
        /// It does not.
        Off = 2 "off",
    }
}

/// Active confirmation (CONSENSUS section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirm {
    /// Fast retries of an agent whose value flipped, 0 to 5.
    pub retries: u8,
    /// The time from one to the next.
    pub after: Millis,
    /// Whether the collector asks the other agents.
    pub solicit: Solicit,
}

impl Confirm {
    /// True if more samples than the schedule's follow a change.
    pub const fn is_active(&self) -> bool {
        self.retries > 0 || matches!(self.solicit, Solicit::On)
    }
}

impl Default for Confirm {
    fn default() -> Self {
        Self { retries: 2, after: Millis::new(1000), solicit: Solicit::On }
    }
}

/// A region that may vote on a check.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyRegion {
    /// Its name.
    pub region: RegionId,
    /// Who runs the network there.
    pub provider: ProviderId,
}

/// Why settings are not a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyError {
    /// No region may vote.
    NoRegions,
    /// A region stands twice.
    DuplicateRegion(RegionId),
    /// The number wanted of the regions or providers cannot be met; says which and the allowed range.
    OutOfRange(String),
    /// A weight names a region that does not vote, or a voting region has no weight.
    Weights(String),
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRegions => write!(f, "no region votes; at least one is needed"),
            Self::DuplicateRegion(region) => write!(f, "region {region} stands twice"),
            Self::OutOfRange(text) | Self::Weights(text) => f.write_str(text),
        }
    }
}

impl core::error::Error for PolicyError {}

/// How a check is judged. Made by [`Policy::new`]; the regions are sorted by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    check: CheckId,
    regions: Vec<PolicyRegion>,
    quorum: Quorum,
    min_regions: u16,
    min_providers: u16,
    /// What a right answer after the deadline counts as.
    pub late_ok: LateOk,
    /// Whether and how a change is confirmed by more samples.
    pub confirm: Confirm,
    /// Two runs of DOWN with a shorter gap are one incident; the gap is not downtime.
    pub merge_gap: Millis,
}

impl Policy {
    /// The default of `merge_gap`.
    pub const DEFAULT_MERGE_GAP: Millis = Millis::new(60_000);

    /// A policy with the defaults of CONSENSUS section 4 where `None` is given:
    /// `min_regions = max(2, ceil(N/2))` (1 where N = 1), `min_providers = min(2, providers configured)`.
    ///
    /// # Errors
    /// No regions, one twice, a number that can never be met, or weights that do not fit the regions.
    pub fn new(
        check: CheckId,
        mut regions: Vec<PolicyRegion>,
        quorum: Quorum,
        min_regions: Option<u16>,
        min_providers: Option<u16>,
    ) -> Result<Self, PolicyError> {
        use alloc::format;
        regions.sort();
        let Some(count) = u16::try_from(regions.len()).ok().filter(|n| *n > 0) else {
            return Err(PolicyError::NoRegions);
        };
        for pair in regions.windows(2) {
            if let [a, b] = pair
                && a.region == b.region
            {
                return Err(PolicyError::DuplicateRegion(a.region.clone()));
            }
        }
        let providers: BTreeSet<&ProviderId> = regions.iter().map(|r| &r.provider).collect();
        let provider_count = u16::try_from(providers.len()).unwrap_or(u16::MAX);
        let in_range = |name: &str, value: u16, max: u16| {
            if (1..=max).contains(&value) {
                Ok(value)
            } else {
                Err(PolicyError::OutOfRange(format!(
                    "{name} is {value}; allowed is 1 to {max}, as the check has {max}"
                )))
            }
        };
        let default_min = if count == 1 { 1 } else { count.div_ceil(2).max(2) };
        let min_regions = in_range("min_regions", min_regions.unwrap_or(default_min), count)?;
        let min_providers = in_range("min_providers", min_providers.unwrap_or(provider_count.min(2)), provider_count)?;
        match &quorum {
            Quorum::AtLeast(k) => {
                in_range("at_least", *k, count)?;
            }
            Quorum::Fraction(ppm) if !(1..=1_000_000).contains(ppm) => {
                return Err(PolicyError::OutOfRange(format!("fraction is {ppm} ppm; allowed is over 0 up to 1")));
            }
            Quorum::Weights(weights) => {
                for region in &regions {
                    if weights.get(&region.region).copied().unwrap_or(0) == 0 {
                        return Err(PolicyError::Weights(format!(
                            "region {} votes but has no weight; each voting region needs one of at least 1",
                            region.region
                        )));
                    }
                }
                for named in weights.keys() {
                    if !regions.iter().any(|r| &r.region == named) {
                        return Err(PolicyError::Weights(format!(
                            "weight given for {named}, which is not a region of the check"
                        )));
                    }
                }
            }
            _ => {}
        }
        Ok(Self {
            check,
            regions,
            quorum,
            min_regions,
            min_providers,
            late_ok: LateOk::Bad,
            confirm: Confirm::default(),
            merge_gap: Self::DEFAULT_MERGE_GAP,
        })
    }

    /// The check this policy judges.
    pub fn check(&self) -> &CheckId {
        &self.check
    }

    /// The regions that may vote, sorted by name; at least one.
    pub fn regions(&self) -> &[PolicyRegion] {
        &self.regions
    }

    /// How many bad regions are a quorum.
    pub fn quorum(&self) -> &Quorum {
        &self.quorum
    }

    /// Fewer voting regions than this are UNKNOWN.
    pub fn min_regions(&self) -> u16 {
        self.min_regions
    }

    /// The bad regions have to span so many providers.
    pub fn min_providers(&self) -> u16 {
        self.min_providers
    }

    /// True if only one region may vote, so that no quorum is possible.
    pub fn is_single_vantage(&self) -> bool {
        self.regions.len() == 1
    }
}

/// The policies of one check by the time each came into effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyHistory {
    first: Policy,
    later: Vec<(CollectorTime, Policy)>,
}

impl PolicyHistory {
    /// A history of one policy that always held.
    pub fn new(policy: Policy) -> Self {
        Self { first: policy, later: Vec::new() }
    }

    /// Adds a policy that holds from `from` on, replacing what was said of `from` and all later times.
    pub fn change(&mut self, from: CollectorTime, policy: Policy) {
        self.later.retain(|(at, _)| *at < from);
        self.later.push((from, policy));
    }

    /// The policy at `time`.
    pub fn at(&self, time: CollectorTime) -> &Policy {
        self.later.iter().rev().find(|(from, _)| *from <= time).map_or(&self.first, |(_, policy)| policy)
    }

    /// The latest policy.
    pub fn latest(&self) -> &Policy {
        self.later.last().map_or(&self.first, |(_, policy)| policy)
    }

    /// The first policy, which holds before every change.
    pub fn first(&self) -> &Policy {
        &self.first
    }

    /// Each change with the time it came into effect, in order of time.
    pub fn changes(&self) -> &[(CollectorTime, Policy)] {
        &self.later
    }
}
