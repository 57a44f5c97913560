use std::net::IpAddr;

use proptest::prelude::*;
use prost::Message;
use quorate_model::{
    AgentId, AgentTime, Boot, CertificateFacts, CheckId, CheckVersion, ClockReading, Evidence, Failure, Health, Micros,
    Millis, Outcome, Phases, ProviderId, Record, References, RegionId, Sample, SampleId, Seq, Trigger,
};

use super::{BatchError, EncodeError, MAX_RAW_BYTES, MAX_SAMPLES, Origin, decode, encode};
use crate::v1;

fn origin() -> Origin {
    Origin {
        agent: AgentId::new("fra-1").expect("an id"),
        region: RegionId::new("fra").expect("an id"),
        provider: ProviderId::new("hetzner").expect("an id"),
    }
}

fn plain(seq: u64) -> Record {
    let origin = origin();
    let start = AgentTime::from_millis(1_790_000_000_000 + 1_000 * i64::try_from(seq).expect("small"));
    Record {
        sample: Sample {
            id: SampleId { agent: origin.agent, boot: Boot::new(7), seq: Seq::new(seq) },
            check: CheckId::new("shop").expect("an id"),
            region: origin.region,
            provider: origin.provider,
            start,
            end: start + Millis::new(12),
            outcome: Outcome::Ok,
            failure: None,
            interval: Millis::new(10_000),
            timeout: Millis::new(3_000),
            typical: None,
            clock: ClockReading::default(),
            references: References::default(),
            health: Health::WELL,
            lag: Millis::ZERO,
            trigger: Trigger::Scheduled,
            check_version: CheckVersion::new(0x1234_5678_9abc_def0),
        },
        phases: Phases { total: Micros::new(12_345), ..Phases::default() },
        evidence: Evidence::default(),
    }
}

fn micros() -> impl Strategy<Value = Option<Micros>> {
    proptest::option::of((0u64..4_000_000_000).prop_map(Micros::new))
}

prop_compose! {
    fn phases()(dns in micros(), connect in micros(), tls in micros(), first_byte in micros(), transfer in micros(),
                total in 0u64..3_600_000_000) -> Phases {
        Phases { dns, connect, tls, first_byte, transfer, total: Micros::new(total) }
    }
}

prop_compose! {
    fn evidence()(address in proptest::option::of(any::<IpAddr>()), status in proptest::option::of(any::<u16>()),
                  detail in proptest::option::of("[ -~]{0,40}"),
                  certificate in proptest::option::of((any::<i32>(), any::<i32>(), any::<u8>(), any::<bool>()))) -> Evidence {
        Evidence {
            address,
            status,
            detail: detail.map(Into::into),
            certificate: certificate.map(|(a, b, chain_length, verified)| CertificateFacts {
                not_after_s: a.into(), chain_not_after_s: b.into(), chain_length, verified,
            }),
        }
    }
}

fn references() -> impl Strategy<Value = References> {
    prop_oneof![
        Just(References::default()),
        (0u8..=32, 0u8..=32).prop_map(|(a, b)| References::counts(a.min(b), a.max(b)).expect("ok <= total")),
        (any::<u32>(), 0u8..=32).prop_map(|(mask, total)| {
            let allowed = if total == 32 { u32::MAX } else { (1 << total) - 1 };
            References::mask(mask & allowed, total).expect("masked")
        }),
    ]
}

prop_compose! {
    fn record()(seq_step in 1u64..5, check in 0usize..4, start in 0i64..7_000_000_000_000, length in 0i64..10_000,
                outcome in proptest::sample::select(Outcome::ALL),
                failure in proptest::option::of(proptest::sample::select(Failure::ALL)),
                interval in 1i64..86_400_000, typical in 0i64..5_000, offset in -1_000_000i64..1_000_000,
                error in 0i64..100_000, health in 0u8..=7, lag in 0i64..1_000_000,
                trigger in proptest::sample::select(Trigger::ALL), version in any::<u64>(),
                (phases, evidence, references) in (phases(), evidence(), references())) -> Record {
        let mut record = plain(seq_step);
        let s = &mut record.sample;
        s.check = CheckId::new(["shop", "api", "mail-1", "dns.x"][check]).expect("an id");
        s.start = AgentTime::from_millis(start);
        s.end = s.start + Millis::new(length);
        (s.outcome, s.failure, s.trigger) = (outcome, failure, trigger);
        s.interval = Millis::new(interval);
        s.timeout = Millis::new(interval.min(600_000));
        s.typical = (typical > 0).then(|| Millis::new(typical));
        s.clock = ClockReading { offset: Millis::new(offset), error: Millis::new(error) };
        (s.references, s.health) = (references, Health::new(health).expect("0 to 7"));
        s.lag = Millis::new(lag);
        s.check_version = CheckVersion::new(version);
        (record.phases, record.evidence) = (phases, evidence);
        record
    }
}

/// Strategy gives steps in place of sequence numbers, so that any prefix is in order.
fn in_order(mut records: Vec<Record>) -> Vec<Record> {
    let mut seq = 0;
    for record in &mut records {
        seq += record.sample.id.seq.get();
        record.sample.id.seq = Seq::new(seq);
    }
    records
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(records in proptest::collection::vec(record(), 1..60).prop_map(in_order)) {
        let batch = encode(&records).expect("a valid batch");
        prop_assert_eq!(decode(&batch, &origin()).expect("decodes"), records);
    }

    #[test]
    fn broken_columns_never_panic(records in proptest::collection::vec(record(), 1..20).prop_map(in_order),
                                  at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let batch = encode(&records).expect("a valid batch");
        let mut raw = zstd::bulk::decompress(&batch.columns, MAX_RAW_BYTES).expect("zstd");
        let i = at.index(raw.len());
        raw[i] ^= 1 << bit;
        let broken = repack(&batch, &raw);
        if let Ok(read) = decode(&broken, &origin()) {
            // What still decodes is within every range, so it can be packed again.
            prop_assert!(encode(&read).is_ok());
        }
    }
}

fn repack(batch: &v1::Batch, raw: &[u8]) -> v1::Batch {
    v1::Batch {
        columns: zstd::bulk::compress(raw, 1).expect("zstd").into(),
        raw_bytes: u32::try_from(raw.len()).expect("small"),
        ..batch.clone()
    }
}

fn mutate(change: impl FnOnce(&mut v1::Columns)) -> Result<Vec<Record>, BatchError> {
    let batch = encode(&(1..=3).map(plain).collect::<Vec<_>>()).expect("a valid batch");
    let raw = zstd::bulk::decompress(&batch.columns, MAX_RAW_BYTES).expect("zstd");
    let mut columns = v1::Columns::decode(raw.as_slice()).expect("protobuf");
    change(&mut columns);
    decode(&repack(&batch, &columns.encode_to_vec()), &origin())
}

#[test]
fn each_bad_value_is_named_with_its_place() {
    let check = |change: fn(&mut v1::Columns), expected: &str| {
        let error = mutate(change).expect_err("refused").to_string();
        assert!(error.contains(expected), "{error} does not say {expected}");
    };
    check(|c| c.check = vec![0, 9, 0], "column check, sample 1: 9");
    check(|c| c.checks = vec!["a b".into()], "column checks, sample 0: a b");
    check(|c| c.health = vec![0, 0, 8], "column health, sample 2: 8 is not allowed; 0 to 7");
    check(|c| c.trigger = vec![1, 4, 1], "column trigger, sample 1: 4");
    check(|c| c.outcome = vec![6, 1, 1], "column outcome, sample 0: 6");
    check(|c| c.outcome = vec![1, 4 + 16 * 21, 1], "column outcome, sample 1: 340");
    check(|c| c.dns_us = vec![1], "column dns_us: 1 entries for 3 samples");
    check(|c| c.total_us = vec![], "column total_us: 0 entries for 3 samples");
    check(|c| c.seq_step = vec![1, 0, 1], "column seq_step, sample 1: 0");
    check(|c| c.seq_step = vec![1, 7, 1], "the batch says samples 1 to 3, its columns end at 9");
    check(|c| c.base_start_ms = -5_000_000, "times from 1970 to 2200");
    check(|c| c.end_extra_ms = vec![0, -13, 0], "column end_extra_ms, sample 1: -1");
    check(|c| c.settings[0].interval_ms = 0, "column settings.interval_ms");
    check(|c| c.settings[0].timeout_ms = 700_000, "column settings.timeout_ms");
    check(|c| c.refs = vec![0, 64 * 2 + 1, 0], "column refs, sample 1: 129");
    check(|c| c.count = 0, "at least one sample");
    check(|c| c.count = 5_000, "count is 5000; at most 2000");
    check(|c| c.details = vec!["x".repeat(257)], "column details, sample 0: 257");
    check(|c| c.clock_error_step_ms = vec![0, -1, 0], "column clock_error_step_ms, sample 1: -1");
}

#[test]
fn a_bomb_is_refused_before_it_unpacks() {
    let bomb = v1::Batch {
        boot: 1,
        first_seq: 1,
        last_seq: 1,
        columns: zstd::bulk::compress(&vec![0; 64 << 20], 19).expect("zstd").into(),
        raw_bytes: 1_000,
    };
    assert!(matches!(decode(&bomb, &origin()), Err(BatchError::Compression(_))));
    let honest = v1::Batch { raw_bytes: 64 << 20, ..bomb };
    assert!(matches!(decode(&honest, &origin()), Err(BatchError::TooLarge { what: "raw_bytes", .. })));
}

#[test]
fn only_one_boot_in_order_is_a_batch() {
    assert!(matches!(encode(&[]), Err(EncodeError::Empty)));
    assert!(matches!(encode(&[plain(2), plain(1)]), Err(EncodeError::Order(1))));
    assert!(matches!(encode(&[plain(1), plain(1)]), Err(EncodeError::Order(1))));
    let mut other = plain(2);
    other.sample.id.boot = Boot::new(8);
    assert!(matches!(encode(&[plain(1), other]), Err(EncodeError::Order(1))));
    let many: Vec<_> = (1..=MAX_SAMPLES as u64 + 1).map(plain).collect();
    assert!(matches!(encode(&many), Err(EncodeError::TooMany(2_001))));
}

#[test]
fn a_quiet_batch_is_small() {
    // 100 samples of 20 checks with all phases of an HTTPS probe.
    let records: Vec<_> = (1..=100u64)
        .map(|seq| {
            let mut r = plain(seq);
            let noise = |n: u64| (seq * 7_919 * n) % 1_000;
            r.sample.check = CheckId::new(&format!("check-{}", seq % 20)).expect("an id");
            r.phases = Phases {
                dns: Some(Micros::new(800 + noise(1))),
                connect: Some(Micros::new(11_000 + noise(2))),
                tls: Some(Micros::new(23_000 + noise(3))),
                first_byte: Some(Micros::new(14_000 + noise(4))),
                transfer: Some(Micros::new(200 + noise(5))),
                total: Micros::new(50_000 + noise(6)),
            };
            r.sample.end = r.sample.start + r.phases.total.as_millis();
            r
        })
        .collect();
    let bytes = encode(&records).expect("a valid batch").encoded_len();
    println!("{bytes} bytes for 100 samples with all phases");
    assert!(bytes < 1_600, "{bytes} bytes");
}
