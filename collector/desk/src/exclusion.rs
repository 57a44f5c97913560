//! What people leave out of contracts.

use quorate_collector_sla::{Exclusion, ExclusionClass, Recurrence};
use quorate_model::CollectorTime;
use serde::{Deserialize, Serialize};

use crate::Signed;
use crate::records::Refused;

/// An exclusion a person entered, in its latest revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExclusionRecord {
    /// Its id.
    pub id: String,
    /// `maintenance`, `force_majeure`, `third_party`, `customer` or `suspension`.
    pub class: String,
    /// Its start.
    pub start_ms: i64,
    /// Its end, exclusive.
    pub end_ms: i64,
    /// For these contracts; for all where there is none.
    pub contracts: Vec<String>,
    /// When customers were told.
    pub announced_at_ms: i64,
    /// How it comes again.
    pub recurrence: Option<String>,
    /// When the work really ended, where that was said.
    pub actual_end_ms: Option<i64>,
    /// What for.
    pub reason: String,
    /// Who entered it, and when.
    pub entered: Signed,
    /// Who agreed, where it began in the past.
    pub approver: Option<String>,
    /// Where what speaks for it can be found.
    pub evidence: Vec<String>,
    /// Who withdrew it, and when.
    pub withdrawn: Option<Signed>,
    /// Why it was withdrawn.
    pub withdrawn_reason: Option<String>,
}

impl ExclusionRecord {
    /// True if it is for this contract and was not withdrawn.
    pub fn is_for(&self, contract: &str) -> bool {
        self.withdrawn.is_none() && (self.contracts.is_empty() || self.contracts.iter().any(|id| id == contract))
    }

    /// The exclusion as the service level engine reads it.
    ///
    /// # Errors
    /// A class or recurrence that nobody knows.
    pub fn exclusion(&self) -> Result<Exclusion, Refused> {
        let at = CollectorTime::from_millis;
        let class = class(&self.class)?;
        let recurrence = match &self.recurrence {
            Some(rule) => Some(
                Recurrence::parse(rule).map_err(|error| Refused::new("recurrence", format!("{rule:?}: {error}")))?,
            ),
            None => None,
        };
        // Work that ended early leaves out less; work that overran leaves out what was announced, and the report says so. One
        // end says nothing of how long the other occurrences of a rule last.
        let early = self.actual_end_ms.filter(|actual| *actual < self.end_ms && self.recurrence.is_none());
        Ok(Exclusion {
            class,
            start: at(self.start_ms),
            end: at(early.unwrap_or(self.end_ms)),
            recurrence,
            // Only maintenance has to be announced.
            announced_at: (class == ExclusionClass::Maintenance).then_some(at(self.announced_at_ms)),
            actual_end: self.actual_end_ms.map(at),
            reason: self.reason.clone(),
            author: Some(self.entered.author.clone()),
            approver: self.approver.clone(),
            recorded_at: Some(at(self.entered.at_ms)),
            evidence: self.evidence.clone(),
        })
    }
}

pub(crate) fn class(word: &str) -> Result<ExclusionClass, Refused> {
    let found = ExclusionClass::ALL.into_iter().find(|class| class.as_str() == word);
    found.ok_or_else(|| {
        let allowed = ExclusionClass::ALL.map(ExclusionClass::as_str).join(", ");
        Refused::new("class", format!("{word:?} is no class; allowed are {allowed}"))
    })
}
