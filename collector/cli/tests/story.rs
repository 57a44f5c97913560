//! The demonstration's story with the real programs: the collector has to say the truth of every fault.

use std::path::Path;
use std::process::Command;

#[test]
fn the_collector_says_the_truth_of_every_fault() {
    let quorate = Path::new(env!("CARGO_BIN_EXE_quorate"));
    let directory = quorate.parent().expect("a program lies in a directory");
    if std::env::var("QUORATE_TEST_REQUIRE").as_deref() != Ok("all") {
        eprintln!(
            "skipped: it takes 100 s and needs quorate-collector and quorate-agent of the same version in {}; \
             build them and set QUORATE_TEST_REQUIRE=all",
            directory.display()
        );
        return;
    }
    let output = Command::new(quorate)
        .args(["demo", "--story", "--output", "json", "--bin-dir"])
        .arg(directory)
        .output()
        .expect("the program under test starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("no report: {error}; {errors}"));
    let steps = report["steps"].as_array().expect("the report has steps");
    let letters: Vec<_> = steps.iter().filter_map(|step| step["step"].as_str()).collect();
    let lies: Vec<String> = steps
        .iter()
        .filter(|step| step["verdict"] != true)
        .map(|step| format!("({}) {}: {}", step["step"], step["title"], step["why"]))
        .collect();
    assert!(lies.is_empty(), "{}", lies.join("\n"));
    assert_eq!(letters, ["0", "a", "b", "c", "d", "e", "f"]);
    assert!(output.status.success() && report["truthful"] == true, "{errors}");
}
