use quorate_collector_contracts::{Edition, make};
use quorate_collector_desk::Decision;
use quorate_collector_http::{Desk, QueryError, ReportFormat, ReportWanted, Reports};
use quorate_collector_report::Document;
use quorate_collector_sla::report::Report;
use quorate_collector_sla::{Breach, ContractId};
use quorate_collector_store::Revisions;
use quorate_model::{Failure, Millis};

use super::gather::{Depth, material};
use super::keep::{Kept, round};
use super::terms::Wanted;
use crate::core::tests::{ALL, Lab, START, at, loaded};

/// The hour of the lab's clock that starts 2800 s after its first moment.
pub(super) const HOUR: &str = "2026-09-21T15";
const HOUR_FROM: i64 = 2_800;
const HOUR_TO: i64 = HOUR_FROM + 3_600;

/// What stands behind the list of checks of the lab's configuration; its own bracket closes the last list.
pub(super) fn config(contract: &str) -> String {
    format!(
        "{{id: shop, name: Shop, icmp: {{host: h}}}}]\n\
         slas: [{{id: gold, name: Gold, service: shop, window: calendar_hour, objectives: {{availability: \"99.9%\"}}, \
         credit: {{tiers: [{{below: \"99.9%\", percent: 10}}, {{below: \"95%\", percent: 25}}], claim_within_days: 30}}{contract}}}]\n\
         plans: [{{id: pro, contract: gold}}]\n\
         customers: [{{id: acme, plan: pro, fee: 499.99 EUR}}, {{id: zoo, plan: pro, fee: 10 EUR}}"
    )
}

fn gold() -> ContractId {
    ContractId::new("gold").expect("is an id")
}

pub(super) fn hours_later(hours: i64) -> i64 {
    HOUR_TO + hours * 3_600
}

/// An hour of samples with an outage from 4000 to 4200 s, which all agents see.
pub(super) async fn an_hour_with_an_outage(contract: &str) -> Lab {
    let mut lab = Lab::start(&config(contract));
    lab.set(HOUR_TO + 300);
    lab.send(&ALL, (HOUR_FROM - 200, HOUR_TO + 200), &[(4_000, 4_200)]).await;
    lab.until("settled", |view| view.settled > at(HOUR_TO)).await;
    written(&lab).await;
    lab
}

/// Waits until the outage is written as all five regions saw it.
async fn written(lab: &Lab) {
    let whole = |found: &[quorate_proto::api::Incident]| matches!(found, [one] if one.regions.len() == 5 && one.end_ms.is_some());
    lab.incidents_such_that(whole).await;
}

fn made(lab: &Lab) -> Report {
    let sources = lab.views().sources();
    let material = material(&sources, &gold(), Wanted::Named(HOUR), Depth::Report).expect("is gathered");
    make(&material, Edition::provisional(sources.now)).expect("is made")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_becomes_a_line_with_the_right_credit() {
    let lab = an_hour_with_an_outage("").await;
    let report = made(&lab);
    let ledger = report.evaluation.ledger;
    assert_eq!(ledger.up() + ledger.down() + ledger.unknown() + ledger.excluded(), Millis::from_secs(3_600));
    let incident = &report.inputs.incidents[0];
    assert_eq!(incident.incident.billed, ledger.down());
    assert!((ledger.down() - Millis::from_secs(200)).get().abs() < 10_000, "{ledger:?}");
    // 5 agents, 20 slots each, all with the same failure.
    assert_eq!(incident.failures, [(Failure::ConnectTimeout, 100)]);
    assert_eq!(incident.evidence.len(), quorate_collector_contracts::evidence::MAX_EVIDENCE);
    // 200 of 3600 s are 94.4 %: certainly missed, by the second step of the credits.
    assert_eq!(report.evaluation.breach, Breach::Certain);
    let credits: Vec<(String, String)> = report
        .statements
        .iter()
        .map(|statement| (statement.customer.to_string(), statement.credit.to_string()))
        .collect();
    let expected = [("acme", "125.00 EUR"), ("zoo", "2.50 EUR")];
    assert_eq!(credits, expected.map(|(customer, credit)| (customer.to_owned(), credit.to_owned())));
    assert_eq!(report.statements[0].claim_deadline, Some(at(HOUR_TO) + Millis::from_secs(30 * 86_400)));
    let [method] = report.inputs.methods.as_slice() else { panic!("{:?}", report.inputs.methods) };
    assert_eq!((method.agents, method.interval), (5, Millis::from_secs(10)));
    assert_eq!(report.resolution, Some(Millis::from_secs(2)));
    let overall: Vec<_> = report.latency_of(None).collect();
    assert_eq!(overall.len(), 4);
    assert!(overall.iter().all(|answer| answer.count == 5 * 340), "{overall:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_question_has_the_same_answer_and_hash() {
    let lab = an_hour_with_an_outage("").await;
    let first = made(&lab);
    lab.set(HOUR_TO + 600);
    let later = made(&lab);
    assert_eq!(first.inputs.input_hash, later.inputs.input_hash);
    assert_eq!(first.evaluation, later.evaluation);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_bases_count_attempts() {
    let lab = an_hour_with_an_outage(", basis: requests").await;
    let report = made(&lab);
    // Of 5 * 360 attempts, 100 failed: 94.4444 %, without a doubt about when.
    let uptime = report.evaluation.uptime.expect("was measured").percent();
    assert_eq!(uptime, ["94.4444", "94.4444", "94.4444"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_window_tells_budget_and_burn() {
    let mut lab = Lab::start(&config(""));
    lab.set(4_400);
    lab.send(&ALL, (HOUR_FROM - 200, 4_400), &[(4_000, 4_200)]).await;
    lab.until("up again", |view| view.state.word() == "up" && view.open.is_none()).await;
    written(&lab).await;
    let slas = lab.views().slas().await.expect("is answered");
    let [sla] = slas.as_slice() else { panic!("{slas:?}") };
    assert_eq!((sla.contract.as_str(), sla.period.as_str(), sla.breach.as_str()), ("gold", HOUR, "certain"));
    assert_eq!(
        (sla.from_ms, sla.to_ms, sla.known_to_ms),
        (at(HOUR_FROM).as_millis(), at(HOUR_TO).as_millis(), START + 4_400_000)
    );
    let budget = sla.budget.expect("there is an objective");
    assert_eq!(budget.allowed_ms, 3_600);
    assert_eq!(budget.left_ms, 3_600 - budget.spent_ms);
    assert_eq!(budget.spent_ms, sla.down_ms.point);
    // About 200 s of the last 1800 s are down: 111 times what 0.1 % allows.
    let half_hour = sla.burn.iter().find(|burn| burn.stretch == "30m").and_then(|burn| burn.rate.clone());
    let rate: f64 = half_hour.expect("was measured").parse().expect("is a number");
    assert!((100.0..125.0).contains(&rate), "{rate}");
    // The exporter tells the same.
    let snapshot = lab.views().draw(None);
    assert_eq!(*snapshot.counters().slas, slas);
}

pub(super) async fn ask(lab: &Lab, period: &str, revision: Option<u32>) -> Result<String, QueryError> {
    let wanted = ReportWanted {
        contract: "gold".to_owned(),
        period: Some(period.to_owned()),
        customer: None,
        revision,
        format: ReportFormat::Json,
    };
    lab.views().report(&wanted).await.map(|report| report.body)
}

pub(super) async fn keep_round(lab: &Lab) -> Vec<Kept> {
    let sources = lab.views().sources();
    tokio::task::spawn_blocking(move || round(&sources, &mut String::new())).await.expect("does not panic")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_reported_is_said() {
    let lab = an_hour_with_an_outage("").await;
    assert!(matches!(ask(&lab, "2026-09", None).await, Err(QueryError::BadPeriod(_))));
    assert!(matches!(ask(&lab, "2027-01-01T00", None).await, Err(QueryError::BadPeriod(_))));
    assert!(matches!(ask(&lab, HOUR, Some(1)).await, Err(QueryError::UnknownRevision { .. })));
    let wanted = ReportWanted {
        contract: "silver".to_owned(),
        period: None,
        customer: None,
        revision: None,
        format: ReportFormat::Html,
    };
    assert!(matches!(lab.views().report(&wanted).await, Err(QueryError::UnknownContract(_))));
    let stranger = ReportWanted { contract: "gold".to_owned(), customer: Some("zebra".to_owned()), ..wanted };
    assert!(matches!(lab.views().report(&stranger).await, Err(QueryError::UnknownCustomer { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_gets_a_statement_of_its_own() {
    let lab = an_hour_with_an_outage("").await;
    for state in ["provisional", "final"] {
        let wanted = ReportWanted {
            contract: "gold".to_owned(),
            period: Some(HOUR.to_owned()),
            customer: Some("acme".to_owned()),
            revision: None,
            format: ReportFormat::Json,
        };
        let body = lab.views().report(&wanted).await.expect("is a customer").body;
        let statement = Document::parse(&body).expect("is understood");
        assert_eq!((statement.state.as_str(), statement.customer.as_deref()), (state, Some("acme")));
        assert_eq!(statement.customers.len(), 1);
        assert_eq!(statement.customers[0].credit, "125.00 EUR");
        assert!(!body.contains("zoo"), "{body}");
        lab.set(hours_later(72));
        keep_round(&lab).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_is_final_after_72_hours_and_not_before() {
    let mut lab = an_hour_with_an_outage("").await;
    lab.set(hours_later(72) - 1);
    assert!(!keep_round(&lab).await.iter().any(|kept| kept.key == format!("gold/{HOUR}")));
    lab.set(hours_later(72));
    let written = keep_round(&lab).await;
    assert_eq!(written.last(), Some(&Kept { key: format!("gold/{HOUR}"), revision: 1 }));
    let body = ask(&lab, HOUR, None).await.expect("is kept");
    assert_eq!(ask(&lab, HOUR, Some(1)).await.expect("is kept"), body);
    let report = Document::parse(&body).expect("is understood");
    assert_eq!((report.state.as_str(), report.revision), ("final", 1));
    assert_eq!(report.customers[0].credit, "125.00 EUR");
    // Nothing came since: the same report again is no revision, also after a restart.
    lab.set(hours_later(72) + 600);
    assert_eq!(keep_round(&lab).await, []);
    lab.restart(&config("")).await;
    lab.until("the past is read", |view| view.settled > at(HOUR_TO) && lab.views().board.loading() == 0).await;
    assert_eq!(keep_round(&lab).await, []);
    assert_eq!(ask(&lab, HOUR, None).await.expect("is kept"), body);
    let audit = lab.views().store.audit(quorate_collector_store::Window::ALWAYS).expect("is readable");
    assert!(audit.iter().any(|entry| entry.subject == format!("gold/{HOUR}") && entry.body.starts_with("revision 1")));
}

/// Two of five agents told in time, so there was no quorum; the others come back after the report is final.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_data_make_a_revision_and_leave_the_one_before() {
    let mut lab = Lab::start(&config(""));
    lab.set(hours_later(72));
    lab.send(&[0, 1], (HOUR_FROM - 200, HOUR_TO + 200), &[(4_000, 4_200)]).await;
    for index in &mut lab.seqs {
        *index = (*index).max(1_000);
    }
    lab.send(&ALL, (hours_later(72) - 300, hours_later(72)), &[]).await;
    lab.until("settled", |view| view.settled > at(HOUR_TO)).await;
    assert_eq!(keep_round(&lab).await.last().map(|kept| kept.revision), Some(1));
    let first = ask(&lab, HOUR, None).await.expect("is kept");
    assert_eq!(Document::parse(&first).expect("is understood").incidents, []);

    lab.seqs = [400, 400, 0, 0, 0];
    lab.send(&[2, 3, 4], (HOUR_FROM - 200, HOUR_TO + 200), &[(4_000, 4_200)]).await;
    written(&lab).await;
    lab.set(hours_later(73));
    let written = keep_round(&lab).await;
    assert!(written.contains(&Kept { key: format!("gold/{HOUR}"), revision: 2 }), "{written:?}");
    assert_eq!(ask(&lab, HOUR, Some(1)).await.expect("stays"), first);
    let second = Document::parse(&ask(&lab, HOUR, None).await.expect("is kept")).expect("is understood");
    let change = second.change.expect("says what changed");
    assert_eq!((change.since_revision, change.incidents_changed.len()), (1, 1));
    assert!(change.figures.contains(&["breach".to_owned(), "possible".to_owned(), "certain".to_owned()]), "{change:?}");
    assert_eq!(second.breach, "certain");
    assert_eq!(
        lab.views()
            .store
            .documents("report", Some(&format!("gold/{HOUR}")), Revisions::All)
            .expect("is readable")
            .len(),
        2
    );
}

/// What a person leaves out counts from the next look on, and no more once it is withdrawn; every revision stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_leave_out_and_take_back_is_a_revision_each() {
    let lab = an_hour_with_an_outage("").await;
    lab.set(hours_later(72));
    keep_round(&lab).await;
    let exclude = Decision::Exclude {
        class: "third_party".to_owned(),
        start_ms: at(3_900).as_millis(),
        end_ms: at(4_400).as_millis(),
        contracts: vec!["gold".to_owned()],
        announced_at_ms: None,
        recurrence: None,
        reason: "the carrier failed".to_owned(),
        approver: Some("bert".to_owned()),
        evidence: Vec::new(),
    };
    let entered = lab.views().decide(&exclude, "anna").await.expect("is taken");
    lab.set(hours_later(73));
    assert_eq!(keep_round(&lab).await.last().map(|kept| kept.revision), Some(2));
    let second = Document::parse(&ask(&lab, HOUR, None).await.expect("is kept")).expect("is understood");
    assert_eq!((second.breach.as_str(), second.customers[0].credit.as_str()), ("none", "0.00 EUR"));
    let [line] = second.exclusions.as_slice() else { panic!("{:?}", second.exclusions) };
    assert_eq!((line.author.as_deref(), line.approver.as_deref()), (Some("anna"), Some("bert")));
    assert_eq!(line.excluded_ms, 500_000);
    let change = second.change.expect("says what changed");
    assert!(change.figures.iter().any(|[what, ..]| what == "exclusions"), "{change:?}");

    let withdraw =
        Decision::Withdraw { id: entered.key, reason: "it was ours".to_owned(), approver: Some("bert".to_owned()) };
    lab.views().decide(&withdraw, "anna").await.expect("is taken");
    lab.set(hours_later(74));
    assert_eq!(keep_round(&lab).await.last().map(|kept| kept.revision), Some(3));
    let third = Document::parse(&ask(&lab, HOUR, None).await.expect("is kept")).expect("is understood");
    assert_eq!((third.exclusions.len(), third.customers[0].credit.as_str()), (0, "125.00 EUR"));
    assert!(ask(&lab, HOUR, Some(2)).await.expect("stays").contains("the carrier failed"));
}

/// Attempts are counted from a minute before the window on; where that is no longer kept, the report stays as it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_is_not_made_again_of_a_part_of_its_samples() {
    let lab = an_hour_with_an_outage(", basis: requests").await;
    lab.set(hours_later(72));
    keep_round(&lab).await;
    let first = ask(&lab, HOUR, None).await.expect("is kept");
    let retention = lab.views().sources().configured.config.retention.samples.get() / 1000;
    for before_window in [90, 30, 0] {
        lab.set(HOUR_FROM - before_window + retention);
        keep_round(&lab).await;
        assert_eq!(ask(&lab, HOUR, None).await.expect("is kept"), first, "{before_window} s before it");
    }
}

/// The billing month from the 15th has the name of the calendar month whose report is kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_of_the_same_name_does_not_revise_the_report_of_another() {
    let lab = Lab::start(&config("").replace("calendar_hour", "calendar_month"));
    lab.until("the past is read", |_| lab.views().board.loading() == 0).await;
    // October 4, 72 hours after the month.
    let october = 224;
    lab.set(hours_later(october + 72));
    lab.until("judged", |view| view.judged_to() >= at(hours_later(october))).await;
    assert_eq!(keep_round(&lab).await, [Kept { key: "gold/2026-09".to_owned(), revision: 1 }]);
    let kept = ask(&lab, "2026-09", None).await.expect("is kept");
    let billing = config("").replace("calendar_hour", "{billing_month: {anchor_day: 15}}");
    lab.core().reload(loaded(&billing)).await.expect("is put into force");
    lab.set(hours_later(october + 20 * 24));
    lab.until("judged", |view| view.judged_to() >= at(hours_later(october + 15 * 24))).await;
    assert_eq!(keep_round(&lab).await, []);
    assert_eq!(ask(&lab, "2026-09", None).await.expect("is kept"), kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terms_changed_afterwards_do_not_rewrite_the_past_but_approved_exclusions_do() {
    let lab = an_hour_with_an_outage("").await;
    lab.set(hours_later(72));
    keep_round(&lab).await;
    let other = config("").replace("percent: 25", "percent: 50").replace("499.99", "600.00");
    lab.core().reload(loaded(&other)).await.expect("is put into force");
    assert_eq!(made(&lab).statements[0].credit.to_string(), "125.00 EUR");
    assert_eq!(keep_round(&lab).await, []);
    // 4000 to 4300 s are 15:20:00 to 15:25:00 of that day.
    let excluded = config(
        ", exclusions: [{class: third_party, start: \"2026-09-21T15:15:00Z\", end: \"2026-09-21T15:30:00Z\", \
         reason: the carrier failed, author: anna, approver: bert, recorded_at: \"2026-09-24T18:00:00Z\"}]",
    );
    lab.core().reload(loaded(&excluded)).await.expect("is put into force");
    let written = keep_round(&lab).await;
    assert_eq!(written, [Kept { key: format!("gold/{HOUR}"), revision: 2 }]);
    let second = Document::parse(&ask(&lab, HOUR, None).await.expect("is kept")).expect("is understood");
    assert_eq!((second.breach.as_str(), second.customers[0].credit.as_str()), ("none", "0.00 EUR"));
    assert_eq!(second.incidents.len(), 1, "the outage stays in the report");
}
