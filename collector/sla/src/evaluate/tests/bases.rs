//! Each basis, and combined services.

use alloc::boxed::Box;
use alloc::string::String;

use super::{check, check_id, hours};
use crate::basis::Basis;
use crate::combine::Service;
use crate::contract::{ContractDraft, UnknownRule};
use quorate_model::Millis;

fn basis(basis: Basis) -> impl Fn(&mut ContractDraft) {
    move |draft| draft.basis = basis
}

#[test]
fn a_minute_is_bad_when_all_of_it_fails() {
    let all = basis(Basis::MinuteAllFail);
    check(&all, "down 2026-11-04T12:00:30Z 2m", "2026-11", "down 60000 point 99.9976");
    check(&all, "down 2026-11-04T12:00:00Z 59s999ms", "2026-11", "down 0");
    check(&all, "down 2026-11-04T12:00:00Z 3m", "2026-11", "down 180000 point 99.9930");
    check(&all, "down 2026-11-04T12:00:00Z 30s; down 2026-11-04T12:00:30Z 30s", "2026-11", "down 60000");
    // Nothing known of the other half: every attempt that was made failed.
    check(&all, "down 2026-11-04T12:00:00Z 30s; unknown 2026-11-04T12:00:30Z 30s", "2026-11", "down 60000 unknown 0");
    check(&all, "high 2026-11-04T12:00:00Z 1m", "2026-11", "down_low 0 down 0 down_high 60000");
    // Minutes belong to the window they lie in.
    check(&all, "down 2026-10-31T23:58:30Z 3m", "2026-10", "down 60000");
    check(&all, "down 2026-10-31T23:58:30Z 3m", "2026-11", "down 60000");
    let counted =
        "attempts 2026-11-04T12:00:00Z 6 6; attempts 2026-11-04T12:01:00Z 6 5; attempts 2026-11-04T12:02:00Z 0 0";
    check(&all, counted, "2026-11", "down 60000 up 60000 unknown 2591880000");
    let two = |draft: &mut ContractDraft| {
        draft.basis = Basis::MinuteAllFail;
        draft.min_outage = Millis::from_secs(120);
    };
    check(two, "down 2026-11-04T12:00:30Z 2m", "2026-11", "down 0");
    check(two, "down 2026-11-04T12:00:00Z 2m", "2026-11", "down 120000");
}

#[test]
fn a_minute_is_bad_over_an_error_rate() {
    let five = basis(Basis::MinuteErrorRate { over: super::percent("5") });
    check(&five, "down 2026-11-04T12:00:00Z 3s", "2026-11", "down 0");
    check(&five, "down 2026-11-04T12:00:00Z 3s1ms", "2026-11", "down 60000");
    check(&five, "attempts 2026-11-04T12:00:00Z 20 1", "2026-11", "down 0");
    check(&five, "attempts 2026-11-04T12:00:00Z 20 2", "2026-11", "down 60000");
    check(&five, "down 2026-11-04T12:00:59Z 10s", "2026-11", "down 60000");
}

#[test]
fn error_rates_are_averaged_over_intervals() {
    let mean = basis(Basis::IntervalErrorRateMean { interval: Millis::from_secs(300) });
    // One of the 8,640 intervals of the month has an error rate of a half; the others are empty and have none.
    check(&mean, "attempts 2026-11-04T12:00:00Z 100 50", "2026-11", "low 99.9942 point 99.9942 high 99.9942");
    let two_minutes = "attempts 2026-11-04T12:00:00Z 10 10; attempts 2026-11-04T12:04:00Z 90 40";
    check(&mean, two_minutes, "2026-11", "point 99.9942");
    // The same failures in two intervals: 10 of 10 and 40 of 90 weigh more.
    let two_intervals = "attempts 2026-11-04T12:00:00Z 10 10; attempts 2026-11-04T12:05:00Z 90 40";
    check(&mean, two_intervals, "2026-11", "point 99.9832");
    check(&mean, "down 2026-11-04T12:00:00Z 1296s", "2026-11", "point 99.9500 breach none");
    // 15 s of the 150 s that are known: a tenth of the interval.
    check(&mean, "unknown 2026-11-04T12:00:00Z 150s; down 2026-11-04T12:02:30Z 15s", "2026-11", "point 99.9988");
    let as_down = |draft: &mut ContractDraft| {
        draft.basis = Basis::IntervalErrorRateMean { interval: Millis::from_secs(300) };
        draft.unknown = UnknownRule::Down;
    };
    check(as_down, "unknown 2026-11-04T12:00:00Z 1296s", "2026-11", "point 99.9500 high 100.0000");
    let hourly = basis(Basis::IntervalErrorRateMean { interval: hours(1) });
    // One of 720 hours at one half: 0.0694 %.
    check(&hourly, "attempts 2026-11-04T12:00:00Z 100 50", "2026-11", "point 99.9305 breach certain credit 10");
}

#[test]
fn requests_are_counted() {
    let requests = basis(Basis::Requests);
    check(&requests, "attempts 2026-11-04T12:00:00Z 2000 1", "2026-11", "point 99.9500 credit 0");
    check(&requests, "attempts 2026-11-04T12:00:00Z 1999 1", "2026-11", "point 99.9499 breach certain credit 10");
    check(
        &requests,
        "attempts 2026-10-31T23:59:00Z 10 10; attempts 2026-11-04T12:00:00Z 2000 1",
        "2026-11",
        "point 99.9500",
    );
    check(&requests, "attempts 2026-11-04T12:00:00Z 0 0", "2026-11", "point none breach none");
    // Without counts, as if they came at an even rate.
    check(&requests, "down 2026-11-04T12:00:00Z 1296s", "2026-11", "point 99.9500");
}

fn leaf(name: &str) -> Service {
    Service::Check(check_id(name))
}

/// Reads `any(shop,api)`, `all(..)`, `weights(3*shop,1*api)`, nested.
fn service(text: &str) -> Service {
    let Some((kind, rest)) = text.split_once('(') else { return leaf(text) };
    let inside = rest.strip_suffix(')').expect("a closing bracket");
    let mut depth = 0;
    let mut parts = vec![String::new()];
    for c in inside.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if c == ',' && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().expect("at least one part").push(c);
        }
    }
    let parts = parts.iter().map(String::as_str);
    match kind {
        "any" => Service::AnyDown(parts.map(service).collect()),
        "all" => Service::AllDown(parts.map(service).collect()),
        _ => Service::Weights(
            parts
                .map(|part| {
                    let (weight, part) = part.split_once('*').expect("a weight");
                    (service(part), weight.parse().expect("a number"))
                })
                .collect(),
        ),
    }
}

#[test]
fn services_combine_checks() {
    let lines = "down 2026-11-04T01:00:00Z 2h; api: down 2026-11-04T02:00:00Z 2h";
    let of = |text: &'static str| Box::new(move |draft: &mut ContractDraft| draft.service = service(text));
    check(of("any(shop,api)"), lines, "2026-11", "down 10800000 outages 1");
    check(of("all(shop,api)"), lines, "2026-11", "down 3600000");
    // One hour of shop alone, one of both, one of api alone: 3/4 + 1 + 1/4.
    check(of("weights(3*shop,1*api)"), lines, "2026-11", "down 7200000 outages 1");
    check(of("weights(3*shop,1*api)"), "api: down 2026-11-04T02:00:00Z 4h", "2026-11", "down 3600000 point 99.8611");
    check(
        of("any(all(shop,api),db)"),
        &alloc::format!("{lines}; db: down 2026-11-05T00:00:00Z 1h"),
        "2026-11",
        "down 7200000",
    );
    // A half for 30 minutes, all for 90, a half for 60.
    check(
        of("any(weights(1*shop,1*api),db)"),
        &alloc::format!("{lines}; db: down 2026-11-04T01:30:00Z 30m"),
        "2026-11",
        "down 8100000",
    );
    check(of("weights(1*all(shop,api),1*db)"), lines, "2026-11", "down 1800000");
    // A third of a millisecond is down as a begun one, and the ledger still sums.
    check(
        of("weights(1*shop,1*api,1*db)"),
        "down 2026-11-04T01:00:00Z 1ms",
        "2026-11",
        "down 1 up 2591999999 point 99.9999",
    );
    check(
        of("any(shop,api)"),
        "down 2026-11-04T01:00:00Z 60s; api: down 2026-11-04T01:01:00Z 60s",
        "2026-11",
        "outages 1 down 120000",
    );
}

#[test]
fn unknown_checks_make_what_they_could_change_unknown() {
    let of = |text: &'static str| Box::new(move |draft: &mut ContractDraft| draft.service = service(text));
    let half = "unknown 2026-11-04T01:00:00Z 1h; api: down 2026-11-04T01:30:00Z 1h";
    check(of("any(shop,api)"), half, "2026-11", "unknown 1800000 down 3600000");
    check(of("all(shop,api)"), half, "2026-11", "unknown 1800000 down 0");
    check(of("weights(1*shop,1*api)"), half, "2026-11", "unknown 1800000 down 1800000");
    check(of("all(shop,api)"), "unknown 2026-11-04T01:00:00Z 1h", "2026-11", "unknown 0 breach none");
    check(of("any(shop,api)"), "unknown 2026-11-04T01:00:00Z 1h", "2026-11", "unknown 3600000 breach possible");
    check(of("any(shop,api)"), "high 2026-11-04T01:00:00Z 1h", "2026-11", "down 0 down_high 3600000 breach possible");
    check(
        of("all(shop,api)"),
        "high 2026-11-04T01:00:00Z 1h; api: down 2026-11-04T01:30:00Z 1h",
        "2026-11",
        "down 0 down_high 1800000",
    );
    // The minimum outage tests the outage of the service.
    let minute = |draft: &mut ContractDraft| {
        draft.service = service("any(shop,api)");
        draft.min_outage = Millis::from_secs(60);
    };
    check(
        minute,
        "down 2026-11-04T01:00:00Z 40s; api: unknown 2026-11-04T01:00:00Z 1h",
        "2026-11",
        "unknown 3600000 down 0",
    );
    check(
        minute,
        "down 2026-11-04T01:00:00Z 60s; api: unknown 2026-11-04T01:00:00Z 1h",
        "2026-11",
        "unknown 3540000 down 60000",
    );
    check(minute, "down 2026-11-04T01:00:00Z 40s; api: down 2026-11-04T01:00:30Z 40s", "2026-11", "down 70000");
}
