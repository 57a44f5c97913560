//! What a report is made from.

use std::collections::BTreeMap;

use quorate_collector_sla::account::{Customer, Plan};
use quorate_collector_sla::objective::LatencyAnswer;
use quorate_collector_sla::report::{CheckMethod, ReportIncident};
use quorate_collector_sla::{CheckInput, Contract, CustomerId, Interval, Money, Window, Zone};
use quorate_model::{CheckId, CollectorTime};

/// Everything a report on one window of one contract is made from.
#[derive(Clone, Debug)]
pub struct Material {
    /// The contract, with every exclusion that is to be ruled on.
    pub contract: Contract,
    /// Its time zone.
    pub zone: Zone,
    /// The window, whole, also where it still runs.
    pub window: Window,
    /// Up to here anything can be known: now, or later where the window is over.
    pub known_to: CollectorTime,
    /// What is known of its checks, in the window and for some time around it.
    pub checks: BTreeMap<CheckId, CheckInput>,
    /// The incidents that touch the window, by start.
    pub incidents: Vec<ReportIncident>,
    /// Percentiles of latency.
    pub latency: Vec<LatencyAnswer>,
    /// How its checks were probed and judged over the window.
    pub methods: Vec<CheckMethod>,
    /// The plans of the contract, with what they promise of support.
    pub plans: Vec<Plan>,
    /// Who has the contract, by which plan.
    pub customers: Vec<(Plan, Customer)>,
    /// What customers were credited in the 11 months before the window.
    pub credited_before: BTreeMap<CustomerId, Money>,
}

impl Material {
    /// The window as far as anything can be known of it; `None` before it begins.
    pub fn measured(&self) -> Option<Window> {
        let end = self.window.interval.end().min(self.known_to);
        let interval = Interval::new(self.window.interval.start(), end)?;
        Some(Window { interval, ..self.window.clone() })
    }

    /// True if the window is not over.
    pub fn still_runs(&self) -> bool {
        self.known_to < self.window.interval.end()
    }
}
