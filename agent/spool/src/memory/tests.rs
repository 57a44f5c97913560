use proptest::prelude::*;
use quorate_model::{
    AgentId, Boot, CheckId, CheckVersion, ClockReading, Evidence, Health, Millis, Outcome, Phases, ProviderId,
    References, RegionId, Sample, SampleId, Trigger,
};

use super::*;

fn record(seq: u64, detail: usize) -> Record {
    let start = AgentTime::from_millis(1000 * seq.cast_signed());
    Record {
        sample: Sample {
            id: SampleId { agent: AgentId::new("fra-1").expect("a valid id"), boot: Boot::new(1), seq: Seq::new(seq) },
            check: CheckId::new("shop").expect("a valid id"),
            region: RegionId::new("fra").expect("a valid id"),
            provider: ProviderId::new("example").expect("a valid id"),
            start,
            end: start + Millis::new(100),
            outcome: Outcome::Ok,
            failure: None,
            interval: Millis::from_secs(10),
            timeout: Millis::from_secs(3),
            typical: None,
            clock: ClockReading::default(),
            references: References::default(),
            health: Health::WELL,
            lag: Millis::ZERO,
            trigger: Trigger::Scheduled,
            check_version: CheckVersion::new(1),
        },
        phases: Phases::default(),
        evidence: Evidence { detail: Some("x".repeat(detail).into()), ..Evidence::default() },
    }
}

fn spool(max_samples: usize) -> MemorySpool {
    MemorySpool::new(Limits { max_samples, max_bytes: usize::MAX })
}

fn seqs(read: &Read) -> Vec<u64> {
    match read {
        Read::Records(records) => records.iter().map(|record| record.sample.id.seq.get()).collect(),
        other => panic!("no records but {other:?}"),
    }
}

#[test]
fn a_sample_stays_until_every_reader_has_settled_it() {
    let mut spool = spool(10);
    let (fast, slow) = (spool.add_reader(), spool.add_reader());
    for seq in 1..=3 {
        spool.append(record(seq, 0)).expect("in order");
    }
    spool.settle(fast, Seq::new(3)).expect("known");
    assert_eq!(spool.read(fast, Seq::new(4), 10), Ok(Read::Empty));
    assert_eq!(seqs(&spool.read(slow, Seq::new(1), 2).expect("known")), [1, 2]);
    spool.settle(slow, Seq::new(2)).expect("known");
    assert_eq!(spool.depth().first, Seq::new(3));
    spool.settle(slow, Seq::new(3)).expect("known");
    assert_eq!(spool.depth(), Depth::default());
    spool.append(record(4, 0)).expect("numbers go on");
}

#[test]
fn the_oldest_go_first_and_are_reported() {
    let mut spool = spool(2);
    let reader = spool.add_reader();
    for seq in 1..=5 {
        spool.append(record(seq, 0)).expect("in order");
    }
    let gap = DroppedRange {
        first: Seq::new(1),
        last: Seq::new(3),
        start: AgentTime::from_millis(1000),
        end: AgentTime::from_millis(3100),
    };
    assert_eq!(spool.read(reader, Seq::new(1), 10), Ok(Read::Gap(gap)));
    assert_eq!(seqs(&spool.read(reader, Seq::new(4), 10).expect("known")), [4, 5]);
    assert_eq!(spool.depth().dropped, 3);
}

#[test]
fn a_number_that_does_not_follow_is_refused() {
    let mut spool = spool(2);
    spool.append(record(1, 0)).expect("in order");
    let refused = SpoolError::OutOfOrder { got: Seq::new(3), expected: Seq::new(2) };
    assert_eq!(spool.append(record(3, 0)), Err(refused));
    assert_eq!(refused.to_string(), "sample 3 does not follow; expected is 2");
    assert_eq!(spool.read(ReaderId(0), Seq::new(1), 1), Err(SpoolError::UnknownReader));
}

#[test]
fn one_sample_is_kept_whatever_its_size() {
    let mut spool = MemorySpool::new(Limits { max_samples: 10, max_bytes: 1 });
    let reader = spool.add_reader();
    for seq in 1..=2 {
        spool.append(record(seq, 100)).expect("in order");
    }
    assert_eq!(seqs(&spool.read(reader, Seq::new(2), 10).expect("known")), [2]);
}

#[derive(Clone, Debug)]
enum Event {
    Append(usize),
    Read(usize, usize),
    Settle(usize),
    /// The collector lost what it had: read again from an earlier number.
    Rewind(usize, u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        5 => (0usize..300).prop_map(Event::Append),
        4 => (0usize..3, 0usize..8).prop_map(|(r, n)| Event::Read(r, n)),
        3 => (0usize..3).prop_map(Event::Settle),
        1 => (0usize..3, 0u64..20).prop_map(|(r, n)| Event::Rewind(r, n)),
    ]
}

#[test]
fn a_backlog_is_packed_and_read_back_as_it_was() {
    let mut spool = MemorySpool::new(Limits { max_samples: 100_000, max_bytes: usize::MAX });
    let reader = spool.add_reader();
    for seq in 1..=10_000 {
        spool.append(record(seq, 10)).expect("in order");
    }
    assert!(spool.sealed.len() >= 17, "{} chunks", spool.sealed.len());
    let plain = 10_000 * bytes_of(&record(1, 10));
    assert!(spool.depth().bytes * 5 < plain, "{} of {plain} bytes", spool.depth().bytes);
    let mut next = 1;
    while let Read::Records(records) = spool.read(reader, Seq::new(next), 100).expect("known") {
        for found in records {
            assert_eq!(found, record(next, 10));
            next += 1;
        }
    }
    assert_eq!(next, 10_001);
    spool.settle(reader, Seq::new(10_000)).expect("known");
    assert_eq!((spool.depth(), spool.sealed.len()), (Depth::default(), 0));
}

#[test]
fn what_cannot_be_packed_is_kept_as_it_is() {
    let mut spool = MemorySpool::with_chunk(Limits { max_samples: 100, max_bytes: usize::MAX }, 2);
    let reader = spool.add_reader();
    let far = |seq| {
        let mut record = record(seq, 0);
        record.sample.start = AgentTime::from_millis(i64::MAX - 1000);
        record.sample.end = record.sample.start;
        record
    };
    for seq in 1..=10 {
        spool.append(far(seq)).expect("in order");
    }
    assert!(spool.sealed.is_empty());
    assert_eq!(seqs(&spool.read(reader, Seq::new(1), 100).expect("known")), (1..=10).collect::<Vec<_>>());
}

proptest! {
    /// Against a model that keeps everything: what a reader finds are the samples themselves or a gap, in order and without
    /// holes; a gap covers the times of what it stands for; nothing is dropped while there is room; bounds hold.
    #[test]
    fn it_agrees_with_a_model(
        events in prop::collection::vec(event(), 1..150), max_samples in 1usize..30, max_kib in 1usize..20, chunk in 1usize..8,
    ) {
        let limits = Limits { max_samples, max_bytes: max_kib * 1024 };
        let mut spool = MemorySpool::with_chunk(limits, chunk);
        let readers: Vec<ReaderId> = (0..3).map(|_| spool.add_reader()).collect();
        let mut all: Vec<Record> = Vec::new();
        let mut next = [1u64; 3];
        let mut settled = [0u64; 3];
        let mut kept_from = 1u64;
        let mut dropped = 0u64;
        for event in events {
            let before = spool.depth();
            match event {
                Event::Append(detail) => {
                    let record = record(all.len() as u64 + 1, detail);
                    all.push(record.clone());
                    let bytes = before.bytes + bytes_of(&record);
                    spool.append(record).expect("in order");
                    let first = spool.depth().first.get();
                    if first > kept_from {
                        // The last step of dropping, of at most one chunk, was needed.
                        prop_assert!(before.samples + 1 > max_samples || bytes > limits.max_bytes);
                        let settled_by_all = settled.iter().min().copied().expect("three readers");
                        dropped += (first - 1).saturating_sub(settled_by_all.max(kept_from - 1));
                        kept_from = first;
                    }
                }
                Event::Read(reader, count) => match spool.read(readers[reader], Seq::new(next[reader]), count).expect("known") {
                    Read::Empty => prop_assert_eq!(next[reader], all.len() as u64 + 1),
                    Read::Gap(gap) => {
                        prop_assert!(next[reader] < kept_from);
                        prop_assert_eq!((gap.first.get(), gap.last.get()), (next[reader], kept_from - 1));
                        for record in all.iter().filter(|r| (gap.first..=gap.last).contains(&r.sample.id.seq)) {
                            prop_assert!(gap.start <= record.sample.start && record.sample.end <= gap.end);
                        }
                        next[reader] = gap.last.get() + 1;
                    }
                    Read::Records(records) => {
                        prop_assert!(next[reader] >= kept_from);
                        prop_assert!(records.len() <= count.max(1));
                        for record in records {
                            prop_assert_eq!(&record, &all[usize::try_from(next[reader]).expect("small") - 1]);
                            next[reader] += 1;
                        }
                    }
                },
                Event::Settle(reader) => {
                    spool.settle(readers[reader], Seq::new(next[reader] - 1)).expect("known");
                    settled[reader] = settled[reader].max(next[reader] - 1);
                    // What all have settled goes, save in a chunk of which they have not settled the rest.
                    let by_all = settled.iter().min().copied().expect("three readers");
                    let depth = spool.depth();
                    let first = if depth.samples == 0 { all.len() as u64 + 1 } else { depth.first.get() };
                    prop_assert!(first >= kept_from && first <= kept_from.max(by_all + 1));
                    prop_assert!(first + chunk as u64 > by_all);
                    kept_from = first;
                }
                Event::Rewind(reader, by) => next[reader] = next[reader].saturating_sub(by).max(1),
            }
            let depth = spool.depth();
            prop_assert!(depth.samples <= max_samples);
            prop_assert!(depth.bytes <= limits.max_bytes || depth.samples == 1);
            prop_assert_eq!(depth.samples as u64, all.len() as u64 + 1 - kept_from);
            prop_assert_eq!(depth.dropped, dropped);
        }
    }
}
