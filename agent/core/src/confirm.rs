//! Fast retries: an agent whose value of a check flips looks again soon (CONSENSUS section 6 a).

use quorate_model::{Confirm, MonoTime, Outcome, Trigger};

/// What one sample says of the target (CONSENSUS section 2), as far as the agent can tell: it does not know whether a check
/// counts late answers as good, so for the purpose of retries they are bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A right answer in time.
    Good,
    /// No answer, a wrong one, or one too late.
    Bad,
}

impl Value {
    /// The value of an outcome; `None` where the agent could not even try.
    pub const fn of(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Ok | Outcome::Slow => Some(Self::Good),
            Outcome::LateOk | Outcome::Fail => Some(Self::Bad),
            Outcome::Local => None,
        }
    }
}

/// The retries of one check.
#[derive(Clone, Copy, Debug, Default)]
pub struct Confirmation {
    value: Option<Value>,
    left: u8,
    next: Option<MonoTime>,
}

impl Confirmation {
    /// The last value seen.
    pub const fn value(&self) -> Option<Value> {
        self.value
    }

    /// When the next retry is due.
    pub const fn next(&self) -> Option<MonoTime> {
        self.next
    }

    /// Takes a result, and plans the next retry if one is called for. True if the value flipped; a first value that is bad
    /// counts as a flip.
    ///
    /// A flip seen by a retry does not start new retries: a flapping target costs at most `confirm.retries` extra probes per
    /// probe that came from elsewhere.
    pub fn handle_result(
        &mut self,
        value: Option<Value>,
        trigger: Trigger,
        confirm: &Confirm,
        ended: MonoTime,
    ) -> bool {
        let flipped = match (self.value, value) {
            (_, None) | (None, Some(Value::Good)) => false,
            (None, Some(Value::Bad)) => true,
            (Some(old), Some(new)) => old != new,
        };
        if flipped && trigger != Trigger::Retry {
            self.left = confirm.retries;
        }
        self.value = value.or(self.value);
        if self.next.is_none() && self.left > 0 {
            self.left -= 1;
            self.next = Some(ended.plus(confirm.after));
        }
        flipped
    }

    /// Takes the retry that has come, if one has.
    pub fn take_due(&mut self, now: MonoTime) -> Option<MonoTime> {
        self.next.take_if(|at| *at <= now)
    }
}

#[cfg(test)]
mod tests;
