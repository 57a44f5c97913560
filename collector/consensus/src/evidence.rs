//! What one sample says: good, slow, bad or nothing, and between which moments (CONSENSUS sections 1 to 3).

use quorate_model::verdict::AbstainReason;
use quorate_model::{Failure, LateOk, Outcome, Policy, Sample};

/// From this value of Lifeguard's local health multiplier on, failures are not believed.
pub const UNHEALTHY_FROM: u8 = 4;

/// Fewer references than this say nothing about the agent.
pub const MIN_REFERENCES: u8 = 3;

/// What a sample says of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Good,
    Slow,
    Bad,
    Abstains(AbstainReason),
}

impl Kind {
    pub(crate) const fn is_bad(self) -> bool {
        matches!(self, Self::Bad)
    }

    /// Bad in the pass that looks for degradation, where slow counts as bad.
    pub(crate) const fn is_impaired(self) -> bool {
        matches!(self, Self::Bad | Self::Slow)
    }
}

/// A sample on the collector's clock, reduced to what the verdict reads. Milliseconds throughout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    /// When the probe began.
    pub(crate) start: i64,
    /// By when its value holds: the latest moment the target can have been of another value.
    pub(crate) by: i64,
    /// Until when its value is held where no other sample follows.
    pub(crate) hold: i64,
    /// The settings it was taken under; 0 = not known.
    pub(crate) version: u64,
    /// Half the width of the uncertainty of `start`.
    pub(crate) error: u32,
    /// Which references failed.
    pub(crate) references_bad: u32,
    /// Where the whole sample stands in its source.
    pub(crate) index: u32,
    /// How many bad samples this point stands for.
    pub(crate) weight: u32,
    /// The region, by its number in the world.
    pub(crate) region: u16,
    /// How many references were asked, 0 where it is not known which of them failed.
    pub(crate) references_known: u8,
    /// What it says.
    pub(crate) kind: Kind,
}

impl Point {
    /// The earliest moment the probe can have begun.
    pub(crate) fn earliest(&self) -> i64 {
        self.start.saturating_sub(i64::from(self.error))
    }

    /// The latest moment by which its value holds, the clock's error included.
    pub(crate) fn latest(&self) -> i64 {
        self.by.saturating_add(i64::from(self.error))
    }
}

/// How far a sample's value is held: two intervals, a timeout and the clock's error (CONSENSUS section 3).
pub(crate) fn reach(sample: &Sample) -> i64 {
    let interval = sample.interval.get().max(0);
    let timeout = sample.timeout.get().max(0);
    interval.saturating_mul(2).saturating_add(timeout).saturating_add(sample.clock.error.get().max(0))
}

/// What a sample says by itself, references apart.
pub(crate) fn kind_of(sample: &Sample, late_ok: LateOk) -> Kind {
    if sample.clock.error.get().saturating_mul(2) > sample.interval.get() {
        return Kind::Abstains(AbstainReason::Clock);
    }
    match (sample.outcome, late_ok) {
        (Outcome::Local, _) => Kind::Abstains(AbstainReason::Local),
        (Outcome::Ok, _) | (Outcome::LateOk, LateOk::Good) => Kind::Good,
        (Outcome::Slow, _) => Kind::Slow,
        (Outcome::Fail, _) | (Outcome::LateOk, LateOk::Bad) => {
            if sample.health.get() >= UNHEALTHY_FROM {
                Kind::Abstains(AbstainReason::Health)
            } else if sample.lag.get().saturating_mul(4) > sample.timeout.get() {
                Kind::Abstains(AbstainReason::Late)
            } else {
                Kind::Bad
            }
        }
    }
}

/// True if at least half of enough references failed, all of them taken at their word.
pub(crate) fn references_fail(sample: &Sample) -> bool {
    let total = sample.references.total();
    let bad = total - sample.references.ok();
    total >= MIN_REFERENCES && u16::from(bad) * 2 >= u16::from(total)
}

/// Reduces a sample to its point. References are judged later, as that takes the other regions' samples.
pub(crate) fn point_of(sample: &Sample, policy: &Policy, region: u16, index: u32) -> Point {
    let start = sample.start_corrected().as_millis();
    let error = sample.clock.error.get().max(0);
    let hold = start.saturating_add(reach(sample));
    let kind = kind_of(sample, policy.late_ok);
    let by = by_of(sample, kind, start).min(hold.saturating_sub(error)).max(start);
    Point {
        start,
        by,
        hold,
        version: sample.check_version.get(),
        error: u32::try_from(error).unwrap_or(u32::MAX),
        references_bad: sample.references.bad_mask(),
        index,
        weight: 1,
        region,
        references_known: if sample.references.knows_which() { sample.references.total() } else { 0 },
        kind,
    }
}

/// The moment by which a sample's value holds. A target that was still well would have answered a silent probe within
/// three times its typical latency.
fn by_of(sample: &Sample, kind: Kind, start: i64) -> i64 {
    let end = sample.end_corrected().as_millis().max(start);
    let silent = kind.is_bad()
        && match sample.outcome {
            Outcome::LateOk => true,
            _ => sample.failure.is_some_and(Failure::is_silence),
        };
    if !silent {
        return end;
    }
    let timeout = sample.timeout.get().max(0);
    let patience = match (sample.outcome, sample.typical) {
        (Outcome::Fail, Some(typical)) if typical.get() > 0 => timeout.min(typical.get().saturating_mul(3)),
        (Outcome::LateOk, _) => timeout,
        _ => return end,
    };
    end.min(start.saturating_add(patience))
}
