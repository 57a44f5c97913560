//! The exporter: the picture of the present as Prometheus reads it.
//!
//! What is not known is left out, so that it reads as absent and never as zero or as an error. Every label's values are
//! bounded by the configuration or by a closed set of words.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;

use crate::tally::Phase;
use crate::traffic::RouteCounts;
use crate::view::Snapshot;

pub mod catalogue;
mod checks;
mod process;
mod slas;
mod writer;

use catalogue::{CATALOGUE, Family, Kind, PREFIX};
use writer::Writer;

/// The two text formats that are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The text format 0.0.4, for tools that do not ask for OpenMetrics.
    Text,
}

impl Format {
    /// The media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// Which phases' histograms a scrape wants: they are most of the series, one for each bucket, check, region and phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phases {
    /// Every phase that took place.
    #[default]
    All,
    /// The whole probe only.
    Total,
    /// None.
    None,
}

impl Phases {
    /// The words of the parameter `phases`.
    pub const WORDS: [(&'static str, Self); 3] = [("all", Self::All), ("total", Self::Total), ("none", Self::None)];

    fn wants(self, phase: Phase) -> bool {
        match self {
            Self::All => true,
            Self::Total => phase == Phase::Total,
            Self::None => false,
        }
    }
}

/// The whole exposition of one picture.
///
/// # Errors
/// None in practice: a text in memory always takes more.
pub(crate) fn render(
    snapshot: &Arc<Snapshot>,
    routes: &[RouteCounts],
    phases: Phases,
    format: Format,
) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Exposition {
        snapshot: Arc::clone(snapshot),
        routes: routes.to_vec(),
        phases,
    }));
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    match format {
        Format::OpenMetrics => Ok(text),
        Format::Text => older(&text),
    }
}

#[derive(Debug)]
struct Exposition {
    snapshot: Arc<Snapshot>,
    routes: Vec<RouteCounts>,
    phases: Phases,
}

impl Collector for Exposition {
    fn encode(&self, encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let mut writer = Writer::new(encoder);
        let (status, agents, counters) = (self.snapshot.status(), self.snapshot.agents(), self.snapshot.counters());
        process::write_process(&mut writer, status, counters)?;
        checks::write_checks(&mut writer, status, counters)?;
        checks::write_probes(&mut writer, &counters.probes, self.phases)?;
        slas::write_slas(&mut writer, &counters.slas)?;
        process::write_agents(&mut writer, agents)?;
        process::write_ingest(&mut writer, counters)?;
        process::write_traffic(&mut writer, &self.routes)
    }
}

/// The same exposition in the text format 0.0.4: there, a counter's family bears the suffix of its samples, an info is a
/// gauge, and neither units nor an end mark exist.
fn older(openmetrics: &str) -> Result<String, fmt::Error> {
    let mut text = String::with_capacity(openmetrics.len());
    for line in openmetrics.lines() {
        let Some(comment) = line.strip_prefix("# ") else {
            text.push_str(line);
            text.push('\n');
            continue;
        };
        let Some((word, rest)) = comment.split_once(' ') else { continue };
        let Some((name, told)) = rest.split_once(' ') else { continue };
        let Some(family) = CATALOGUE.iter().find(|family| family.full_name() == name) else { continue };
        let told = if word == "TYPE" && family.kind == Kind::Info { "gauge" } else { told };
        if word == "TYPE" || word == "HELP" {
            writeln!(text, "# {word} {} {told}", family.sample_name())?;
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
