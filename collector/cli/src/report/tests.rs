use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;

use quorate_collector_report::Document;

use crate::exit::Exit;
use crate::tests::quorate;

const CONTRACT: &str = "\
id: shop-gold
name: Web shop, gold
service: shop
objectives: {availability: \"99.95%\"}
credit: {tiers: [{below: \"99.95%\", percent: 10}, {below: \"99.0%\", percent: 25}], claim_within_days: 30}
";

/// November 2026, down for two hours.
const SEGMENTS: &str = r#"{"check":"shop","start_ms":1793491200000,"end_ms":1793754000000,"state":"up"}
{"check":"shop","start_ms":1793754000000,"end_ms":1793761200000,"state":"down"}
{"check":"shop","start_ms":1793761200000,"end_ms":1796083200000,"state":"up"}
"#;

const INCIDENT: &str = r#"{"id":"shop-1","check":"shop","start_ms":1793754000000,"end_ms":1793761200000,"start_bounds_ms":[1793753990000,1793754000000],"end_bounds_ms":[1793761200000,1793761210000],"class":"outage","billed_ms":7200000,"regions":["fra","iad"],"support":720,"revision":1,"settled":true,"changes":[]}"#;

const CONFIG: &str = "\
regions: [{id: fra, provider: hetzner}, {id: iad, provider: aws}]
checks: [{id: shop, icmp: {host: h}}]
slas: [{file: contract.yaml}]
plans: [{id: gold, contract: shop-gold}]
customers: [{id: acme, name: ACME Ltd, plan: gold, fee: 499.99 EUR}]
";

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        for (name, text) in [
            ("contract.yaml", CONTRACT),
            ("segments.jsonl", SEGMENTS),
            ("incidents.jsonl", INCIDENT),
            ("collector.yaml", CONFIG),
        ] {
            std::fs::write(scratch.path().join(name), text).expect("the file can be written");
        }
        Self(scratch)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn run(&self, line: &[&str]) -> (Exit, String, String) {
        let line: Vec<String> =
            line.iter().map(|word| word.strip_prefix('@').map_or((*word).to_owned(), |name| self.path(name))).collect();
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        quorate(&[&["report"], line.as_slice()].concat())
    }
}

#[test]
fn files_make_a_report_with_incidents_and_credits() {
    let files = Files::new();
    let line = ["--contract", "@contract.yaml", "--segments", "@segments.jsonl", "--incidents", "@incidents.jsonl"];
    let more = ["--config", "@collector.yaml", "--period", "2026-11", "--output", "json"];
    let (exit, out, err) = files.run(&[&line[..], &more].concat());
    assert_eq!((exit, err.as_str()), (Exit::Fine, ""));
    let report = Document::parse(&out).expect("is a report");
    assert_eq!((report.ledger.total_ms, report.ledger.down_ms), (2_592_000_000, 7_200_000));
    assert_eq!((report.breach.as_str(), report.state.as_str()), ("certain", "provisional"));
    // Two of 720 hours are 99.7222 %: the first step.
    assert_eq!(report.uptime_percent.as_ref().map(|uptime| uptime.point.as_str()), Some("99.7222"));
    let credits: Vec<_> = report.customers.iter().map(|line| (line.customer.as_str(), line.credit.as_str())).collect();
    assert_eq!(credits, [("acme", "50.00 EUR")]);
    assert_eq!(report.incidents.iter().map(|line| line.id.as_str()).collect::<Vec<_>>(), ["shop-1"]);
    // The contract by its id in the configuration makes the same report, but for when it was made.
    let by_id = ["shop-gold", "--segments", "@segments.jsonl", "--incidents", "@incidents.jsonl"];
    let (exit, again, err) = files.run(&[&by_id[..], &more].concat());
    assert_eq!((exit, err.as_str()), (Exit::Fine, ""));
    let again = Document::parse(&again).expect("is a report");
    assert_eq!(Document { made_at_ms: report.made_at_ms, ..again }, report);

    let (exit, out, err) = files.run(&[&by_id[..], &more, &["--customer", "acme"]].concat());
    assert_eq!((exit, err.as_str()), (Exit::Fine, ""));
    assert_eq!(Document::parse(&out).expect("is a report").customer.as_deref(), Some("acme"));
    let (exit, out, err) = files.run(&[&by_id[..], &more, &["--customer", "zoo"]].concat());
    assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
    assert!(err.contains("--customer") && err.contains("zoo is no customer; there are acme"), "{err}");
}

#[test]
fn a_kept_report_is_written_in_every_format() {
    let files = Files::new();
    let line = ["--contract", "@contract.yaml", "--segments", "@segments.jsonl", "--period", "2026-11"];
    let (exit, out, err) = files.run(&[&line[..], &["--format", "json", "--out", "@kept.json"]].concat());
    assert_eq!((exit, out.as_str(), err.as_str()), (Exit::Fine, "", ""));
    for (format, begins) in [("json", "{"), ("html", "<!"), ("md", "#")] {
        let (exit, out, err) = files.run(&["--kept", "@kept.json", "--format", format]);
        assert_eq!((exit, err.as_str()), (Exit::Fine, ""));
        assert!(out.trim_start().starts_with(begins), "{format}: {out}");
        assert!(out.contains("99.7222"), "{format}: {out}");
    }
    let (exit, out, _) = files.run(&["--kept", "@kept.json", "--format", "csv"]);
    assert_eq!(exit, Exit::Fine);
    assert!(out.contains("shop-gold"), "{out}");
}

#[test]
fn wrong_input_is_told_with_its_place() {
    let files = Files::new();
    std::fs::write(files.path("bad.jsonl"), "{\"id\":1}\n").expect("the file can be written");
    let reversed = INCIDENT.replace("\"end_ms\":1793761200000", "\"end_ms\":1793750000000");
    std::fs::write(files.path("reversed.jsonl"), format!("{INCIDENT}\n{reversed}")).expect("the file can be written");
    let far = INCIDENT.replace("\"billed_ms\":7200000", &format!("\"billed_ms\":{}", i64::MIN));
    std::fs::write(files.path("far.jsonl"), far).expect("the file can be written");
    let base = ["--contract", "@contract.yaml", "--segments", "@segments.jsonl"];
    for (more, expected) in [
        (&["--period", "2026"][..], "--period"),
        (&["--period", "2026-11", "--incidents", "@bad.jsonl"], "bad.jsonl:1"),
        (&["--period", "2026-11", "--incidents", "@reversed.jsonl"], "reversed.jsonl:2"),
        (&["--period", "2026-11", "--incidents", "@far.jsonl"], "billed_ms: -9223372036854775808 is not between"),
        (&[], "--period"),
    ] {
        let (exit, out, err) = files.run(&[&base[..], more].concat());
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{err}");
        assert!(err.contains(expected), "{expected}: {err}");
    }
    let unknown = ["silver", "--config", "@collector.yaml", "--segments", "@segments.jsonl", "--period", "2026-11"];
    let (_, _, err) = files.run(&unknown);
    assert!(err.contains("no contract silver") && err.contains("shop-gold"), "{err}");
    let (exit, _, err) = files.run(&["--kept", "@contract.yaml"]);
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains("contract.yaml"), "{err}");
    let (exit, _, err) = files.run(&[]);
    assert_eq!(exit, Exit::Usage, "{err}");
}

/// A collector that answers one question; joined, it gives the request's first line.
fn collector(body: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    let url = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the client connects");
        let mut lines = BufReader::new(stream.try_clone().expect("a socket can be shared")).lines();
        let first = lines.next().expect("there is a request").expect("it can be read");
        lines.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).for_each(drop);
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).expect("the answer can be written");
        first
    });
    (url, server)
}

#[test]
fn a_collector_is_asked_for_the_window_the_revision_and_the_format() {
    let (url, server) = collector("<!doctype html>the report\n");
    let more = ["--period", "2026-10", "--revision", "2", "--format", "html", "--collector", &url];
    let (exit, out, err) = quorate(&[&["report", "gold"][..], &more].concat());
    assert_eq!((exit, err.as_str(), out.as_str()), (Exit::Fine, "", "<!doctype html>the report\n"));
    let request = server.join().expect("the server does not panic");
    assert_eq!(request, "GET /api/v1/slas/gold/report?format=html&period=2026-10&revision=2 HTTP/1.1");
    // For programs it is JSON, of the window that runs.
    let (url, server) = collector("{}");
    let (exit, out, _) = quorate(&["report", "gold", "--output", "json", "--collector", &url]);
    assert_eq!((exit, out.as_str()), (Exit::Fine, "{}"));
    let request = server.join().expect("the server does not panic");
    assert_eq!(request, "GET /api/v1/slas/gold/report?format=json HTTP/1.1");
}
