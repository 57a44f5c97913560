use proptest::prelude::*;

use super::*;

pub(crate) fn agent_id(text: &str) -> AgentId {
    AgentId::new(text).expect("an id")
}

pub(crate) fn check_id(text: &str) -> CheckId {
    CheckId::new(text).expect("an id")
}

/// A quiet sample at ten seconds times its sequence number.
pub(crate) fn plain(agent: &str, seq: u64) -> Record {
    let start = AgentTime::from_millis(1_790_000_000_000 + 10_000 * i64::try_from(seq).expect("small"));
    Record {
        sample: Sample {
            id: SampleId { agent: agent_id(agent), boot: Boot::new(7), seq: Seq::new(seq) },
            check: check_id("shop"),
            region: RegionId::new("fra").expect("an id"),
            provider: ProviderId::new("hetzner").expect("an id"),
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
                  certificate in proptest::option::of((any::<i64>(), any::<i64>(), any::<u8>(), any::<bool>()))) -> Evidence {
        Evidence {
            address,
            status,
            detail: detail.map(Into::into),
            certificate: certificate.map(|(not_after_s, chain_not_after_s, chain_length, verified)| CertificateFacts {
                not_after_s, chain_not_after_s, chain_length, verified,
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
    pub(crate) fn stored()(who in (0usize..3, 0u64..3, 1u64..40), start in 0i64..7_000_000_000_000, length in 0i64..10_000,
                outcome in proptest::sample::select(Outcome::ALL),
                failure in proptest::option::of(proptest::sample::select(Failure::ALL)),
                interval in 1i64..86_400_000, typical in proptest::option::of(0i64..5_000),
                offset in -1_000_000i64..1_000_000, error in 0i64..100_000, health in 0u8..=7, lag in 0i64..1_000_000,
                trigger in proptest::sample::select(Trigger::ALL), mark in proptest::sample::select(Mark::ALL),
                (version, place) in (any::<u64>(), 0usize..2),
                (phases, evidence, references) in (phases(), evidence(), references())) -> StoredRecord {
        let (agent, boot, seq) = who;
        let mut record = plain(["a", "b", "c"][agent], seq);
        let s = &mut record.sample;
        s.id.boot = Boot::new(boot);
        s.region = RegionId::new(["fra", "iad"][place]).expect("an id");
        s.start = AgentTime::from_millis(start);
        s.end = s.start + Millis::new(length);
        (s.outcome, s.failure, s.trigger) = (outcome, failure, trigger);
        s.interval = Millis::new(interval);
        s.typical = typical.map(Millis::new);
        s.clock = ClockReading { offset: Millis::new(offset), error: Millis::new(error) };
        (s.references, s.health) = (references, Health::new(health).expect("0 to 7"));
        s.lag = Millis::new(lag);
        s.check_version = CheckVersion::new(version);
        (record.phases, record.evidence) = (phases, evidence);
        StoredRecord { record, mark }
    }
}

fn sorted(mut records: Vec<StoredRecord>) -> Vec<StoredRecord> {
    crate::read::sort_and_dedup(&mut records);
    records
}

fn lean(bytes: &[u8]) -> Result<Vec<(Sample, Mark)>, ChunkError> {
    let chunk = LeanChunk::decode(bytes)?;
    let mut found = Vec::new();
    for run in 0..chunk.runs().count() {
        chunk.each_of_run(run, &check_id("shop"), |_| true, |sample, mark| found.push((sample, mark)))?;
    }
    Ok(found)
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(records in proptest::collection::vec(stored(), 1..80).prop_map(sorted)) {
        let bytes = encode(&records).expect("packs");
        prop_assert_eq!(decode_records(&check_id("shop"), &bytes).expect("unpacks"), records.clone());
        let expected: Vec<_> = records.into_iter().map(|r| (r.record.sample, r.mark)).collect();
        prop_assert_eq!(lean(&bytes).expect("unpacks"), expected);
    }

    #[test]
    fn long_columns_come_out_too(seed in proptest::collection::vec(stored(), 10), times in 25usize..40) {
        // Enough samples that columns go through pco.
        let records: Vec<_> = (0..seed.len() * times)
            .map(|i| {
                let mut stored = seed[i % seed.len()].clone();
                stored.record.sample.id = SampleId { agent: agent_id("a"), boot: Boot::new(1), seq: Seq::new(i as u64 + 1) };
                stored.record.sample.start = stored.record.sample.start + Millis::new(crate::read::signed(i) * 10_000);
                stored.record.sample.end = stored.record.sample.start + Millis::new(3);
                stored
            })
            .collect();
        let bytes = encode(&records).expect("packs");
        prop_assert_eq!(decode_records(&check_id("shop"), &bytes).expect("unpacks"), records);
    }

    #[test]
    fn a_cut_chunk_is_an_error(records in proptest::collection::vec(stored(), 1..20).prop_map(sorted), at in any::<prop::sample::Index>()) {
        let bytes = encode(&records).expect("packs");
        prop_assert!(decode_records(&check_id("shop"), &bytes[..at.index(bytes.len())]).is_err());
    }

    #[test]
    fn a_flipped_bit_is_an_error_or_harmless(records in proptest::collection::vec(stored(), 1..20).prop_map(sorted),
                                             at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut bytes = encode(&records).expect("packs");
        let i = at.index(bytes.len());
        bytes[i] ^= 1 << bit;
        if let Ok(read) = decode_records(&check_id("shop"), &bytes) {
            prop_assert_eq!(read, records);
        }
    }

    #[test]
    fn a_forged_body_never_panics(records in proptest::collection::vec(stored(), 1..20).prop_map(sorted),
                                  changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        // Behind a checksum that fits, so that the checks on every value are what is tested.
        let packed = encode(&records).expect("packs");
        let mut body = zstd::bulk::decompress(&packed[HEAD_BYTES..], MAX_BODY_BYTES).expect("a frame");
        for (at, value) in changes {
            let i = at.index(body.len());
            body[i] = value;
        }
        let forged = frame(&body);
        if let Ok(read) = decode_records(&check_id("shop"), &forged) {
            prop_assert_eq!(read.len(), lean(&forged).expect("the lean part is a part of the whole").len());
        }
    }

    #[test]
    fn forged_long_columns_never_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let records: Vec<_> = (1..=400u64)
            .map(|seq| {
                let mut record = plain("a", seq);
                record.phases.total = Micros::new(10_000 + (seq * 7_919) % 4_000);
                StoredRecord { record, mark: Mark::Clean }
            })
            .collect();
        let packed = encode(&records).expect("packs");
        let mut body = zstd::bulk::decompress(&packed[HEAD_BYTES..], MAX_BODY_BYTES).expect("a frame");
        for (at, value) in changes {
            let i = at.index(body.len());
            body[i] = value;
        }
        let forged = frame(&body);
        let whole = decode_records(&check_id("shop"), &forged);
        prop_assert!(whole.is_err() || lean(&forged).is_ok());
    }
}

fn frame(body: &[u8]) -> Vec<u8> {
    let mut out = vec![VERSION];
    out.extend_from_slice(&u32::try_from(body.len()).expect("small").to_le_bytes());
    out.extend_from_slice(&zstd::bulk::compress(body, 1).expect("zstd"));
    out
}

#[test]
fn sizes_and_versions_are_checked() {
    assert!(matches!(encode(&[]), Err(ChunkError::Size { samples: 0 })));
    let many = vec![StoredRecord { record: plain("a", 1), mark: Mark::Clean }; MAX_SAMPLES + 1];
    assert!(matches!(encode(&many), Err(ChunkError::Size { .. })));
    let one = encode(&[StoredRecord { record: plain("a", 1), mark: Mark::Clean }]).expect("packs");
    assert!(matches!(decode_records(&check_id("shop"), &[]), Err(ChunkError::Short { what: "version" })));
    assert!(matches!(decode_records(&check_id("shop"), &one[..3]), Err(ChunkError::Short { what: "length" })));
    let mut newer = one.clone();
    newer[0] = 2;
    assert!(matches!(decode_records(&check_id("shop"), &newer), Err(ChunkError::Version(2))));
    let mut huge = one;
    huge[1..5].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(decode_records(&check_id("shop"), &huge), Err(ChunkError::Value { what: "length" })));
}

#[test]
fn the_written_bytes_of_format_1_stay_readable() {
    // A chunk of two samples as format 1 wrote it; later programs have to read it.
    let bytes = include_bytes!("format-1.bin");
    let records = decode_records(&check_id("shop"), bytes).expect("unpacks");
    assert_eq!(records, golden());
}

fn golden() -> Vec<StoredRecord> {
    let mut second = plain("a", 3);
    second.sample.outcome = Outcome::Fail;
    second.sample.failure = Some(Failure::HttpStatus);
    second.sample.typical = Some(Millis::new(40));
    second.sample.references = References::mask(0b10, 3).expect("in range");
    second.phases.connect = Some(Micros::new(1_000));
    second.phases.first_byte = Some(Micros::new(11_000));
    second.evidence = Evidence {
        address: Some("192.0.2.1".parse().expect("an address")),
        status: Some(503),
        detail: Some("status 503".into()),
        certificate: None,
    };
    vec![StoredRecord { record: plain("a", 1), mark: Mark::Clean }, StoredRecord { record: second, mark: Mark::Capped }]
}
