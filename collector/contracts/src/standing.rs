//! How a window that runs is doing: uptime so far, budget left, burn rates.

use quorate_collector_sla::budget::{Budget, allowance};
use quorate_collector_sla::evaluate::Assessor;
use quorate_collector_sla::{Evaluation, Inputs, Interval, Ratio};
use quorate_model::{CollectorTime, Millis};

use crate::make::MakeError;
use crate::material::Material;

/// The stretches burn rates are told of, as the standard alerts use them, with their names.
pub const BURN_WINDOWS: [(&str, Millis); 7] = [
    ("5m", Millis::from_secs(300)),
    ("30m", Millis::from_secs(1800)),
    ("1h", Millis::from_secs(3600)),
    ("2h", Millis::from_secs(7200)),
    ("6h", Millis::from_secs(21_600)),
    ("1d", Millis::from_secs(86_400)),
    ("3d", Millis::from_secs(259_200)),
];

/// How a window is doing.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The window judged as far as it is known.
    pub evaluation: Evaluation,
    /// What may be down in the whole window; `None` without an objective.
    pub allowed: Option<Millis>,
    /// What of it is spent; `None` without an objective. Its own allowance is that of the time so far.
    pub budget: Option<Budget>,
    /// The burn rate of each of [`BURN_WINDOWS`]; `None` where nothing was measured or nothing is allowed.
    pub burn: Vec<(&'static str, Option<Ratio>)>,
}

impl Standing {
    /// What of the whole window's budget is left; negative where it is overspent.
    pub fn left(&self) -> Option<Millis> {
        Some(self.allowed? - self.budget?.spent)
    }
}

/// Judges the material's window as it stands at `now`. The timelines have to reach back from `now` as far as the longest of
/// [`BURN_WINDOWS`]; what they do not cover is unknown.
///
/// # Errors
/// The window has not begun, or the zone is not the contract's.
pub fn standing(material: &Material, now: CollectorTime) -> Result<Standing, MakeError> {
    let label = || material.window.label.clone();
    let window = material.measured().ok_or_else(|| MakeError::NotBegun { label: label() })?;
    let whole = material.window.interval;
    let longest = BURN_WINDOWS.iter().map(|(_, length)| *length).max().unwrap_or_default();
    let range = Interval::new(whole.start().min(now - longest), whole.end().max(now)).unwrap_or(whole);
    let data = Inputs { checks: &material.checks, zone: &material.zone };
    let assessor = Assessor::new(&material.contract, range, data)?;
    let objective = material.contract.objective();
    let burn = |length: Millis| assessor.burn_rate(Interval::new(now - length, now)?, objective?);
    Ok(Standing {
        evaluation: assessor.evaluate(&window),
        allowed: objective.map(|objective| allowance(objective, assessor.counted(whole).length())),
        budget: objective.map(|objective| assessor.budget(window.interval, objective)),
        burn: BURN_WINDOWS.iter().map(|(name, length)| (*name, burn(*length))).collect(),
    })
}
