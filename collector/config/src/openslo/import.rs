//! An SLO as a contract.

use quorate_collector_sla::objective::Objectives;
use quorate_collector_sla::{Basis, Contract, ContractDraft, ContractId, Service, WindowKind};
use quorate_model::CheckId;

use super::API_VERSION;
use super::indicator::indicator;
use super::keys::{Keys, Remarks, remark};
use super::objective::{Made, Method};
use super::objects::Objects;
use super::window::{Shorthand, Start};
use crate::contract::canonical;
use crate::read::values::{MAX_NAME_BYTES, is_name};
use crate::yaml::{Cursor, Diagnostic};

/// The most objectives of an SLO.
const MAX_OBJECTIVES: usize = 64;

/// Reads the only SLO of the documents, or the one with the name.
pub(super) fn slo(documents: &[Cursor<'_>], name: Option<&str>) -> Option<(Contract, Vec<Diagnostic>)> {
    let remarks = Remarks::default();
    let objects = Objects::choose(documents, name)?;
    let cursor = &objects.slo;
    let mut keys = Keys::open(cursor, &remarks)?;
    let version = keys.required("apiVersion").and_then(|c| c.choice(&[API_VERSION], |word| word));
    keys.get("kind");
    let named = keys.required("metadata").and_then(|c| metadata(&c, &remarks));
    let spec = keys.required("spec").and_then(|c| spec(&c, &objects, &remarks));
    keys.finish();
    objects.finish(&remarks);
    let (_, (id, display), spec) = (version?, named?, spec?);
    let mut draft = ContractDraft::new(id, Service::Check(spec.service));
    if let Some(display) = display {
        draft.name = display;
    }
    if let Some(window) = spec.window {
        (draft.window, draft.timezone) = window;
    }
    draft.basis = spec.basis;
    draft.objectives = spec.objectives;
    match Contract::new(draft) {
        Ok(contract) => Some((contract, remarks.into_inner())),
        Err(faults) => {
            for fault in faults {
                cursor.error(format_args!("the contract is not allowed: {}: {}", fault.path, fault.problem));
            }
            None
        }
    }
}

fn metadata(cursor: &Cursor<'_>, remarks: &Remarks) -> Option<(ContractId, Option<String>)> {
    let mut keys = Keys::open(cursor, remarks)?;
    let id = keys.required("name").and_then(|c| c.parse(ContractId::new));
    let display = match keys.get("displayName") {
        Some(cursor) if cursor.is_list() => {
            remark(remarks, &cursor, "is left out, as a contract has one name");
            Some(None)
        }
        Some(cursor) => cursor.text().map(|text| match text {
            "" => None,
            text if is_name(text) => Some(text.to_owned()),
            _ => {
                let why =
                    format_args!("is left out, as a contract's name is one line of at most {MAX_NAME_BYTES} bytes");
                remark(remarks, &cursor, why);
                None
            }
        }),
        None => Some(None),
    };
    keys.leave(&["labels", "annotations"]);
    keys.finish();
    Some((id?, display?))
}

struct Spec {
    service: CheckId,
    window: Option<(WindowKind, String)>,
    basis: Basis,
    objectives: Objectives,
}

fn spec(cursor: &Cursor<'_>, objects: &Objects<'_>, remarks: &Remarks) -> Option<Spec> {
    let mut keys = Keys::open(cursor, remarks)?;
    let service = keys.required("service").and_then(|c| c.parse(CheckId::new));
    let window = if let Some(window) = keys.get("timeWindow") {
        time_window(&window, remarks).map(Some)
    } else {
        remark(remarks, cursor, "has no timeWindow; the contract's window is calendar_month in UTC");
        Some(None)
    };
    let method = keys.required("budgetingMethod");
    let method = method.and_then(|c| Some((c.choice(&Method::ALL, Method::word)?, c)));
    let shared = indicator(&mut keys, objects);
    let objectives = keys.required("objectives");
    keys.leave(&["description", "alertPolicies"]);
    keys.finish();
    // Objectives are read whatever else is wrong, so that their own errors are told too.
    let counted = method.as_ref().map_or(Method::Occurrences, |(method, _)| *method);
    let list = objectives?;
    let count = list.list()?.len();
    if count > MAX_OBJECTIVES {
        list.error(format_args!("has {count} entries; allowed are {MAX_OBJECTIVES}"));
        return None;
    }
    let mut made = Made::new(counted, shared.as_ref(), objects, remarks);
    list.each(|item| made.objective(item))?;
    let (basis, objectives) = made.finish();
    let (_, (method, method_at)) = (shared?, method?);
    if basis.is_none() && method != Method::Occurrences {
        remark(remarks, &method_at, "no objective says of which slices; the contract's basis is continuous");
    }
    let basis = basis.unwrap_or(if method == Method::Occurrences { Basis::Requests } else { Basis::Continuous });
    Some(Spec { service: service?, window: window?, basis, objectives })
}

fn time_window(cursor: &Cursor<'_>, remarks: &Remarks) -> Option<(WindowKind, String)> {
    let windows = cursor.list()?;
    let [window] = windows.as_slice() else {
        cursor.error(format_args!("has {} entries; allowed is one", windows.len()));
        return None;
    };
    let mut keys = Keys::open(window, remarks)?;
    let duration = keys.required("duration").and_then(|c| Some((c.parse(Shorthand::parse)?, c)));
    let rolling = keys.get("isRolling").map(|c| c.flag());
    let calendar = keys.get("calendar");
    keys.finish();
    let (rolling, calendar) = match (rolling, calendar) {
        (Some(rolling), calendar) => (rolling?, calendar),
        // OpenSLO takes the window for a calendar's where it has one.
        (None, Some(calendar)) => (false, Some(calendar)),
        (None, None) => {
            window.error("misses the key `isRolling` or `calendar`");
            return None;
        }
    };
    match (rolling, calendar) {
        (true, None) => {
            let (duration, at) = duration?;
            let Some((days, exact)) = duration.days() else {
                at.error(format_args!(
                    "a contract's rolling window has 1 to {} whole days; give so many",
                    WindowKind::MAX_ROLLING_DAYS
                ));
                return None;
            };
            if !exact {
                remark(
                    remarks,
                    &at,
                    format_args!("has no fixed length; the contract's rolling window has {days} days"),
                );
            }
            Some((WindowKind::RollingDays(days), "UTC".to_owned()))
        }
        (true, Some(calendar)) => {
            calendar.error("stands beside isRolling: true; give one of them");
            None
        }
        (false, Some(calendar)) => calendar_window(&calendar, duration, remarks),
        (false, None) => {
            window.error("misses the key `calendar`, which goes with isRolling: false");
            None
        }
    }
}

fn calendar_window(
    cursor: &Cursor<'_>,
    duration: Option<(Shorthand, Cursor<'_>)>,
    remarks: &Remarks,
) -> Option<(WindowKind, String)> {
    let mut keys = Keys::open(cursor, remarks)?;
    let start = keys.required("startTime").and_then(|c| Some((c.parse(Start::parse)?, c)));
    let zone = keys.required("timeZone").and_then(|c| c.parse(canonical));
    keys.finish();
    let ((duration, duration_at), (start, start_at), zone) = (duration?, start?, zone?);
    let Some(window) = start.window(duration) else {
        duration_at.error(
            "a contract has no calendar window of this length; allowed are 1h, 1d, 1w, 1M (a month, where 1m is a minute), 1Q \
             and 1Y",
        );
        return None;
    };
    if !window.exact {
        let kind = window.kind.as_str();
        remark(remarks, &start_at, format_args!("the contract's window is {kind}, which starts {}", window.starts));
    }
    Some((window.kind, zone))
}
