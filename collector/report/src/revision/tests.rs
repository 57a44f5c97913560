use super::*;
use crate::complete::document;
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
    now.rules[0].says = "counts as down".to_owned();
    let maintenance = ExclusionLine { class: "maintenance".to_owned(), ..first.exclusions[0].clone() };
    now.exclusions = vec![ExclusionLine { refused: Vec::new(), start_ms: 0, excluded_ms: 60_000, ..maintenance }];
    let gone = &first.exclusions[0];
    assert_eq!(
        lines(now, &first),
        [
            format!("exclusions: 1 entries, {} left out > 1 entries, 1 min 00 s left out", span(gone.excluded_ms)),
            "maintenance of 1970-01-01 01:00:00 CET: - > 1 min 00 s left out".to_owned(),
            format!("credit of {}: {} > 1.00 EUR", first.customers[0].customer, first.customers[0].credit),
            format!("rule on {}: {} > counts as down", first.rules[0].about, first.rules[0].says),
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
