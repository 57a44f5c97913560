use crate::{assert_none, is, read, tracked};

/// The top level, dot-files aside.
const TOP: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE",
    "CHANGELOG.md",
    "README.md",
    "agent",
    "collector",
    "proto",
    "deploy",
    "tests",
];

/// Names that say nothing about what is inside.
const DRAWERS: &[&str] = &["utils", "util", "common", "helpers", "helper", "manager", "misc"];

/// The length at which a file has to be split.
const MAX_LINES: usize = 600;

fn sources() -> impl Iterator<Item = String> {
    tracked().into_iter().filter(|path| is(path, "rs"))
}

#[test]
fn the_top_level_is_what_it_was_agreed_to_be() {
    let mut findings: Vec<_> = tracked()
        .iter()
        .filter_map(|path| path.split('/').next())
        .filter(|first| !first.starts_with('.') && !TOP.contains(first))
        .map(str::to_owned)
        .collect();
    findings.dedup();
    assert_none("foreign entries at the top level", &findings);
    for entry in TOP {
        assert!(crate::root().join(entry).exists(), "{entry} is missing");
    }
}

#[test]
fn files_are_named_and_sized_to_be_found_and_read() {
    let mut findings = Vec::new();
    for path in sources() {
        let stem = path.rsplit('/').next().and_then(|name| name.strip_suffix(".rs")).unwrap_or_default();
        if stem == "mod" || DRAWERS.contains(&stem) {
            findings.push(format!("{path}: a name that says nothing"));
        }
        let lines = read(&path).lines().count();
        if lines > MAX_LINES {
            findings.push(format!("{path}: {lines} lines; split it before {MAX_LINES}"));
        }
    }
    assert_none("files", &findings);
}

#[test]
fn every_crate_and_binary_opens_with_what_it_is() {
    let findings: Vec<_> = sources()
        .filter(|path| path.ends_with("src/lib.rs") || path.ends_with("src/main.rs"))
        .filter(|path| !read(path).starts_with("//! "))
        .collect();
    assert_none("roots without a first sentence", &findings);
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    // Split, so that this file does not find itself.
    let words = [
        concat!("#[ig", "nore"),
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
    ];
    let mut findings = Vec::new();
    for path in sources() {
        for (number, line) in read(&path).lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                findings.push(format!("{path}:{}: {word}", number + 1));
            }
        }
    }
    assert_none("left-overs", &findings);
}

#[test]
fn no_file_names_a_place_on_one_machine() {
    let words = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("crates", ".io"), concat!("index.", "crates")];
    let mut findings = Vec::new();
    for path in tracked() {
        if path == "Cargo.lock" {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(crate::root().join(&path)) else { continue };
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                findings.push(format!("{path}:{}: {word}", number + 1));
            }
        }
    }
    assert_none("places that exist on one machine only", &findings);
}
