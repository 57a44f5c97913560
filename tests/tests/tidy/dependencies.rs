use std::collections::BTreeSet;

use crate::{assert_none, metadata, read, tracked};

/// The lists of `.deny.toml`, read without a TOML parser: one array on one line.
fn list(key: &str) -> Vec<String> {
    let text = read(".deny.toml");
    let line = text.lines().find(|line| line.starts_with(&format!("{key} = ["))).unwrap_or_else(|| panic!("no {key}"));
    line.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// True if an SPDX expression can be met with the allowed licences. `OR` and the old `/` are choices, `AND` a sum;
/// brackets are resolved from the inside.
fn is_met(expression: &str, allowed: &[String]) -> bool {
    if let Some(open) = expression.rfind('(') {
        let rest = &expression[open + 1..];
        let Some(close) = rest.find(')') else { return false };
        let inner = if is_met(&rest[..close], allowed) { "met" } else { "unmet" };
        return is_met(&format!("{}{inner}{}", &expression[..open], &rest[close + 1..]), allowed);
    }
    expression.replace('/', " OR ").split(" OR ").any(|choice| {
        choice.split(" AND ").all(|licence| licence.trim() == "met" || allowed.iter().any(|a| a == licence.trim()))
    })
}

#[test]
fn licences_sources_and_bans_are_kept() {
    let (allowed, banned) = (list("allow"), list("deny"));
    let mut findings = Vec::new();
    for package in &metadata().packages {
        if let Some(source) = &package.source {
            if !source.repr.starts_with("registry+") {
                findings.push(format!("{} comes from {}", package.name, source.repr));
            }
        } else if !package.name.starts_with("quorate-") {
            findings.push(format!("{} comes from a path", package.name));
        }
        let licence = package.license.as_deref().unwrap_or("none");
        if !is_met(licence, &allowed) {
            findings.push(format!("{} has licence {licence}", package.name));
        }
        if banned.iter().any(|name| name == package.name.as_str()) {
            findings.push(format!("{} is banned", package.name));
        }
    }
    assert_none("dependencies against .deny.toml", &findings);
}

#[test]
fn every_dependency_has_its_reason() {
    let text = read("Cargo.toml");
    let section = text.split("[workspace.dependencies]").nth(1).and_then(|t| t.split("\n[").next()).expect("a section");
    let mut findings = Vec::new();
    let mut explained = false;
    for line in section.lines() {
        if line.trim().is_empty() {
            explained = false;
        } else if line.starts_with('#') {
            explained = true;
        } else if !explained && line.contains('=') {
            findings.push(line.to_owned());
        }
    }
    assert_none("dependencies without a line of reason above them", &findings);
}

#[test]
fn crates_take_versions_from_the_workspace_and_the_workspace_is_used() {
    let root = read("Cargo.toml");
    let section = root.split("[workspace.dependencies]").nth(1).and_then(|t| t.split("\n[").next()).expect("a section");
    let declared: BTreeSet<&str> = section
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('=').map(|(name, _)| name.trim()))
        .collect();
    let mut used = BTreeSet::new();
    let mut findings = Vec::new();
    for manifest in tracked().iter().filter(|path| path.ends_with("/Cargo.toml")) {
        let text = read(manifest);
        let mut in_dependencies = false;
        for line in text.lines() {
            if line.starts_with('[') {
                in_dependencies = line.contains("dependencies");
            } else if in_dependencies && let Some((name, value)) = line.split_once('=') {
                let name = name.trim().trim_end_matches(".workspace");
                used.insert(name.to_owned());
                if !line.contains("workspace") {
                    findings.push(format!("{manifest}: {name} ={value}"));
                }
            }
        }
    }
    findings.extend(declared.iter().filter(|name| !used.contains(**name)).map(|name| format!("{name} is not used")));
    assert_none("dependencies", &findings);
}

#[test]
fn licence_expressions_are_read_right() {
    let allowed = vec!["MIT".to_owned(), "ISC".to_owned()];
    for (expression, met) in [
        ("MIT", true),
        ("MIT OR GPL-3.0", true),
        ("MIT/GPL-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR GPL-3.0) AND ISC", true),
        ("(MIT AND GPL-3.0) OR GPL-2.0", false),
        ("none", false),
    ] {
        assert_eq!(is_met(expression, &allowed), met, "{expression}");
    }
}
