use std::collections::BTreeSet;

use super::*;

#[test]
fn cells_are_quoted_where_they_have_to_be_and_never_formulas() {
    assert_eq!(quoted("plain"), "plain");
    assert_eq!(quoted("a,b"), "\"a,b\"");
    assert_eq!(quoted("say \"no\""), "\"say \"\"no\"\"\"");
    assert_eq!(quoted("=1+1"), "'=1+1");
}

/// The README's table of kinds is what a script is written by.
#[test]
fn every_kind_of_line_is_in_the_readme_and_none_besides() {
    let readme = include_str!("../../README.md");
    let (_, table) = readme.split_once("| kind |").expect("a table of kinds");
    let first_cell = |line: &str| line.split('|').nth(1).unwrap_or_default().to_owned();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let told: BTreeSet<String> = rows
        .flat_map(|line| first_cell(line).split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let csv = crate::complete::document().csv();
    let kinds = csv.lines().skip(1).filter_map(|line| line.split(',').next()).map(str::to_owned);
    assert_eq!(kinds.collect::<BTreeSet<_>>(), told);
}
