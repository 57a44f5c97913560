use quorate_proto::api::{Segment, Spread, Uptime};

use super::*;

#[test]
fn samples_are_drawn_with_what_their_vote_depends_on() {
    let mut lines = crate::replay::tests::line("fra", "hetzner", 1, 1_795_633_385_000, "ok");
    lines += "\n";
    let doubtful = crate::replay::tests::line("iad", "aws", 7, 1_795_633_388_000, "fail");
    lines += &doubtful.replace("\"timeout_ms\"", "\"refs_ok\":1,\"refs_total\":3,\"trigger\":\"retry\",\"timeout_ms\"");
    let samples = parse(&lines).expect("the lines are right");
    insta::assert_snapshot!(render(&samples, 1_795_633_390_000, &Look::plain()));
    assert!(parse("{}").is_err());
}

#[test]
fn states_are_drawn_with_the_regions_that_were_bad() {
    let state = |from: i64, to: i64, state: &str, bad: &[&str], settled: bool| Segment {
        start_ms: 1_795_633_385_000 + from,
        end_ms: 1_795_633_385_000 + to,
        state: state.to_owned(),
        regions_bad: bad.iter().map(|region| (*region).to_owned()).collect(),
        settled,
    };
    let segments = Segments {
        check: "shop".to_owned(),
        uptime: Uptime {
            from_ms: 1_795_633_385_000,
            to_ms: 1_795_633_445_000,
            down_ms: Spread { low: 0, point: 0, high: 0 },
            unknown_ms: 0,
            percent: None,
            coverage_percent: "100.00".to_owned(),
        },
        segments: vec![state(0, 50_250, "up", &[], true), state(50_250, 60_000, "down", &["fra", "iad"], false)],
    };
    insta::assert_snapshot!(render_states(&segments, &Look::plain()), @"
    2 states  2026-11-25 19:04:05 UTC
    state  start                    end                      lasted  bad regions
    UP     2026-11-25 19:03:05.000  2026-11-25 19:03:55.250  50.2 s  -
    DOWN   2026-11-25 19:03:55.250  2026-11-25 19:04:05.000   9.7 s  fra, iad     provisional
    ");
}
