//! Behaviour of a store on a real file.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quorate_model::{
    AgentTime, Boot, Bounds, CollectorTime, Incident, IncidentClass, IncidentId, Micros, Millis, ProviderId, Record,
    RegionId, Sample, Segment, Seq, State,
};
use quorate_proto::batch::{self, Origin};
use tempfile::TempDir;

use super::{Config, Store};
use crate::chunk::tests::{agent_id, check_id, plain};
use crate::{
    AgentSeen, Appended, AuditEntry, BatchRefusal, Finality, Gap, Maintenance, Mark, NewBatch, OpenError, ReadError,
    Received, Rejection, Revisions, Span, Taken, Wanted, Window, WriteError,
};

mod ledger;
mod upkeep;

pub(crate) fn origin(agent: &str) -> Origin {
    Origin {
        agent: agent_id(agent),
        region: RegionId::new("fra").expect("an id"),
        provider: ProviderId::new("hetzner").expect("an id"),
    }
}

pub(crate) fn config(directory: &TempDir) -> Config {
    Config {
        gather: std::time::Duration::ZERO,
        maintenance: Maintenance::Manual,
        ..Config::new(directory.path().join("quorate.db"))
    }
}

pub(crate) fn store() -> (TempDir, Store) {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(config(&directory)).expect("opens");
    (directory, store)
}

pub(crate) const RECEIVED: CollectorTime = CollectorTime::from_millis(1_795_000_000_000);

pub(crate) fn of_records(records: Vec<Record>) -> NewBatch {
    let agent = records.first().expect("not empty").sample.id.agent.to_string();
    NewBatch {
        origin: origin(&agent),
        batch: batch::encode(&records).expect("a batch"),
        received: RECEIVED,
        records,
        marks: Vec::new(),
    }
}

pub(crate) fn new_batch(agent: &str, seqs: impl IntoIterator<Item = u64>) -> NewBatch {
    of_records(seqs.into_iter().map(|seq| plain(agent, seq)).collect())
}

pub(crate) fn append(store: &Store, batches: Vec<NewBatch>) -> Appended {
    store.append(Received { batches, ..Received::default() }).wait().expect("written")
}

fn taken(appended: &Appended) -> Vec<&Taken> {
    appended.batches.iter().map(|b| b.as_ref().expect("taken")).collect()
}

fn durable(appended: &Appended, agent: &str) -> u64 {
    appended.durable[&(agent_id(agent), Boot::new(7))].get()
}

pub(crate) fn samples(store: &Store, check: &str) -> Vec<Sample> {
    store.samples(&check_id(check), Window::ALWAYS, Wanted::Counted).expect("reads")
}

fn seqs(samples: &[Sample]) -> Vec<u64> {
    samples.iter().map(|s| s.id.seq.get()).collect()
}

#[test]
fn what_is_appended_is_there_after_reopening() {
    let (directory, store) = store();
    let appended = append(&store, vec![new_batch("a", 1..=3), new_batch("b", 1..=2)]);
    assert_eq!((durable(&appended, "a"), durable(&appended, "b")), (3, 2));
    assert_eq!(taken(&appended)[0].records.len(), 3);
    drop(store);
    let store = Store::open(config(&directory)).expect("opens again");
    assert_eq!(seqs(&samples(&store, "shop")), [1, 2, 3, 1, 2]);
    assert_eq!(store.durable(&agent_id("a"), Boot::new(7)).expect("reads"), Seq::new(3));
    let record = store.records(&check_id("shop"), Window::ALWAYS, Wanted::All).expect("reads").remove(0);
    assert_eq!((record.record, record.mark), (plain("a", 1), Mark::Clean));
    let agents = store.agents().expect("reads");
    assert_eq!(agents.iter().map(|a| a.agent.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(agents[0].last_seen, RECEIVED);
}

#[test]
fn duplicates_vanish_and_overlaps_give_only_what_is_new() {
    let (_directory, store) = store();
    append(&store, vec![new_batch("a", 1..=3)]);
    let again = append(&store, vec![new_batch("a", 1..=3), new_batch("a", 2..=5), new_batch("a", [2, 6])]);
    let again = taken(&again);
    assert_eq!((again[0].records.len(), again[0].duplicates), (0, 3));
    assert_eq!((again[1].records.len(), again[1].duplicates), (2, 2));
    assert_eq!((again[2].records.len(), again[2].duplicates), (1, 1));
    assert!(again.iter().all(|t| t.equivocations == 0));
    assert_eq!(seqs(&samples(&store, "shop")), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_hole_holds_the_acknowledgement_until_it_is_filled_dropped_or_rejected() {
    let (_directory, store) = store();
    assert_eq!(durable(&append(&store, vec![new_batch("a", 4..=5)]), "a"), 0);
    assert_eq!(durable(&append(&store, vec![new_batch("a", [1, 2])]), "a"), 2);
    let range = |first, last| (Boot::new(7), Seq::new(first), Seq::new(last));
    let (boot, first, last) = range(3, 3);
    let gap = Gap {
        origin: origin("a"),
        boot,
        first,
        last,
        start: AgentTime::from_millis(1),
        end: AgentTime::from_millis(2),
        received: RECEIVED,
    };
    let told = Received { gaps: vec![gap.clone(), gap.clone()], ..Received::default() };
    assert_eq!(durable(&store.append(told).wait().expect("written"), "a"), 5);
    let (boot, first, last) = range(6, 9);
    let rejection = Rejection {
        origin: origin("a"),
        boot,
        first,
        last,
        reason: 1,
        detail: "not zstd".to_owned(),
        received: RECEIVED,
    };
    let told = Received { rejections: vec![rejection.clone()], ..Received::default() };
    assert_eq!(durable(&store.append(told).wait().expect("written"), "a"), 9);
    assert_eq!(store.gaps().expect("reads"), [gap]);
    assert_eq!(store.rejections().expect("reads"), [rejection]);
    // What was settled as dropped does not come back.
    assert_eq!(taken(&append(&store, vec![new_batch("a", [3])]))[0].duplicates, 1);
    assert_eq!(store.settled(&agent_id("a"), Boot::new(7)).expect("reads"), [(Seq::new(1), Seq::new(9))]);
}

#[test]
fn of_two_payloads_under_one_identity_the_smaller_stays_and_is_told() {
    for (first_ms, second_ms, kept_ms) in [(20, 10, 10), (10, 20, 10)] {
        let (_directory, store) = store();
        let with_end = |ms| {
            let mut record = plain("a", 1);
            record.sample.end = record.sample.start + Millis::new(ms);
            record
        };
        append(&store, vec![of_records(vec![with_end(first_ms)])]);
        let second = append(&store, vec![of_records(vec![with_end(second_ms)])]);
        let second = taken(&second)[0];
        assert_eq!((second.equivocations, second.duplicates), (1, 0));
        assert_eq!(second.records.len(), usize::from(second_ms < first_ms));
        let kept = samples(&store, "shop");
        assert_eq!(kept.len(), 1);
        assert_eq!((kept[0].end - kept[0].start).get(), kept_ms);
        store.compact_all(RECEIVED).expect("compacts");
        assert_eq!(samples(&store, "shop"), kept);
    }
}

#[test]
fn marks_stay_beside_their_samples() {
    let (_directory, store) = store();
    let mut batch = new_batch("a", 1..=5);
    batch.marks = Mark::ALL.to_vec();
    // The second ended after it was received.
    batch.received = batch.records[1].sample.start_corrected() + Millis::new(3);
    crate::cap(&mut batch.records[1].sample, batch.received);
    let expected = batch.records.clone();
    let appended = append(&store, vec![batch]);
    assert_eq!((taken(&appended)[0].records.len(), taken(&appended)[0].apart), (2, 3));
    for _ in 0..2 {
        assert_eq!(seqs(&samples(&store, "shop")), [1, 2]);
        let all = store.records(&check_id("shop"), Window::ALWAYS, Wanted::All).expect("reads");
        assert_eq!(all.iter().map(|r| r.mark).collect::<Vec<_>>(), Mark::ALL);
        assert_eq!(all.into_iter().map(|r| r.record).collect::<Vec<_>>(), expected);
        store.compact_all(RECEIVED).expect("compacts");
    }
}

#[test]
fn refusals_name_their_batch_and_leave_the_others() {
    let (_directory, store) = store();
    let mut other_boot = new_batch("a", 1..=2);
    other_boot.batch.boot = 8;
    let mut unsorted = new_batch("a", 1..=2);
    unsorted.records.reverse();
    let mut empty = new_batch("a", 1..=2);
    empty.records.clear();
    let mut huge = new_batch("a", [5]);
    huge.batch.last_seq = i64::MAX.cast_unsigned() + 1;
    let appended = append(&store, vec![other_boot, unsorted, empty, huge, new_batch("a", 1..=2)]);
    let refusals: Vec<_> = appended.batches.iter().map(|b| b.as_ref().err()).collect();
    assert_eq!(refusals[..3], [Some(&BatchRefusal::Disorder); 3]);
    assert!(matches!(refusals[3], Some(BatchRefusal::NumberTooLarge { boot: 7, .. })));
    assert_eq!(refusals[4], None);
    assert_eq!(samples(&store, "shop").len(), 2);
}

#[test]
fn holes_are_bounded() {
    let (_directory, store) = store();
    let far = |i: u64| new_batch("a", (0..1_000).map(|k| 2 * (i * 1_000 + k) + 2));
    let appended = append(&store, (0..6).map(far).collect());
    let refused = appended.batches.iter().filter(|b| matches!(b, Err(BatchRefusal::TooScattered { .. }))).count();
    assert_eq!(refused, 2);
    // A batch that fills holes is taken still.
    let filling = append(&store, vec![new_batch("a", 1..=1_500)]);
    assert!(filling.batches[0].is_ok());
}

#[test]
fn an_agent_that_says_hello_is_told_what_is_settled() {
    let (_directory, store) = store();
    append(&store, vec![new_batch("a", 1..=3)]);
    let hello =
        |boot| AgentSeen { origin: origin("a"), boot: Boot::new(boot), software: "0.1.0".to_owned(), at: RECEIVED };
    assert_eq!(store.see_agent(hello(7)).wait().expect("written"), Seq::new(3));
    assert_eq!(store.see_agent(hello(8)).wait().expect("written"), Seq::new(0));
    let agent = store.agents().expect("reads").remove(0);
    assert_eq!((agent.boot, agent.software.as_str(), agent.durable), (Boot::new(8), "0.1.0", Seq::new(0)));
    assert!(matches!(store.see_agent(hello(u64::MAX)).wait(), Err(WriteError::Refused { .. })));
}

#[test]
fn windows_are_half_open_on_the_corrected_start() {
    let (_directory, store) = store();
    let mut batch = new_batch("a", 1..=4);
    for record in &mut batch.records {
        record.sample.clock.offset = Millis::new(5_000);
    }
    append(&store, vec![of_records(batch.records.clone())]);
    let start = |i: usize| batch.records[i].sample.start_corrected();
    let window = Window::new(start(1), start(3));
    for _ in 0..2 {
        let found = store.samples(&check_id("shop"), window, Wanted::Counted).expect("reads");
        assert_eq!(seqs(&found), [2, 3]);
        assert_eq!(store.records(&check_id("shop"), window, Wanted::Counted).expect("reads").len(), 2);
        store.compact_all(RECEIVED).expect("compacts");
    }
    assert_eq!(store.samples(&check_id("nobody"), Window::ALWAYS, Wanted::Counted).expect("reads"), []);
    let latest = store.latest(&check_id("shop"), CollectorTime::MIN).expect("reads");
    assert_eq!(latest.iter().map(|r| r.sample.id.seq.get()).collect::<Vec<_>>(), [4]);
    assert_eq!(store.checks().expect("reads"), [check_id("shop")]);
}

#[derive(Clone, Debug)]
enum Action {
    Append { agent: usize, seqs: Vec<u64> },
    Gap { agent: usize, first: u64, more: u64 },
    Compact,
    Reopen,
}

fn action() -> impl Strategy<Value = Action> {
    let seqs = proptest::collection::btree_set(1u64..60, 1..12).prop_map(|set| set.into_iter().collect());
    prop_oneof![
        6 => (0usize..3, seqs).prop_map(|(agent, seqs)| Action::Append { agent, seqs }),
        1 => (0usize..3, 1u64..60, 0u64..4).prop_map(|(agent, first, more)| Action::Gap { agent, first, more }),
        1 => Just(Action::Compact),
        1 => Just(Action::Reopen),
    ]
}

/// A sample whose check and payload follow from its identity, so that duplicates are equal.
fn determined(agent: &str, seq: u64) -> Record {
    let mut record = plain(agent, seq);
    record.sample.check = check_id(["shop", "api", "mail"][(seq % 3) as usize]);
    record.phases.total = Micros::new(12_000 + seq);
    record
}

proptest! {
    #[test]
    fn any_order_of_appends_is_a_set(actions in proptest::collection::vec(action(), 1..25)) {
        const AGENTS: [&str; 3] = ["a", "b", "c"];
        let directory = tempfile::tempdir().expect("a directory");
        let mut store = Store::open(config(&directory)).expect("opens");
        // Per agent and number: whether it was stored (true) or dropped.
        let mut model: BTreeMap<(usize, u64), bool> = BTreeMap::new();
        for action in actions {
            match action {
                Action::Append { agent, seqs } => {
                    let batch = of_records(seqs.iter().map(|seq| determined(AGENTS[agent], *seq)).collect());
                    let appended = append(&store, vec![batch]);
                    let new: Vec<u64> = seqs.iter().copied().filter(|seq| !model.contains_key(&(agent, *seq))).collect();
                    let told = taken(&appended)[0];
                    prop_assert_eq!(told.records.iter().map(|r| r.sample.id.seq.get()).collect::<Vec<_>>(), new.clone());
                    prop_assert_eq!(told.duplicates, seqs.len() - new.len());
                    prop_assert_eq!(told.equivocations, 0);
                    model.extend(new.into_iter().map(|seq| ((agent, seq), true)));
                    let expected = (1..100).take_while(|seq| model.contains_key(&(agent, *seq))).last().unwrap_or(0);
                    prop_assert_eq!(durable(&appended, AGENTS[agent]), expected);
                }
                Action::Gap { agent, first, more } => {
                    let gap = Gap {
                        origin: origin(AGENTS[agent]), boot: Boot::new(7), first: Seq::new(first), last: Seq::new(first + more),
                        start: AgentTime::from_millis(0), end: AgentTime::from_millis(1), received: RECEIVED,
                    };
                    store.append(Received { gaps: vec![gap], ..Received::default() }).wait().expect("written");
                    for seq in first..=first + more {
                        model.entry((agent, seq)).or_insert(false);
                    }
                }
                Action::Compact => store.compact_all(RECEIVED).expect("compacts"),
                Action::Reopen => {
                    drop(store);
                    store = Store::open(config(&directory)).expect("opens again");
                }
            }
        }
        for check in ["shop", "api", "mail"] {
            let expected: Vec<Sample> = model.iter()
                .filter(|(_, stored)| **stored)
                .map(|((agent, seq), _)| determined(AGENTS[*agent], *seq).sample)
                .filter(|sample| sample.check.as_str() == check)
                .collect();
            // Many windows at once give what each gives alone, also where they overlap or begin where a sample does.
            let around = |sample: &Sample| {
                let start = sample.start_corrected();
                [Window::new(start, start + Millis::new(1)), Window::new(start - Millis::new(1), start + Millis::new(30_001))]
            };
            let windows: Vec<Window> = expected.iter().rev().flat_map(around).collect();
            let check = check_id(check);
            let together = store.samples_of_each(&check, &windows, Wanted::Counted).expect("reads");
            let alone = windows.iter().map(|window| store.samples(&check, *window, Wanted::Counted).expect("reads"));
            prop_assert_eq!(together, alone.collect::<Vec<_>>());
            prop_assert_eq!(samples(&store, check.as_str()), expected);
        }
    }
}
