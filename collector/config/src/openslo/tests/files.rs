//! Files of several objects, and the indicators in them.

use super::{LATENCY, RATIO, import, imported, slo_of};
use crate::openslo;

const ROLLING: &str = "{duration: 30d, isRolling: true}";

fn named(name: &str, indicator: &str) -> String {
    slo_of(indicator, ROLLING, "Occurrences", "{target: 0.99, op: lt, value: 300}")
        .replace("{name: c}", &format!("{{name: {name}}}"))
}

fn sli(name: &str, indicator: &str) -> String {
    let spec = indicator.strip_prefix('{').and_then(|text| text.strip_suffix('}')).expect("a map");
    format!("apiVersion: openslo/v1\nkind: SLI\nmetadata: {{name: {name}}}\n{spec}\n")
}

fn remarks(text: &str, name: Option<&str>) -> Vec<String> {
    let imported = openslo::import(text, name).unwrap_or_else(|errors| panic!("{text}\n{errors:#?}"));
    imported.remarks.iter().map(ToString::to_string).collect()
}

fn errors(text: &str, name: Option<&str>) -> Vec<String> {
    let errors = openslo::import(text, name).expect_err(text);
    errors.iter().map(ToString::to_string).collect()
}

/// The objects as documents and as one list, which say the same.
fn both(objects: &[String]) -> [String; 2] {
    let item = |object: &String| {
        let mut lines = object.lines();
        let first = format!("- {}\n", lines.next().unwrap_or_default());
        lines.fold(first, |text, line| format!("{text}  {line}\n"))
    };
    [format!("---\n{}", objects.join("---\n")), objects.iter().map(item).collect()]
}

#[test]
fn a_reference_is_looked_up_in_the_file() {
    let service = "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: web}\nspec: {}\n".to_owned();
    let objects = [service, named("fast", "indicatorRef: latency"), sli("latency", LATENCY), sli("errors", RATIO)];
    for text in both(&objects) {
        let told = remarks(&text, None);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].ends_with("Service web is left out, as a contract is made of an SLO and its SLI alone"));
        assert!(told[1].ends_with("SLI errors is left out, as the SLO does not refer to it"));
        assert_eq!(imported(&text).contract.terms().objectives.latency.len(), 1);
    }
    let elsewhere = remarks(&named("fast", "indicatorRef: latency"), None);
    assert!(elsewhere[0].ends_with("what it refers to is not in the file"), "{elsewhere:?}");
    let twice = [named("fast", "indicatorRef: latency"), sli("latency", LATENCY), sli("latency", RATIO)].join("---\n");
    assert_eq!(errors(&twice, None), ["16:1: is the second SLI with the name latency"]);
}

#[test]
fn one_of_several_slos_is_chosen_by_name() {
    let objects = [named("fast", &format!("indicator: {LATENCY}")), named("good", &format!("indicator: {RATIO}"))];
    for text in both(&objects) {
        let chosen = openslo::import(&text, Some("fast")).expect("is an SLO");
        assert_eq!((chosen.contract.terms().id.as_str(), chosen.remarks), ("fast", Vec::new()));
        let chosen = openslo::import(&text, Some("good")).expect("is an SLO");
        assert_eq!((chosen.contract.terms().id.as_str(), chosen.remarks.len()), ("good", 2));
        let told = errors(&text, None);
        assert!(
            told[0].ends_with("is one of 2 SLOs, and a contract is made of one; choose one by its name: fast, good")
        );
        let told = errors(&text, Some("fasd"));
        assert!(told[0].ends_with("no SLO has the name fasd; there are fast, good; did you mean fast?"), "{told:?}");
    }
    let twice = both(&[objects[0].clone(), objects[0].clone()]);
    assert!(errors(&twice[0], Some("fast"))[0].ends_with("is the second SLO with the name fast"));
    assert!(errors(&objects[0], Some("good"))[0].ends_with("no SLO has the name good; there are fast"));
}

#[test]
fn a_file_without_an_slo_says_what_it_has() {
    let told = |text: &str| errors(text, None);
    assert_eq!(told(&sli("latency", LATENCY)), ["1:1: expected an object of kind SLO, found SLI"]);
    assert_eq!(told("[]"), ["1:1: expected an object of kind SLO, found nothing"]);
    assert_eq!(told(""), ["1:1: expected a map, found nothing"]);
    assert_eq!(
        told("{apiVersion: openslo/v1}\n---\n{kind: SLO}"),
        [
            "1:1: misses the key `kind`",
            "3:1: misses the key `apiVersion`",
            "3:1: misses the key `metadata`",
            "3:1: misses the key `spec`",
        ]
    );
    let wrong = told("kind: SLOs\nmetadata: {name: c}");
    assert_eq!(wrong.len(), 3, "the only object is read on: {wrong:?}");
}

#[test]
fn indicators_are_read_by_their_rules() {
    let source = |word: &str| format!("{{metricSource: {{type: quorate, spec: {{measure: {word}}}}}}}");
    let other = "{metricSource: {metricSourceRef: main, spec: {query: q}}}";
    let (good, bad, all, latency) =
        (source("good_attempts"), source("failed_attempts"), source("all_attempts"), source("latency_ms"));
    let referring = good.replace("type: quorate", "type: quorate, metricSourceRef: main");
    for (spec, told) in [
        (format!("ratioMetric: {{good: {good}, total: {all}}}"), Some(0)),
        (format!("ratioMetric: {{bad: {bad}, total: {all}, counter: false}}"), Some(0)),
        (format!("ratioMetric: {{good: {referring}, total: {all}}}"), Some(1)),
        (format!("ratioMetric: {{good: {other}, total: {other}}}"), Some(2)),
        (format!("ratioMetric: {{good: {good}, total: {other}}}"), Some(1)),
        (format!("ratioMetric: {{raw: {other}, rawType: success}}"), Some(1)),
        (format!("ratioMetric: {{raw: {other}, rawType: failure}}"), Some(2)),
        (format!("ratioMetric: {{good: {good}, total: {all}, rawType: success}}"), Some(1)),
        (format!("ratioMetric: {{raw: {other}}}"), None),
        (format!("ratioMetric: {{raw: {good}, rawType: success}}"), None),
        (format!("ratioMetric: {{raw: {other}, rawType: success, total: {other}}}"), None),
        (format!("ratioMetric: {{good: {good}}}"), None),
        (format!("ratioMetric: {{total: {all}}}"), None),
        (format!("ratioMetric: {{good: {good}, bad: {bad}, total: {all}}}"), None),
        (format!("ratioMetric: {{good: {latency}, total: {all}}}"), None),
        (format!("thresholdMetric: {good}"), None),
        (format!("thresholdMetric: {latency}, ratioMetric: {{good: {good}, total: {all}}}"), None),
        ("description: none".to_owned(), None),
    ] {
        let text = slo_of(&format!("indicator: {{spec: {{{spec}}}}}"), ROLLING, "Occurrences", "{target: 0.99}");
        match (import(&text), told) {
            (Ok(imported), Some(told)) => assert_eq!(imported.remarks.len(), told, "{spec}: {:?}", imported.remarks),
            (Err(errors), None) => {
                assert!(errors.iter().all(|error| error.path.starts_with("spec.indicator")), "{spec}: {errors:?}");
            }
            (other, _) => panic!("{spec}: {other:?}"),
        }
    }
}

#[test]
fn an_indicator_stands_in_one_place() {
    let own = format!("{{target: 0.99, indicator: {RATIO}}}");
    assert_eq!(remarks(&slo_of("", ROLLING, "Occurrences", &own), None), Vec::<String>::new());
    let twice = errors(&slo_of(&format!("indicator: {RATIO}"), ROLLING, "Occurrences", &own), None);
    assert!(twice[0].contains("spec.objectives[0]: has an indicator beside that of the whole SLO"), "{twice:?}");
    let both = errors(
        &slo_of(&format!("indicatorRef: x\n  indicator: {RATIO}"), ROLLING, "Occurrences", "{target: 0.9}"),
        None,
    );
    assert!(both[0].contains("spec.indicatorRef: stands beside indicator"), "{both:?}");
    let none = remarks(&slo_of("", ROLLING, "Occurrences", "{target: 0.99}"), None);
    assert!(none[0].contains("spec.objectives[0]: has no indicator, nor has the SLO"), "{none:?}");
}

#[test]
fn a_window_and_a_name_may_be_missing() {
    let text = slo_of(&format!("indicator: {RATIO}"), "", "Occurrences", "{target: 0.99}")
        .replace("{name: c}", "{name: c, displayName: \"\"}");
    let found = imported(&text);
    let told: Vec<String> = found.remarks.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["5:3: spec: has no timeWindow; the contract's window is calendar_month in UTC"]);
    let terms = found.contract.terms();
    assert_eq!((terms.window.as_str(), terms.timezone.as_str(), terms.name.as_str()), ("calendar_month", "UTC", "c"));
    let long = text.replace("\"\"", &"long ".repeat(50));
    assert_eq!(imported(&long).remarks.len(), 2);
}
