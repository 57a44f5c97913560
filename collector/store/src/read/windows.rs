//! Samples of many short windows at once.

use quorate_model::{CheckId, CollectorTime, Sample};
use rusqlite::{Connection, params};

use super::{MAX_READ_SAMPLES, Wanted, Window, check_number, damaged, each_fresh};
use crate::chunk::LeanChunk;
use crate::error::ReadError;

/// Samples of one check in each of the windows, in order of identity, each identity once. A chunk is unpacked once, however
/// many of the windows it is of, and chunks of none are passed over unread.
pub(crate) fn samples_of_each(
    conn: &Connection,
    check: &CheckId,
    windows: &[Window],
    wanted: Wanted,
) -> Result<Vec<Vec<Sample>>, ReadError> {
    let mut found: Vec<Vec<Sample>> = windows.iter().map(|_| Vec::new()).collect();
    let hull = windows.iter().copied().reduce(|a, b| Window::new(a.from.min(b.from), a.to.max(b.to)));
    let (Some(hull), Some(check_no)) = (hull, check_number(conn, check)?) else { return Ok(found) };
    let mut count = 0;
    let mut take = |here: &[(usize, Window)], sample: &Sample| {
        let start = sample.start_corrected();
        for (place, _) in here.iter().filter(|(_, window)| window.holds(start)) {
            if let Some(of_window) = found.get_mut(*place) {
                of_window.push(sample.clone());
                count += 1;
            }
        }
        if count > MAX_READ_SAMPLES {
            return Err(ReadError::TooMuch { what: "samples", max: MAX_READ_SAMPLES });
        }
        Ok(())
    };
    let tx = conn.unchecked_transaction()?;
    let mut read = tx.prepare_cached("SELECT data FROM chunks WHERE chunk = ?1")?;
    for (chunk, begin, end) in chunks(&tx, check_no, hull)? {
        let here = touching(windows, begin, end);
        if here.is_empty() {
            continue;
        }
        let mut rows = read.query([chunk])?;
        let Some(row) = rows.next()? else { continue };
        let data = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
        let columns = LeanChunk::decode(data).map_err(|e| damaged("chunks", chunk, e))?;
        let mut samples = Vec::new();
        let spans = merged(&here);
        let holds = |start| {
            let next = spans.partition_point(|span| span.to <= start);
            spans.get(next).is_some_and(|span| span.from <= start)
        };
        let push = |sample, mark| samples.extend(wanted.takes(mark).then_some(sample));
        columns.each(check, holds, push).map_err(|e| damaged("chunks", chunk, e))?;
        samples.iter().try_for_each(|sample| take(&here, sample))?;
    }
    let all: Vec<(usize, Window)> = windows.iter().copied().enumerate().collect();
    let mut outcome = Ok(());
    each_fresh(&tx, Some((check_no, check)), hull, |stored| {
        if wanted.takes(stored.mark) && outcome.is_ok() {
            outcome = take(&all, &stored.record.sample);
        }
    })?;
    outcome?;
    for samples in &mut found {
        // Of two payloads under one identity the smaller comes first and stays.
        samples.sort();
        samples.dedup_by(|later, first| later.id == first.id);
    }
    Ok(found)
}

/// The chunks of a check that may hold samples of the window, with the first and last start in each; read from the index.
fn chunks(
    conn: &Connection,
    check_no: i64,
    window: Window,
) -> Result<Vec<(i64, CollectorTime, CollectorTime)>, ReadError> {
    let mut statement = conn.prepare_cached(
        "SELECT chunk, min_start_ms, max_start_ms FROM chunks INDEXED BY chunks_by_check
         WHERE check_no = ?1 AND max_start_ms >= ?2 AND min_start_ms < ?3",
    )?;
    let time = CollectorTime::from_millis;
    let rows = statement.query_map(params![check_no, window.from.as_millis(), window.to.as_millis()], |row| {
        Ok((row.get(0)?, time(row.get(1)?), time(row.get(2)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The time that any of the windows holds, as spans in order that do not touch.
fn merged(windows: &[(usize, Window)]) -> Vec<Window> {
    let mut all: Vec<Window> = windows.iter().map(|(_, window)| *window).collect();
    all.sort_by_key(|window| window.from);
    let mut spans: Vec<Window> = Vec::with_capacity(all.len());
    for window in all {
        match spans.last_mut().filter(|last| window.from <= last.to) {
            Some(last) => last.to = last.to.max(window.to),
            None => spans.push(window),
        }
    }
    spans
}

/// The windows with their places that may hold one of the starts from `first` to `last`.
fn touching(windows: &[Window], first: CollectorTime, last: CollectorTime) -> Vec<(usize, Window)> {
    let places = windows.iter().copied().enumerate();
    places.filter(|(_, window)| window.from <= last && first < window.to).collect()
}
