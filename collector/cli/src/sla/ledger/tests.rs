use quorate_proto::api::{Spread, SpreadText};

use super::*;

#[test]
fn windows_stand_one_below_the_other() {
    let uptime = SpreadText { low: "99.8".to_owned(), point: "99.85".to_owned(), high: "99.9".to_owned() };
    let missed = SlaWindow {
        period: "2026-09".to_owned(),
        from_ms: 0,
        to_ms: 2_592_000_000,
        timezone: "UTC".to_owned(),
        state: "final".to_owned(),
        revision: 2,
        total_ms: 2_592_000_000,
        up_ms: 2_588_112_000,
        down_ms: Spread { low: 2_592_000, point: 3_888_000, high: 5_184_000 },
        unknown_ms: 0,
        excluded_ms: 0,
        uptime_percent: Some(uptime),
        coverage_percent: "100.00".to_owned(),
        objective_percent: Some("99.9".to_owned()),
        breach: "possible".to_owned(),
        credit_percent: "10".to_owned(),
    };
    let running = SlaWindow {
        period: "2026-10".to_owned(),
        state: "provisional".to_owned(),
        revision: 1,
        down_ms: Spread { low: 0, point: 0, high: 0 },
        unknown_ms: 2_592_000_000,
        uptime_percent: None,
        objective_percent: None,
        breach: "none".to_owned(),
        credit_percent: "0".to_owned(),
        ..missed.clone()
    };
    let told = SlaLedger { now_ms: 1_795_000_000_000, contract: "gold".to_owned(), windows: vec![missed, running] };
    insta::assert_snapshot!(render(&told, &Look::plain()), @"
    gold  2026-11-18 11:06:40 UTC
    period         uptime  between                  down    unknown  excluded     known  promised  breach    credit  report
    2026-09       99.85 %  99.8 % and 99.9 %  1 h 04 min       0 ms      0 ms  100.00 %    99.9 %  possible    10 %  final, revision 2
    2026-10  not measured  -                        0 ms  30 d 00 h      0 ms  100.00 %         -  none         0 %  provisional
    ");
    let none = SlaLedger { windows: Vec::new(), ..told };
    assert!(render(&none, &Look::plain()).contains("in force in none"));
}
