//! How people handle an incident.

use quorate_collector_sla::support::{Response, Severity};
use quorate_model::CollectorTime;
use serde::{Deserialize, Serialize};

use crate::decision::IncidentAction;
use crate::records::{Refused, text};
use crate::{MAX_TEXT_BYTES, Signed};

/// The most updates of one incident.
const MAX_UPDATES: usize = 500;

/// What people did about one incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handling {
    /// The incident.
    pub incident: String,
    /// How bad it is: `critical`, `high`, `normal` or `low`.
    pub severity: Option<String>,
    /// Who looked after it first, and when.
    pub acknowledged: Option<Signed>,
    /// Who said that it is over, and when.
    pub resolved: Option<Signed>,
    /// What the public was told, oldest first.
    pub updates: Vec<Update>,
    /// Where one can read how it came about.
    pub postmortem: Option<String>,
}

/// What the public was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// Who said it, and when.
    #[serde(flatten)]
    pub signed: Signed,
    /// What.
    pub text: String,
}

/// A support promise of one plan in one incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupportVerdict {
    /// The plan.
    pub plan: String,
    /// `acknowledge` or `resolve`.
    pub what: String,
    /// The time promised, within the plan's hours.
    pub target_ms: i64,
    /// The time it took within the plan's hours, or has taken so far.
    pub took_ms: i64,
    /// The last moment that keeps the promise.
    pub deadline_ms: Option<i64>,
    /// `met`, `missed`, or `open` where it is not known yet.
    pub kept: String,
}

impl Handling {
    /// An incident that nobody handled yet.
    pub fn new(incident: &str) -> Self {
        Self {
            incident: incident.to_owned(),
            severity: None,
            acknowledged: None,
            resolved: None,
            updates: Vec::new(),
            postmortem: None,
        }
    }

    /// What of it reports tell and support plans judge.
    pub fn response(&self) -> Response {
        let word = self.severity.as_deref();
        let at = |signed: &Option<Signed>| signed.as_ref().map(|signed| CollectorTime::from_millis(signed.at_ms));
        Response {
            severity: Severity::ALL.into_iter().find(|severity| Some(severity.as_str()) == word),
            acknowledged_at: at(&self.acknowledged),
            resolved_at: at(&self.resolved),
            postmortem: self.postmortem.clone(),
        }
    }

    /// The handling after one more action.
    pub(crate) fn after(mut self, action: &IncidentAction, signed: Signed) -> Result<Self, Refused> {
        match action {
            IncidentAction::Acknowledge => {
                if let Some(by) = &self.acknowledged {
                    return Err(Refused::new("action", format!("{} acknowledged it already", by.author)));
                }
                self.acknowledged = Some(signed);
            }
            IncidentAction::Update { text } => self.tell("text", text, signed)?,
            IncidentAction::Resolve { text } => {
                if let Some(by) = &self.resolved {
                    return Err(Refused::new("action", format!("{} resolved it already", by.author)));
                }
                if let Some(text) = text {
                    self.tell("text", text, signed.clone())?;
                }
                // Whoever resolves it has looked after it.
                self.acknowledged.get_or_insert_with(|| signed.clone());
                self.resolved = Some(signed);
            }
            IncidentAction::Severity { severity } => {
                let allowed = Severity::ALL.map(Severity::as_str);
                if !allowed.contains(&severity.as_str()) {
                    let problem = format!("{severity:?} is no severity; allowed are {}", allowed.join(", "));
                    return Err(Refused::new("severity", problem));
                }
                self.severity = Some(severity.clone());
            }
            IncidentAction::Postmortem { url } => {
                if !(url.starts_with("https://") || url.starts_with("http://")) || url.len() > MAX_TEXT_BYTES {
                    return Err(Refused::new("url", "allowed are addresses that begin with https:// or http://"));
                }
                self.postmortem = Some(url.clone());
            }
        }
        Ok(self)
    }

    fn tell(&mut self, field: &'static str, what: &str, signed: Signed) -> Result<(), Refused> {
        if self.updates.len() >= MAX_UPDATES {
            return Err(Refused::new(field, format!("an incident has at most {MAX_UPDATES} updates")));
        }
        self.updates.push(Update { signed, text: text(field, what)? });
        Ok(())
    }
}
