//! Points and lengths of time. Agent time, collector time and monotonic time are different types and never mix.

use core::fmt;
use core::ops::{Add, AddAssign, Neg, Sub};

/// A length of time in whole milliseconds; may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(i64);

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Wraps a count of milliseconds.
    pub const fn new(ms: i64) -> Self {
        Self(ms)
    }

    /// Whole seconds as milliseconds, saturating.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// The count of milliseconds.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// `self * factor`, saturating.
    pub const fn times(self, factor: i64) -> Self {
        Self(self.0.saturating_mul(factor))
    }

    /// `self / divisor`, rounded toward zero; a divisor of 0 counts as 1.
    pub const fn over(self, divisor: i64) -> Self {
        Self(if divisor == 0 { self.0 } else { self.0.saturating_div(divisor) })
    }
}

impl Add for Millis {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Millis {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Millis {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Millis {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// A length of time in whole microseconds, as probes measure their phases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(u64);

impl Micros {
    /// Wraps a count of microseconds.
    pub const fn new(us: u64) -> Self {
        Self(us)
    }

    /// The count of microseconds.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whole milliseconds, rounded down.
    pub const fn as_millis(self) -> Millis {
        #[expect(clippy::cast_possible_wrap, reason = "u64::MAX / 1000 is below i64::MAX")]
        Millis((self.0 / 1000) as i64)
    }
}

macro_rules! wall_time {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds. Arithmetic saturates.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// The earliest time that can be written.
            pub const MIN: Self = Self(i64::MIN);
            /// The latest time that can be written.
            pub const MAX: Self = Self(i64::MAX);

            /// Wraps milliseconds since the epoch.
            pub const fn from_millis(ms: i64) -> Self {
                Self(ms)
            }

            /// Milliseconds since the epoch.
            pub const fn as_millis(self) -> i64 {
                self.0
            }
        }

        impl Add<Millis> for $name {
            type Output = Self;
            fn add(self, span: Millis) -> Self {
                Self(self.0.saturating_add(span.0))
            }
        }

        impl Sub<Millis> for $name {
            type Output = Self;
            fn sub(self, span: Millis) -> Self {
                Self(self.0.saturating_sub(span.0))
            }
        }

        impl Sub for $name {
            type Output = Millis;
            fn sub(self, other: Self) -> Millis {
                Millis(self.0.saturating_sub(other.0))
            }
        }
    };
}

wall_time! {
    /// A time read from an agent's wall clock, uncorrected.
    AgentTime
}
wall_time! {
    /// A time on the collector's clock: what verdicts, incidents and reports are written in.
    CollectorTime
}

impl AgentTime {
    /// This moment on the collector's clock, given the offset (collector minus agent) the sample carries.
    pub fn corrected(self, offset: Millis) -> CollectorTime {
        CollectorTime(self.0.saturating_add(offset.0))
    }
}

/// A reading of a monotonic clock, in microseconds since an arbitrary start of the same process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonoTime(u64);

impl MonoTime {
    /// Wraps microseconds since the process's own start.
    pub const fn from_micros(us: u64) -> Self {
        Self(us)
    }

    /// Microseconds since the process's own start.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to `self`; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Micros {
        Micros(self.0.saturating_sub(earlier.0))
    }

    /// This time moved by `span`; never before the start.
    pub const fn plus(self, span: Millis) -> Self {
        Self(self.0.saturating_add_signed(span.0.saturating_mul(1000)))
    }
}
