use quorate_proto::api::{Incident, Segment, Segments, SlaLedger, SlaWindow, Spread, SpreadText, Uptime};

use super::{incidents, ledger, state_lines, states};

fn incident(end_ms: Option<i64>) -> Incident {
    Incident {
        id: "shop-1".to_owned(),
        check: "shop".to_owned(),
        start_ms: 1_790_000_000_250,
        end_ms,
        start_bounds_ms: [1_790_000_000_000, 1_790_000_001_000],
        end_bounds_ms: [1_790_000_060_000, 1_790_000_062_000],
        class: "outage".to_owned(),
        billed_ms: 60_750,
        regions: vec!["fra".to_owned(), "iad".to_owned()],
        support: 12,
        revision: 2,
        settled: end_ms.is_some(),
        changes: Vec::new(),
    }
}

#[test]
fn an_incident_is_a_line_with_its_bounds_and_an_open_one_has_no_end() {
    assert_eq!(
        incidents(&[incident(Some(1_790_000_061_000)), incident(None)]),
        "incident,check,class,start,end,start_ms,start_earliest_ms,start_latest_ms,end_ms,end_earliest_ms,\
         end_latest_ms,billed_ms,regions,support,revision,settled\r\n\
         shop-1,shop,outage,2026-09-21T14:13:20.250Z,2026-09-21T14:14:21.000Z,1790000000250,1790000000000,\
         1790000001000,1790000061000,1790000060000,1790000062000,60750,fra iad,12,2,true\r\n\
         shop-1,shop,outage,2026-09-21T14:13:20.250Z,,1790000000250,1790000000000,1790000001000,,,,60750,fra iad,12,2,\
         false\r\n"
    );
    assert_eq!(incidents(&[]).lines().count(), 1, "the heads alone");
}

#[test]
fn states_are_lines_of_csv_and_of_json() {
    let nothing = Spread { low: 0, point: 0, high: 0 };
    let segments = Segments {
        check: "shop".to_owned(),
        uptime: Uptime {
            from_ms: 0,
            to_ms: 3_000,
            down_ms: nothing,
            unknown_ms: 0,
            percent: None,
            coverage_percent: "100.00".to_owned(),
        },
        segments: vec![Segment {
            start_ms: 1_000,
            end_ms: 3_000,
            state: "partial".to_owned(),
            regions_bad: vec!["fra".to_owned()],
            settled: true,
        }],
    };
    assert_eq!(
        states(&segments),
        "check,state,start,end,start_ms,end_ms,lasted_ms,regions_bad,settled\r\n\
         shop,partial,1970-01-01T00:00:01.000Z,1970-01-01T00:00:03.000Z,1000,3000,2000,fra,true\r\n"
    );
    assert_eq!(
        state_lines(&segments),
        "{\"check\":\"shop\",\"start_ms\":1000,\"end_ms\":3000,\"state\":\"partial\",\"regions_bad\":[\"fra\"]}\n"
    );
}

#[test]
fn a_window_without_a_measurement_has_empty_cells_and_no_zero() {
    let measured = SlaWindow {
        period: "2026-10".to_owned(),
        from_ms: 0,
        to_ms: 1_000,
        timezone: "UTC".to_owned(),
        state: "final".to_owned(),
        revision: 2,
        total_ms: 1_000,
        up_ms: 700,
        down_ms: Spread { low: 100, point: 200, high: 250 },
        unknown_ms: 100,
        excluded_ms: 0,
        uptime_percent: Some(SpreadText { low: "72.2222".into(), point: "77.7777".into(), high: "88.8888".into() }),
        coverage_percent: "90.00".to_owned(),
        objective_percent: Some("99.9".to_owned()),
        breach: "certain".to_owned(),
        credit_percent: "25".to_owned(),
    };
    let blank = SlaWindow { uptime_percent: None, objective_percent: None, ..measured.clone() };
    let told = SlaLedger { now_ms: 0, contract: "gold".to_owned(), windows: vec![measured, blank] };
    let start = "gold,2026-10,1970-01-01T00:00:00.000Z,1970-01-01T00:00:01.000Z,UTC,final,2,1000,700,200,100,0,100,250";
    let text = ledger(&told);
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(
        lines,
        [format!("{start},77.7777,72.2222,88.8888,90.00,99.9,certain,25"), format!("{start},,,,90.00,,certain,25"),]
    );
}
