use crate::tests::quorate;

use super::*;

fn file(text: &str) -> (tempfile::TempDir, String) {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let path = scratch.path().join("collector.yaml");
    std::fs::write(&path, text).expect("the file can be written");
    let path = path.to_str().expect("temporary paths are UTF-8").to_owned();
    (scratch, path)
}

const WRONG: &str = "\
regions:
  - {id: fra, provider: hetzner}
  - {id: fra, provider: aws}
checks:
  - id: shop
    http: {url: \"https://shop.example.com/\"}
    intervall: 10s
    timeout: 0s
";

#[test]
fn every_error_is_told_at_once_with_its_place() {
    let (_scratch, path) = file(WRONG);
    let (exit, out, err) = quorate(&["config", "check", &path]);
    assert_eq!((exit, err.as_str()), (Exit::No, ""));
    for expected in ["collector.yaml:3:", "collector.yaml:7:5", "collector.yaml:8:", "intervall", "^", "errors in"] {
        assert!(out.contains(expected), "{expected} is missing in {out}");
    }
    let (_, out, _) = quorate(&["config", "check", &path, "--output", "json"]);
    let json: serde_json::Value = serde_json::from_str(&out).expect("the answer is JSON");
    assert_eq!(json["valid"], false);
    let errors = json["errors"].as_array().expect("a list of errors");
    assert!(errors.len() >= 3, "{out}");
    assert!(errors.iter().all(|error| error["line"].is_u64() && error["snippet"].is_string()), "{out}");
    assert!(errors.iter().any(|error| error["path"] == "checks[0].intervall" && error["column"] == 5), "{out}");
}

#[test]
fn a_right_file_is_summed_up() {
    let text = WRONG.replace("{id: fra, provider: aws}", "{id: iad, provider: aws}").replace("intervall", "interval");
    let (_scratch, path) = file(&text.replace("timeout: 0s", "timeout: 3s"));
    let (exit, out, err) = quorate(&["config", "check", &path]);
    assert_eq!(exit, Exit::Fine, "{out}{err}");
    assert!(out.ends_with("2 regions of 2 providers, 1 check, 0 references, 0 contracts, 0 customers\n"), "{out}");
}

#[test]
fn contracts_in_files_are_read_beside_the_configuration() {
    let text =
        "regions: [{id: fra, provider: a}]\nchecks: [{id: shop, icmp: {host: h}}]\nslas: [{file: sla/gold.yaml}]\n";
    let (scratch, path) = file(text);
    let (exit, out, _) = quorate(&["config", "check", &path]);
    assert_eq!(exit, Exit::No);
    assert!(out.contains("sla/gold.yaml cannot be read: No such file"), "{out}");
    std::fs::create_dir(scratch.path().join("sla")).expect("can be made");
    let contract = scratch.path().join("sla/gold.yaml");
    std::fs::write(&contract, "id: gold\nservice: shopp\n").expect("can be written");
    let (_, out, _) = quorate(&["config", "check", &path]);
    assert!(out.contains("no check has the id shopp; did you mean shop?"), "{out}");
    std::fs::write(&contract, "id: gold\nservice: shop\n").expect("can be written");
    let (exit, out, _) = quorate(&["config", "check", &path]);
    assert_eq!(exit, Exit::Fine, "{out}");
    assert!(out.contains("1 contract"), "{out}");
}

#[test]
fn a_file_that_is_not_there_is_bad_input() {
    let (exit, _, err) = quorate(&["config", "check", "/nonexistent/collector.yaml"]);
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains("/nonexistent/collector.yaml: cannot be read"), "{err}");
}

#[test]
fn commands_that_need_a_right_file_tell_the_first_error_in_one_sentence() {
    let (_scratch, path) = file(WRONG);
    let error = load(&PathBuf::from(path)).expect_err("the file is wrong");
    let sentence = error.sentence();
    assert_eq!(sentence.lines().count(), 1);
    assert!(sentence.contains("collector.yaml:3:") && sentence.contains("more errors"), "{sentence}");
}
