//! What is known of each agent: where it stands, when it was heard of, what of its numbers is settled.

use quorate_model::{AgentId, AgentTime, Boot, CollectorTime, ProviderId, RegionId, Seq};
use quorate_proto::batch::Origin;
use rusqlite::{Connection, OptionalExtension, params};

use crate::append::{Gap, Rejection};
use crate::error::{DamageError, ReadError, WriteError};
use crate::lives::read_settled;
use crate::names::NameError;
use crate::read::{damaged, parse_name};
use crate::writer::Writing;

/// An agent that was heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAgent {
    /// Its id.
    pub agent: AgentId,
    /// Where it stood last.
    pub region: RegionId,
    /// Who runs the network there.
    pub provider: ProviderId,
    /// The version of its software, as it says; empty if it never said.
    pub software: String,
    /// The life it said hello in last; 0 if it never did.
    pub boot: Boot,
    /// Everything of that life up to here is settled.
    pub durable: Seq,
    /// When it was first heard of.
    pub first_seen: CollectorTime,
    /// When it was last heard of.
    pub last_seen: CollectorTime,
}

/// What an agent said of itself when it connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentSeen {
    /// Who it is, by its certificate.
    pub origin: Origin,
    /// The life it is in.
    pub boot: Boot,
    /// The version of its software.
    pub software: String,
    /// When.
    pub at: CollectorTime,
}

/// Notes that an agent connected. Gives what is settled of its life.
pub(crate) fn see(writing: &mut Writing<'_>, seen: &AgentSeen) -> Result<Seq, WriteError> {
    let refused = |why: String| WriteError::Refused { what: "the agent", why };
    if seen.boot.get() > i64::MAX.cast_unsigned() {
        return Err(refused(format!("boot {} is over the largest number that can be stored", seen.boot.get())));
    }
    let agent = match writing.names.agent(writing.tx, &seen.origin, seen.at) {
        Ok(agent) => agent,
        Err(NameError::Engine(error)) => return Err(error.into()),
        Err(NameError::Refused(refusal)) => return Err(refused(refusal.to_string())),
    };
    writing
        .tx
        .prepare_cached(
            "UPDATE agents SET region = ?2, provider = ?3, software = ?4, boot = ?5, last_seen_ms = max(last_seen_ms, ?6)
             WHERE agent = ?1",
        )?
        .execute(params![
            agent,
            seen.origin.region.as_str(),
            seen.origin.provider.as_str(),
            seen.software,
            seen.boot.get().cast_signed(),
            seen.at.as_millis()
        ])?;
    Ok(Seq::new(writing.lives.life(writing.tx, agent, seen.boot.get())?.settled.durable()))
}

/// Every agent, by id.
pub(crate) fn agents(conn: &Connection) -> Result<Vec<KnownAgent>, ReadError> {
    let tx = conn.unchecked_transaction()?;
    let mut statement = tx.prepare_cached(
        "SELECT agent, id, region, provider, software, boot, first_seen_ms, last_seen_ms FROM agents ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let (id, region, provider): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let boot = row.get::<_, i64>(5)?.cast_unsigned();
        found.push(KnownAgent {
            agent: parse_name(AgentId::new(&id), "agents", number, &id)?,
            region: parse_name(RegionId::new(&region), "agents", number, &region)?,
            provider: parse_name(ProviderId::new(&provider), "agents", number, &provider)?,
            software: row.get(4)?,
            boot: Boot::new(boot),
            durable: Seq::new(read_settled(&tx, number, boot)?.durable()),
            first_seen: CollectorTime::from_millis(row.get(6)?),
            last_seen: CollectorTime::from_millis(row.get(7)?),
        });
    }
    Ok(found)
}

fn agent_number(conn: &Connection, agent: &AgentId) -> Result<Option<i64>, ReadError> {
    let mut statement = conn.prepare_cached("SELECT agent FROM agents WHERE id = ?1")?;
    Ok(statement.query_row([agent.as_str()], |row| row.get(0)).optional()?)
}

/// Everything up to here of an agent's life is settled; 0 = nothing.
pub(crate) fn durable(conn: &Connection, agent: &AgentId, boot: Boot) -> Result<Seq, ReadError> {
    Ok(match agent_number(conn, agent)? {
        Some(number) => Seq::new(read_settled(conn, number, boot.get())?.durable()),
        None => Seq::new(0),
    })
}

/// The settled ranges of an agent's life, in order, both ends included.
pub(crate) fn settled(conn: &Connection, agent: &AgentId, boot: Boot) -> Result<Vec<(Seq, Seq)>, ReadError> {
    Ok(match agent_number(conn, agent)? {
        Some(number) => {
            let ranges = read_settled(conn, number, boot.get())?;
            ranges.iter().map(|(first, last)| (Seq::new(first), Seq::new(last))).collect()
        }
        None => Vec::new(),
    })
}

fn origin(texts: [String; 3], table: &'static str, row: i64) -> Result<Origin, ReadError> {
    let [agent, region, provider] = texts;
    Ok(Origin {
        agent: parse_name(AgentId::new(&agent), table, row, &agent)?,
        region: parse_name(RegionId::new(&region), table, row, &region)?,
        provider: parse_name(ProviderId::new(&provider), table, row, &provider)?,
    })
}

/// Ranges dropped by agents, in the order they were told; each with the place its agent has now.
pub(crate) fn gaps(conn: &Connection) -> Result<Vec<Gap>, ReadError> {
    let mut statement = conn.prepare_cached(
        "SELECT gap, id, region, provider, gaps.boot, first_seq, last_seq, start_ms, end_ms, received_ms
         FROM gaps JOIN agents USING (agent) ORDER BY gap",
    )?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Gap {
            origin: origin([row.get(1)?, row.get(2)?, row.get(3)?], "gaps", row.get(0)?)?,
            boot: Boot::new(row.get::<_, i64>(4)?.cast_unsigned()),
            first: Seq::new(row.get::<_, i64>(5)?.cast_unsigned()),
            last: Seq::new(row.get::<_, i64>(6)?.cast_unsigned()),
            start: AgentTime::from_millis(row.get(7)?),
            end: AgentTime::from_millis(row.get(8)?),
            received: CollectorTime::from_millis(row.get(9)?),
        });
    }
    Ok(found)
}

/// Ranges that could never be taken, in the order they came; each with the place its agent has now.
pub(crate) fn rejections(conn: &Connection) -> Result<Vec<Rejection>, ReadError> {
    let mut statement = conn.prepare_cached(
        "SELECT reject, id, region, provider, rejects.boot, first_seq, last_seq, reason, detail, received_ms
         FROM rejects JOIN agents USING (agent) ORDER BY reject",
    )?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let reason: i64 = row.get(7)?;
        found.push(Rejection {
            origin: origin([row.get(1)?, row.get(2)?, row.get(3)?], "rejects", number)?,
            boot: Boot::new(row.get::<_, i64>(4)?.cast_unsigned()),
            first: Seq::new(row.get::<_, i64>(5)?.cast_unsigned()),
            last: Seq::new(row.get::<_, i64>(6)?.cast_unsigned()),
            reason: i32::try_from(reason).map_err(|_| {
                damaged("rejects", number, DamageError::Value { what: "reason", value: reason.to_string() })
            })?,
            detail: row.get(8)?,
            received: CollectorTime::from_millis(row.get(9)?),
        });
    }
    Ok(found)
}
