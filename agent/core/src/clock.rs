//! The agent's clock: the monotonic clock, anchored to the wall clock once.
//!
//! Inside one boot agent time never jumps: a step of the wall clock changes neither a sample's time nor the schedule. What
//! the anchor got wrong is what the clock offset says.

use quorate_model::{AgentTime, CollectorTime, Millis, MonoTime};

macro_rules! micros {
    ($(#[$doc:meta])* $name:ident, $coarse:ident) => {
        $(#[$doc])*
        ///
        /// Microseconds since 1970-01-01T00:00:00Z.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// Wraps microseconds since the epoch.
            pub const fn from_micros(us: i64) -> Self {
                Self(us)
            }

            /// Microseconds since the epoch.
            pub const fn as_micros(self) -> i64 {
                self.0
            }

            /// The same moment in whole milliseconds, rounded down.
            pub const fn coarse(self) -> $coarse {
                $coarse::from_millis(self.0.div_euclid(1000))
            }
        }

        impl From<$coarse> for $name {
            fn from(time: $coarse) -> Self {
                Self(time.as_millis().saturating_mul(1000))
            }
        }
    };
}

micros! {
    /// A fine reading of the agent's clock.
    AgentMicros, AgentTime
}
micros! {
    /// A fine reading of the collector's clock.
    CollectorMicros, CollectorTime
}

/// Turns monotonic readings into agent time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentClock {
    wall_at_zero_us: i64,
}

impl AgentClock {
    /// A clock on which `at` was `wall`.
    pub const fn anchored(wall: AgentMicros, at: MonoTime) -> Self {
        Self { wall_at_zero_us: wall.0.saturating_sub_unsigned(at.as_micros()) }
    }

    /// Agent time at a monotonic moment, fine.
    pub const fn micros(self, at: MonoTime) -> AgentMicros {
        AgentMicros(self.wall_at_zero_us.saturating_add_unsigned(at.as_micros()))
    }

    /// Agent time at a monotonic moment.
    pub const fn time(self, at: MonoTime) -> AgentTime {
        self.micros(at).coarse()
    }

    /// The monotonic moment of an agent time; the process's start where it lies before that.
    pub fn mono(self, at: AgentTime) -> MonoTime {
        let us = at.as_millis().saturating_mul(1000).saturating_sub(self.wall_at_zero_us);
        MonoTime::from_micros(u64::try_from(us).unwrap_or(0))
    }

    /// The monotonic moment of a collector time, given the offset (collector minus agent).
    pub fn mono_of_collector(self, at: CollectorTime, offset: Millis) -> MonoTime {
        self.mono(AgentTime::from_millis(at.as_millis().saturating_sub(offset.get())))
    }
}

#[cfg(test)]
mod tests;
