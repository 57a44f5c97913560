//! The families of contracts.

use std::fmt;

use quorate_proto::api::{SlaBudget, SlaStatus};

use super::catalogue as family;
use super::checks::ratio;
use super::writer::{Figure, Writer, count, seconds, truth};

/// The words a breach can be.
const BREACHES: [&str; 3] = ["none", "possible", "certain"];

pub(super) fn write_slas(writer: &mut Writer<'_>, slas: &[SlaStatus]) -> fmt::Result {
    writer.family(&family::SLA_INFO, |samples| {
        slas.iter().try_for_each(|sla| samples.info([&sla.contract, &sla.name, &sla.window, &sla.timezone], &[]))
    })?;
    writer.family(&family::SLA_PERIOD_END, |samples| {
        slas.iter().try_for_each(|sla| samples.value([&sla.contract], seconds(sla.to_ms)))
    })?;
    writer.family(&family::SLA_OBJECTIVE, |samples| {
        let objectives = slas.iter().filter_map(|sla| Some((sla, ratio(sla.objective_percent.as_deref()?)?)));
        objectives.into_iter().try_for_each(|(sla, ratio)| samples.value([&sla.contract], ratio))
    })?;
    writer.family(&family::SLA_UPTIME, |samples| {
        for sla in slas {
            let Some(percent) = &sla.uptime_percent else { continue };
            for (bound, text) in [("low", &percent.low), ("point", &percent.point), ("high", &percent.high)] {
                if let Some(ratio) = ratio(text) {
                    samples.value([&sla.contract, bound], ratio)?;
                }
            }
        }
        Ok(())
    })?;
    writer.family(&family::SLA_COVERAGE, |samples| {
        let covered = slas.iter().filter_map(|sla| Some((sla, ratio(&sla.coverage_percent)?)));
        covered.into_iter().try_for_each(|(sla, ratio)| samples.value([&sla.contract], ratio))
    })?;
    write_times(writer, slas)?;
    write_budgets(writer, slas)?;
    writer.family(&family::SLA_BREACH, |samples| {
        for sla in slas {
            for breach in BREACHES {
                samples.value([&sla.contract, breach], truth(sla.breach == breach))?;
            }
        }
        Ok(())
    })?;
    writer.family(&family::SLA_CUSTOMERS, |samples| {
        slas.iter().try_for_each(|sla| samples.value([&sla.contract], count(sla.customers.into())))
    })
}

fn write_times(writer: &mut Writer<'_>, slas: &[SlaStatus]) -> fmt::Result {
    writer.family(&family::SLA_DOWN, |samples| {
        for sla in slas {
            let down = &sla.down_ms;
            for (bound, ms) in [("low", down.low), ("point", down.point), ("high", down.high)] {
                samples.value([&sla.contract, bound], seconds(ms))?;
            }
        }
        Ok(())
    })?;
    writer.family(&family::SLA_UNKNOWN, |samples| {
        slas.iter().try_for_each(|sla| samples.value([&sla.contract], seconds(sla.unknown_ms)))
    })?;
    writer.family(&family::SLA_EXCLUDED, |samples| {
        slas.iter().try_for_each(|sla| samples.value([&sla.contract], seconds(sla.excluded_ms)))
    })
}

fn write_budgets(writer: &mut Writer<'_>, slas: &[SlaStatus]) -> fmt::Result {
    let figures: [Figure<'_, SlaBudget>; 2] = [
        (&family::SLA_BUDGET, |budget| seconds(budget.allowed_ms)),
        (&family::SLA_BUDGET_LEFT, |budget| seconds(budget.left_ms)),
    ];
    for (family, figure) in figures {
        writer.family(family, |samples| {
            let budgets = slas.iter().filter_map(|sla| Some((sla, sla.budget.as_ref()?)));
            budgets.into_iter().try_for_each(|(sla, budget)| samples.value([&sla.contract], figure(budget)))
        })?;
    }
    writer.family(&family::SLA_BURN, |samples| {
        for (sla, burn) in slas.iter().flat_map(|sla| sla.burn.iter().map(move |burn| (sla, burn))) {
            if let Some(rate) = burn.rate.as_ref().and_then(|rate| rate.parse::<f64>().ok()) {
                samples.value([&sla.contract, &burn.stretch], rate)?;
            }
        }
        Ok(())
    })
}
