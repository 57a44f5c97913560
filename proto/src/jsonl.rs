//! The two files any program can write: samples and segments as JSON Lines.
//!
//! A line that is wrong is told with its number and its field; the reader can go on behind it.

use std::borrow::Cow;
use std::collections::HashMap;

use quorate_model::{
    AgentId, AgentTime, Boot, CheckId, CheckVersion, ClockReading, CollectorTime, Failure, Health, IdError, Millis,
    Outcome, ProviderId, References, RegionId, Sample, SampleId, Seq, State, Trigger,
};
use serde::{Deserialize, Serialize};

use crate::batch::{MAX_INTERVAL_MS, MAX_TIME_MS, MAX_TIMEOUT_MS};

/// What is wrong with one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {}{problem}", field.as_ref().map(|f| format!("field {f}: ")).unwrap_or_default())]
pub struct LineError {
    /// The line, counted from 1.
    pub line: u64,
    /// The field, where one is to blame.
    pub field: Option<String>,
    /// What is wrong and what is allowed.
    pub problem: String,
}

/// A sample as a line: the fields of the design, absent ones at their defaults.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleLine<'a> {
    #[serde(borrow)]
    agent: Cow<'a, str>,
    boot: u64,
    seq: u64,
    #[serde(borrow)]
    check: Cow<'a, str>,
    #[serde(borrow)]
    region: Cow<'a, str>,
    #[serde(borrow)]
    provider: Cow<'a, str>,
    start_ms: i64,
    end_ms: i64,
    #[serde(borrow)]
    outcome: Cow<'a, str>,
    #[serde(borrow, default)]
    failure: Option<Cow<'a, str>>,
    interval_ms: i64,
    timeout_ms: i64,
    #[serde(default)]
    typical_ms: i64,
    #[serde(default)]
    clock_offset_ms: i64,
    #[serde(default)]
    clock_error_ms: i64,
    #[serde(default)]
    refs_ok: u64,
    #[serde(default)]
    refs_total: u64,
    #[serde(default)]
    health: u64,
    #[serde(borrow, default = "scheduled")]
    trigger: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "is_zero")]
    lag_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refs_bad_mask: Option<u32>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    check_version: Option<Cow<'a, str>>,
}

fn scheduled() -> Cow<'static, str> {
    Cow::Borrowed(Trigger::Scheduled.word())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

/// Ids already seen, so that a million samples share a handful of texts.
#[derive(Debug)]
struct Names<T>(HashMap<String, T>);

impl<T: Clone> Names<T> {
    fn get(&mut self, field: &'static str, text: &str, new: fn(&str) -> Result<T, IdError>) -> Result<T, FieldError> {
        if let Some(id) = self.0.get(text) {
            return Ok(id.clone());
        }
        let id = new(text).map_err(|e| FieldError(field, e.to_string()))?;
        self.0.insert(text.to_owned(), id.clone());
        Ok(id)
    }
}

struct FieldError(&'static str, String);

/// Reads samples line by line.
#[derive(Debug)]
pub struct SampleReader {
    line: u64,
    agents: Names<AgentId>,
    checks: Names<CheckId>,
    regions: Names<RegionId>,
    providers: Names<ProviderId>,
}

impl Default for SampleReader {
    fn default() -> Self {
        Self::new()
    }
}

impl SampleReader {
    /// A reader that stands before line 1.
    pub fn new() -> Self {
        Self {
            line: 0,
            agents: Names(HashMap::new()),
            checks: Names(HashMap::new()),
            regions: Names(HashMap::new()),
            providers: Names(HashMap::new()),
        }
    }

    /// Reads the next line; `None` for a blank one.
    ///
    /// # Errors
    /// The line's number, the field and what is allowed. The reader can go on with the next line.
    pub fn read(&mut self, text: &str) -> Result<Option<Sample>, LineError> {
        self.line += 1;
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let parsed: SampleLine<'_> = parse(text, self.line)?;
        self.sample(&parsed).map(Some).map_err(|FieldError(field, problem)| LineError {
            line: self.line,
            field: Some(field.to_owned()),
            problem,
        })
    }

    fn sample(&mut self, line: &SampleLine<'_>) -> Result<Sample, FieldError> {
        let ranged = |field, value: i64, low: i64, high: i64| {
            if (low..=high).contains(&value) {
                Ok(value)
            } else {
                Err(FieldError(field, format!("{value} is not allowed; {low} to {high} is")))
            }
        };
        let start = ranged("start_ms", line.start_ms, 0, MAX_TIME_MS)?;
        let end = ranged("end_ms", line.end_ms, 0, MAX_TIME_MS)?;
        if end < start {
            return Err(FieldError("end_ms", format!("{end} is before start_ms {start}")));
        }
        let outcome = word("outcome", &line.outcome, Outcome::from_word, Outcome::ALL.iter().map(|o| o.word()))?;
        let failure = line
            .failure
            .as_deref()
            .map(|text| word("failure", text, Failure::from_word, Failure::ALL.iter().map(|f| f.word())))
            .transpose()?;
        let trigger = word("trigger", &line.trigger, Trigger::from_word, Trigger::ALL.iter().map(|t| t.word()))?;
        let clock_limit = 1 << 40;
        let typical = ranged("typical_ms", line.typical_ms, 0, MAX_TIME_MS)?;
        Ok(Sample {
            id: SampleId {
                agent: self.agents.get("agent", &line.agent, AgentId::new)?,
                boot: Boot::new(line.boot),
                seq: Seq::new(line.seq),
            },
            check: self.checks.get("check", &line.check, CheckId::new)?,
            region: self.regions.get("region", &line.region, RegionId::new)?,
            provider: self.providers.get("provider", &line.provider, ProviderId::new)?,
            start: AgentTime::from_millis(start),
            end: AgentTime::from_millis(end),
            outcome,
            failure,
            interval: Millis::new(ranged("interval_ms", line.interval_ms, 1, MAX_INTERVAL_MS.into())?),
            timeout: Millis::new(ranged("timeout_ms", line.timeout_ms, 1, MAX_TIMEOUT_MS.into())?),
            typical: (typical > 0).then(|| Millis::new(typical)),
            clock: ClockReading {
                offset: Millis::new(ranged("clock_offset_ms", line.clock_offset_ms, -clock_limit, clock_limit)?),
                error: Millis::new(ranged("clock_error_ms", line.clock_error_ms, 0, clock_limit)?),
            },
            references: references(line)?,
            health: u8::try_from(line.health)
                .ok()
                .and_then(Health::new)
                .ok_or_else(|| FieldError("health", format!("{} is not allowed; 0 to 7 is", line.health)))?,
            lag: Millis::new(ranged("lag_ms", line.lag_ms, 0, MAX_TIME_MS)?),
            trigger,
            check_version: line.check_version.as_deref().map_or(Ok(CheckVersion::default()), |text| {
                u64::from_str_radix(text, 16)
                    .map(CheckVersion::new)
                    .map_err(|_| FieldError("check_version", format!("{text:?} is not a number in hexadecimal")))
            })?,
        })
    }
}

fn references(line: &SampleLine<'_>) -> Result<References, FieldError> {
    let total = u8::try_from(line.refs_total)
        .ok()
        .filter(|total| *total <= References::MAX)
        .ok_or_else(|| FieldError("refs_total", format!("{} is not allowed; 0 to 32 is", line.refs_total)))?;
    let ok = u8::try_from(line.refs_ok)
        .ok()
        .filter(|ok| *ok <= total)
        .ok_or_else(|| FieldError("refs_ok", format!("{} is not allowed; 0 to refs_total {total} is", line.refs_ok)))?;
    match line.refs_bad_mask {
        None => References::counts(ok, total),
        Some(mask) => References::mask(mask, total).filter(|refs| refs.ok() == ok),
    }
    .ok_or_else(|| {
        FieldError("refs_bad_mask", "it has to set one bit below refs_total for each reference that failed".to_owned())
    })
}

fn word<T>(
    field: &'static str,
    text: &str,
    from: fn(&str) -> Option<T>,
    all: impl Iterator<Item = &'static str>,
) -> Result<T, FieldError> {
    from(text).ok_or_else(|| {
        let allowed: Vec<_> = all.collect();
        FieldError(field, format!("{text:?} is not allowed; one of {} is", allowed.join(", ")))
    })
}

/// Parses a line; only a wrong one is read again to find out which field it was.
fn parse<'a, T: Deserialize<'a>>(text: &'a str, line: u64) -> Result<T, LineError> {
    if let Ok(parsed) = serde_json::from_str(text) {
        return Ok(parsed);
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let error = match serde_path_to_error::deserialize::<_, T>(&mut json) {
        Err(error) => error,
        Ok(parsed) => {
            // Only what follows the object was wrong.
            return json.end().map(|()| parsed).map_err(|e| LineError { line, field: None, problem: e.to_string() });
        }
    };
    let path = error.path().to_string();
    // serde_json counts lines inside the text, which is always one.
    let problem = error.inner().to_string().replace(" at line 1 column ", ", at column ");
    Err(LineError { line, field: (path != ".").then_some(path), problem })
}

/// Writes one sample as a line, without the line end.
pub fn write_sample(sample: &Sample) -> String {
    let line = SampleLine {
        agent: sample.id.agent.as_str().into(),
        boot: sample.id.boot.get(),
        seq: sample.id.seq.get(),
        check: sample.check.as_str().into(),
        region: sample.region.as_str().into(),
        provider: sample.provider.as_str().into(),
        start_ms: sample.start.as_millis(),
        end_ms: sample.end.as_millis(),
        outcome: sample.outcome.word().into(),
        failure: sample.failure.map(|f| f.word().into()),
        interval_ms: sample.interval.get(),
        timeout_ms: sample.timeout.get(),
        typical_ms: sample.typical.map_or(0, Millis::get),
        clock_offset_ms: sample.clock.offset.get(),
        clock_error_ms: sample.clock.error.get(),
        refs_ok: sample.references.ok().into(),
        refs_total: sample.references.total().into(),
        health: sample.health.get().into(),
        trigger: sample.trigger.word().into(),
        lag_ms: sample.lag.get(),
        refs_bad_mask: (sample.references.bad_mask() != 0).then(|| sample.references.bad_mask()),
        check_version: (sample.check_version.get() != 0).then(|| format!("{:016x}", sample.check_version.get()).into()),
    };
    serde_json::to_string(&line).expect("a struct of texts and numbers is always JSON")
}

/// A stretch of one state, from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentRecord {
    /// The check.
    pub check: CheckId,
    /// First moment.
    pub start: CollectorTime,
    /// First moment after it; after `start`.
    pub end: CollectorTime,
    /// The state.
    pub state: State,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentLine<'a> {
    #[serde(borrow)]
    check: Cow<'a, str>,
    start_ms: i64,
    end_ms: i64,
    #[serde(borrow)]
    state: Cow<'a, str>,
}

/// Reads line number `line` of a file of segments; `None` for a blank one.
///
/// # Errors
/// The line's number, the field and what is allowed.
pub fn read_segment(line: u64, text: &str) -> Result<Option<SegmentRecord>, LineError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let parsed: SegmentLine<'_> = parse(text, line)?;
    let wrong = |field: &str, problem: String| LineError { line, field: Some(field.to_owned()), problem };
    if parsed.end_ms <= parsed.start_ms {
        return Err(wrong("end_ms", format!("{} is not after start_ms {}", parsed.end_ms, parsed.start_ms)));
    }
    Ok(Some(SegmentRecord {
        check: CheckId::new(&parsed.check).map_err(|e| wrong("check", e.to_string()))?,
        start: CollectorTime::from_millis(parsed.start_ms),
        end: CollectorTime::from_millis(parsed.end_ms),
        state: word("state", &parsed.state, State::from_word, State::ALL.iter().map(|s| s.word()))
            .map_err(|FieldError(field, problem)| wrong(field, problem))?,
    }))
}

#[cfg(test)]
mod tests;
