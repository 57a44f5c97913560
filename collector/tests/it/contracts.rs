//! An outage that the real program sees becomes a line in a report, with what is owed.

use quorate_collector_report::Document;
use quorate_proto::api;

use crate::lab::{Agent, Place, now_ms, request, slots, state, until, within};
use crate::process::Program;

/// What stands behind the list of checks; its own bracket closes the last list. The window is yesterday and today, so that
/// midnight does not cut it.
const CONFIG: &str = "{id: shop, name: Shop, icmp: {host: h}, timeout: 1s}]
slas: [{file: sla/gold.yaml}]
plans: [{id: pro, contract: gold}]
customers: [{id: acme, plan: pro, fee: 499.99 EUR}";

const GOLD: &str = "\
id: gold
name: Web shop, gold
service: shop
window: {rolling_days: 2}
objectives: {availability: \"99.99%\"}
credit:
  tiers: [{below: \"99.99%\", percent: 10}, {below: \"95%\", percent: 25}]
";

const BREACH: &str = "quorate_sla_breach{contract=\"gold\",breach=\"certain\"} 1";

const REPORT: &str = "/api/v1/slas/gold/report";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_becomes_a_line_in_a_report_with_the_right_credit() {
    let place = Place::new(CONFIG);
    std::fs::create_dir(place.dir.path().join("sla")).expect("there is space");
    std::fs::write(place.dir.path().join("sla/gold.yaml"), GOLD).expect("there is space");
    let program = Program::start(&place);
    let now = now_ms();
    let (broke, back) = (now - 120_000, now - 60_000);
    for index in 0..5 {
        let mut agent = Agent::connect(program.grpc, index).await;
        agent.send(slots(index, now - 300_000, now), |start| (broke..back).contains(&start)).await;
    }
    state(program.http, "up").await;
    // Before all five were heard the outage may have ended as three saw it.
    let ended = |told: &api::Incidents| {
        told.incidents.first().is_some_and(|incident| incident.end_ms.is_some() && incident.regions.len() == 5)
    };
    let incident = until(program.http, "/api/v1/incidents", ended).await.incidents.remove(0);

    let whole = |report: &Document| report.incidents.iter().any(|i| i.end_ms.is_some() && i.regions.len() == 5);
    let told = until(program.http, REPORT, whole).await;
    assert_eq!((told.state.as_str(), told.revision, told.breach.as_str()), ("provisional", 1, "certain"));
    let [line] = told.incidents.as_slice() else { panic!("{:?}", told.incidents) };
    assert_eq!((line.id.as_str(), line.billed_ms, line.regions.len()), (incident.id.as_str(), incident.billed_ms, 5));
    assert_eq!(line.failures.first().map(|seen| seen.what.as_str()), Some("connect_timeout"));
    assert!(!line.evidence.is_empty());
    let ledger = &told.ledger;
    assert_eq!(ledger.up_ms + ledger.down_ms + ledger.unknown_ms + ledger.excluded_ms, ledger.total_ms);
    assert_eq!(ledger.down_ms, incident.billed_ms);
    assert!((ledger.down_ms - 60_000).abs() < 12_000, "{ledger:?}");
    // A minute of the five that are known: below 95 %, so a quarter of 499.99, half to even.
    let credits: Vec<_> = told.customers.iter().map(|line| (line.customer.as_str(), line.credit.as_str())).collect();
    assert_eq!(credits, [("acme", "125.00 EUR")]);

    for (format, begins) in [("csv", ""), ("md", "#"), ("html", "<!")] {
        let (status, body) = request(program.http, "GET", &format!("{REPORT}?format={format}")).await;
        assert_eq!(status, 200, "{body}");
        assert!(
            body.trim_start().to_lowercase().starts_with(begins) && body.contains("125.00 EUR"),
            "{format}: {body}"
        );
    }
    // What is told of contracts may be some seconds old.
    let certain = |told: &api::Slas| told.slas.first().is_some_and(|sla| sla.breach == "certain");
    let slas = until(program.http, "/api/v1/slas", certain).await;
    let budget = slas.slas[0].budget.expect("there is an objective");
    assert_eq!((slas.slas[0].breach.as_str(), budget.allowed_ms), ("certain", 17_280));
    assert_eq!(budget.left_ms, budget.allowed_ms - slas.slas[0].down_ms.point);
    let exported = async {
        while !request(program.http, "GET", "/metrics").await.1.contains(BREACH) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    within("the breach among the metrics", exported).await;
    program.signal("-TERM");
    assert_eq!(program.ended(), 0);
}
