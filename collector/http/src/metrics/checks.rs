//! The families of checks, regions and probes.

use std::collections::BTreeSet;
use std::fmt;

use quorate_model::State;
use quorate_proto::api::{CheckStatus, Status};

use super::Phases;
use super::catalogue as family;
use super::writer::{Figure, Writer, count, length, seconds, truth};
use crate::tally::{PhaseHistogram, ProbeTally};
use crate::view::{Counters, HistogramCounts};

/// The words a region's vote can be.
const VOTES: [&str; 4] = ["good", "slow", "bad", "none"];

pub(super) fn write_checks(writer: &mut Writer<'_>, status: &Status, counters: &Counters) -> fmt::Result {
    let checks = &status.checks;
    writer.family(&family::CHECK_INFO, |samples| {
        checks.iter().try_for_each(|check| {
            let labels = configured_labels(check);
            samples.info([&check.id, &check.name, &check.kind, &check.target], &labels)
        })
    })?;
    writer.family(&family::CHECK_STATE, |samples| {
        for check in checks {
            for state in State::ALL {
                samples.value([&check.id, state.word()], truth(check.state == state.word()))?;
            }
        }
        Ok(())
    })?;
    writer.family(&family::CHECK_SINCE, |samples| {
        checks.iter().try_for_each(|check| samples.value([&check.id], seconds(check.since_ms)))
    })?;
    let per_check: [Figure<'_, CheckStatus>; 6] = [
        (&family::CHECK_REGIONS, |check| votes(check, |_| true)),
        (&family::CHECK_VOTING, |check| votes(check, |vote| vote != "none")),
        (&family::CHECK_BAD, |check| votes(check, |vote| vote == "bad")),
        (&family::CHECK_NEED, |check| f64::from(check.need)),
        (&family::CHECK_SINGLE, |check| truth(check.single_vantage)),
        (&family::INCIDENTS_OPEN, |check| truth(check.incident.is_some())),
    ];
    for (family, figure) in per_check {
        writer
            .family(family, |samples| checks.iter().try_for_each(|check| samples.value([&check.id], figure(check))))?;
    }
    write_uptime(writer, checks)?;
    write_totals(writer, counters)?;
    write_votes(writer, checks)
}

fn votes(check: &CheckStatus, counts: impl Fn(&str) -> bool) -> f64 {
    count(check.regions.iter().filter(|region| counts(&region.vote)).count() as u64)
}

fn write_uptime(writer: &mut Writer<'_>, checks: &[CheckStatus]) -> fmt::Result {
    writer.family(&family::CHECK_UPTIME, |samples| {
        for check in checks {
            let Some(percent) = &check.last_day.percent else { continue };
            for (bound, text) in [("low", &percent.low), ("point", &percent.point), ("high", &percent.high)] {
                if let Some(ratio) = ratio(text) {
                    samples.value([&check.id, "1d", bound], ratio)?;
                }
            }
        }
        Ok(())
    })?;
    writer.family(&family::CHECK_COVERAGE, |samples| {
        for check in checks {
            if let Some(ratio) = ratio(&check.last_day.coverage_percent) {
                samples.value([&check.id, "1d"], ratio)?;
            }
        }
        Ok(())
    })
}

pub(super) fn ratio(percent: &str) -> Option<f64> {
    percent.parse::<f64>().ok().map(|percent| percent / 100.0)
}

fn write_totals(writer: &mut Writer<'_>, counters: &Counters) -> fmt::Result {
    let totals = &counters.totals;
    writer.family(&family::CHECK_JUDGED, |samples| {
        totals.iter().try_for_each(|(check, total)| samples.value([check.as_str()], length(total.judged)))
    })?;
    writer.family(&family::CHECK_DOWN, |samples| {
        for (check, total) in totals {
            for (bound, time) in [("low", total.down_low), ("point", total.down_point), ("high", total.down_high)] {
                samples.value([check.as_str(), bound], length(time))?;
            }
        }
        Ok(())
    })?;
    writer.family(&family::CHECK_UNKNOWN, |samples| {
        totals.iter().try_for_each(|(check, total)| samples.value([check.as_str()], length(total.unknown)))
    })?;
    writer.family(&family::CHECK_DEGRADED, |samples| {
        totals.iter().try_for_each(|(check, total)| samples.value([check.as_str()], length(total.degraded)))
    })?;
    writer.family(&family::CHECK_BREACHES, |samples| {
        totals.iter().try_for_each(|(check, total)| samples.value([check.as_str()], count(total.breaches)))
    })?;
    writer.family(&family::CHECK_PARTIAL, |samples| {
        totals.iter().try_for_each(|(check, total)| samples.value([check.as_str()], length(total.partial)))
    })
}

fn write_votes(writer: &mut Writer<'_>, checks: &[CheckStatus]) -> fmt::Result {
    let regions = || checks.iter().flat_map(|check| check.regions.iter().map(move |region| (check, region)));
    writer.family(&family::REGION_VOTE, |samples| {
        for (check, region) in regions() {
            for vote in VOTES {
                let cast = truth(region.vote == vote);
                samples.value([&check.id, &region.region, &region.provider, vote], cast)?;
            }
        }
        Ok(())
    })?;
    writer.family(&family::REGION_LAST_SAMPLE, |samples| {
        for (check, region) in regions() {
            if let Some(at) = region.last_sample_ms {
                samples.value([&check.id, &region.region], seconds(at))?;
            }
        }
        Ok(())
    })
}

pub(super) fn write_probes(writer: &mut Writer<'_>, tally: &ProbeTally, phases: Phases) -> fmt::Result {
    writer.family(&family::PROBES, |samples| {
        for (check, region, tally) in tally.iter() {
            for (outcome, failure, probes) in tally.outcomes() {
                let failure = failure.map_or("none", |failure| failure.word());
                samples.value([check.as_str(), region.as_str(), outcome.word(), failure], count(probes))?;
            }
        }
        Ok(())
    })?;
    writer.family(&family::PROBE_TRIGGERS, |samples| {
        for (check, region, tally) in tally.iter() {
            for (trigger, probes) in tally.triggers() {
                samples.value([check.as_str(), region.as_str(), trigger.word()], count(probes))?;
            }
        }
        Ok(())
    })?;
    writer.family(&family::PROBE_PHASE, |samples| {
        for (check, region, tally) in tally.iter() {
            for (phase, histogram) in tally.phases().filter(|(phase, _)| phases.wants(*phase)) {
                samples.histogram([check.as_str(), region.as_str(), phase.word()], &in_seconds(histogram))?;
            }
        }
        Ok(())
    })?;
    writer.family(&family::CERTIFICATE_EXPIRY, |samples| {
        for (check, region, tally) in tally.iter() {
            if let Some(facts) = tally.certificate() {
                for (which, end_s) in [("leaf", facts.not_after_s), ("chain", facts.chain_not_after_s)] {
                    let end = seconds(end_s.saturating_mul(1000));
                    samples.value([check.as_str(), region.as_str(), which], end)?;
                }
            }
        }
        Ok(())
    })?;
    writer.family(&family::CERTIFICATE_VERIFIED, |samples| {
        for (check, region, tally) in tally.iter() {
            if let Some(facts) = tally.certificate() {
                samples.value([check.as_str(), region.as_str()], truth(facts.verified))?;
            }
        }
        Ok(())
    })
}

fn in_seconds(histogram: &PhaseHistogram) -> HistogramCounts {
    HistogramCounts {
        buckets: histogram.buckets().map(|(upper_us, values)| (count(upper_us) / 1e6, values)).collect(),
        above: histogram.above(),
        sum_seconds: count(histogram.sum().get()) / 1e6,
    }
}

/// The labels of the configuration under names Prometheus takes; of two that would bear one name, the first stays.
fn configured_labels(check: &CheckStatus) -> Vec<(String, &str)> {
    let mut names = BTreeSet::new();
    let labels = check.labels.iter().map(|(name, value)| {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        (format!("label_{}", name.chars().map(plain).collect::<String>()), value.as_str())
    });
    labels.filter(|(name, _)| names.insert(name.clone())).collect()
}
