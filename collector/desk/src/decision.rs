//! What can be decided, as it is sent.

use serde::{Deserialize, Serialize};

/// One thing that a person decides. Times are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Decision {
    /// Something about an incident.
    Incident {
        /// Its id.
        incident: String,
        /// What is done.
        action: IncidentAction,
    },
    /// Time is left out of contracts.
    Exclude {
        /// `maintenance`, `force_majeure`, `third_party`, `customer` or `suspension`.
        class: String,
        /// Its start.
        start_ms: i64,
        /// Its end, exclusive.
        end_ms: i64,
        /// For these contracts; for all where there is none.
        #[serde(default)]
        contracts: Vec<String>,
        /// When customers were told; now where it is not said.
        #[serde(default)]
        announced_at_ms: Option<i64>,
        /// How it comes again: an RRULE such as `FREQ=WEEKLY;BYDAY=SU`. Maintenance only.
        #[serde(default)]
        recurrence: Option<String>,
        /// What for.
        reason: String,
        /// Who agrees, where it begins in the past.
        #[serde(default)]
        approver: Option<String>,
        /// Where what speaks for it can be found.
        #[serde(default)]
        evidence: Vec<String>,
    },
    /// Maintenance really ended then.
    EndMaintenance {
        /// The exclusion's id.
        id: String,
        /// When.
        at_ms: i64,
    },
    /// An exclusion counts no more.
    Withdraw {
        /// The exclusion's id.
        id: String,
        /// Why.
        reason: String,
        /// Who agrees, where it has begun.
        #[serde(default)]
        approver: Option<String>,
    },
    /// A customer claims its credit.
    Claim {
        /// Under which contract.
        contract: String,
        /// For which window, such as `2026-10`.
        period: String,
        /// Who.
        customer: String,
        /// A remark.
        #[serde(default)]
        note: String,
    },
    /// A claim is accepted, refused, paid, or opened again after it was refused.
    SettleClaim {
        /// Under which contract.
        contract: String,
        /// For which window.
        period: String,
        /// Whose.
        customer: String,
        /// `accepted`, `refused`, `paid` or `open`.
        state: String,
        /// A remark.
        #[serde(default)]
        note: String,
    },
}

/// What is done about an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum IncidentAction {
    /// Somebody looks after it.
    Acknowledge,
    /// The public is told something.
    Update {
        /// What.
        text: String,
    },
    /// It is over for those who handle it.
    Resolve {
        /// What the public is told, if anything.
        #[serde(default)]
        text: Option<String>,
    },
    /// How bad it is.
    Severity {
        /// `critical`, `high`, `normal` or `low`.
        severity: String,
    },
    /// Where one can read how it came about.
    Postmortem {
        /// An address.
        url: String,
    },
}
