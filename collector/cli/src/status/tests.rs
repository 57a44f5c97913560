use std::collections::BTreeMap;

use quorate_proto::api::{Spread, SpreadText};

use super::*;

const NOW_MS: i64 = 1_795_633_385_250;

pub(crate) fn vote(region: &str, provider: &str, vote: &str, reason: &str) -> RegionVote {
    RegionVote {
        region: region.to_owned(),
        provider: provider.to_owned(),
        vote: vote.to_owned(),
        reason: reason.to_owned(),
        last_sample_ms: Some(NOW_MS - 2_300),
        last_total_us: Some(12_345),
    }
}

fn day(down_ms: [i64; 3], percent: [&str; 3], unknown_ms: i64, coverage: &str) -> Uptime {
    let [low, point, high] = down_ms;
    let [percent_low, percent_point, percent_high] = percent.map(str::to_owned);
    Uptime {
        from_ms: NOW_MS - 86_400_000,
        to_ms: NOW_MS,
        down_ms: Spread { low, point, high },
        unknown_ms,
        percent: Some(SpreadText { low: percent_low, point: percent_point, high: percent_high }),
        coverage_percent: coverage.to_owned(),
    }
}

pub(crate) fn check(id: &str, state: &str, regions: Vec<RegionVote>, last_day: Uptime) -> CheckStatus {
    CheckStatus {
        id: id.to_owned(),
        name: format!("The {id}"),
        kind: "http".to_owned(),
        target: format!("https://{id}.example.com/health"),
        state: state.to_owned(),
        since_ms: NOW_MS - 243_000,
        quorum: "majority: 2 of 3, of at least 2 providers".to_owned(),
        single_vantage: regions.len() == 1,
        need: 2,
        regions,
        incident: (state == "down").then(|| format!("{id}-1795633142250")),
        last_day,
        labels: BTreeMap::from([("team".to_owned(), "web".to_owned())]),
    }
}

pub(crate) fn status() -> Status {
    let quiet = day([0, 0, 0], ["100.0000", "100.0000", "100.0000"], 0, "100.00");
    let rough = day([240_000, 243_000, 246_000], ["99.7152", "99.7187", "99.7222"], 60_000, "99.93");
    Status {
        now_ms: NOW_MS,
        version: "0.1.0".to_owned(),
        config_revision: 7,
        checks: vec![
            check(
                "api",
                "up",
                vec![
                    vote("fra", "hetzner", "good", ""),
                    vote("iad", "aws", "good", ""),
                    vote("sin", "ovh", "good", ""),
                ],
                quiet.clone(),
            ),
            check(
                "cdn",
                "partial",
                vec![
                    vote("fra", "hetzner", "good", ""),
                    vote("iad", "aws", "bad", "connect_refused"),
                    vote("sin", "ovh", "slow", "912 ms, over 800 ms"),
                ],
                quiet,
            ),
            check(
                "shop",
                "down",
                vec![
                    vote("fra", "hetzner", "bad", "connect_timeout"),
                    vote("iad", "aws", "bad", "timeout"),
                    RegionVote { last_sample_ms: None, ..vote("sin", "ovh", "none", "no agent was ever heard of") },
                ],
                rough,
            ),
        ],
        agents_connected: 2,
        agents_known: 3,
    }
}

#[test]
fn the_worst_comes_first_and_every_dissenter_is_named() {
    insta::assert_snapshot!(render(&status(), &Look::plain()));
}

#[test]
fn a_collector_without_checks_says_so() {
    let empty = Status { checks: Vec::new(), ..status() };
    assert_eq!(
        render(&empty, &Look::plain()),
        "no checks; agents 2 of 3 connected; configuration 7  2026-11-25 19:03:05 UTC\n"
    );
}

#[test]
fn an_unknown_check_is_refused_with_the_known_ones() {
    let error = select(status().checks, &["blog".to_owned()]).expect_err("there is no such check");
    assert_eq!(error.to_string(), "CHECK: \"blog\" is no check of this collector; it has api, cdn, shop");
    let one = select(status().checks, &["shop".to_owned()]).expect("there is such a check");
    assert_eq!(one.len(), 1);
}
