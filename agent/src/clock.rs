//! The only place that reads clocks.

use std::time::{SystemTime, UNIX_EPOCH};

use quorate_agent_core::{AgentClock, AgentMicros};
use quorate_model::MonoTime;
use tokio::time::{Duration, Instant};

/// The process's monotonic clock, with the wall clock read once.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
    agent: AgentClock,
}

impl Clock {
    /// Starts at zero and anchors agent time to the wall clock as it is now.
    pub fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
        let wall = AgentMicros::from_micros(i64::try_from(wall).unwrap_or(i64::MAX));
        Self { origin: Instant::now(), agent: AgentClock::anchored(wall, MonoTime::from_micros(0)) }
    }

    /// The monotonic time now.
    pub fn now(&self) -> MonoTime {
        let us = Instant::now().saturating_duration_since(self.origin).as_micros();
        MonoTime::from_micros(u64::try_from(us).unwrap_or(u64::MAX))
    }

    /// The runtime's instant of a monotonic time.
    pub fn instant(&self, at: MonoTime) -> Instant {
        // Far beyond any wait, and still an instant that can be computed.
        const FAR_US: u64 = 1_000_000_000_000_000;
        self.origin + Duration::from_micros(at.as_micros().min(FAR_US))
    }

    /// The agent's clock of samples and heartbeats.
    pub const fn agent(&self) -> AgentClock {
        self.agent
    }
}
