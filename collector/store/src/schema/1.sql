-- Format 1. Times are milliseconds since the epoch on the collector's clock unless said otherwise; sequence and boot
-- numbers are at most 2^63 - 1.

-- Numbers for names, so that rows stay short.
CREATE TABLE agents (
  agent         INTEGER PRIMARY KEY,
  id            TEXT NOT NULL UNIQUE,
  region        TEXT NOT NULL,
  provider      TEXT NOT NULL,
  software      TEXT NOT NULL,
  boot          INTEGER NOT NULL,
  first_seen_ms INTEGER NOT NULL,
  last_seen_ms  INTEGER NOT NULL
) STRICT;

CREATE TABLE checks (
  check_no INTEGER PRIMARY KEY,
  id       TEXT NOT NULL UNIQUE
) STRICT;

-- Batches as they were received, until they are compacted. Appended in the transaction that the acknowledgement waits for.
CREATE TABLE batches (
  batch        INTEGER PRIMARY KEY,
  agent        INTEGER NOT NULL,
  boot         INTEGER NOT NULL,
  first_seq    INTEGER NOT NULL,
  last_seq     INTEGER NOT NULL,
  received_ms  INTEGER NOT NULL,
  -- Corrected start of the samples.
  min_start_ms INTEGER NOT NULL,
  max_start_ms INTEGER NOT NULL,
  samples      INTEGER NOT NULL,
  raw_bytes    INTEGER NOT NULL,
  region       TEXT NOT NULL,
  provider     TEXT NOT NULL,
  -- Check numbers, ascending, each as LEB128 of the difference from the one before.
  checks       BLOB NOT NULL,
  -- One mark per sample, 255 = settled before this batch came; NULL = all clean.
  marks        BLOB,
  -- The message's columns, untouched.
  columns      BLOB NOT NULL
) STRICT;
CREATE INDEX batches_by_life ON batches (agent, boot, last_seq);

-- What is settled of each life of each agent: stored, rejected or dropped; merged, both ends included. This is the dedup key.
CREATE TABLE settled (
  agent     INTEGER NOT NULL,
  boot      INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq  INTEGER NOT NULL,
  PRIMARY KEY (agent, boot, first_seq)
) STRICT, WITHOUT ROWID;

-- Ranges an agent dropped. start_ms and end_ms are on the agent's clock.
CREATE TABLE gaps (
  gap         INTEGER PRIMARY KEY,
  agent       INTEGER NOT NULL,
  boot        INTEGER NOT NULL,
  first_seq   INTEGER NOT NULL,
  last_seq    INTEGER NOT NULL,
  start_ms    INTEGER NOT NULL,
  end_ms      INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  UNIQUE (agent, boot, first_seq, last_seq)
) STRICT;

-- Ranges that can never be taken.
CREATE TABLE rejects (
  reject      INTEGER PRIMARY KEY,
  agent       INTEGER NOT NULL,
  boot        INTEGER NOT NULL,
  first_seq   INTEGER NOT NULL,
  last_seq    INTEGER NOT NULL,
  reason      INTEGER NOT NULL,
  detail      TEXT NOT NULL,
  received_ms INTEGER NOT NULL,
  UNIQUE (agent, boot, first_seq, last_seq)
) STRICT;

-- Samples of one check as columns (format in the README). sealed = 1: final size, counted in the histograms.
CREATE TABLE chunks (
  chunk        INTEGER PRIMARY KEY,
  check_no     INTEGER NOT NULL,
  sealed       INTEGER NOT NULL,
  min_start_ms INTEGER NOT NULL,
  max_start_ms INTEGER NOT NULL,
  samples      INTEGER NOT NULL,
  data         BLOB NOT NULL
) STRICT;
CREATE INDEX chunks_by_check ON chunks (check_no, max_start_ms, min_start_ms);
CREATE INDEX chunks_open ON chunks (check_no, samples, min_start_ms) WHERE sealed = 0;
CREATE INDEX chunks_by_age ON chunks (max_start_ms) WHERE sealed = 1;

-- Latency of right answers in sealed chunks: HdrHistogram V2, microseconds. span_ms: an hour or a day.
CREATE TABLE latency (
  check_no  INTEGER NOT NULL,
  span_ms   INTEGER NOT NULL,
  region    TEXT NOT NULL,
  start_ms  INTEGER NOT NULL,
  histogram BLOB NOT NULL,
  PRIMARY KEY (check_no, span_ms, region, start_ms)
) STRICT, WITHOUT ROWID;

-- What the consensus concluded; half-open, without overlaps. States by number; regions_bad separated by commas.
CREATE TABLE segments (
  check_no    INTEGER NOT NULL,
  start_ms    INTEGER NOT NULL,
  end_ms      INTEGER NOT NULL,
  state       INTEGER NOT NULL,
  state_low   INTEGER NOT NULL,
  state_high  INTEGER NOT NULL,
  regions_bad TEXT NOT NULL,
  PRIMARY KEY (check_no, start_ms)
) STRICT, WITHOUT ROWID;

-- Up to when the segments are settled; goes back with every sample from before, in the transaction that stores it.
CREATE TABLE watermarks (
  check_no   INTEGER PRIMARY KEY,
  settled_ms INTEGER NOT NULL
) STRICT;

-- Incidents in their latest revision; body is JSON.
CREATE TABLE incidents (
  id         TEXT PRIMARY KEY,
  check_no   INTEGER NOT NULL,
  start_ms   INTEGER NOT NULL,
  end_ms     INTEGER,
  revision   INTEGER NOT NULL,
  settled    INTEGER NOT NULL,
  withdrawn  INTEGER NOT NULL,
  body       TEXT NOT NULL
) STRICT;
CREATE INDEX incidents_by_check ON incidents (check_no, start_ms);
CREATE INDEX incidents_by_start ON incidents (start_ms);
CREATE INDEX incidents_open ON incidents (start_ms) WHERE end_ms IS NULL;

-- Every revision ever made, append-only. changes: JSON list of field, old, new.
CREATE TABLE incident_revisions (
  id       TEXT NOT NULL,
  revision INTEGER NOT NULL,
  at_ms    INTEGER NOT NULL,
  body     TEXT NOT NULL,
  changes  TEXT NOT NULL,
  PRIMARY KEY (id, revision)
) STRICT;

-- Configurations by the time each came into effect, append-only. body is opaque text.
CREATE TABLE configurations (
  revision          INTEGER PRIMARY KEY,
  effective_from_ms INTEGER NOT NULL,
  hash              BLOB NOT NULL,
  body              TEXT NOT NULL
) STRICT;

-- Contracts' reports, maintenance, exclusions and the like: append-only revisions of opaque texts.
CREATE TABLE documents (
  kind     TEXT NOT NULL,
  key      TEXT NOT NULL,
  revision INTEGER NOT NULL,
  at_ms    INTEGER NOT NULL,
  body     TEXT NOT NULL,
  PRIMARY KEY (kind, key, revision)
) STRICT;

-- Who did what, append-only.
CREATE TABLE audit (
  entry   INTEGER PRIMARY KEY,
  at_ms   INTEGER NOT NULL,
  actor   TEXT NOT NULL,
  action  TEXT NOT NULL,
  subject TEXT NOT NULL,
  body    TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (at_ms);
