//! The settled sequence numbers of each (agent, boot), held by the writer and saved with each transaction.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, params};

use crate::settled::Settled;

/// The most lives held in memory; the rest is read again when needed.
const MAX_HELD: usize = 16_384;

pub(crate) struct Life {
    pub(crate) settled: Settled,
    saved: BTreeMap<u64, u64>,
    changed: bool,
}

impl Life {
    pub(crate) fn settle(&mut self, first: u64, last: u64) {
        self.settled.insert(first, last);
        self.changed = true;
    }
}

#[derive(Default)]
pub(crate) struct Lives {
    held: HashMap<(i64, u64), Life>,
}

impl Lives {
    pub(crate) fn forget(&mut self) {
        self.held.clear();
    }

    pub(crate) fn life(&mut self, tx: &Connection, agent: i64, boot: u64) -> Result<&mut Life, rusqlite::Error> {
        use std::collections::hash_map::Entry;
        match self.held.entry((agent, boot)) {
            Entry::Occupied(held) => Ok(held.into_mut()),
            Entry::Vacant(place) => {
                let settled = read_settled(tx, agent, boot)?;
                let saved = settled.iter().collect();
                Ok(place.insert(Life { settled, saved, changed: false }))
            }
        }
    }

    /// Writes what changed.
    pub(crate) fn save(&mut self, tx: &Connection) -> Result<(), rusqlite::Error> {
        for ((agent, boot), life) in &mut self.held {
            if !life.changed {
                continue;
            }
            let now: BTreeMap<u64, u64> = life.settled.iter().collect();
            for first in life.saved.keys().filter(|first| !now.contains_key(first)) {
                tx.prepare_cached("DELETE FROM settled WHERE agent = ?1 AND boot = ?2 AND first_seq = ?3")?
                    .execute(params![agent, boot.cast_signed(), first.cast_signed()])?;
            }
            for (first, last) in now.iter().filter(|(first, last)| life.saved.get(first) != Some(last)) {
                tx.prepare_cached(
                    "INSERT INTO settled (agent, boot, first_seq, last_seq) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO UPDATE SET last_seq = excluded.last_seq",
                )?
                .execute(params![
                    agent,
                    boot.cast_signed(),
                    first.cast_signed(),
                    last.cast_signed()
                ])?;
            }
            life.saved = now;
            life.changed = false;
        }
        if self.held.len() > MAX_HELD {
            self.held.clear();
        }
        Ok(())
    }
}

pub(crate) fn read_settled(conn: &Connection, agent: i64, boot: u64) -> Result<Settled, rusqlite::Error> {
    let mut statement =
        conn.prepare_cached("SELECT first_seq, last_seq FROM settled WHERE agent = ?1 AND boot = ?2")?;
    let rows = statement.query_map(params![agent, boot.cast_signed()], |row| {
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned()))
    })?;
    Ok(Settled::from_ranges(rows.collect::<Result<Vec<_>, _>>()?))
}
