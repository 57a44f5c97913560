//! Reading a check's past from the store.

use quorate_collector_store::{ReadError, Store, StoredIncident, Wanted, Window};
use quorate_model::{CollectorTime, Millis};

use super::amend::Written;
use super::case::{Case, Past};
use super::recent::HELD;

/// Reads what the case wants: conclusions are drawn anew from `wanted` on, or from where the stored ones end if it is `MAX`.
pub(crate) fn read(store: &Store, case: &Case, wanted: CollectorTime, now: CollectorTime) -> Result<Past, ReadError> {
    let check = case.check();
    let day = now - HELD;
    let mut stored = store.segments(check, Window::new(day.min(wanted - HELD), CollectorTime::MAX))?;
    if let (true, Some(settled)) = (stored.segments.is_empty(), stored.settled_until) {
        // The collector was away for more than a day: the end of what it had concluded is where it goes on.
        stored = store.segments(check, Window::new(settled - Millis::new(1), CollectorTime::MAX))?;
    }
    let ends = stored.segments.last().map(|last| last.end);
    let rewind_to = match (wanted, ends, stored.settled_until) {
        (CollectorTime::MAX, Some(end), Some(settled)) => case.reopens_at(end.min(settled)),
        (CollectorTime::MAX, ..) => case.history().since,
        // What was settled in memory alone is let go of with the rest, so it is concluded again as well.
        (wanted, Some(end), _) => wanted.min(end),
        (wanted, None, _) => wanted.min(case.history().since),
    };
    // Incidents that touch what is read may begin before it, and others may touch those: look until nothing is new.
    let mut from = case.begin_before(rewind_to, &[]);
    let incidents = loop {
        let found = store.incidents(Some(check), Window::new(from.min(day), CollectorTime::MAX))?;
        let there = found.iter().filter(|stored| !stored.withdrawn).map(|stored| &stored.incident);
        let begin = case.begin_before(rewind_to, &there.collect::<Vec<_>>());
        if begin >= from {
            break found;
        }
        from = begin;
    };
    let samples = store.samples(check, Window::new(from, CollectorTime::MAX), Wanted::Counted)?;
    let incidents = incidents.into_iter().map(|stored| written(stored, now)).collect();
    Ok(Past { from, samples, rewind_to, segments: stored.segments, incidents })
}

fn written(stored: StoredIncident, now: CollectorTime) -> Written {
    let StoredIncident { incident, revision, finality, withdrawn, .. } = stored;
    Written { incident, revision, at: now, finality, withdrawn }
}
