//! Files of samples: read line by line, sorted by check, everything odd counted and told.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use quorate_collector_config::{Check, Config};
use quorate_collector_consensus::Window;
use quorate_model::{CheckId, CollectorTime, ProviderId, RegionId, Sample};
use quorate_proto::jsonl::SampleReader;
use serde::Serialize;

use crate::config;
use crate::error::CommandError;
use crate::session::Session;
use crate::status::list_or;

/// The longest line read, in bytes; a sample's line has some 400.
const MAX_LINE_BYTES: u64 = 64 << 10;

/// So many bad records are told one by one; the others are counted.
const MAX_TOLD: usize = 10;

/// So many unknown checks are named; the others are counted.
const MAX_NAMED: usize = 10;

/// The files and the window that every command over samples takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct CaseArguments {
    /// The collector's configuration, with the checks' policies.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The samples, one JSON object a line; `-` reads the standard input [default: those the collector keeps of the window
    /// from --from to --to].
    #[arg(long, value_name = "FILE")]
    pub(crate) samples: Option<PathBuf>,
    /// The window's first moment [default: where the first sample starts].
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// The first moment after the window [default: where the last sample ends].
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// What to do with a line that is no sample.
    #[arg(long, value_enum, default_value_t = OnBadRecord::Stop, value_name = "ACTION")]
    pub(crate) on_bad_record: OnBadRecord,
}

/// What to do with a line that is no sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnBadRecord {
    /// End with an error that names file, line and field.
    Stop,
    /// Leave it out, tell it and count it.
    Skip,
}

/// What became of the lines of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Records {
    /// Lines with something on them.
    pub(crate) read: u64,
    /// Lines that were no samples and were left out.
    pub(crate) bad: u64,
    /// Samples of checks that the configuration does not have, left out.
    pub(crate) unknown_check: u64,
    /// Samples whose region the configuration does not have.
    pub(crate) unknown_region: u64,
    /// Samples whose provider is not the one the configuration gives their region; the configuration's counts.
    pub(crate) other_provider: u64,
}

/// A configuration and samples to judge by it.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) config: Config,
    pub(crate) window: Window,
    /// The moment up to which anything is known: the window's end or the last sample's, whichever is later.
    pub(crate) now: CollectorTime,
    pub(crate) records: Records,
    samples: BTreeMap<CheckId, Vec<Sample>>,
}

/// What the collector keeps of every check of the configuration in the window, a month at most.
fn kept(arguments: &CaseArguments, config: &Config, session: &Session<'_>) -> Result<String, CommandError> {
    let bound = |place: &str, text: &Option<String>| match text {
        Some(text) => session.moment(place, text),
        None => {
            Err(CommandError::argument(place, "samples of a collector are of a window; give it, or --samples FILE"))
        }
    };
    let (from, to) = (bound("--from", &arguments.from)?, bound("--to", &arguments.to)?);
    let query = [("from_ms", from.as_millis().to_string()), ("to_ms", to.as_millis().to_string())];
    let api = session.api()?;
    let mut text = String::new();
    for check in &config.checks {
        text.push_str(&api.get_text_now(&["api", "v1", "checks", check.id.as_str(), "samples"], &query)?);
    }
    Ok(text)
}

impl Case {
    /// Reads both files; bad records that were skipped and everything odd goes to the remarks.
    ///
    /// # Errors
    /// A file that cannot be read or is wrong, an empty window, or no samples to find the window from.
    pub(crate) fn open(arguments: &CaseArguments, session: &mut Session<'_>) -> Result<Self, CommandError> {
        let config = config::load(&arguments.config)?;
        let samples = match arguments.samples.as_deref() {
            Some(file) if file == Path::new("-") => {
                read(std::io::stdin().lock(), "standard input", &config, arguments.on_bad_record)?
            }
            Some(file) => {
                let opened = File::open(file).map_err(|source| CommandError::Read { path: file.to_owned(), source })?;
                read(opened, &file.display().to_string(), &config, arguments.on_bad_record)?
            }
            None => {
                let text = kept(arguments, &config, session)?;
                read(text.as_bytes(), "the collector's answer", &config, arguments.on_bad_record)?
            }
        };
        for remark in samples.remarks() {
            session.remark(&format!("quorate: {remark}"))?;
        }
        let time = |place: &str, text: &Option<String>, otherwise: Option<CollectorTime>| match (text, otherwise) {
            (Some(text), _) => session.moment(place, text),
            (None, Some(otherwise)) => Ok(otherwise),
            (None, None) => Err(CommandError::argument(place, "there are no samples to take it from; give it")),
        };
        let (first, last) = (samples.span.map(|span| span.from), samples.span.map(|span| span.to));
        let (from, to) = (time("--from", &arguments.from, first)?, time("--to", &arguments.to, last)?);
        if to < from || (to == from && (arguments.from.is_some() || arguments.to.is_some())) {
            let reason = format!("the window from {} ms to {} ms is empty", from.as_millis(), to.as_millis());
            return Err(CommandError::argument("--to", reason));
        }
        let now = last.map_or(to, |last| last.max(to));
        Ok(Self { config, window: Window { from, to }, now, records: samples.records, samples: samples.by_check })
    }

    /// The checks named, or all where none is.
    ///
    /// # Errors
    /// A name that no check of the configuration has.
    pub(crate) fn checks(&self, names: &[String]) -> Result<Vec<&Check>, CommandError> {
        let known = || self.config.checks.iter().map(|check| check.id.as_str()).collect::<Vec<_>>();
        if let Some(name) = names.iter().find(|name| !known().contains(&name.as_str())) {
            let reason = format!("{name:?} is no check of the configuration; it has {}", list_or(&known(), "none"));
            return Err(CommandError::argument("--check", reason));
        }
        let wanted = |check: &&Check| names.is_empty() || names.iter().any(|name| name == check.id.as_str());
        Ok(self.config.checks.iter().filter(wanted).collect())
    }

    /// The samples of a check in the order of the file; none where there are none.
    pub(crate) fn samples(&self, check: &CheckId) -> &[Sample] {
        self.samples.get(check).map_or(&[], Vec::as_slice)
    }
}

/// What a file holds.
#[derive(Debug, Default)]
struct Samples {
    by_check: BTreeMap<CheckId, Vec<Sample>>,
    span: Option<Window>,
    records: Records,
    told: Vec<String>,
    unknown_checks: BTreeMap<CheckId, u64>,
}

impl Samples {
    fn take(&mut self, sample: Sample, providers: &BTreeMap<&RegionId, &ProviderId>, config: &Config) {
        if config.check(&sample.check).is_none() {
            self.records.unknown_check += 1;
            *self.unknown_checks.entry(sample.check).or_default() += 1;
            return;
        }
        match providers.get(&sample.region) {
            None => self.records.unknown_region += 1,
            Some(provider) if **provider != sample.provider => self.records.other_provider += 1,
            Some(_) => {}
        }
        let (start, end) = (sample.start_corrected(), sample.end_corrected());
        let span = self.span.get_or_insert(Window { from: start, to: end });
        *span = Window { from: span.from.min(start), to: span.to.max(end) };
        self.by_check.entry(sample.check.clone()).or_default().push(sample);
    }

    /// What was odd, one sentence each.
    fn remarks(&self) -> Vec<String> {
        let mut remarks = self.told.clone();
        let untold = self.records.bad.saturating_sub(u64::try_from(self.told.len()).unwrap_or(u64::MAX));
        if untold > 0 {
            remarks.push(format!("{untold} more records were left out"));
        }
        if self.records.unknown_check > 0 {
            let named: Vec<String> =
                self.unknown_checks.iter().take(MAX_NAMED).map(|(check, count)| format!("{check} ({count})")).collect();
            let more = self.unknown_checks.len().saturating_sub(MAX_NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            remarks.push(format!(
                "left out samples of checks the configuration does not have: {}{more}",
                named.join(", ")
            ));
        }
        if self.records.unknown_region > 0 {
            let count = self.records.unknown_region;
            remarks.push(format!("{count} samples are of regions the configuration does not have; they have no vote"));
        }
        if self.records.other_provider > 0 {
            let count = self.records.other_provider;
            remarks.push(format!(
                "{count} samples name another provider than the configuration; the configuration counts"
            ));
        }
        remarks
    }
}

fn read(source: impl Read, name: &str, config: &Config, on_bad: OnBadRecord) -> Result<Samples, CommandError> {
    let providers: BTreeMap<&RegionId, &ProviderId> =
        config.regions.iter().map(|region| (&region.id, &region.provider)).collect();
    let mut lines = BufReader::with_capacity(1 << 18, source);
    let mut reader = SampleReader::new();
    let mut samples = Samples::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let failed = |source| CommandError::Read { path: PathBuf::from(name), source };
        let length = (&mut lines).take(MAX_LINE_BYTES).read_until(b'\n', &mut line).map_err(failed)?;
        if length == 0 {
            return Ok(samples);
        }
        if u64::try_from(length).is_ok_and(|length| length == MAX_LINE_BYTES) && line.last() != Some(&b'\n') {
            // A line without an end is no file of lines: going on would only skip the same file piece by piece.
            let reason = format!("a line is longer than {MAX_LINE_BYTES} bytes; this is no file of JSON Lines");
            return Err(CommandError::input(name, reason));
        }
        let text = String::from_utf8_lossy(&line);
        match reader.read(&text) {
            Ok(None) => {}
            Ok(Some(sample)) => {
                samples.records.read += 1;
                samples.take(sample, &providers, config);
            }
            Err(error) if on_bad == OnBadRecord::Skip => {
                samples.records.read += 1;
                samples.records.bad += 1;
                if samples.told.len() < MAX_TOLD {
                    samples.told.push(format!("{name}: {error}; left out"));
                }
            }
            Err(error) => return Err(CommandError::input(name, error)),
        }
    }
}
