//! What the HTTP side asks of the rest of the collector.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use hdrhistogram::Histogram;
use quorate_model::{CheckId, CollectorTime, IncidentClass, IncidentId, Millis, RegionId, Sample};
use quorate_proto::api;

use crate::desk::Desk;
use crate::reports::Reports;
use crate::view::Snapshot;

/// The future of one answer; boxed, so that [`Queries`] can be a trait object.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, QueryError>> + Send + 'a>>;

/// The longest window [`Queries::samples`] is asked for at once: 1 h, which of 5 agents at 10 s is 1,800 samples.
pub const SAMPLES_PIECE: Millis = Millis::from_secs(3600);

/// The collector as the HTTP side sees it.
///
/// The HTTP side has checked every argument for form and range before it asks; whether a check or an incident exists is
/// for the implementer to say, of everything but the present configuration. Each future is dropped when the request's
/// deadline passes, so it has to be safe to drop at every await, and a read that blocks belongs on a thread of its own.
pub trait Queries: Reports + Desk {
    /// The newest picture of the present; cheap, never blocks.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// Whether the collector takes samples and answers from a complete view; cheap, never blocks.
    fn readiness(&self) -> api::Readiness;

    /// States and uptime over a window: half-open segments without holes, clipped to the window.
    ///
    /// # Errors
    /// [`QueryError::UnknownCheck`], [`QueryError::NotRetained`] or a failure of the store.
    fn segments<'a>(&'a self, check: &'a CheckId, window: Window) -> Answer<'a, api::Segments>;

    /// Who said what at one moment, and why the verdict is what it is.
    ///
    /// # Errors
    /// [`QueryError::UnknownCheck`], [`QueryError::NotRetained`] or a failure of the store.
    fn explain<'a>(&'a self, check: &'a CheckId, at: CollectorTime) -> Answer<'a, api::Explanation>;

    /// The samples of one check whose corrected start lies in the window, sorted by corrected start and identity.
    ///
    /// A long window is asked for piece by piece, each at most [`crate::queries::SAMPLES_PIECE`] long.
    ///
    /// # Errors
    /// [`QueryError::UnknownCheck`], [`QueryError::NotRetained`] or a failure of the store.
    fn samples<'a>(&'a self, check: &'a CheckId, window: Window) -> Answer<'a, Vec<Sample>>;

    /// The merged histograms of the totals of right answers, in microseconds, one for each region that has any, sorted
    /// by region.
    ///
    /// # Errors
    /// [`QueryError::UnknownCheck`], [`QueryError::NotRetained`] or a failure of the store.
    fn latency<'a>(&'a self, check: &'a CheckId, window: Window) -> Answer<'a, Vec<RegionHistogram>>;

    /// Incidents that match, newest first: by start and then by id, both descending; at most `filter.limit`.
    ///
    /// # Errors
    /// [`QueryError::UnknownCheck`] or a failure of the store.
    fn incidents<'a>(&'a self, filter: &'a IncidentFilter) -> Answer<'a, Vec<api::Incident>>;

    /// One incident in its latest revision.
    ///
    /// # Errors
    /// [`QueryError::UnknownIncident`] or a failure of the store.
    fn incident<'a>(&'a self, id: &'a IncidentId) -> Answer<'a, api::Incident>;

    /// Asks every connected agent of the check to probe now.
    ///
    /// # Errors
    /// [`QueryError::UnknownCheck`], or [`QueryError::TooSoon`] after another such request.
    fn probe_now<'a>(&'a self, check: &'a CheckId) -> Answer<'a, api::ProbeNow>;
}

/// A half-open stretch of time on the collector's clock; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    from: CollectorTime,
    to: CollectorTime,
}

impl Window {
    /// `None` unless `from` is before `to`.
    pub fn new(from: CollectorTime, to: CollectorTime) -> Option<Self> {
        (from < to).then_some(Self { from, to })
    }

    /// Its first moment.
    pub fn from(self) -> CollectorTime {
        self.from
    }

    /// The first moment after it.
    pub fn to(self) -> CollectorTime {
        self.to
    }

    /// How long it lasts.
    pub fn length(self) -> Millis {
        self.to - self.from
    }
}

/// Which incidents are wanted; everything given has to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentFilter {
    /// Of this check.
    pub check: Option<CheckId>,
    /// Ended after this moment, or still open.
    pub from: Option<CollectorTime>,
    /// Started before this moment.
    pub to: Option<CollectorTime>,
    /// Open or ended.
    pub phase: Option<IncidentPhase>,
    /// Outages or blips.
    pub class: Option<IncidentClass>,
    /// Strictly after this place in the order, which is newest first.
    pub after: Option<IncidentPosition>,
    /// At most so many; at least 1.
    pub limit: usize,
}

/// Whether an incident still lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentPhase {
    /// It does.
    Open,
    /// It has ended.
    Ended,
}

/// A place in the order of incidents: the start and the id of the last one seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentPosition {
    /// Its start.
    pub start: CollectorTime,
    /// Its id.
    pub id: IncidentId,
}

impl fmt::Display for IncidentPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.start.as_millis(), self.id)
    }
}

/// The latency of one region.
#[derive(Clone, Debug)]
pub struct RegionHistogram {
    /// The region.
    pub region: RegionId,
    /// Totals of right answers in microseconds.
    pub histogram: Histogram<u64>,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// No check has this id.
    #[error("no check has the id {0:?}")]
    UnknownCheck(CheckId),
    /// No incident has this id.
    #[error("no incident has the id {:?}", .0.as_str())]
    UnknownIncident(IncidentId),
    /// No contract has this id.
    #[error("no contract has the id {0:?}")]
    UnknownContract(String),
    /// Nobody of this id has the contract.
    #[error("{customer:?} is no customer of {contract} in this window")]
    UnknownCustomer {
        /// The contract.
        contract: String,
        /// Who was asked for.
        customer: String,
    },
    /// The text names no window of the contract, or one that has not begun.
    #[error("period: {0}")]
    BadPeriod(String),
    /// A decision is not taken.
    #[error("{0}")]
    Refused(#[from] quorate_collector_desk::Refused),
    /// The report has no such revision.
    #[error("the report on {period} has no revision {revision}; {there_is}")]
    UnknownRevision {
        /// The window's name.
        period: String,
        /// The revision asked for.
        revision: u32,
        /// What there is, in words.
        there_is: String,
    },
    /// The samples needed for the answer are no longer kept.
    #[error("what is needed for this answer is kept only from {} on", .oldest.as_millis())]
    NotRetained {
        /// The oldest moment that can be asked about.
        oldest: CollectorTime,
    },
    /// Asked again before the check's pause was over.
    #[error("the check was probed on demand just now; it can be again in {}", .retry_after)]
    TooSoon {
        /// The rest of the pause.
        retry_after: Millis,
    },
    /// The answer would be larger than what is answered in one piece.
    #[error("the answer has more than {limit} entries; ask for a shorter window")]
    TooLarge {
        /// The most entries.
        limit: usize,
    },
    /// The collector starts, stops, or has too many reads under way.
    #[error("{0}")]
    Unavailable(Unavailable),
    /// The store or an engine failed; the text is logged and not told to the client.
    #[error("the collector could not read its own data")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why an answer cannot be given now though it could at another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// The past is still being read in.
    #[error("the collector is starting and has not read its past yet")]
    Starting,
    /// The collector is shutting down.
    #[error("the collector is shutting down")]
    Stopping,
    /// Too many reads are under way.
    #[error("too many reads are under way")]
    Busy,
}
