use quorate_collector_http::{LedgerWanted, QueryError, Reports};
use quorate_collector_report::Document;
use quorate_proto::api::SlaLedger;

use crate::contracts::tests::{HOUR, an_hour_with_an_outage, ask, config, hours_later, keep_round};
use crate::core::tests::{Lab, at, loaded};

async fn ledger(lab: &Lab, from: Option<&str>, to: Option<&str>) -> Result<SlaLedger, QueryError> {
    let wanted = LedgerWanted { contract: "gold".to_owned(), from: from.map(str::to_owned), to: to.map(str::to_owned) };
    lab.views().ledger(&wanted).await
}

/// What the ledger says of every window is what the report on it says, final or not.
async fn agrees_with_reports(lab: &Lab, told: &SlaLedger) {
    for window in &told.windows {
        let report = ask(lab, &window.period, None).await.expect("there is a report");
        let report = Document::parse(&report).expect("is understood");
        assert_eq!((&window.state, window.revision), (&report.state, report.revision), "{}", window.period);
        assert_eq!((window.from_ms, window.to_ms), (report.period.start_ms, report.period.end_ms));
        assert_eq!(window.down_ms, report.down_ms);
        assert_eq!(window.uptime_percent, report.uptime_percent);
        assert_eq!(window.breach, report.breach);
        assert_eq!(window.credit_percent, report.credit_percent);
        let parts = window.up_ms + window.down_ms.point + window.unknown_ms + window.excluded_ms;
        assert_eq!(parts, window.total_ms, "{}", window.period);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn windows_follow_each_other_without_a_gap_and_agree_with_their_reports() {
    let lab = an_hour_with_an_outage("").await;
    let told = ledger(&lab, None, None).await.expect("is answered");
    // The configuration came into force in the hour before, and the hour behind has begun.
    let periods: Vec<&str> = told.windows.iter().map(|window| window.period.as_str()).collect();
    assert_eq!(periods, ["2026-09-21T14", HOUR, "2026-09-21T16"]);
    assert!(told.windows.windows(2).all(|pair| pair[0].to_ms == pair[1].from_ms), "{told:?}");
    assert!(told.windows.iter().all(|window| window.state == "provisional"));
    agrees_with_reports(&lab, &told).await;
    let down: Vec<bool> = told.windows.iter().map(|window| window.down_ms.low > 0).collect();
    assert_eq!(down, [false, true, false]);
    let one = ledger(&lab, Some(HOUR), Some(HOUR)).await.expect("is answered");
    assert_eq!(one.windows, told.windows[1..2]);

    lab.set(hours_later(72));
    keep_round(&lab).await;
    let told = ledger(&lab, Some("2026-09-21T14"), Some("2026-09-21T16")).await.expect("is answered");
    let states: Vec<&str> = told.windows.iter().map(|window| window.state.as_str()).collect();
    assert_eq!(states, ["final", "final", "provisional"]);
    agrees_with_reports(&lab, &told).await;
    assert_eq!(ledger(&lab, None, None).await.expect("is answered").windows.len(), 12, "the last twelve");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn windows_that_do_not_exist_or_are_too_many_are_refused() {
    let lab = an_hour_with_an_outage("").await;
    let refused = |from: &'static str, to: Option<&'static str>| {
        let lab = &lab;
        async move {
            match ledger(lab, Some(from), to).await {
                Err(QueryError::BadPeriod(problem)) => problem,
                other => panic!("{other:?}"),
            }
        }
    };
    assert!(refused("2026-10", None).await.contains("2026-10-04T13"), "names the form of the contract's windows");
    assert!(refused("2026-09-21T16", Some(HOUR)).await.contains("first is after the last"));
    assert!(refused("2026-09-21T16", Some("2026-09-21T20")).await.contains("has not begun"));
    lab.set(hours_later(1_000));
    assert!(refused("2026-09-21T14", None).await.contains("allowed are 400 windows"));
    let other = LedgerWanted { contract: "silver".to_owned(), from: None, to: None };
    assert!(matches!(lab.views().ledger(&other).await, Err(QueryError::UnknownContract(_))));
}

fn periods(told: &SlaLedger) -> Vec<&str> {
    told.windows.iter().map(|window| window.period.as_str()).collect()
}

/// The contract's windows are hours until 16:00 of the 24th, days from then on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn windows_of_a_former_kind_stay_what_they_were() {
    let lab = an_hour_with_an_outage("").await;
    lab.set(hours_later(72));
    keep_round(&lab).await;
    let kept = ask(&lab, HOUR, None).await.expect("is kept");
    let days = config("").replace("calendar_hour", "calendar_day");
    lab.core().reload(loaded(&days)).await.expect("is put into force");
    assert_eq!(ask(&lab, HOUR, None).await.expect("is kept"), kept);
    // The hours before the change become final as hours.
    lab.set(hours_later(72 + 3));
    lab.until("judged", |view| view.judged_to() > at(hours_later(72))).await;
    let keys: Vec<String> = keep_round(&lab).await.into_iter().map(|kept| kept.key).collect();
    assert_eq!(keys, ["gold/2026-09-21T16", "gold/2026-09-21T17", "gold/2026-09-21T18"]);
    let told = ledger(&lab, None, None).await.expect("is answered");
    let hours: Vec<String> = (13..24).map(|hour| format!("2026-09-23T{hour}")).collect();
    let expected: Vec<&str> = hours.iter().map(String::as_str).chain(["2026-09-24"]).collect();
    assert_eq!(periods(&told), expected);
    let named = ledger(&lab, Some(HOUR), Some("2026-09-21T16")).await.expect("is answered");
    assert_eq!(periods(&named), [HOUR, "2026-09-21T16"]);
}

/// The contract's windows are days until 16:00 of the 24th, hours from then on. The day of the change is none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_in_which_the_kind_changed_is_left_out() {
    let days = config("").replace("calendar_hour", "calendar_day");
    let lab = Lab::start(&days);
    lab.until("the past is read", |_| lab.views().board.loading() == 0).await;
    lab.set(hours_later(72));
    lab.core().reload(loaded(&config(""))).await.expect("is put into force");
    lab.set(hours_later(73) + 60);
    let told = ledger(&lab, None, None).await.expect("is answered");
    assert_eq!(periods(&told), ["2026-09-21", "2026-09-22", "2026-09-23", "2026-09-24T16", "2026-09-24T17"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_samples_are_read_for_one_answer_than_of_400_days() {
    let lab = Lab::start(&config(", basis: requests").replace("calendar_hour", "{rolling_days: 300}"));
    lab.until("the past is read", |_| lab.views().board.loading() == 0).await;
    lab.set(hours_later(72));
    let told = ledger(&lab, None, None).await.expect("is answered");
    assert_eq!(periods(&told), ["2026-09-24"], "a second one would be of 600 days");
    match ledger(&lab, Some("2026-09-22"), None).await {
        Err(QueryError::BadPeriod(problem)) => assert!(problem.contains("400 days where attempts"), "{problem}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_that_ended_long_ago_still_has_its_windows() {
    let lab = an_hour_with_an_outage("").await;
    let ended = config("").replace("id: gold", "id: other").replace("contract: gold", "contract: other");
    lab.core().reload(loaded(&ended)).await.expect("is put into force");
    lab.set(hours_later(2_000));
    let told = ledger(&lab, None, None).await.expect("is answered");
    assert_eq!(periods(&told), ["2026-09-21T14", HOUR]);
    let named = ledger(&lab, Some("2026-09-21T14"), None).await.expect("is answered");
    assert_eq!(named.windows, told.windows);
}

/// A window of 500 days is more than is read for several, and is told by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_window_is_told_however_long_it_is() {
    let lab = Lab::start(&config(", basis: requests").replace("calendar_hour", "{rolling_days: 500}"));
    lab.until("the past is read", |_| lab.views().board.loading() == 0).await;
    lab.set(hours_later(72));
    let day = Some("2026-09-24");
    assert_eq!(periods(&ledger(&lab, day, day).await.expect("is answered")), ["2026-09-24"]);
}
