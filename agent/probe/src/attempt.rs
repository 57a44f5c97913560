//! One run of a probe: its deadlines, the phase it is in, and what it saw so far.
//!
//! The protocol's future borrows it, so that all of this survives when that future is dropped at the deadline.

use quorate_model::{Evidence, Failure, Micros, MonoTime, Outcome, Phases};

use crate::clock;
use crate::context::Context;
use crate::failed::{Failed, bounded};
use crate::finding::Finding;
use crate::timing::Timing;

/// What a probe is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Looking up a name.
    Dns,
    /// Setting up a connection.
    Connect,
    /// TLS handshake.
    Tls,
    /// Waiting for the answer's first byte.
    FirstByte,
    /// Receiving the answer.
    Transfer,
}

impl Stage {
    /// The failure of a probe whose deadline came in this stage.
    fn silence(self) -> Failure {
        match self {
            Self::Dns => Failure::DnsTimeout,
            Self::Connect => Failure::ConnectTimeout,
            Self::Tls | Self::FirstByte | Self::Transfer => Failure::Timeout,
        }
    }

    fn doing(self) -> &'static str {
        match self {
            Self::Dns => "no answer from the resolver",
            Self::Connect => "no connection",
            Self::Tls => "TLS handshake not finished",
            Self::FirstByte => "no answer",
            Self::Transfer => "answer not whole",
        }
    }
}

/// One run of a probe.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) context: &'a Context,
    pub(crate) evidence: Evidence,
    timing: Timing,
    start: MonoTime,
    deadline: MonoTime,
    stage: Option<(Stage, MonoTime)>,
    stage_at_deadline: Option<Stage>,
    phases: Phases,
}

impl<'a> Attempt<'a> {
    /// Starts now.
    pub(crate) fn start(context: &'a Context, timing: Timing) -> Self {
        let start = clock::now();
        Self {
            context,
            evidence: Evidence::default(),
            timing,
            start,
            deadline: start.plus(timing.timeout()),
            stage: None,
            stage_at_deadline: None,
            phases: Phases::default(),
        }
    }

    /// When a right answer is no longer in time.
    pub(crate) fn deadline(&self) -> MonoTime {
        self.deadline
    }

    /// When the probe stops listening.
    pub(crate) fn end(&self) -> MonoTime {
        self.start.plus(self.timing.longest())
    }

    /// Ends the current stage and enters the next. One clock read.
    pub(crate) fn enter(&mut self, stage: Stage) {
        self.enter_at(stage, clock::now());
    }

    /// The same, for a moment noted before.
    pub(crate) fn enter_at(&mut self, stage: Stage, at: MonoTime) {
        self.leave(at);
        self.stage = Some((stage, at));
    }

    fn leave(&mut self, at: MonoTime) {
        let Some((stage, since)) = self.stage.take() else { return };
        if at > self.deadline && self.stage_at_deadline.is_none() {
            self.stage_at_deadline = Some(stage);
        }
        let phase = match stage {
            Stage::Dns => &mut self.phases.dns,
            Stage::Connect => &mut self.phases.connect,
            Stage::Tls => &mut self.phases.tls,
            Stage::FirstByte => &mut self.phases.first_byte,
            Stage::Transfer => &mut self.phases.transfer,
        };
        *phase = Some(clock::sum(phase.unwrap_or_default(), at.since(since)));
    }

    /// Ends the run. `result` is `None` where it was still listening at its very end.
    pub(crate) fn conclude(mut self, result: Option<Result<(), Failed>>) -> Finding {
        let now = clock::now();
        let current = self.stage.map(|(stage, _)| stage);
        self.leave(now);
        self.phases.total = now.since(self.start);
        let in_time = now <= self.deadline;
        match result {
            Some(Ok(())) => {
                let outcome = if !in_time {
                    Outcome::LateOk
                } else if self.is_slow() {
                    Outcome::Slow
                } else {
                    Outcome::Ok
                };
                self.finding(outcome, None)
            }
            Some(Err(failed)) if in_time => {
                let outcome = failed.outcome();
                self.evidence.detail = failed.detail;
                self.finding(outcome, Some(failed.failure))
            }
            // A wrong answer after the deadline changes nothing: at the deadline the target had been silent.
            Some(Err(failed)) => self.silent(current, failed.detail.as_deref()),
            None => self.silent(current, None),
        }
    }

    fn is_slow(&self) -> bool {
        self.timing
            .slow_after()
            .is_some_and(|limit| MonoTime::default().plus(limit).as_micros() < self.phases.total.get())
    }

    fn silent(mut self, current: Option<Stage>, then: Option<&str>) -> Finding {
        let stage = self.stage_at_deadline.or(current).unwrap_or(Stage::FirstByte);
        let timeout_ms = self.timing.timeout().get();
        let detail = match then {
            Some(then) => format!("{} within {timeout_ms} ms; later: {then}", stage.doing()),
            None => format!("{} within {timeout_ms} ms", stage.doing()),
        };
        self.evidence.detail = Some(bounded(&detail));
        let timeout = self.deadline.since(self.start);
        self.phases.total = Micros::new(self.phases.total.get().min(timeout.get()));
        self.finding(Outcome::Fail, Some(stage.silence()))
    }

    fn finding(self, outcome: Outcome, failure: Option<Failure>) -> Finding {
        Finding { outcome, failure, phases: self.phases, evidence: self.evidence }
    }
}
