use quorate_proto::api::{SlaBudget, SlaBurn, Spread, SpreadText};

use super::*;

fn sla(contract: &str, breach: &str, left_ms: i64) -> SlaStatus {
    SlaStatus {
        contract: contract.to_owned(),
        name: contract.to_owned(),
        timezone: "UTC".to_owned(),
        window: "calendar_month".to_owned(),
        period: "2026-11".to_owned(),
        from_ms: 1_793_491_200_000,
        to_ms: 1_796_083_200_000,
        known_to_ms: 1_795_000_000_000,
        objective_percent: Some("99.9".to_owned()),
        uptime_percent: Some(SpreadText { low: "99.8".to_owned(), point: "99.85".to_owned(), high: "99.9".to_owned() }),
        coverage_percent: "99.10".to_owned(),
        down_ms: Spread { low: 1, point: 2, high: 3 },
        unknown_ms: 0,
        excluded_ms: 0,
        breach: breach.to_owned(),
        credit_percent: "10".to_owned(),
        budget: Some(SlaBudget { allowed_ms: 2_592_000, spent_ms: 2_592_000 - left_ms, left_ms }),
        burn: vec![SlaBurn { stretch: "1h".to_owned(), rate: Some("14.41".to_owned()) }],
        customers: 1,
        reports: Vec::new(),
    }
}

#[test]
fn contracts_stand_in_a_table() {
    let bare = SlaStatus {
        objective_percent: None,
        uptime_percent: None,
        budget: None,
        burn: Vec::new(),
        ..sla("free", "none", 0)
    };
    let slas = vec![bare, sla("gold", "possible", 90_000), sla("silver", "certain", -3_600_000)];
    let told = Slas { now_ms: 1_795_000_000_000, slas };
    insta::assert_snapshot!(render(&told, &Look::plain()), @"
    Contracts  2026-11-18 11:06:40 UTC
    contract  period   until                promised        uptime  between              known  breach    budget left  burn 1h  6h  3d  credit
    free      2026-11  2026-12-01 00:00:00         -  not measured  -                  99.10 %  none                -        -   -   -    10 %
    gold      2026-11  2026-12-01 00:00:00    99.9 %       99.85 %  99.8 % and 99.9 %  99.10 %  possible   1 min 30 s    14.41   -   -    10 %
    silver    2026-11  2026-12-01 00:00:00    99.9 %       99.85 %  99.8 % and 99.9 %  99.10 %  certain   -1 h 00 min    14.41   -   -    10 %
    ");
}
