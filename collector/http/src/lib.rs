//! The collector's HTTP side: the JSON API under `/api/v1`, liveness and readiness, and the Prometheus exporter.
//!
//! Everything that can be answered from the present state comes from a [`Snapshot`], an immutable picture the collector
//! publishes and readers share, so that no request waits for a lock and no two answers of one picture differ. What needs
//! the store goes through [`Queries`]. Rendering is pure: a view in, text out.
//!
//! This crate deliberately has no consensus, no storage and no configuration file: whoever owns those implements
//! [`Queries`] and publishes snapshots. It does not know who may read: it listens on loopback unless told otherwise, and is
//! put behind a proxy that does. Who may change something is asked of the [`Desk`]. Its main types are [`Service`] and [`Queries`].

pub mod api;
pub mod desk;
#[cfg(test)]
mod fixture;
pub mod limits;
pub mod metrics;
pub mod queries;
pub mod reports;
pub mod server;
pub mod tally;
mod traffic;
pub mod view;

pub use desk::{AuditLine, Decided, Desk, Handled, NotSigned};
pub use queries::{
    Answer, IncidentFilter, IncidentPhase, IncidentPosition, Queries, QueryError, RegionHistogram, Unavailable, Window,
};
pub use reports::{LedgerWanted, RenderedReport, ReportFormat, ReportWanted, Reports};
pub use server::{Config, DEFAULT_LISTEN, Service};
pub use tally::ProbeTally;
pub use view::{Counters, Published, Snapshot};
