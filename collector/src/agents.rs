//! What the rest of the collector asks of the side that agents are connected to.

use quorate_model::CheckId;
use quorate_proto::api;

/// The agents as the views see them.
pub(crate) trait Agents: Send + Sync + 'static {
    /// Every agent ever seen, sorted by id. Does not block.
    fn agents(&self) -> Vec<api::Agent>;

    /// What came in since the process started.
    fn counters(&self) -> quorate_collector_http::view::IngestCounters;

    /// Asks every connected agent of the check to probe now; says how many were asked. Does not block.
    fn probe_now(&self, check: &CheckId) -> u32;
}
