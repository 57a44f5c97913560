use crate::{assert_none, is, metadata, read, root, tracked};

/// First parts of paths that documents name.
const TOP: &[&str] = &["agent/", "collector/", "proto/", "deploy/", "tests/", ".ci/"];

/// Texts in back quotes, outside fenced blocks, and the targets of links.
fn named_paths(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        paths.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        for link in line.split("](").skip(1) {
            if let Some(target) = link.split(')').next()
                && !target.contains("://")
                && !target.starts_with('#')
            {
                paths.push(target.split('#').next().unwrap_or(target).to_owned());
            }
        }
    }
    paths
}

#[test]
fn documents_name_only_paths_that_exist() {
    let mut findings = Vec::new();
    for document in tracked().iter().filter(|path| is(path, "md")) {
        let folder = root().join(document).parent().expect("a file has a folder").to_owned();
        for path in named_paths(&read(document)) {
            let first = path.split_whitespace().next().unwrap_or_default();
            let looks_like_path =
                TOP.iter().any(|top| first.starts_with(top)) || first.starts_with("./") || first.starts_with("../");
            // Patterns and placeholders are not paths.
            if !looks_like_path || first.contains(['*', '<', '{', '$', '…']) || first.contains("...") {
                continue;
            }
            let plain = first.trim_end_matches([',', '.', ':', ';']);
            if !root().join(plain).exists() && !folder.join(plain).exists() {
                findings.push(format!("{document} names {plain}"));
            }
        }
    }
    assert_none("paths that do not exist", &findings);
}

#[test]
fn the_code_map_names_every_crate() {
    let readme = read("README.md");
    let mut findings = Vec::new();
    for package in metadata().workspace_packages() {
        let folder = package.manifest_path.as_std_path().parent().and_then(|p| p.strip_prefix(root()).ok());
        let folder = folder.expect("inside the tree").display().to_string();
        if !readme.contains(&format!("`{folder}`")) {
            findings.push(folder);
        }
    }
    assert_none("crates the code map in README.md does not name", &findings);
}
