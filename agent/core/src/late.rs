//! How long a probe goes on listening after its deadline.

use quorate_model::{CheckSpec, Millis};

/// Never longer than this.
pub const MAX_WAIT: Millis = Millis::new(1000);

/// A quarter of the timeout, at most [`MAX_WAIT`], and where the timeout leaves room for it, not into the next slot.
///
/// A late answer shows that the target lives, but every failing sample, and so the detection of an outage, waits for it.
pub fn wait(spec: &CheckSpec) -> Millis {
    let room = spec.interval - spec.timeout;
    spec.timeout.over(4).min(MAX_WAIT).min(room).max(Millis::ZERO)
}
