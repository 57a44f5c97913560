//! Everything that was decided, and what may be decided next.

use std::collections::BTreeMap;

use quorate_collector_sla::account::Statement;
use quorate_collector_sla::contract::exclusion_faults;
use quorate_collector_sla::{Contract, Exclusion};
use quorate_model::CollectorTime;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::claim::{self, ClaimRecord};
use crate::decision::Decision;
use crate::exclusion::{self, ExclusionRecord};
use crate::handling::Handling;
use crate::{MAX_TEXT_BYTES, Signed};

/// The most exclusions, so that a contract takes them beside its own.
const MAX_EXCLUSIONS: usize = Contract::MAX_EXCLUSIONS / 2;

/// Why a decision is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Refused {
    /// The field that is wrong.
    pub field: &'static str,
    /// What is wrong, and what is allowed.
    pub problem: String,
}

impl Refused {
    pub(crate) fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, problem: problem.into() }
    }
}

/// What a decision is about, as far as whoever keeps the facts knows it.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// True if the incident exists.
    pub incident_exists: bool,
    /// Every contract's id.
    pub contracts: Vec<String>,
    /// What the customer is owed for the window, or why that cannot be said.
    pub statement: Option<Result<Statement, String>>,
}

/// The next revision of one document, and its line in the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The document's kind: `handling`, `exclusion` or `claim`.
    pub kind: &'static str,
    /// Its key.
    pub key: String,
    /// Its text.
    pub body: String,
    /// What was done, in a word.
    pub action: &'static str,
    /// What it is now.
    pub record: Record,
}

/// Something that was decided, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Record {
    /// How an incident is handled.
    Handling(Handling),
    /// What is left out.
    Exclusion(ExclusionRecord),
    /// A claim.
    Claim(ClaimRecord),
}

/// A stored document is not understood.
#[derive(Debug, thiserror::Error)]
#[error("the {kind} {key} is not understood")]
pub struct DamagedRecord {
    kind: String,
    key: String,
    source: serde_json::Error,
}

/// Everything that was decided, each in its latest revision.
#[derive(Clone, Debug, Default)]
pub struct Records {
    handlings: BTreeMap<String, Handling>,
    exclusions: BTreeMap<String, ExclusionRecord>,
    claims: BTreeMap<String, ClaimRecord>,
}

impl Records {
    /// The kinds of documents that records are kept as.
    pub const KINDS: [&'static str; 3] = ["handling", "exclusion", "claim"];

    /// Takes a stored document in its latest revision; kinds of others are passed over.
    ///
    /// # Errors
    /// It is not understood.
    pub fn recall(&mut self, kind: &str, key: &str, body: &str) -> Result<(), DamagedRecord> {
        fn read<T: DeserializeOwned>(kind: &str, key: &str, body: &str) -> Result<T, DamagedRecord> {
            serde_json::from_str(body).map_err(|source| DamagedRecord {
                kind: kind.to_owned(),
                key: key.to_owned(),
                source,
            })
        }
        match kind {
            "handling" => drop(self.handlings.insert(key.to_owned(), read(kind, key, body)?)),
            "exclusion" => drop(self.exclusions.insert(key.to_owned(), read(kind, key, body)?)),
            "claim" => drop(self.claims.insert(key.to_owned(), read(kind, key, body)?)),
            _ => {}
        }
        Ok(())
    }

    /// How an incident is handled.
    pub fn handling(&self, incident: &str) -> Option<&Handling> {
        self.handlings.get(incident)
    }

    /// Every exclusion, by id.
    pub fn exclusions(&self) -> impl Iterator<Item = &ExclusionRecord> {
        self.exclusions.values()
    }

    /// Every claim, by contract, window and customer.
    pub fn claims(&self) -> impl Iterator<Item = &ClaimRecord> {
        self.claims.values()
    }

    /// What is left out of a contract.
    pub fn exclusions_of(&self, contract: &str) -> Vec<Exclusion> {
        self.exclusions()
            .filter(|record| record.is_for(contract))
            .filter_map(|record| record.exclusion().ok())
            .collect()
    }

    /// What a decision leads to. Nothing is taken before [`Records::take`].
    ///
    /// # Errors
    /// A field is wrong, or what is decided does not follow from what was decided before.
    pub fn decide(
        &self,
        decision: &Decision,
        author: &str,
        now: CollectorTime,
        facts: &Facts,
    ) -> Result<Entry, Refused> {
        let signed = Signed::new(&text("author", author)?, now);
        match decision {
            Decision::Incident { incident, action } => {
                let known = self.handlings.get(incident);
                if known.is_none() && !facts.incident_exists {
                    return Err(Refused::new("incident", format!("there is no incident {incident}")));
                }
                let before = known.cloned().unwrap_or_else(|| Handling::new(incident));
                let handling = before.after(action, signed)?;
                entry("handling", incident.clone(), "incident", Record::Handling(handling))
            }
            Decision::Exclude { .. } => self.exclude(decision, signed, facts),
            Decision::EndMaintenance { id, at_ms } => {
                let mut record = self.exclusion(id)?.clone();
                if record.class != "maintenance" {
                    return Err(Refused::new("id", format!("{id} is {}; only maintenance ends", record.class)));
                }
                if *at_ms <= record.start_ms || *at_ms > signed.at_ms {
                    return Err(Refused::new("at_ms", "allowed are moments after its start and not in the future"));
                }
                record.actual_end_ms = Some(*at_ms);
                entry("exclusion", id.clone(), "end_maintenance", Record::Exclusion(record))
            }
            Decision::Withdraw { id, reason, approver } => {
                let mut record = self.exclusion(id)?.clone();
                if record.start_ms <= signed.at_ms && approver.as_deref().unwrap_or_default().trim().is_empty() {
                    return Err(Refused::new("approver", "it has begun, so somebody has to agree: name who"));
                }
                record.withdrawn = Some(signed);
                record.withdrawn_reason = Some(text("reason", reason)?);
                entry("exclusion", id.clone(), "withdraw", Record::Exclusion(record))
            }
            Decision::Claim { contract, period, customer, note } => {
                let key = format!("{contract}/{period}/{customer}");
                if self.claims.contains_key(&key) {
                    return Err(Refused::new("claim", format!("{key} was claimed before")));
                }
                let statement = match &facts.statement {
                    Some(Ok(statement)) => statement,
                    Some(Err(why)) => return Err(Refused::new("claim", why.clone())),
                    None => return Err(Refused::new("claim", format!("nothing is known of {key}"))),
                };
                let claim = ClaimRecord::open(statement, &signed, &note_text(note)?)?;
                entry("claim", key, "claim", Record::Claim(claim))
            }
            Decision::SettleClaim { contract, period, customer, state, note } => {
                let key = format!("{contract}/{period}/{customer}");
                let known = self.claims.get(&key);
                let known = known.ok_or_else(|| Refused::new("claim", format!("there is no claim {key}")))?;
                let claim = known.settled(claim::state(state)?, &signed, &note_text(note)?)?;
                entry("claim", key, "settle_claim", Record::Claim(claim))
            }
        }
    }

    fn exclusion(&self, id: &str) -> Result<&ExclusionRecord, Refused> {
        let known = self.exclusions.get(id);
        let known = known.ok_or_else(|| Refused::new("id", format!("there is no exclusion {id}")))?;
        match &known.withdrawn {
            Some(by) => Err(Refused::new("id", format!("{} withdrew {id}", by.author))),
            None => Ok(known),
        }
    }

    fn exclude(&self, decision: &Decision, signed: Signed, facts: &Facts) -> Result<Entry, Refused> {
        let Decision::Exclude {
            class,
            start_ms,
            end_ms,
            contracts,
            announced_at_ms,
            recurrence,
            reason,
            approver,
            evidence,
        } = decision
        else {
            return Err(Refused::new("decision", "is no exclusion"));
        };
        exclusion::class(class)?;
        if end_ms <= start_ms {
            return Err(Refused::new("end_ms", "it ends before it starts"));
        }
        if let Some(unknown) = contracts.iter().find(|id| !facts.contracts.contains(id)) {
            let known = facts.contracts.join(", ");
            return Err(Refused::new("contracts", format!("there is no contract {unknown}; there are: {known}")));
        }
        if recurrence.is_some() && class != "maintenance" {
            return Err(Refused::new("recurrence", "only maintenance comes again"));
        }
        let approver = approver.as_deref().map(|approver| text("approver", approver)).transpose()?;
        if *start_ms < signed.at_ms && approver.is_none() {
            return Err(Refused::new("approver", "it begins in the past, so somebody has to agree: name who"));
        }
        if announced_at_ms.is_some_and(|at| at > signed.at_ms) {
            return Err(Refused::new("announced_at_ms", "customers cannot have been told in the future"));
        }
        let evidence = evidence.iter().map(|place| text("evidence", place)).collect::<Result<Vec<_>, _>>()?;
        if evidence.len() > 32 {
            return Err(Refused::new("evidence", "allowed are at most 32 pieces"));
        }
        let number = self.exclusions.len() + 1;
        if number > MAX_EXCLUSIONS {
            return Err(Refused::new("decision", format!("{MAX_EXCLUSIONS} exclusions are kept; more are not taken")));
        }
        let record = ExclusionRecord {
            id: format!("{class}-{number}"),
            class: class.clone(),
            start_ms: *start_ms,
            end_ms: *end_ms,
            contracts: contracts.clone(),
            announced_at_ms: announced_at_ms.unwrap_or(signed.at_ms),
            recurrence: recurrence.clone(),
            actual_end_ms: None,
            reason: text("reason", reason)?,
            entered: signed,
            approver,
            evidence,
            withdrawn: None,
            withdrawn_reason: None,
        };
        let written = record.exclusion()?;
        // A contract that refused the entry later could not be reported on at all.
        if let Some(fault) = exclusion_faults(&written).into_iter().next() {
            let field = match fault.path.as_str() {
                "start" => "start_ms",
                "end" => "end_ms",
                "announced_at" => "announced_at_ms",
                "recurrence" => "recurrence",
                "approver" => "approver",
                _ => "reason",
            };
            return Err(Refused::new(field, fault.problem.to_string()));
        }
        entry("exclusion", record.id.clone(), "exclude", Record::Exclusion(record))
    }

    /// Takes what was decided, after it was written down.
    pub fn take(&mut self, entry: Entry) {
        match entry.record {
            Record::Handling(handling) => drop(self.handlings.insert(entry.key, handling)),
            Record::Exclusion(exclusion) => drop(self.exclusions.insert(entry.key, exclusion)),
            Record::Claim(claim) => drop(self.claims.insert(entry.key, claim)),
        }
    }
}

fn entry(kind: &'static str, key: String, action: &'static str, record: Record) -> Result<Entry, Refused> {
    let body = serde_json::to_string(&record).map_err(|error| Refused::new("decision", error.to_string()))?;
    Ok(Entry { kind, key, body, action, record })
}

/// A person's text, trimmed: not empty, not too long, no control characters but new lines.
pub(crate) fn text(field: &'static str, given: &str) -> Result<String, Refused> {
    let trimmed = given.trim();
    if trimmed.is_empty() {
        return Err(Refused::new(field, "it must not be empty"));
    }
    note_text(trimmed).map_err(|refused| Refused { field, ..refused })
}

fn note_text(given: &str) -> Result<String, Refused> {
    let trimmed = given.trim();
    if trimmed.len() > MAX_TEXT_BYTES {
        return Err(Refused::new("note", format!("it is {} bytes long; allowed are {MAX_TEXT_BYTES}", trimmed.len())));
    }
    if trimmed.chars().any(|letter| letter.is_control() && letter != '\n') {
        return Err(Refused::new("note", "it holds control characters; allowed are letters, signs and new lines"));
    }
    Ok(trimmed.to_owned())
}

#[cfg(test)]
mod tests;
