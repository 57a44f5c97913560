//! What the consensus concluded: segments, and incidents with every revision they ever had.

use quorate_model::{
    Bounds, CheckId, CollectorTime, Incident, IncidentClass, IncidentId, Millis, RegionId, Segment, State,
};
use quorate_proto::api::{FieldChange, IncidentChange};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use crate::error::{BatchRefusal, DamageError, EngineError, ReadError, WriteError};
use crate::names::NameError;
use crate::read::{Window, check_number, damaged, parse_name, signed};
use crate::watermarks;
use crate::writer::Writing;

/// The most incidents or segments one answer holds.
pub const MAX_READ_ROWS: usize = 1_000_000;

/// Whether late samples of a live agent may still change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finality {
    /// They may.
    Provisional,
    /// They may not.
    Settled,
}

/// An incident in its latest revision, and how it came to be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredIncident {
    /// As it is now, or as it last was if it was withdrawn.
    pub incident: Incident,
    /// 1 = as first written.
    pub revision: u32,
    /// Whether it can still change.
    pub finality: Finality,
    /// True if later samples showed that it did not take place.
    pub withdrawn: bool,
    /// Each later revision against the one before, oldest first.
    pub changes: Vec<IncidentChange>,
}

/// Segments of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSegments {
    /// In order, clipped to the window; holes are times nothing was concluded about.
    pub segments: Vec<Segment>,
    /// Up to when late samples cannot change them; `None` = not said yet.
    pub settled_until: Option<CollectorTime>,
}

/// An incident as JSON in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Body {
    start_ms: i64,
    end_ms: Option<i64>,
    start_bounds_ms: [i64; 2],
    end_bounds_ms: [i64; 2],
    class: String,
    billed_ms: i64,
    runs_ms: Vec<[i64; 2]>,
    regions: Vec<String>,
    support: u32,
}

fn pair(bounds: Bounds) -> [i64; 2] {
    [bounds.earliest.as_millis(), bounds.latest.as_millis()]
}

fn bounds([earliest, latest]: [i64; 2]) -> Bounds {
    Bounds { earliest: CollectorTime::from_millis(earliest), latest: CollectorTime::from_millis(latest) }
}

impl Body {
    fn of(incident: &Incident) -> Self {
        Self {
            start_ms: incident.start.as_millis(),
            end_ms: incident.end.map(CollectorTime::as_millis),
            start_bounds_ms: pair(incident.start_bounds),
            end_bounds_ms: pair(incident.end_bounds),
            class: incident.class.word().to_owned(),
            billed_ms: incident.billed.get(),
            runs_ms: incident.runs.iter().map(|(a, b)| [a.as_millis(), b.as_millis()]).collect(),
            regions: incident.regions.iter().map(ToString::to_string).collect(),
            support: incident.support,
        }
    }

    fn incident(self, id: &str, check: CheckId) -> Result<Incident, ReadError> {
        let wrong = |what, value: String| damaged("incidents", id, DamageError::Value { what, value });
        let time = CollectorTime::from_millis;
        Ok(Incident {
            id: IncidentId::new(id),
            check,
            start: time(self.start_ms),
            end: self.end_ms.map(time),
            start_bounds: bounds(self.start_bounds_ms),
            end_bounds: bounds(self.end_bounds_ms),
            class: IncidentClass::from_word(&self.class).ok_or_else(|| wrong("class", self.class))?,
            billed: Millis::new(self.billed_ms),
            runs: self.runs_ms.into_iter().map(|[a, b]| (time(a), time(b))).collect(),
            regions: self
                .regions
                .iter()
                .map(|text| parse_name(RegionId::new(text), "incidents", id, text))
                .collect::<Result<_, _>>()?,
            support: self.support,
        })
    }

    /// True if an open incident only went on: what changed is what changes with every sample while it lasts.
    fn only_grew(&self, later: &Self) -> bool {
        let frozen =
            |body: &Self| Self { end_bounds_ms: [0; 2], billed_ms: 0, runs_ms: Vec::new(), support: 0, ..body.clone() };
        self.end_ms.is_none() && later.end_ms.is_none() && frozen(self) == frozen(later)
    }

    fn changes(&self, later: &Self) -> Result<Vec<FieldChange>, WriteError> {
        let fields = |body: &Self| match serde_json::to_value(body) {
            Ok(serde_json::Value::Object(fields)) => Ok(fields),
            Ok(_) => Ok(serde_json::Map::new()),
            Err(e) => Err(WriteError::Engine(EngineError::new(e))),
        };
        let (old, new) = (fields(self)?, fields(later)?);
        Ok(new
            .into_iter()
            .filter_map(|(field, new)| {
                let old = old.get(&field).cloned().unwrap_or(serde_json::Value::Null);
                (old != new).then(|| FieldChange { field, old: old.to_string(), new: new.to_string() })
            })
            .collect())
    }
}

pub(crate) fn check_for_write(writing: &mut Writing<'_>, check: &CheckId) -> Result<i64, WriteError> {
    match writing.names.check(writing.tx, check) {
        Ok(number) => Ok(number),
        Err(NameError::Engine(error)) => Err(error.into()),
        Err(NameError::Refused(refusal)) => Err(too_many(&refusal)),
    }
}

fn too_many(refusal: &BatchRefusal) -> WriteError {
    WriteError::Refused { what: "the check", why: refusal.to_string() }
}

/// Replaces what was concluded of `window` by `segments`.
pub(crate) fn put_segments(
    writing: &mut Writing<'_>,
    check: &CheckId,
    window: Window,
    segments: &[Segment],
    settled_until: Option<CollectorTime>,
) -> Result<(), WriteError> {
    let refused = |why: &str| Err(WriteError::Refused { what: "segments", why: why.to_owned() });
    if window.from >= window.to {
        return refused("the window is empty");
    }
    let mut before = window.from;
    for segment in segments {
        if segment.start < before || segment.end <= segment.start || segment.end > window.to {
            return refused("they are not in order, not apart, or not inside the window");
        }
        before = segment.end;
    }
    let check_no = check_for_write(writing, check)?;
    let tx = writing.tx;
    let (from, to) = (window.from.as_millis(), window.to.as_millis());
    // The one segment that reaches over the window's end goes on behind it, the one over its start ends there.
    tx.prepare_cached(
        "INSERT INTO segments (check_no, start_ms, end_ms, state, state_low, state_high, regions_bad)
         SELECT check_no, ?2, end_ms, state, state_low, state_high, regions_bad FROM segments
         WHERE check_no = ?1 AND end_ms > ?2
           AND start_ms = (SELECT max(start_ms) FROM segments WHERE check_no = ?1 AND start_ms < ?2)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![check_no, to])?;
    tx.prepare_cached(
        "UPDATE segments SET end_ms = ?2 WHERE check_no = ?1 AND end_ms > ?2
         AND start_ms = (SELECT max(start_ms) FROM segments WHERE check_no = ?1 AND start_ms < ?2)",
    )?
    .execute(params![check_no, from])?;
    tx.prepare_cached("DELETE FROM segments WHERE check_no = ?1 AND start_ms >= ?2 AND start_ms < ?3")?
        .execute(params![check_no, from, to])?;
    for segment in segments {
        let regions: Vec<&str> = segment.regions_bad.iter().map(RegionId::as_str).collect();
        tx.prepare_cached(
            "INSERT INTO segments (check_no, start_ms, end_ms, state, state_low, state_high, regions_bad)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            check_no,
            segment.start.as_millis(),
            segment.end.as_millis(),
            segment.state.number(),
            segment.state_low.number(),
            segment.state_high.number(),
            regions.join(",")
        ])?;
    }
    if let Some(settled) = settled_until {
        writing.watermarks.raise(tx, check_no, window.from, settled)?;
    }
    Ok(())
}

/// What was concluded of a window.
pub(crate) fn segments(conn: &Connection, check: &CheckId, window: Window) -> Result<StoredSegments, ReadError> {
    let nothing = StoredSegments { segments: Vec::new(), settled_until: None };
    let Some(check_no) = check_number(conn, check)? else { return Ok(nothing) };
    let tx = conn.unchecked_transaction()?;
    let mut statement = tx.prepare_cached(
        "SELECT start_ms, end_ms, state, state_low, state_high, regions_bad FROM segments
         WHERE check_no = ?1 AND start_ms < ?3 AND end_ms > ?2 AND start_ms >= coalesce(
           (SELECT max(start_ms) FROM segments WHERE check_no = ?1 AND start_ms <= ?2), ?2)
         ORDER BY start_ms",
    )?;
    let mut rows = statement.query(params![check_no, window.from.as_millis(), window.to.as_millis()])?;
    let mut segments = Vec::new();
    while let Some(row) = rows.next()? {
        if segments.len() >= MAX_READ_ROWS {
            return Err(ReadError::TooMuch { what: "segments", max: MAX_READ_ROWS });
        }
        let mut segment = read_segment(row, check)?;
        segment.start = segment.start.max(window.from);
        segment.end = segment.end.min(window.to);
        segments.push(segment);
    }
    Ok(StoredSegments { segments, settled_until: watermarks::read(&tx, check_no)? })
}

fn read_segment(row: &Row<'_>, check: &CheckId) -> Result<Segment, ReadError> {
    let start: i64 = row.get(0)?;
    let place = || format!("{check} {start}");
    let state = |column: usize, what: &'static str| -> Result<State, ReadError> {
        let number: i64 = row.get(column)?;
        u8::try_from(number)
            .ok()
            .and_then(State::from_number)
            .ok_or_else(|| damaged("segments", place(), DamageError::Value { what, value: number.to_string() }))
    };
    let regions: String = row.get(5)?;
    Ok(Segment {
        start: CollectorTime::from_millis(start),
        end: CollectorTime::from_millis(row.get(1)?),
        state: state(2, "state")?,
        state_low: state(3, "state_low")?,
        state_high: state(4, "state_high")?,
        regions_bad: regions
            .split(',')
            .filter(|text| !text.is_empty())
            .map(|text| parse_name(RegionId::new(text), "segments", place(), text))
            .collect::<Result<_, _>>()?,
    })
}

/// Writes an incident; a change of one that was written before becomes a revision. Gives the revision it has now.
pub(crate) fn put_incident(
    writing: &mut Writing<'_>,
    incident: &Incident,
    finality: Finality,
    at: CollectorTime,
) -> Result<u32, WriteError> {
    let check_no = check_for_write(writing, &incident.check)?;
    let id = incident.id.as_str();
    let body = Body::of(incident);
    let settled = finality == Finality::Settled;
    let (revision, changes) = match latest_body(writing.tx, id)? {
        None => (1, Some(Vec::new())),
        Some((revision, known, withdrawn)) => {
            if withdrawn {
                let mut changes = known.changes(&body)?;
                changes.insert(0, withdrawal("true", "false"));
                (revision + 1, Some(changes))
            } else if known == body || known.only_grew(&body) {
                (revision, None)
            } else {
                (revision + 1, Some(known.changes(&body)?))
            }
        }
    };
    let text = json(&body)?;
    writing
        .tx
        .prepare_cached(
            "INSERT INTO incidents (id, check_no, start_ms, end_ms, revision, settled, withdrawn, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7)
             ON CONFLICT DO UPDATE SET start_ms = excluded.start_ms, end_ms = excluded.end_ms,
               revision = excluded.revision, settled = excluded.settled, withdrawn = 0, body = excluded.body",
        )?
        .execute(params![id, check_no, body.start_ms, body.end_ms, revision, settled, text])?;
    if let Some(changes) = changes {
        insert_revision(writing.tx, (id, revision), at, &text, &changes)?;
    }
    Ok(revision)
}

/// Says that an incident did not take place after all; it stays readable with its history. Gives the revision, `None` if there
/// is no such incident or it was withdrawn before.
pub(crate) fn withdraw_incident(
    writing: &mut Writing<'_>,
    id: &IncidentId,
    at: CollectorTime,
) -> Result<Option<u32>, WriteError> {
    let Some((revision, body, false)) = latest_body(writing.tx, id.as_str())? else { return Ok(None) };
    let revision = revision + 1;
    writing
        .tx
        .prepare_cached("UPDATE incidents SET withdrawn = 1, revision = ?2 WHERE id = ?1")?
        .execute(params![id.as_str(), revision])?;
    let changes = [withdrawal("false", "true")];
    insert_revision(writing.tx, (id.as_str(), revision), at, &json(&body)?, &changes)?;
    Ok(Some(revision))
}

fn withdrawal(old: &str, new: &str) -> FieldChange {
    FieldChange { field: "withdrawn".to_owned(), old: old.to_owned(), new: new.to_owned() }
}

fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, WriteError> {
    serde_json::to_string(value).map_err(|e| WriteError::Engine(EngineError::new(e)))
}

fn latest_body(tx: &Connection, id: &str) -> Result<Option<(u32, Body, bool)>, WriteError> {
    let row: Option<(u32, String, bool)> = tx
        .prepare_cached("SELECT revision, body, withdrawn FROM incidents WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    row.map(|(revision, text, withdrawn)| {
        let body = serde_json::from_str(&text).map_err(|e| WriteError::Engine(EngineError::new(e)))?;
        Ok((revision, body, withdrawn))
    })
    .transpose()
}

fn insert_revision(
    tx: &Connection,
    (id, revision): (&str, u32),
    at: CollectorTime,
    body: &str,
    changes: &[FieldChange],
) -> Result<(), WriteError> {
    tx.prepare_cached(
        "INSERT INTO incident_revisions (id, revision, at_ms, body, changes) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![id, revision, at.as_millis(), body, json(changes)?])?;
    Ok(())
}

const INCIDENT_COLUMNS: &str =
    "SELECT incidents.id, checks.id, revision, settled, withdrawn, body FROM incidents JOIN checks USING (check_no)";

/// Whether the revisions of incidents are read too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changes {
    Told,
    LeftOut,
}

/// Incidents that overlap the window, newest first; of one check or of all.
pub(crate) fn incidents(
    conn: &Connection,
    check: Option<&CheckId>,
    window: Window,
    changes: Changes,
) -> Result<Vec<StoredIncident>, ReadError> {
    let tx = conn.unchecked_transaction()?;
    let by_check = match check {
        None => "",
        Some(_) => "AND check_no = (SELECT check_no FROM checks WHERE id = ?3)",
    };
    let mut statement = tx.prepare_cached(&format!(
        "{INCIDENT_COLUMNS} WHERE start_ms < ?2 AND (end_ms IS NULL OR end_ms > ?1) AND (?3 IS NULL OR ?3 = ?3) {by_check}
         ORDER BY start_ms DESC, incidents.id LIMIT ?4"
    ))?;
    let mut rows = statement.query(params![
        window.from.as_millis(),
        window.to.as_millis(),
        check.map(CheckId::as_str),
        signed(MAX_READ_ROWS + 1)
    ])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read_incident(&tx, row, changes)?);
    }
    if found.len() > MAX_READ_ROWS {
        return Err(ReadError::TooMuch { what: "incidents", max: MAX_READ_ROWS });
    }
    Ok(found)
}

/// One incident by its name.
pub(crate) fn incident(conn: &Connection, id: &IncidentId) -> Result<Option<StoredIncident>, ReadError> {
    let tx = conn.unchecked_transaction()?;
    let mut statement = tx.prepare_cached(&format!("{INCIDENT_COLUMNS} WHERE incidents.id = ?1"))?;
    let mut rows = statement.query([id.as_str()])?;
    match rows.next()? {
        Some(row) => Ok(Some(read_incident(&tx, row, Changes::Told)?)),
        None => Ok(None),
    }
}

fn read_incident(tx: &Connection, row: &Row<'_>, told: Changes) -> Result<StoredIncident, ReadError> {
    let id: String = row.get(0)?;
    let check: String = row.get(1)?;
    let check = parse_name(CheckId::new(&check), "checks", &check, &check)?;
    let text: String = row.get(5)?;
    let body: Body = serde_json::from_str(&text).map_err(|e| damaged("incidents", &id, e))?;
    let revision: u32 = row.get(2)?;
    let mut changes = Vec::new();
    if revision > 1 && told == Changes::Told {
        let mut statement = tx.prepare_cached(
            "SELECT revision, at_ms, changes FROM incident_revisions WHERE id = ?1 AND revision > 1 ORDER BY revision",
        )?;
        let mut rows = statement.query([&id])?;
        while let Some(row) = rows.next()? {
            let revision: u32 = row.get(0)?;
            let text: String = row.get(2)?;
            let place = || format!("{id} {revision}");
            let fields = serde_json::from_str(&text).map_err(|e| damaged("incident_revisions", place(), e))?;
            changes.push(IncidentChange { revision, at_ms: row.get(1)?, fields });
        }
    }
    Ok(StoredIncident {
        incident: body.incident(&id, check)?,
        revision,
        finality: if row.get(3)? { Finality::Settled } else { Finality::Provisional },
        withdrawn: row.get(4)?,
        changes,
    })
}
