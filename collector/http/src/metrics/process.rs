//! The families of the collector itself, its agents, its ingest and its HTTP side.

use std::fmt;

use quorate_proto::api::{Agent, Agents, Status};

use super::catalogue as family;
use super::writer::{Figure, Writer, count, seconds, truth};
use crate::traffic::RouteCounts;
use crate::view::Counters;
use crate::view::counters::LoadResult;

pub(super) fn write_process(writer: &mut Writer<'_>, status: &Status, counters: &Counters) -> fmt::Result {
    writer.family(&family::BUILD, |samples| samples.info([&status.version], &[]))?;
    writer.family(&family::PROCESS_START, |samples| samples.value([], seconds(counters.started_at.as_millis())))?;
    writer.family(&family::CONFIG_REVISION, |samples| samples.value([], count(status.config_revision)))?;
    let config = &counters.config;
    writer
        .family(&family::CONFIG_LOADED, |samples| samples.value([], truth(config.last_load == LoadResult::Applied)))?;
    writer.family(&family::CONFIG_LOADED_AT, |samples| samples.value([], seconds(config.last_load_at.as_millis())))
}

pub(super) fn write_agents(writer: &mut Writer<'_>, agents: &Agents) -> fmt::Result {
    let agents = &agents.agents;
    writer.family(&family::AGENT_INFO, |samples| {
        agents
            .iter()
            .try_for_each(|agent| samples.info([&agent.id, &agent.region, &agent.provider, &agent.software], &[]))
    })?;
    writer.family(&family::AGENT_CONNECTED, |samples| {
        agents.iter().try_for_each(|agent| samples.value([&agent.id, &agent.region], truth(agent.connected)))
    })?;
    writer.family(&family::AGENT_LAST_SEEN, |samples| {
        for agent in agents {
            if let Some(at) = agent.last_seen_ms {
                samples.value([&agent.id, &agent.region], seconds(at))?;
            }
        }
        Ok(())
    })?;
    // What an agent told of itself is old news once it is away; counters stay, as they only grow.
    let present: [Figure<'_, Agent>; 7] = [
        (&family::AGENT_HEALTH, |agent| f64::from(agent.health)),
        (&family::AGENT_CLOCK_OFFSET, |agent| seconds(agent.clock_offset_ms)),
        (&family::AGENT_CLOCK_ERROR, |agent| seconds(agent.clock_error_ms)),
        (&family::AGENT_SPOOL, |agent| count(agent.spool_samples)),
        (&family::AGENT_MEMORY, |agent| count(agent.resident_bytes)),
        (&family::AGENT_CURRENT, |agent| truth(agent.assignment_current)),
        (&family::AGENT_REFUSED, |agent| count(agent.refused.len() as u64)),
    ];
    for (family, figure) in present {
        let telling = agents.iter().filter(|agent| agent.connected && agent.status_at_ms.is_some());
        write_figures(writer, family, telling, figure)?;
    }
    let counters: [Figure<'_, Agent>; 4] = [
        (&family::AGENT_DROPPED, |agent| count(agent.samples_dropped)),
        (&family::AGENT_STARTED, |agent| count(agent.probes_started)),
        (&family::AGENT_EXTRA, |agent| count(agent.probes_extra)),
        (&family::AGENT_SKIPPED, |agent| count(agent.probes_skipped)),
    ];
    for (family, figure) in counters {
        let told = agents.iter().filter(|agent| agent.status_at_ms.is_some());
        write_figures(writer, family, told, figure)?;
    }
    Ok(())
}

fn write_figures<'a>(
    writer: &mut Writer<'_>,
    family: &family::Family,
    mut agents: impl Iterator<Item = &'a Agent>,
    figure: fn(&Agent) -> f64,
) -> fmt::Result {
    writer
        .family(family, |samples| agents.try_for_each(|agent| samples.value([&agent.id, &agent.region], figure(agent))))
}

pub(super) fn write_ingest(writer: &mut Writer<'_>, counters: &Counters) -> fmt::Result {
    let ingest = &counters.ingest;
    writer.family(&family::INGEST_BATCHES, |samples| samples.value([], count(ingest.batches)))?;
    writer.family(&family::INGEST_SAMPLES, |samples| samples.value([], count(ingest.samples)))?;
    writer.family(&family::INGEST_DUPLICATES, |samples| samples.value([], count(ingest.duplicates)))?;
    writer.family(&family::INGEST_EQUIVOCATIONS, |samples| samples.value([], count(ingest.equivocations)))?;
    writer.family(&family::INGEST_LATE, |samples| samples.value([], count(ingest.late)))?;
    writer.family(&family::INGEST_CAPPED, |samples| samples.value([], count(ingest.capped)))?;
    writer.family(&family::INGEST_APART, |samples| {
        ingest.apart.iter().try_for_each(|(reason, apart)| samples.value([reason], count(*apart)))
    })?;
    writer.family(&family::INGEST_REJECTS, |samples| {
        ingest.rejects.iter().try_for_each(|(reason, ranges)| samples.value([reason], count(*ranges)))
    })?;
    writer.family(&family::INGEST_ACK, |samples| samples.histogram([], &ingest.ack))?;
    writer.family(&family::STORE_SIZE, |samples| {
        let Some(store) = &counters.store else { return Ok(()) };
        samples.value(["database"], count(store.database_bytes))?;
        samples.value(["wal"], count(store.wal_bytes))
    })
}

pub(super) fn write_traffic(writer: &mut Writer<'_>, routes: &[RouteCounts]) -> fmt::Result {
    writer.family(&family::HTTP_REQUESTS, |samples| {
        for route in routes {
            for (class, requests) in &route.classes {
                samples.value([route.route, class], count(*requests))?;
            }
        }
        Ok(())
    })?;
    writer.family(&family::HTTP_TIME, |samples| {
        routes.iter().try_for_each(|route| samples.histogram([route.route], &route.time))
    })
}
