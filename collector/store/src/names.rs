//! Numbers for agents and checks, as the writer hands them out.

use std::collections::HashMap;

use quorate_model::{AgentId, CheckId, CollectorTime};
use quorate_proto::batch::Origin;
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::BatchRefusal;

/// The most different checks ever kept, unknown ones included, so that an agent cannot grow the list without bound.
pub(crate) const MAX_CHECKS: usize = 65_536;
/// The most different agents ever kept.
pub(crate) const MAX_AGENTS: usize = 16_384;

/// What is known of names; forgotten when a transaction fails.
#[derive(Default)]
pub(crate) struct Names {
    agents: HashMap<AgentId, i64>,
    checks: HashMap<CheckId, i64>,
    counted: Option<(usize, usize)>,
}

/// Why a name has no number.
pub(crate) enum NameError {
    Refused(BatchRefusal),
    Engine(rusqlite::Error),
}

impl From<rusqlite::Error> for NameError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

impl Names {
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    fn counts(&mut self, tx: &Connection) -> Result<&mut (usize, usize), rusqlite::Error> {
        let counted = match self.counted {
            Some(counted) => counted,
            None => tx.query_row("SELECT (SELECT count(*) FROM agents), (SELECT count(*) FROM checks)", [], |row| {
                Ok((row.get::<_, u32>(0)? as usize, row.get::<_, u32>(1)? as usize))
            })?,
        };
        Ok(self.counted.insert(counted))
    }

    pub(crate) fn check(&mut self, tx: &Connection, id: &CheckId) -> Result<i64, NameError> {
        if let Some(number) = self.checks.get(id) {
            return Ok(*number);
        }
        let known: Option<i64> = tx
            .prepare_cached("SELECT check_no FROM checks WHERE id = ?1")?
            .query_row([id.as_str()], |row| row.get(0))
            .optional()?;
        let number = if let Some(number) = known {
            number
        } else {
            let (_, checks) = self.counts(tx)?;
            if *checks >= MAX_CHECKS {
                return Err(NameError::Refused(BatchRefusal::TooManyChecks { checks: *checks }));
            }
            *checks += 1;
            tx.prepare_cached("INSERT INTO checks (id) VALUES (?1)")?.insert([id.as_str()])?
        };
        self.checks.insert(id.clone(), number);
        Ok(number)
    }

    pub(crate) fn agent(&mut self, tx: &Connection, origin: &Origin, seen: CollectorTime) -> Result<i64, NameError> {
        if let Some(number) = self.agents.get(&origin.agent) {
            return Ok(*number);
        }
        let known: Option<i64> = tx
            .prepare_cached("SELECT agent FROM agents WHERE id = ?1")?
            .query_row([origin.agent.as_str()], |row| row.get(0))
            .optional()?;
        let number = if let Some(number) = known {
            number
        } else {
            let (agents, _) = self.counts(tx)?;
            if *agents >= MAX_AGENTS {
                return Err(NameError::Refused(BatchRefusal::TooManyAgents { agents: *agents }));
            }
            *agents += 1;
            tx.prepare_cached(
                "INSERT INTO agents (id, region, provider, software, boot, first_seen_ms, last_seen_ms)
                 VALUES (?1, ?2, ?3, '', 0, ?4, ?4)",
            )?
            .insert(params![
                origin.agent.as_str(),
                origin.region.as_str(),
                origin.provider.as_str(),
                seen.as_millis()
            ])?
        };
        self.agents.insert(origin.agent.clone(), number);
        Ok(number)
    }
}
