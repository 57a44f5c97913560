//! Texts the store keeps without reading them: configurations, documents in revisions, the audit log.

use quorate_model::CollectorTime;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::{ReadError, WriteError};
use crate::ledger::MAX_READ_ROWS;
use crate::read::{Window, signed};
use crate::writer::Writing;

/// A configuration and from when on it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigRevision {
    /// 1 for the first.
    pub revision: u64,
    /// From when on it holds.
    pub effective_from: CollectorTime,
    /// Its hash, as its writer computes it.
    pub hash: [u8; 32],
    /// Its text.
    pub body: String,
}

/// One revision of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What sort of thing it is, such as `maintenance`.
    pub kind: String,
    /// Its name among its kind.
    pub key: String,
    /// 1 for the first.
    pub revision: u32,
    /// When it was written.
    pub at: CollectorTime,
    /// Its text; empty says that it was removed.
    pub body: String,
}

/// The name of a document, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentKey {
    /// Its name among its kind.
    pub key: String,
    /// Its last revision.
    pub revision: u32,
    /// When that was written.
    pub at: CollectorTime,
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: CollectorTime,
    /// Who.
    pub actor: String,
    /// Did what.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Details, as text.
    pub body: String,
}

/// Which revisions of documents are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revisions {
    /// The last of each.
    Latest,
    /// Every one.
    All,
}

/// Adds a configuration if it is not the one that holds. Gives its revision.
pub(crate) fn put_config(
    writing: &mut Writing<'_>,
    effective_from: CollectorTime,
    hash: &[u8; 32],
    body: &str,
) -> Result<u64, WriteError> {
    let tx = writing.tx;
    let last: Option<(i64, i64, Vec<u8>)> = tx
        .prepare_cached("SELECT revision, effective_from_ms, hash FROM configurations ORDER BY revision DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    if let Some((revision, from, known)) = last {
        if known == hash {
            return Ok(revision.cast_unsigned());
        }
        if from > effective_from.as_millis() {
            return Err(WriteError::Refused {
                what: "the configuration",
                why: format!("revision {revision} holds from {from} ms on, which is later; history is never rewritten"),
            });
        }
    }
    let revision = tx
        .prepare_cached("INSERT INTO configurations (effective_from_ms, hash, body) VALUES (?1, ?2, ?3)")?
        .insert(params![effective_from.as_millis(), &hash[..], body])?;
    Ok(revision.cast_unsigned())
}

/// Every configuration, oldest first.
pub(crate) fn configs(conn: &Connection) -> Result<Vec<ConfigRevision>, ReadError> {
    let mut statement =
        conn.prepare_cached("SELECT revision, effective_from_ms, hash, body FROM configurations ORDER BY revision")?;
    let rows = statement.query_map([], |row| {
        Ok(ConfigRevision {
            revision: row.get::<_, i64>(0)?.cast_unsigned(),
            effective_from: CollectorTime::from_millis(row.get(1)?),
            hash: row.get(2)?,
            body: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Adds a revision of a document, unless its last one has the same text. Gives the revision.
pub(crate) fn put_document(
    writing: &mut Writing<'_>,
    (kind, key): (&str, &str),
    at: CollectorTime,
    body: &str,
) -> Result<u32, WriteError> {
    let tx = writing.tx;
    let last: Option<(u32, String)> = tx
        .prepare_cached(
            "SELECT revision, body FROM documents WHERE kind = ?1 AND key = ?2 ORDER BY revision DESC LIMIT 1",
        )?
        .query_row([kind, key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let revision = match last {
        Some((revision, known)) if known == body => return Ok(revision),
        Some((revision, _)) => revision + 1,
        None => 1,
    };
    tx.prepare_cached("INSERT INTO documents (kind, key, revision, at_ms, body) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![kind, key, revision, at.as_millis(), body])?;
    Ok(revision)
}

fn read_document(row: &Row<'_>) -> Result<Document, rusqlite::Error> {
    Ok(Document {
        kind: row.get(0)?,
        key: row.get(1)?,
        revision: row.get(2)?,
        at: CollectorTime::from_millis(row.get(3)?),
        body: row.get(4)?,
    })
}

/// Documents of a kind, by key and revision; of one key or of all.
pub(crate) fn documents(
    conn: &Connection,
    kind: &str,
    key: Option<&str>,
    revisions: Revisions,
) -> Result<Vec<Document>, ReadError> {
    let latest = match revisions {
        Revisions::All => "",
        Revisions::Latest => {
            "AND revision = (SELECT max(revision) FROM documents AS other
             WHERE other.kind = documents.kind AND other.key = documents.key)"
        }
    };
    let mut statement = conn.prepare_cached(&format!(
        "SELECT kind, key, revision, at_ms, body FROM documents
         WHERE kind = ?1 AND (?2 IS NULL OR key = ?2) {latest} ORDER BY key, revision"
    ))?;
    let rows = statement.query_map(params![kind, key], read_document)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The names of the documents of a kind whose names begin with `prefix`, by name, each with its last revision.
pub(crate) fn document_keys(conn: &Connection, kind: &str, prefix: &str) -> Result<Vec<DocumentKey>, ReadError> {
    let mut statement = conn.prepare_cached(
        "SELECT key, revision, at_ms FROM documents
         WHERE kind = ?1 AND substr(key, 1, length(?2)) = ?2 AND revision = (SELECT max(revision) FROM documents AS other
             WHERE other.kind = documents.kind AND other.key = documents.key)
         ORDER BY key",
    )?;
    let rows = statement.query_map(params![kind, prefix], |row| {
        Ok(DocumentKey { key: row.get(0)?, revision: row.get(1)?, at: CollectorTime::from_millis(row.get(2)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Adds a line to the audit log.
pub(crate) fn put_audit(writing: &mut Writing<'_>, entry: &AuditEntry) -> Result<(), WriteError> {
    writing
        .tx
        .prepare_cached("INSERT INTO audit (at_ms, actor, action, subject, body) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![entry.at.as_millis(), entry.actor, entry.action, entry.subject, entry.body])?;
    Ok(())
}

/// Adds a revision of a document and its line in the audit log, both or neither; no line where nothing changed.
pub(crate) fn put_decision(
    writing: &mut Writing<'_>,
    (kind, key): (&str, &str),
    body: &str,
    entry: &AuditEntry,
) -> Result<u32, WriteError> {
    let last: Option<u32> = writing
        .tx
        .prepare_cached("SELECT max(revision) FROM documents WHERE kind = ?1 AND key = ?2")?
        .query_row([kind, key], |row| row.get(0))?;
    let revision = put_document(writing, (kind, key), entry.at, body)?;
    if last != Some(revision) {
        put_audit(writing, entry)?;
    }
    Ok(revision)
}

/// The audit log of a window, oldest first.
pub(crate) fn audit(conn: &Connection, window: Window) -> Result<Vec<AuditEntry>, ReadError> {
    let mut statement = conn.prepare_cached(
        "SELECT at_ms, actor, action, subject, body FROM audit WHERE at_ms >= ?1 AND at_ms < ?2 ORDER BY at_ms, entry LIMIT ?3",
    )?;
    let bounds = params![window.from.as_millis(), window.to.as_millis(), signed(MAX_READ_ROWS + 1)];
    let rows = statement.query_map(bounds, |row| {
        Ok(AuditEntry {
            at: CollectorTime::from_millis(row.get(0)?),
            actor: row.get(1)?,
            action: row.get(2)?,
            subject: row.get(3)?,
            body: row.get(4)?,
        })
    })?;
    let found: Vec<_> = rows.collect::<Result<_, _>>()?;
    if found.len() > MAX_READ_ROWS {
        return Err(ReadError::TooMuch { what: "audit entries", max: MAX_READ_ROWS });
    }
    Ok(found)
}
