use super::*;
use crate::complete::{all_leaves, document, value_of};
use crate::document::ExclusionLine;

fn lines(now: Document, earlier: &Document) -> Vec<String> {
    let change = now.with_change_since(earlier).change.expect("what changed");
    change.figures.iter().map(|[what, before, now]| format!("{what}: {before} > {now}")).collect()
}

#[test]
fn a_printing_made_again_says_the_same() {
    let first = document();
    let again = Document { revision: 2, state: "final".to_owned(), made_at_ms: 1, ..first.clone() };
    assert!(again.says_the_same_as(&first));
    assert_eq!(lines(again, &first), [""; 0]);
}

#[test]
fn what_came_changed_or_went_is_told_by_name() {
    let first = document();
    let mut now = first.clone();
    now.customers[0].credit = "1.00 EUR".to_owned();
    let maintenance = ExclusionLine { class: "maintenance".to_owned(), ..first.exclusions[0].clone() };
    now.exclusions = vec![ExclusionLine { refused: Vec::new(), start_ms: 0, excluded_ms: 60_000, ..maintenance }];
    let gone = &first.exclusions[0];
    assert_eq!(
        lines(now, &first),
        [
            format!("exclusions: 1 entries, {} left out > 1 entries, 1 min 00 s left out", span(gone.excluded_ms)),
            "maintenance of 1970-01-01 01:00:00 CET: - > 1 min 00 s left out".to_owned(),
            format!("credit of {}: {} > 1.00 EUR", first.customers[0].customer, first.customers[0].credit),
            format!(
                "{} of {}: {} left out: {} > -",
                gone.class,
                Moments::new("Europe/Berlin").second(gone.start_ms),
                span(gone.excluded_ms),
                gone.refused.join("; ")
            ),
        ]
    );
}

#[test]
fn a_difference_in_no_figure_is_named_by_its_part() {
    let first = document();
    let mut now = first.clone();
    now.worst[0].down_ms += 1;
    assert!(!now.says_the_same_as(&first));
    assert_eq!(lines(now, &first), ["details of: - > worst"]);
}

#[test]
fn what_an_earlier_program_could_not_say_is_no_change() {
    let now = document();
    let frozen = now.clone().in_format(1);
    assert_ne!(now, frozen);
    assert!(now.says_the_same_as(&frozen));
    let change = now.clone().with_change_since(&frozen).change.expect("a change");
    assert_eq!((change.figures.len(), change.incidents_changed.len()), (0, 0));
    let mut other = now;
    other.incidents[0].billed_ms += 1;
    assert!(!other.says_the_same_as(&frozen));
    let change = other.clone().with_change_since(&frozen).change.expect("a change");
    assert_eq!(change.incidents_changed, [other.incidents[0].id.as_str()]);
}

/// What is no difference between two revisions: which printing it is, and the sentences of the program that made it.
const NOT_COMPARED: [&str; 16] = [
    "format",
    "state",
    "revision",
    "made_at_ms",
    "input_hash",
    "credit_steps",
    "outages.not_counted",
    "exclusions.refused",
    "customers.steps",
    "checks.quorum",
    "rules.about",
    "rules.says",
    "change.since_revision",
    "change.figures",
    "change.incidents_changed",
    "change.incidents_gone",
];

/// Every leaf by itself: a later program that words a rule or a reason otherwise makes no revision of what is frozen,
/// and nothing else can change unnoticed.
#[test]
fn only_what_happened_is_compared() {
    let mut first = document();
    // How far an outage reaches behind the period is not compared.
    first.outages[0].end_ms = first.period.end_ms - 60_000;
    for leaf in all_leaves() {
        let mut value = value_of(&first);
        let place = value.pointer_mut(&leaf.pointer).expect("the leaf is there");
        *place = match &leaf.value {
            serde_json::Value::String(_) => "other words".into(),
            _ => (place.as_u64().expect("a whole number") + 1).into(),
        };
        let now: Document = serde_json::from_value(value).expect("is a document");
        let is_left_out = NOT_COMPARED.contains(&leaf.path.as_str());
        assert_eq!(now.says_the_same_as(&first), is_left_out, "{}", leaf.pointer);
        let change = now.with_change_since(&first).change.expect("what changed");
        let is_told = !(change.figures.is_empty() && change.incidents_changed.is_empty());
        assert_eq!(is_told, !is_left_out, "{}: {change:?}", leaf.pointer);
    }
}

#[test]
fn a_reason_that_comes_or_goes_is_a_change() {
    let first = document();
    let mut now = first.clone();
    now.exclusions[0].refused.truncate(1);
    assert!(!now.says_the_same_as(&first));
    let line = &first.exclusions[0];
    let (why, left_out) = (&line.refused, span(line.excluded_ms));
    let what = format!("{} of {}", line.class, Moments::new("Europe/Berlin").second(line.start_ms));
    let expected = format!("{what}: {left_out} left out: {}; {} > {left_out} left out: {}", why[0], why[1], why[0]);
    assert_eq!(lines(now, &first), [expected]);
    let mut now = first.clone();
    now.outages[0].not_counted = None;
    assert!(!now.says_the_same_as(&first));
    assert_eq!(lines(now, &first), ["outages: 1, of which 0 count > 1, of which 1 count"]);
}

#[test]
fn thousands_of_figures_are_told_in_their_order() {
    let mut first = document();
    first.support = vec![first.support[0].clone(); 20_000];
    for (place, line) in first.support.iter_mut().enumerate() {
        line.incident = format!("shop-{place}");
    }
    let mut now = first.clone();
    now.support.iter_mut().for_each(|line| line.kept = "met".to_owned());
    let told = lines(now, &first);
    let expected = first.support.iter().map(|line| format!("{} of {}", line.promise, line.incident));
    assert!(told.len() == 20_000 && told.iter().zip(expected).all(|(told, start)| told.starts_with(&start)));
}

#[test]
fn an_incident_that_only_lasts_is_no_change_and_its_end_is_one() {
    let mut first = document();
    first.incidents[0].end_ms = None;
    first.outages[0].end_ms = first.period.end_ms + 60_000;
    let mut later = first.clone();
    later.outages[0].end_ms += 60_000;
    let line = &mut later.incidents[0];
    line.billed_ms += 60_000;
    line.support += 30;
    line.end_bounds_ms = line.end_bounds_ms.map(|ms| ms + 60_000);
    assert!(later.says_the_same_as(&first));
    let mut ended = later.clone();
    ended.incidents[0].end_ms = Some(ended.incidents[0].end_bounds_ms[0]);
    assert!(!ended.says_the_same_as(&later));
    let change = ended.with_change_since(&first).change.expect("what changed");
    assert_eq!(change.incidents_changed, [first.incidents[0].id.clone()]);
}
