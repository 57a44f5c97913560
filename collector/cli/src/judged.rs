//! Verdicts as they are printed: the fixed JSON of `quorate replay`, and tables of it.

use quorate_collector_consensus::{AbstainReason, Verdict, plain_segments};
use quorate_model::{Bounds, CollectorTime, Incident, IncidentClass, State};
use quorate_proto::api::Spread;
use serde::Serialize;

use crate::checks::spread;
use crate::incidents::{bounds, counted};
use crate::moment;
use crate::paint::{Tone, harmless};
use crate::session::Look;
use crate::status::list_or;
use crate::table::{Align, Cell, Table};

/// One check's verdict over a window.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct JudgedCheck {
    pub(crate) check: String,
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    pub(crate) segments: Vec<JudgedSegment>,
    pub(crate) down_ms: Spread,
    pub(crate) unknown_ms: i64,
    pub(crate) incidents: Vec<JudgedIncident>,
    pub(crate) single_vantage: bool,
    pub(crate) counters: JudgedCounters,
}

/// A stretch of one state.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct JudgedSegment {
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    pub(crate) state: &'static str,
    pub(crate) regions_bad: Vec<String>,
}

/// A run of downtime.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct JudgedIncident {
    pub(crate) id: String,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: Option<i64>,
    pub(crate) start_bounds_ms: [i64; 2],
    pub(crate) end_bounds_ms: [i64; 2],
    pub(crate) class: &'static str,
    pub(crate) billed_ms: i64,
    pub(crate) regions: Vec<String>,
    pub(crate) support: u32,
}

/// What became of the samples of a check.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct JudgedCounters {
    pub(crate) samples: u64,
    pub(crate) duplicates: u64,
    pub(crate) equivocations: u64,
    pub(crate) equivocating: Vec<String>,
    /// From regions that may not vote on the check.
    pub(crate) other_region: u64,
    /// Without a vote, by reason; reasons that did not occur are left out.
    pub(crate) abstained: std::collections::BTreeMap<&'static str, u64>,
}

impl JudgedCheck {
    /// The verdict as it is printed.
    pub(crate) fn of(verdict: &Verdict) -> Self {
        let ms = CollectorTime::as_millis;
        let texts = |regions: &[quorate_model::RegionId]| regions.iter().map(ToString::to_string).collect();
        let segments = plain_segments(&verdict.segments);
        let counters = &verdict.counters;
        let abstained = AbstainReason::ALL
            .iter()
            .map(|reason| (reason.word(), counters.abstained.of(*reason)))
            .filter(|(_, count)| *count > 0);
        Self {
            check: verdict.check.to_string(),
            from_ms: ms(verdict.window.from),
            to_ms: ms(verdict.window.to),
            segments: segments
                .iter()
                .map(|segment| JudgedSegment {
                    start_ms: ms(segment.start),
                    end_ms: ms(segment.end),
                    state: segment.state.word(),
                    regions_bad: texts(&segment.regions_bad),
                })
                .collect(),
            down_ms: Spread {
                low: verdict.down.low.get(),
                point: verdict.down.point.get(),
                high: verdict.down.high.get(),
            },
            unknown_ms: verdict.unknown.get(),
            incidents: verdict.incidents.iter().map(JudgedIncident::of).collect(),
            single_vantage: verdict.single_vantage,
            counters: JudgedCounters {
                samples: counters.samples,
                duplicates: counters.duplicates,
                equivocations: counters.equivocations,
                equivocating: verdict.equivocating.iter().map(ToString::to_string).collect(),
                other_region: counters.other_region,
                abstained: abstained.collect(),
            },
        }
    }

    /// How many incidents of a class there are.
    pub(crate) fn count(&self, class: IncidentClass) -> usize {
        self.incidents.iter().filter(|incident| incident.class == class.word()).count()
    }

    /// The check's verdict for people: a line, the states over time, the incidents.
    pub(crate) fn render(&self, look: &Look) -> String {
        let zone = moment::zone_name(&look.zone);
        let (from, to) = (moment::show_seconds(self.from_ms, &look.zone), moment::show_seconds(self.to_ms, &look.zone));
        let mut text = format!(
            "{}  {}\n",
            look.tone(Tone::Strong, &harmless(&self.check)),
            look.tone(Tone::Faint, &format!("{from} to {to} {zone}")),
        );
        let vantage = if self.single_vantage { "; single vantage: nothing confirms one region's word" } else { "" };
        let sums = format!(
            "{}\nuptime {}; down {}; unknown {}; {}, {}{vantage}\n",
            self.strip(look),
            Uptime::of(self).text(),
            spread(self.down_ms.low, self.down_ms.point, self.down_ms.high),
            moment::show_span(self.unknown_ms),
            counted(self.count(IncidentClass::Outage), "outage"),
            counted(self.count(IncidentClass::Blip), "blip"),
        );
        text.push_str(&sums);
        text.push_str(&self.counters.text());
        text.push('\n');
        text.push_str(&self.segment_table(look).render(look.paint));
        if !self.incidents.is_empty() {
            text.push('\n');
            text.push_str(&self.incident_table(look).render(look.paint));
        }
        text
    }

    fn segment_table(&self, look: &Look) -> Table {
        let mut table = Table::new(&[
            ("from", Align::Left),
            ("to", Align::Left),
            ("lasted", Align::Right),
            ("state", Align::Left),
            ("bad regions", Align::Left),
        ]);
        for segment in &self.segments {
            table.row([
                Cell::from(moment::show_millis(segment.start_ms, &look.zone)),
                Cell::from(moment::show_millis(segment.end_ms, &look.zone)),
                Cell::from(moment::show_span(segment.end_ms - segment.start_ms)),
                Cell::new(Tone::of_state(segment.state), segment.state.to_uppercase()),
                Cell::from(list_or(&segment.regions_bad, "")),
            ]);
        }
        table
    }

    fn incident_table(&self, look: &Look) -> Table {
        let mut table = Table::new(&[
            ("incident", Align::Left),
            ("class", Align::Left),
            ("start", Align::Left),
            ("bounds", Align::Left),
            ("end", Align::Left),
            ("bounds", Align::Left),
            ("billed", Align::Right),
            ("regions", Align::Left),
            ("support", Align::Right),
        ]);
        for incident in &self.incidents {
            let open = || Cell::new(Tone::Bad, "open");
            table.row([
                Cell::from(incident.id.as_str()),
                Cell::new(if incident.class == "outage" { Tone::Bad } else { Tone::Warn }, incident.class),
                Cell::from(moment::show_millis(incident.start_ms, &look.zone)),
                Cell::from(bounds(Some(incident.start_ms), incident.start_bounds_ms)),
                incident.end_ms.map_or_else(open, |end| Cell::from(moment::show_millis(end, &look.zone))),
                Cell::from(bounds(incident.end_ms, incident.end_bounds_ms)),
                Cell::from(moment::show_span(incident.billed_ms)),
                Cell::from(list_or(&incident.regions, "-")),
                Cell::from(incident.support.to_string()),
            ]);
        }
        table
    }

    /// The states over time on one line, the worst of each part: `.` up, `p` partial, `d` degraded, `D` down, `?` unknown.
    fn strip(&self, look: &Look) -> String {
        const CELLS: i64 = 72;
        let length = self.to_ms - self.from_ms;
        let mut text = String::new();
        for cell in 0..CELLS.min(length) {
            let (from, to) = (part(self.from_ms, length, cell, CELLS), part(self.from_ms, length, cell + 1, CELLS));
            let touching = self.segments.iter().filter(|segment| segment.start_ms < to && from < segment.end_ms);
            let worst = touching.map(|segment| segment.state).min_by_key(|state| badness(state));
            let (state, mark) = match worst.and_then(State::from_word) {
                Some(State::Up) => ("up", "."),
                Some(State::Partial) => ("partial", "p"),
                Some(State::Degraded) => ("degraded", "d"),
                Some(State::Down) => ("down", "D"),
                Some(State::Unknown) | None => ("unknown", "?"),
            };
            text.push_str(&look.tone(Tone::of_state(state), mark));
        }
        text
    }
}

/// Where part `number` of `parts` begins; 128 bits, as a window may be as long as all time.
fn part(from: i64, length: i64, number: i64, parts: i64) -> i64 {
    let offset = i128::from(length) * i128::from(number) / i128::from(parts);
    from.saturating_add(i64::try_from(offset).unwrap_or(i64::MAX))
}

/// Smaller is worse.
fn badness(state: &str) -> u8 {
    match state {
        "down" => 0,
        "unknown" => 1,
        "degraded" => 2,
        "partial" => 3,
        _ => 4,
    }
}

impl JudgedIncident {
    fn of(incident: &Incident) -> Self {
        let pair = |bounds: Bounds| [bounds.earliest.as_millis(), bounds.latest.as_millis()];
        Self {
            id: incident.id.to_string(),
            start_ms: incident.start.as_millis(),
            end_ms: incident.end.map(CollectorTime::as_millis),
            start_bounds_ms: pair(incident.start_bounds),
            end_bounds_ms: pair(incident.end_bounds),
            class: incident.class.word(),
            billed_ms: incident.billed.get(),
            regions: incident.regions.iter().map(ToString::to_string).collect(),
            support: incident.support,
        }
    }
}

impl JudgedCounters {
    fn text(&self) -> String {
        let mut parts = vec![counted(usize::try_from(self.samples).unwrap_or(usize::MAX), "sample")];
        let mut add = |count: u64, what: String| {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        };
        add(self.duplicates, "duplicates".to_owned());
        let liars = list_or(&self.equivocating, "nobody");
        add(self.equivocations, format!("said twice and differently (by {liars}; the smallest was kept)"));
        add(self.other_region, "from regions without a vote on this check".to_owned());
        for (reason, count) in &self.abstained {
            add(*count, format!("without a vote: {reason}"));
        }
        format!("{}\n", parts.join("; "))
    }
}

/// Uptime in percent of the time in which enough regions voted, truncated to four decimals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Uptime {
    /// At least; `None` where nothing was measured.
    pub(crate) low: Option<String>,
    /// Best estimate.
    pub(crate) point: Option<String>,
    /// At most.
    pub(crate) high: Option<String>,
    /// Share of the window in which enough regions voted.
    pub(crate) coverage: Option<String>,
}

impl Uptime {
    pub(crate) fn of(check: &JudgedCheck) -> Self {
        let window = check.to_ms - check.from_ms;
        let measured = window - check.unknown_ms;
        let up = |down: i64| percent(measured - down.min(measured), measured);
        Self {
            low: up(check.down_ms.high),
            point: up(check.down_ms.point),
            high: up(check.down_ms.low),
            coverage: percent(measured, window),
        }
    }

    pub(crate) fn text(&self) -> String {
        let (Some(low), Some(point), Some(high), Some(coverage)) = (&self.low, &self.point, &self.high, &self.coverage)
        else {
            return "not measured".to_owned();
        };
        let bounds = if low == high { String::new() } else { format!(" ({low} to {high})") };
        let covered = if coverage == "100.0000" { String::new() } else { format!(", covered {coverage} %") };
        format!("{point} %{bounds}{covered}")
    }
}

/// `part / whole` in percent with four decimals, truncated: 99.99999 % is never shown as 100 %.
fn percent(part: i64, whole: i64) -> Option<String> {
    let units = (i128::from(part) * 1_000_000).checked_div(i128::from(whole)).filter(|units| *units >= 0)?;
    Some(format!("{}.{:04}", units / 10_000, units % 10_000))
}

#[cfg(test)]
mod tests;
