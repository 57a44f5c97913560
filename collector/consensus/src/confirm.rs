//! When to ask agents for more samples of one check (CONSENSUS section 6, b and d). It only adds evidence: the verdict is the
//! same function with or without it.
//!
//! - The first sample that changes an agent's value, or a hint that one is about to change, asks all other agents to probe
//!   now; at most once per [`ASK_EVERY`] and check.
//! - While the check is DOWN, or at least half as many regions are bad as it takes, its agents probe at half the interval.
//!   This is said for a limited time and renewed, so that an agent that hears no more of it falls back by itself. One bad
//!   region of many is everyday noise, and slow answers are no downtime: haste on them doubles the cost of a check and
//!   finds no outage sooner, as a second agent that turns bad has all others asked at once.
//!
//! No clock: `now` is an argument. Nothing is sent from here: the caller takes the [`Request`]s.

use quorate_model::{AgentId, CollectorTime, Confirm, Millis, Solicit, State};

use crate::explain::Value;
use crate::verdict::Live;

/// The shortest time between two calls for probes of one check: a hint and the failure it announces are one reason.
pub const ASK_EVERY: Millis = Millis::new(5_000);

/// How many intervals one call for haste lasts.
const HASTE_INTERVALS: i64 = 2;

/// What the agents of the check should be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Probe now: every agent of the check but this one.
    ProbeNow {
        /// Who gave the reason, and retries by itself.
        except: AgentId,
    },
    /// Probe at half the interval until this time: every agent of the check.
    Hasten {
        /// The end of the haste, collector clock.
        until: CollectorTime,
    },
}

/// True if an agent's change of value is a reason to ask the others: it turned bad, or good again. One that comes and finds
/// all well, or that falls silent, is none.
pub fn is_reason_to_ask(from: Option<Value>, to: Option<Value>) -> bool {
    let is_bad = |value: Option<Value>| value.map(|value| value == Value::Bad);
    match (is_bad(from), is_bad(to)) {
        (Some(old), Some(new)) => old != new,
        (None, Some(new)) => new,
        (_, None) => false,
    }
}

/// The state of active confirmation of one check.
#[derive(Clone, Debug, Default)]
pub struct Confirmation {
    asked_at: Option<CollectorTime>,
    hastened_until: Option<CollectorTime>,
}

impl Confirmation {
    /// Nothing asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// An agent's value changed, or it hinted that it is about to. `None` where the check does not solicit or has asked
    /// less than [`ASK_EVERY`] ago.
    pub fn handle_change(&mut self, confirm: &Confirm, agent: &AgentId, now: CollectorTime) -> Option<Request> {
        if confirm.solicit == Solicit::Off || self.asked_at.is_some_and(|at| now >= at && now - at < ASK_EVERY) {
            return None;
        }
        self.asked_at = Some(now);
        Some(Request::ProbeNow { except: agent.clone() })
    }

    /// The live state of the check, to be told on every change and at least once per `interval`. `None` where there is no
    /// trouble, the check does not confirm actively, or its agents are in haste for a while yet.
    pub fn handle_state(
        &mut self,
        confirm: &Confirm,
        live: &Live,
        interval: Millis,
        now: CollectorTime,
    ) -> Option<Request> {
        let troubled = match live.state {
            State::Down => true,
            State::Partial => live.regions_bad.len() * 2 >= usize::from(live.need),
            State::Up | State::Degraded | State::Unknown => false,
        };
        let renew_at = self.hastened_until.map(|until| until - interval.times(HASTE_INTERVALS / 2));
        if !troubled || !confirm.is_active() || renew_at.is_some_and(|at| now < at) {
            return None;
        }
        let until = now + interval.times(HASTE_INTERVALS);
        self.hastened_until = Some(until);
        Some(Request::Hasten { until })
    }
}

#[cfg(test)]
mod tests;
