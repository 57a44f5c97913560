//! Who an agent is, as its certificate says it: `quorate://agent/<id>/region/<region>` as a URI in the subject's
//! alternative names (RFC 5280, section 4.2.1.6).
//!
//! The authority that issues certificates writes it, the collector that admits agents reads it; neither believes the
//! common name. Ids hold no character that a URI would have to escape, so the text is exact: there is one form only.

use std::fmt;
use std::str::FromStr;

use quorate_model::{AgentId, IdError, RegionId};

const PREFIX: &str = "quorate://agent/";
const MIDDLE: &str = "/region/";

/// An agent and the region its certificate lets it speak for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentIdentity {
    /// The agent.
    pub agent: AgentId,
    /// Its region.
    pub region: RegionId,
}

/// Why a URI is not the identity of an agent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The URI has another form.
    #[error("{0:?} is not an agent's identity; it has to be {PREFIX}<id>{MIDDLE}<region>")]
    Form(String),
    /// The agent's id is none.
    #[error("the agent's id {0}")]
    Agent(#[source] IdError),
    /// The region's id is none.
    #[error("the region's id {0}")]
    Region(#[source] IdError),
}

impl fmt::Display for AgentIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}{MIDDLE}{}", self.agent, self.region)
    }
}

impl FromStr for AgentIdentity {
    type Err = IdentityError;

    fn from_str(uri: &str) -> Result<Self, IdentityError> {
        let form = || IdentityError::Form(uri.to_owned());
        let (agent, region) = uri.strip_prefix(PREFIX).and_then(|rest| rest.split_once(MIDDLE)).ok_or_else(form)?;
        Ok(Self {
            agent: AgentId::new(agent).map_err(IdentityError::Agent)?,
            region: RegionId::new(region).map_err(IdentityError::Region)?,
        })
    }
}

#[cfg(test)]
mod tests;
