//! A contract and the states of its checks from files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use quorate_collector_config::Config;
use quorate_collector_config::contract::zone_for_period;
use quorate_collector_contracts::{Edition, Material, document};
use quorate_collector_report::Document;
use quorate_collector_sla::report::ReportIncident;
use quorate_collector_sla::{Contract, Interval};
use quorate_model::CollectorTime;

use super::incidents;
use crate::config;
use crate::error::CommandError;
use crate::session::Session;
use crate::sla::{read_checks, read_contract};

/// The files a report is made from without a collector.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Without a collector")]
pub(crate) struct OfflineArguments {
    /// The contract, a YAML file [default: the one of --config with the id].
    #[arg(long, value_name = "FILE", requires = "segments")]
    pub(crate) contract: Option<PathBuf>,
    /// The checks' states, one JSON object a line with check, `start_ms`, `end_ms` and state; `-` reads the standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) segments: Option<PathBuf>,
    /// Incidents as `quorate incidents --output json` prints them, or one object a line.
    #[arg(long, value_name = "FILE", requires = "segments")]
    pub(crate) incidents: Option<PathBuf>,
    /// A collector's configuration, for plans and customers, and for the contract where no file is given.
    #[arg(long, value_name = "FILE", requires = "segments")]
    pub(crate) config: Option<PathBuf>,
}

impl OfflineArguments {
    /// True if no collector is to be asked.
    pub(crate) fn is_wanted(&self) -> bool {
        self.segments.is_some()
    }
}

/// What a report is made from, read from files.
pub(crate) struct Case {
    material: Material,
    /// What errors of judging are told of.
    place: String,
}

impl Case {
    /// Reads the files; what is missing in them is remarked on.
    ///
    /// # Errors
    /// A file that cannot be read or is wrong, no contract, or a period its window does not have.
    pub(crate) fn open(
        arguments: &OfflineArguments,
        id: Option<&str>,
        period: &str,
        session: &mut Session<'_>,
    ) -> Result<Self, CommandError> {
        let Some(segments) = &arguments.segments else {
            return Err(CommandError::argument("--segments", "is needed without a collector"));
        };
        let config = arguments.config.as_ref().map(config::load).transpose()?;
        let (contract, place) = contract(arguments, id, config.as_ref())?;
        let (checks, remarks) = read_checks(segments, &contract)?;
        for remark in remarks {
            session.remark(&remark)?;
        }
        let terms = contract.terms();
        let zone =
            zone_for_period(&terms.timezone, period).map_err(|error| CommandError::input(place.clone(), error))?;
        let window = terms.window.window(period, &zone).map_err(|error| CommandError::argument("--period", error))?;
        let incidents = match &arguments.incidents {
            Some(path) => of_window(incidents::read(path)?, &contract, window.interval),
            None => Vec::new(),
        };
        let customers = config.iter().flat_map(|config| config.catalogue.customers_of(&terms.id));
        let customers = customers.map(|(plan, customer)| (plan.clone(), customer.clone())).collect();
        let material = Material {
            zone,
            // Files have no present: what they do not cover of the window is unknown.
            known_to: window.interval.end(),
            window,
            checks,
            incidents,
            latency: Vec::new(),
            methods: Vec::new(),
            // Files do not tell what people did about incidents, so nothing can be said of promises to do so.
            plans: Vec::new(),
            customers,
            credited_before: BTreeMap::new(),
            contract,
        };
        Ok(Self { material, place })
    }

    /// The report, made at `now`.
    ///
    /// # Errors
    /// What the contract and the customers do not fit in.
    pub(crate) fn document(&self, now: CollectorTime) -> Result<Document, CommandError> {
        document(&self.material, Edition::provisional(now))
            .map_err(|error| CommandError::input(self.place.clone(), error))
    }
}

fn contract(
    arguments: &OfflineArguments,
    id: Option<&str>,
    config: Option<&Config>,
) -> Result<(Contract, String), CommandError> {
    if let Some(path) = &arguments.contract {
        let contract = read_contract(path)?;
        if let Some(id) = id.filter(|id| *id != contract.terms().id.as_str()) {
            let reason = format!("the contract is {}, not {id}", contract.terms().id);
            return Err(CommandError::input(path.display().to_string(), reason));
        }
        return Ok((contract, path.display().to_string()));
    }
    let (Some(config), Some(path), Some(id)) = (config, &arguments.config, id) else {
        return Err(CommandError::argument("--contract", "is needed with --segments, or an id with --config"));
    };
    let found = config.catalogue.contracts().iter().find(|contract| contract.terms().id.as_str() == id);
    let Some(contract) = found else {
        let known: Vec<&str> =
            config.catalogue.contracts().iter().map(|contract| contract.terms().id.as_str()).collect();
        let reason = format!("has no contract {id}; there are {}", crate::status::list_or(&known, "none"));
        return Err(CommandError::input(path.display().to_string(), reason));
    };
    Ok((contract.clone(), path.display().to_string()))
}

fn of_window(all: Vec<ReportIncident>, contract: &Contract, window: Interval) -> Vec<ReportIncident> {
    let checks = contract.terms().service.checks();
    let touches = |entry: &ReportIncident| {
        let incident = &entry.incident;
        checks.contains(&&incident.check)
            && incident.start < window.end()
            && incident.end.is_none_or(|end| window.start() < end)
    };
    let mut incidents: Vec<ReportIncident> = all.into_iter().filter(touches).collect();
    incidents.sort_by(|a, b| (a.incident.start, &a.incident.id).cmp(&(b.incident.start, &b.incident.id)));
    incidents
}
