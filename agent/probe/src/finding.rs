//! What a probe answers with.

use quorate_model::{Evidence, Failure, Outcome, Phases};

/// How a probe ended, why, how long its phases took and what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed; `None` exactly for the outcomes `ok`, `slow` and `late_ok`.
    pub failure: Option<Failure>,
    /// How long each phase took, summed over redirects. `total` reaches from the start to the moment the outcome was
    /// settled: for a target that was silent that is the deadline, though the probe listened longer.
    pub phases: Phases,
    /// What was seen.
    pub evidence: Evidence,
}
