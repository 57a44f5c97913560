//! What one sample says: good, slow, bad or nothing, and between which moments (CONSENSUS sections 1 to 3).

use quorate_model::verdict::AbstainReason;
use quorate_model::{Failure, LateOk, Millis, Outcome, References, Sample};

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

    /// Whether it says anything.
    pub(crate) const fn kind_votes(&self) -> bool {
        !matches!(self.kind, Kind::Abstains(_))
    }

    /// The latest moment by which its value holds, the clock's error included.
    pub(crate) fn latest(&self) -> i64 {
        self.by.saturating_add(i64::from(self.error))
    }
}

/// What the verdict reads of a sample, names left out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) outcome: Outcome,
    pub(crate) failure: Option<Failure>,
    pub(crate) interval: i64,
    pub(crate) timeout: i64,
    pub(crate) typical: Option<i64>,
    pub(crate) error: i64,
    pub(crate) references: References,
    pub(crate) health: u8,
    pub(crate) lag: i64,
    pub(crate) version: u64,
}

impl Reading {
    pub(crate) fn of(sample: &Sample) -> Self {
        Self {
            start: sample.start_corrected().as_millis(),
            end: sample.end_corrected().as_millis(),
            outcome: sample.outcome,
            failure: sample.failure,
            interval: sample.interval.get(),
            timeout: sample.timeout.get(),
            typical: sample.typical.map(Millis::get),
            error: sample.clock.error.get(),
            references: sample.references,
            health: sample.health.get(),
            lag: sample.lag.get(),
            version: sample.check_version.get(),
        }
    }

    /// The sample's point with its references taken at their word: [`crate::references`] may think better of it.
    pub(crate) fn point(&self, late_ok: LateOk, region: u16, index: u32) -> Point {
        let error = self.error.max(0);
        let hold = self.start.saturating_add(self.reach());
        let kind = self.kind(late_ok);
        let by = self.by(kind).min(hold.saturating_sub(error)).max(self.start);
        let doubted = kind == Kind::Bad && self.references_fail();
        Point {
            start: self.start,
            by,
            hold,
            version: self.version,
            error: u32::try_from(error).unwrap_or(u32::MAX),
            references_bad: self.references.bad_mask(),
            index,
            weight: 1,
            region,
            references_known: if self.references.knows_which() { self.references.total() } else { 0 },
            kind: if doubted { Kind::Abstains(AbstainReason::References) } else { kind },
        }
    }

    /// How far the value is held: two intervals, a timeout and the clock's error (CONSENSUS section 3).
    pub(crate) fn reach(&self) -> i64 {
        let scheduled = self.interval.max(0).saturating_mul(2).saturating_add(self.timeout.max(0));
        scheduled.saturating_add(self.error.max(0))
    }

    /// What the sample says by itself, references apart.
    fn kind(&self, late_ok: LateOk) -> Kind {
        if self.error.saturating_mul(2) > self.interval {
            return Kind::Abstains(AbstainReason::Clock);
        }
        match (self.outcome, late_ok) {
            (Outcome::Local, _) => Kind::Abstains(AbstainReason::Local),
            (Outcome::Ok, _) | (Outcome::LateOk, LateOk::Good) => Kind::Good,
            (Outcome::Slow, _) => Kind::Slow,
            (Outcome::Fail, _) | (Outcome::LateOk, LateOk::Bad) => {
                if self.health >= UNHEALTHY_FROM {
                    Kind::Abstains(AbstainReason::Health)
                } else if self.lag.saturating_mul(4) > self.timeout {
                    Kind::Abstains(AbstainReason::Late)
                } else {
                    Kind::Bad
                }
            }
        }
    }

    /// True if at least half of enough references failed, all of them taken at their word.
    fn references_fail(&self) -> bool {
        let total = self.references.total();
        let bad = total.saturating_sub(self.references.ok());
        total >= MIN_REFERENCES && u16::from(bad) * 2 >= u16::from(total)
    }

    /// The moment by which the value holds. A target that was still well would have answered a silent probe within three
    /// times its typical latency; a right answer after the deadline was bad when the deadline passed.
    fn by(&self, kind: Kind) -> i64 {
        let end = self.end.max(self.start);
        if !kind.is_bad() {
            return end;
        }
        let timeout = self.timeout.max(0);
        let patience = match (self.outcome, self.failure, self.typical) {
            (Outcome::LateOk, _, _) => timeout,
            (_, Some(failure), Some(typical)) if failure.is_silence() && typical > 0 => {
                timeout.min(typical.saturating_mul(3))
            }
            _ => return end,
        };
        end.min(self.start.saturating_add(patience))
    }
}
