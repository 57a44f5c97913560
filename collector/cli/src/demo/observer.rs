//! What the collector says, asked as any client asks it.

use std::net::SocketAddr;
use std::time::Duration;

use quorate_collector_report::Document;
use quorate_proto::api::{Agents, CheckStatus, Incident, Incidents, Segments, Status};

use crate::api_client::{ApiClient, ApiError};

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(2);

/// Asks the collector of the stage.
#[derive(Clone, Debug)]
pub(crate) struct Observer {
    api: ApiClient,
}

impl Observer {
    /// Asks at `http`.
    ///
    /// # Errors
    /// The address makes no URL.
    pub(crate) fn new(http: SocketAddr) -> Result<Self, ApiError> {
        Ok(Self { api: ApiClient::new(&format!("http://{http}"), ANSWER)? })
    }

    /// Every check's state now.
    pub(crate) async fn status(&self) -> Result<Status, ApiError> {
        self.api.get(&["api", "v1", "status"], &[]).await
    }

    /// The agents.
    pub(crate) async fn agents(&self) -> Result<Agents, ApiError> {
        self.api.get(&["api", "v1", "agents"], &[]).await
    }

    /// The incidents of a check that touch a window, oldest first.
    pub(crate) async fn incidents(&self, check: &str, from_ms: i64, to_ms: i64) -> Result<Vec<Incident>, ApiError> {
        let query = [("check", check.to_owned()), ("from_ms", from_ms.to_string()), ("to_ms", to_ms.to_string())];
        let answer: Incidents = self.api.get(&["api", "v1", "incidents"], &query).await?;
        let mut incidents = answer.incidents;
        incidents.sort_by_key(|incident| incident.start_ms);
        Ok(incidents)
    }

    /// The newest incidents of all checks.
    pub(crate) async fn newest_incidents(&self, limit: usize) -> Result<Vec<Incident>, ApiError> {
        let query = [("limit", limit.to_string())];
        let answer: Incidents = self.api.get(&["api", "v1", "incidents"], &query).await?;
        Ok(answer.incidents)
    }

    /// A check's states over a window, with its sums.
    pub(crate) async fn segments(&self, check: &str, from_ms: i64, to_ms: i64) -> Result<Segments, ApiError> {
        let query = [("from_ms", from_ms.to_string()), ("to_ms", to_ms.to_string())];
        self.api.get(&["api", "v1", "checks", check, "segments"], &query).await
    }

    /// The report on the window of a contract that runs.
    pub(crate) async fn report(&self, contract: &str) -> Result<Document, ApiError> {
        self.api.get(&["api", "v1", "slas", contract, "report"], &[]).await
    }

    /// A check's samples over a window, as JSON Lines.
    pub(crate) async fn samples(&self, check: &str, from_ms: i64, to_ms: i64) -> Result<String, ApiError> {
        let query = [("from_ms", from_ms.to_string()), ("to_ms", to_ms.to_string())];
        self.api.get_text(&["api", "v1", "checks", check, "samples"], &query).await
    }
}

/// A check of a status.
pub(crate) fn check<'a>(status: &'a Status, id: &str) -> Option<&'a CheckStatus> {
    status.checks.iter().find(|check| check.id == id)
}

/// The regions that vote so on a check.
pub(crate) fn voting(status: &Status, id: &str, vote: &str) -> Vec<String> {
    let regions = check(status, id).map(|check| check.regions.as_slice()).unwrap_or_default();
    regions.iter().filter(|region| region.vote == vote).map(|region| region.region.clone()).collect()
}
