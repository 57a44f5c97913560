//! Opening, compaction, histograms, retention, damage, backup.

use rusqlite::Connection;

use super::*;
use crate::{BackupError, FORMAT, Latency, Retention, check_backup, restore};

fn path(directory: &TempDir) -> std::path::PathBuf {
    directory.path().join("quorate.db")
}

fn change(directory: &TempDir, sql: &str) {
    Connection::open(path(directory)).expect("opens").execute_batch(sql).expect("changes");
}

#[test]
fn a_newer_file_is_refused_and_left_alone() {
    let (directory, store) = store();
    drop(store);
    change(&directory, "PRAGMA user_version = 9");
    match Store::open(config(&directory)) {
        Err(OpenError::Newer { found: 9, supported, .. }) => assert_eq!(supported, FORMAT),
        other => panic!("{:?}", other.err()),
    }
    change(&directory, "PRAGMA user_version = 1");
    assert!(Store::open(config(&directory)).is_ok());
}

#[test]
fn other_files_are_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    change(&directory, "CREATE TABLE recipes (name TEXT)");
    assert!(matches!(Store::open(config(&directory)), Err(OpenError::NotAStore { .. })));
    std::fs::write(path(&directory), "not a database at all, but long enough to be looked at ".repeat(20))
        .expect("writes");
    assert!(matches!(Store::open(config(&directory)), Err(OpenError::NotAStore { .. })));
    std::fs::remove_file(path(&directory)).expect("removes");
    std::fs::create_dir(path(&directory)).expect("creates");
    assert!(matches!(Store::open(config(&directory)), Err(OpenError::Unreachable { .. })));
}

#[test]
fn a_store_is_open_once() {
    let (directory, store) = store();
    assert!(matches!(Store::open(config(&directory)), Err(OpenError::InUse { .. })));
    let clone = store.clone();
    drop(store);
    assert!(matches!(Store::open(config(&directory)), Err(OpenError::InUse { .. })));
    drop(clone);
    assert!(Store::open(config(&directory)).is_ok());
}

#[test]
fn the_file_is_what_the_ordinary_tools_read() {
    let (directory, store) = store();
    append(&store, vec![new_batch("a", 1..=3)]);
    let conn = Connection::open(path(&directory)).expect("opens");
    let mode: String = conn.query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("reads");
    assert_eq!(mode, "wal");
    let row: (i64, i64, i64) = conn
        .query_row("SELECT first_seq, last_seq, samples FROM batches", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .expect("reads");
    assert_eq!(row, (1, 3, 3));
}

fn many(store: &Store, agents: &[&str], to: u64) {
    for agent in agents {
        for first in (1..=to).step_by(500) {
            append(store, vec![new_batch(agent, first..=(first + 499).min(to))]);
        }
    }
}

#[test]
fn compaction_changes_no_answer() {
    let (_directory, store) = store();
    many(&store, &["a", "b"], 3_000);
    let before = samples(&store, "shop");
    let records = store.records(&check_id("shop"), Window::ALWAYS, Wanted::All).expect("reads");
    // Received long before now, so it is due whether it is a full step or not.
    store.maintain(RECEIVED + Millis::from_secs(700)).expect("maintains");
    let statistics = store.statistics().expect("reads");
    assert_eq!((statistics.batches, statistics.batch_samples, statistics.chunk_samples), (0, 0, 6_000));
    assert_eq!(samples(&store, "shop"), before);
    assert_eq!(store.records(&check_id("shop"), Window::ALWAYS, Wanted::All).expect("reads"), records);
    // More comes, among it late samples of a third agent.
    many(&store, &["c"], 1_000);
    append(&store, vec![new_batch("a", 3_001..=3_100)]);
    let before = samples(&store, "shop");
    assert_eq!(before.len(), 7_100);
    store.compact_all(RECEIVED).expect("compacts");
    assert_eq!(samples(&store, "shop"), before);
    assert!(store.statistics().expect("reads").chunk_bytes < 7_100 * 6);
}

#[test]
fn nothing_is_compacted_before_it_is_due() {
    let (_directory, store) = store();
    many(&store, &["a"], 1_000);
    store.maintain(RECEIVED + Millis::from_secs(10)).expect("maintains");
    assert_eq!(store.statistics().expect("reads").batch_samples, 1_000);
}

#[test]
fn histograms_count_each_right_answer_once() {
    let (_directory, store) = store();
    let timed = |seq: u64| {
        let mut record = plain("a", seq);
        record.phases.total = Micros::new(seq * 1_000);
        if seq.is_multiple_of(10) {
            record.sample.outcome = quorate_model::Outcome::Fail;
        }
        record
    };
    let window = Window::ALWAYS;
    let mut expected = Latency::new();
    let mut from = 1;
    for to in [300, 700, 720] {
        append(&store, vec![of_records((from..=to).map(timed).collect())]);
        (from..=to).map(timed).for_each(|record| expected.add_record(&record));
        from = to + 1;
        // From batches, from batches and sealed chunks together, and from sealed chunks alone.
        for _ in 0..2 {
            for span in [Span::Minute, Span::Hour, Span::Day] {
                let merged = store.latency_merged(&check_id("shop"), span, window).expect("reads");
                assert_eq!(merged, expected, "{span:?}");
            }
            store.compact_all(RECEIVED).expect("compacts");
        }
    }
    assert_eq!(expected.count(), 648);
    let half = expected.percentile(500_000).expect("answers").get();
    assert!((355_000..=370_000).contains(&half), "{half}");
    assert_eq!(Latency::new().percentile(500_000), None);
    let points = store.latency(&check_id("shop"), Span::Hour, window).expect("reads");
    assert!(points.iter().all(|p| p.start.as_millis() % 3_600_000 == 0 && p.latency.count() > 0));
    assert_eq!(points.iter().map(|p| p.latency.count()).sum::<u64>(), 648);
}

#[test]
fn what_is_too_old_goes_and_the_rest_stays() {
    let directory = tempfile::tempdir().expect("a directory");
    let days = |n: i64| Millis::from_secs(n * 86_400);
    let retention = Retention { samples: days(10), hours: days(20), days: days(30), ranges: days(10) };
    let store = Store::open(Config { retention, ..config(&directory) }).expect("opens");
    append(&store, vec![new_batch("a", 1..=100)]);
    let last = plain("a", 100).sample.start_corrected();
    store.compact_all(last).expect("compacts");
    let counts = |now: CollectorTime| {
        store.maintain(now).expect("maintains");
        let latency = |span| store.latency_merged(&check_id("shop"), span, Window::ALWAYS).expect("reads").count();
        (samples(&store, "shop").len(), latency(Span::Hour), latency(Span::Day))
    };
    assert_eq!(counts(last + days(9)), (100, 100, 100));
    assert_eq!(counts(last + days(11)), (0, 100, 100));
    assert_eq!(counts(last + days(21)), (0, 0, 100));
    assert_eq!(counts(last + days(32)), (0, 0, 0));
    // What is settled stays so for ever.
    assert_eq!(taken(&append(&store, vec![new_batch("a", 1..=100)]))[0].duplicates, 100);
}

#[test]
fn damage_is_an_error_that_names_its_row() {
    let damage = |sql: &str, compacted: bool| {
        let (directory, store) = store();
        append(&store, vec![new_batch("a", 1..=300)]);
        if compacted {
            store.compact_all(RECEIVED).expect("compacts");
        }
        change(&directory, sql);
        let window = Window::ALWAYS;
        let read = store.samples(&check_id("shop"), window, Wanted::Counted).err().map(|e| e.to_string());
        let latency = store.latency(&check_id("shop"), Span::Hour, window).err().map(|e| e.to_string());
        let agents = store.agents().err().map(|e| e.to_string());
        // Damage stops neither writing nor other reads.
        append(&store, vec![new_batch("b", 1..=3)]);
        assert_eq!(store.samples(&check_id("api"), window, Wanted::Counted).expect("reads"), []);
        (read, latency, agents)
    };
    let said = |text: &str| Some(text.to_owned());
    let row_1 = said("batches row 1 is damaged");
    let batch = |sql| damage(sql, false);
    assert_eq!(batch("UPDATE batches SET columns = x'00'"), (row_1.clone(), row_1.clone(), None));
    assert_eq!(batch("UPDATE batches SET region = 'a b'"), (row_1.clone(), row_1.clone(), None));
    assert_eq!(batch("UPDATE batches SET marks = x'0001'"), (row_1.clone(), row_1.clone(), None));
    assert_eq!(batch("UPDATE batches SET agent = 77"), (row_1.clone(), row_1, None));
    let chunk_1 = said("chunks row 2 is damaged");
    assert_eq!(damage("UPDATE chunks SET data = substr(data, 1, 40)", true), (chunk_1, None, None));
    let (read, latency, _) = damage("UPDATE latency SET histogram = x'1c849313'", true);
    assert_eq!((read, latency.map(|l| l.starts_with("latency row shop fra "))), (None, Some(true)));
    let agents_1 = said("agents row 1 is damaged");
    assert_eq!(damage("UPDATE agents SET id = '.'", true).2, agents_1);
}

#[test]
fn damage_stops_compaction_without_loss() {
    let (directory, store) = store();
    append(&store, vec![new_batch("a", 1..=300)]);
    append(&store, vec![new_batch("b", 1..=300)]);
    change(&directory, "UPDATE batches SET raw_bytes = 1 WHERE batch = 2");
    assert!(matches!(store.compact_all(RECEIVED), Err(crate::MaintenanceError::Read(ReadError::Damaged { .. }))));
    assert_eq!(store.statistics().expect("reads").batch_samples, 600);
}

#[test]
fn a_backup_is_a_store_of_that_moment() {
    let (directory, store) = store();
    many(&store, &["a"], 1_000);
    store.compact_all(RECEIVED).expect("compacts");
    append(&store, vec![new_batch("a", 1_001..=1_100)]);
    let copy = directory.path().join("copy.db");
    let facts = store.backup_to(&copy).expect("copies");
    assert_eq!((facts.samples, facts.incidents, facts.format), (1_100, 0, FORMAT));
    append(&store, vec![new_batch("a", 1_101..=1_200)]);
    assert!(matches!(store.backup_to(&copy), Err(BackupError::Exists(_))));
    assert_eq!(check_backup(&copy).expect("sound"), facts);

    let elsewhere = tempfile::tempdir().expect("a directory");
    restore(&copy, &path(&elsewhere)).expect("restores");
    assert!(matches!(restore(&copy, &path(&elsewhere)), Err(BackupError::Exists(_))));
    let restored = Store::open(config(&elsewhere)).expect("opens");
    assert_eq!(samples(&restored, "shop"), samples(&store, "shop")[..1_100]);
    assert_eq!(restored.durable(&agent_id("a"), Boot::new(7)).expect("reads"), Seq::new(1_100));
}

#[test]
fn a_bad_copy_is_not_restored() {
    let (directory, store) = store();
    many(&store, &["a"], 3_000);
    let copy = directory.path().join("copy.db");
    store.backup_to(&copy).expect("copies");
    let mut bytes = std::fs::read(&copy).expect("reads");
    // The list of pages that hold a table's rows.
    for page in bytes.chunks_mut(4096).skip(1) {
        page[0] ^= 0xff;
    }
    let bad = directory.path().join("bad.db");
    std::fs::write(&bad, bytes).expect("writes");
    assert!(check_backup(&bad).is_err());
    let target = directory.path().join("restored.db");
    assert!(restore(&bad, &target).is_err());
    assert!(!target.exists());
    assert!(matches!(restore(&directory.path().join("none.db"), &target), Err(BackupError::Target { .. })));
}

#[test]
fn automatic_maintenance_ends_with_the_store() {
    let directory = tempfile::tempdir().expect("a directory");
    let automatic = Config { maintenance: Maintenance::Automatic, ..config(&directory) };
    let store = Store::open(automatic).expect("opens");
    append(&store, vec![new_batch("a", 1..=3)]);
    drop(store);
    // The lock is free, so both threads are gone.
    assert!(Store::open(config(&directory)).is_ok());
}
